"""What a new private call must satisfy before anything is begun (profile 4.2)."""

from __future__ import annotations

from opentcf.btrunc import call as wire_call
from opentcf.model.call import CallSetup, CallType
from opentcf.model.cause import Decline
from opentcf.model.numbers import Aor
from opentcf.model.subscriber import Preemptible, Right, Subscriber
from opentcf.services.context import Context, Incoming
from opentcf.services.path import Hop, Role
from opentcf.services.private_call.call import PrivateCall
from opentcf.services.voice import PLAIN, Voice, described


def check_offer(incoming: Incoming) -> None:
    """On D 400 for a broken description and 488 when nothing in it can be used. TC2-C 488."""
    request = incoming.request
    if request.body and incoming.peer is None and request.content_type() == "application/sdp":
        Voice.readable(request.body)


def check_entry(incoming: Incoming, call: PrivateCall, who: Aor, *, listens: bool) -> None:
    """Before somebody enters a call: he is none of its parties, and what he offers can be used: with the codecs of the
    call, where he has no stream of his own."""
    if who in (call.caller, call.called) or any(guest.leg.party == who for guest in call.guests):
        raise Decline(486, f"{who} is in this call")
    shares = listens or call.floor is not None
    Voice.readable(described(incoming.request), (call.up.remote_sdp or PLAIN) if shares else b"")
    if call.floor is None and not incoming.request.body:
        raise Decline(488, "who enters a full-duplex call offers his stream")


def allowed(ctx: Context, setup: CallSetup, hop: Hop, called: Aor) -> CallSetup:
    """Nobody gets a better priority than his subscription allows; ambience listening has its own right."""
    assert setup.caller is not None
    subscriber = ctx.directory.subscriber(setup.caller)
    if Role.CALLER_HOME not in hop.roles or subscriber is None:
        return setup
    if setup.call_type is CallType.AMBIENCE:
        _may_listen_in(ctx, subscriber, called)
    return setup.with_priority(subscriber.priority)


def _may_listen_in(ctx: Context, subscriber: Subscriber, called: Aor) -> None:
    """It goes into the audit log, allowed or not."""
    may = Right.AMBIENCE in subscriber.rights
    refusal = f"{subscriber.aor} has no right to {Right.AMBIENCE.value}"
    ctx.audit(str(subscriber.aor), "ambience listening", str(called), "done" if may else f"403 {refusal}")
    if not may:
        raise Decline(403, refusal)


def preemptible(ctx: Context, incoming: Incoming, called: Aor) -> Preemptible:
    """What the subscription of a called user says; of a visitor his home says it, whose INVITE this is (profile
    4.2)."""
    subscriber = ctx.directory.subscriber(called)
    if subscriber is not None:
        return subscriber.preemptible
    return wire_call.read_preemptible(incoming.extension, incoming.wire)


def may_preempt(rule: Preemptible, setup: CallSetup, running: CallSetup) -> bool:
    """May what a called user is engaged in be released for this call?"""
    if rule is Preemptible.NEVER or running.emergency:
        return False
    if setup.emergency:
        return True
    return rule is Preemptible.ALWAYS and setup.priority < running.priority
