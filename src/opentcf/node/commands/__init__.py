"""What people and programs may ask of a node: name → deed. Each has one HTTP call and one command of that name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentcf.model.cause import Decline
from opentcf.node.commands import audit, calls, enrol, floors, groups, messages, running, users
from opentcf.node.commands.command import Answer, Deed
from opentcf.node.orders import Command
from opentcf.services.context import Context

if TYPE_CHECKING:
    from opentcf.node.node import Node

COMMANDS: dict[str, Deed] = {
    **running.COMMANDS,
    **users.COMMANDS,
    **groups.COMMANDS,
    **enrol.COMMANDS,
    **calls.COMMANDS,
    **floors.COMMANDS,
    **messages.COMMANDS,
    **audit.COMMANDS,
}


def run(node: Node, ctx: Context, command: Command) -> Answer:
    """Carry out a command; Decline when it cannot be done. Whatever acts is in the audit log, done or refused."""
    deed = COMMANDS.get(command.name)
    if deed is None:
        raise Decline(404, f"there is no command {command.name!r}")
    if deed.target is None:
        return deed.function(node, ctx, command.arguments)
    action, target = command.name.replace("_", " "), str(command.arguments.get(deed.target, ""))
    try:
        answer = deed.function(node, ctx, command.arguments)
    except Decline as decline:
        ctx.audit(command.who, action, target, f"{decline.status} {decline.text}")
        raise
    ctx.audit(command.who, action, target)
    return answer
