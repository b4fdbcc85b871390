"""Commands about users: who they are, where they are, and taking their registration away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentcf.model.cause import KickCause
from opentcf.model.subscriber import Subscriber, UserState
from opentcf.node.commands.command import Answer, Arguments, Deed, identity, numbered, own, page, unknown
from opentcf.node.orders import Value
from opentcf.services.context import Context
from opentcf.services.path import to_peer

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

    def row(subscriber: Subscriber) -> dict[str, Value]:
        roaming = subscriber.roaming
        return {
            "number": subscriber.aor.number,
            "name": subscriber.name,
            "role": subscriber.role.value,
            "priority": subscriber.priority,
            "roaming": roaming if isinstance(roaming, bool) else sorted(roaming),
            "preemptible": subscriber.preemptible.value,
            "state": ctx.directory.state(subscriber.aor).value,
            "rights": sorted(right.value for right in subscriber.rights),
            "digest": sorted(subscriber.ha1 or ()),
            "source": node.provisioning.subscribers.source(subscriber.aor.number),
        }

    return numbered(ctx, "subscriber", ctx.directory.subscribers(), row, arguments), ()


def subscriptions(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    """Who watches which events."""
    return page(node.procedures.subscription.view(), "id", arguments), ()


def kick(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    """Network de-registration of a user of ours."""
    user = own(ctx, arguments, "udn")
    if ctx.directory.subscriber(user) is None and ctx.directory.binding(user) is None:
        raise unknown("subscriber", user)
    return {"kicked": str(user)}, node.procedures.home_registration.kick(user, KickCause.ADMIN)


def _becomes(state: UserState) -> Deed:
    """The command that stuns, kills or revives a user of ours; his terminal obeys as soon as it can be reached."""

    def deed(node: Node, ctx: Context, arguments: Arguments) -> Answer:
        user = own(ctx, arguments, "udn")
        if ctx.directory.subscriber(user) is None:
            raise unknown("subscriber", user)
        facts = node.procedures.stun.order(user, state)
        return {"user": str(user), "state": state.value}, facts

    return Deed(deed, "udn")


def handover(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    """Prepare the handover of a user who has a private call here; his terminal is told when it may go."""
    user, domain = identity(ctx, arguments, "udn"), str(arguments.get("domain", "")).lower()
    to_peer(ctx, domain)
    return {"user": str(user), "target": domain}, node.procedures.private_call.wanted(user, domain)


COMMANDS = {
    "registrations": Deed(registrations),
    "subscribers": Deed(subscribers),
    "subscriptions": Deed(subscriptions),
    "user_kick": Deed(kick, "udn"),
    "user_stun": _becomes(UserState.STUNNED),
    "user_kill": _becomes(UserState.KILLED),
    "user_revive": _becomes(UserState.NORMAL),
    "user_handover": Deed(handover, "udn"),
}
