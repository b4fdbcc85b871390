"""Commands about users: who they are, where they are, and taking their registration away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentcf.model.cause import KickCause
from opentcf.node.commands.command import Answer, Arguments, Deed, chosen, own_user, page
from opentcf.node.orders import Value
from opentcf.services.context import Context

if TYPE_CHECKING:
    from opentcf.node.node import Node


def registrations(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    """Users of ours wherever they are, and visitors here."""
    visitors = [
        row for row in node.procedures.visited_registration.view() if row["home"] != ctx.directory.domain
    ]
    return page(node.procedures.home_registration.view() + visitors, "user", arguments), ()


def subscribers(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    """Users of ours, or the one of that `number`. `digest` names the algorithms that his secret is there for."""
    rows: list[dict[str, Value]] = [
        {
            "number": subscriber.aor.number,
            "name": subscriber.name,
            "role": subscriber.role.value,
            "priority": subscriber.priority,
            "roaming": subscriber.roaming
            if isinstance(subscriber.roaming, bool)
            else sorted(subscriber.roaming),
            "preemptible": subscriber.preemptible.value,
            "rights": sorted(right.value for right in subscriber.rights),
            "digest": sorted(subscriber.ha1 or ()),
            "source": node.provisioning.subscribers.source(subscriber.aor.number),
        }
        for subscriber in chosen(ctx.directory.subscribers(), arguments)
    ]
    return page(rows, "number", arguments), ()


def kick(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    """Network de-registration of a user of ours."""
    user = own_user(ctx, arguments)
    return {"kicked": str(user)}, node.procedures.home_registration.kick(user, KickCause.ADMIN)


COMMANDS = {
    "registrations": Deed(registrations),
    "subscribers": Deed(subscribers),
    "user_kick": Deed(kick, "udn"),
}
