"""Commands about groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentcf.btrunc.regroup import Regroup
from opentcf.model.group import Group, Member
from opentcf.model.subscriber import LOWEST_PRIORITY
from opentcf.node.commands.command import Answer, Arguments, Deed, numbered, own, page, unknown
from opentcf.node.orders import Value
from opentcf.services.context import Context

if TYPE_CHECKING:
    from opentcf.node.node import Node


def groups(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    """Groups of ours, or the one of that `number`. A setting that is None is the node's own, see `[timers]`."""

    def row(group: Group) -> dict[str, Value]:
        return {
            "number": group.aor.number,
            "name": group.name,
            "members": [_member(member) for member in group.members],
            "setup": group.setup.value,
            "hang_time": group.hang_time,
            "talk_time": group.talk_time,
            "max_duration": group.max_duration,
            "queue_length": group.queue_length,
            "preemption": group.preemption,
            "owner_release": group.owner_release,
            "priority": group.priority,
            "source": _source(node, ctx, group),
            "expires": _expires(node, ctx, group),
        }

    return numbered(ctx, "group", ctx.directory.groups(), row, arguments), ()


def present(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    """The members of a group of ours, and the TCF that serves each."""
    aor = own(ctx, arguments, "number")
    group = ctx.directory.group(aor)
    if group is None:
        raise unknown("group", aor)
    rows: list[dict[str, Value]] = [
        {
            "member": str(member.aor),
            "visited": ctx.directory.where(group.aor, member.aor),
            "priority": member.priority,
            "listen_only": member.listen_only,
        }
        for member in group.members
    ]
    return page(rows, "member", arguments), ()


def _source(node: Node, ctx: Context, group: Group) -> str:
    """Who says what this group is: `store`, `configuration`, or a dispatcher (`regroup`)."""
    if ctx.directory.temporary(group.aor) is not None:
        return "regroup"
    return node.provisioning.groups.source(group.aor.number)


def _expires(node: Node, ctx: Context, group: Group) -> float | None:
    """Seconds that a temporary group still lasts."""
    when = node.procedures.regrouping.groups.expires(group.aor.number)
    return None if when is None or ctx.directory.temporary(group.aor) is None else round(when - ctx.wall)


def _member(member: Member) -> str:
    """As it is written in the configuration and in commands."""
    priority = "" if member.priority == LOWEST_PRIORITY else f";priority={member.priority}"
    return f"{member.aor}{priority}{';listen_only' if member.listen_only else ''}"


def regroup(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    """Make, change or end a temporary group, as a dispatcher would. `regroup` is what he wants."""
    group, wish = own(ctx, arguments, "gdn"), arguments["regroup"]
    assert isinstance(wish, Regroup)
    users, facts = node.procedures.regrouping.order(group, wish)
    return {"group": str(group), "action": wish.action.value, "members": [str(user) for user in users]}, facts


COMMANDS = {
    "groups": Deed(groups),
    "group_present": Deed(present),
    "group_regroup": Deed(regroup, "gdn"),
}
