"""Commands about the floors of this TCF's groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentcf.model.cause import Decline
from opentcf.node.commands.command import Answer, Arguments, Deed, own, page, unknown
from opentcf.services.context import Context

if TYPE_CHECKING:
    from opentcf.node.node import Node


def floors(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    """Who talks and who waits."""
    rows = node.procedures.group_call.floors() + node.procedures.private_call.floors()
    return page(rows, "group", arguments), ()


def revoke(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    """Take the floor from who talks."""
    group = own(ctx, arguments, "gdn")
    if not node.procedures.group_call.revoke(group):
        if ctx.directory.group(group) is None:
            raise unknown("group", group)
        raise Decline(404, f"nobody holds the floor of group {group}; see the list of floors")
    return {"revoked": group.number}, node.procedures.group_call.news()


COMMANDS = {"floors": Deed(floors), "floor_revoke": Deed(revoke, "gdn")}
