"""Commands about calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentcf.model.cause import Decline, ReleaseCause
from opentcf.node.commands.command import Answer, Arguments, Deed, page
from opentcf.services.context import Context

if TYPE_CHECKING:
    from opentcf.node.node import Node


def calls(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    """Private and group calls in which this TCF has a part."""
    return page(node.procedures.private_call.view() + node.procedures.group_call.view(), "id", arguments), ()


def release(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    """Forced release of a call by its OnlineCallID."""
    identifier = str(arguments.get("id", ""))
    released = node.procedures.private_call.release(identifier, ReleaseCause.FORCED)
    released += node.procedures.group_call.release(identifier, ReleaseCause.FORCED)
    if not released:
        raise Decline(404, f"there is no call {identifier!r}")
    return {"released": identifier}, node.procedures.private_call.news() + node.procedures.group_call.news()


COMMANDS = {"calls": Deed(calls), "call_release": Deed(release, "id")}
