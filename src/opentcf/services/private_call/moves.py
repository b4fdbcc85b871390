"""Handover of a private call, at the home of the party that moves (TC2-C 切换, profile 4.6).

His home calls the V-TCF that he reached, with the far side's description; the old leg goes when that is answered.
"""

from __future__ import annotations

from opentcf.btrunc import call as wire_call
from opentcf.model.numbers import Aor
from opentcf.services.context import Context, peer_flow
from opentcf.services.leg import Leg, LegState
from opentcf.services.path import Role, aor_uri
from opentcf.services.private_call import records
from opentcf.services.private_call.call import NAME, Move, PrivateCall, State
from opentcf.services.private_call.guests import Widened, passed
from opentcf.sip.message import Message
from opentcf.sip.outbox import Flow
from opentcf.sip.transaction import Owner

ARRIVE, AGAIN = "arrive", "again"
SOON = 0.5
"""Seconds until a target that does not know him yet is asked again: our INVITE may have overtaken our 200."""


def old_leg(ctx: Context, call: PrivateCall, user: Aor) -> Leg | None:
    """The leg that a handover of `user` replaces: this TCF must be his home, and the call must stand."""
    if call.state is not State.UP:
        return None
    for party, leg, home in (
        (call.caller, call.up, Role.CALLER_HOME),
        (call.called, call.down, Role.CALLED_HOME),
    ):
        if party == user and home in call.roles:
            return leg
    return None


def misplaced(ctx: Context, call: PrivateCall) -> list[Aor]:
    """Parties whose leg does not lead to where they are registered: their handover was cut short by a restart."""
    found = []
    for user in (call.caller, call.called):
        binding, leg = ctx.directory.binding(user), old_leg(ctx, call, user)
        if binding is not None and leg is not None and binding.visited != (leg.peer or ctx.directory.domain):
            found.append(user)
    return found


def begin(ctx: Context, call: PrivateCall, user: Aor, until: float = 0.0) -> None:
    """Call the V-TCF where he is now, for Tho or `until`; a handover of his that was still under way is over."""
    old = old_leg(ctx, call, user)
    binding = ctx.directory.binding(user)
    if old is None or binding is None:
        return
    far = call.other(old)
    new = _leg_to(ctx, call, user, binding.visited, binding.contact, call.party(far))
    if new is None:
        ctx.notice("handover", id=call.id, user=str(user), state="unreachable", target=binding.visited)
        return
    move = Move(user, old, new, far.remote_sdp, until or ctx.now + ctx.durations.tho)
    call.moves.append(move)
    request = new.invite(ctx)
    request.headers.set("P-Asserted-Identity", f"<{aor_uri(call.party(far))}>")
    setup = call.setup._replace(caller=call.party(far))
    wire_call.write_setup(request, new.wire, setup, user.domain)
    new.carry = ((new.wire.extension, request.headers.lines(new.wire.extension)[0]),)
    if new.peer is None:
        auto_answer(request, call.party(far))
    if move.offered:
        if old.key in call.slots:
            call.slots[new.key] = dict(call.slots[old.key])
            new.voice = Widened(call, new)
        request.headers.set("Content-Type", "application/sdp")
        request.body = passed(call, move.offered, far, new)
    new.send_invite(ctx, request)
    move.patience = ctx.timers.start(move.until, Owner(NAME, f"{call.key} {new.key}", ARRIVE))
    records.save(ctx, call)
    ctx.notice("handover", id=call.id, user=str(user), state="calling", target=binding.visited)


def again(ctx: Context, call: PrivateCall, move: Move, status: int) -> None:
    """Who is not known at the target yet is called there again soon, as long as Tho lasts."""
    if status == 480 and ctx.now + SOON < move.until:
        ctx.start(SOON, Owner(NAME, f"{call.key} {move.user} {move.until}", AGAIN))


def auto_answer(request: Message, far: Aor) -> None:
    """The terminal takes the call that it brought along by itself."""
    request.headers.set("Answer-Mode", "Auto")
    request.headers.set("Call-Info", f"<{aor_uri(far)}>;answer-after=0")


def _leg_to(ctx: Context, call: PrivateCall, user: Aor, visited: str, contact: str, far: Aor) -> Leg | None:
    owner, from_, to = Owner(NAME, call.key), f"<{aor_uri(far)}>", f"<{aor_uri(user)}>"
    if visited != ctx.directory.domain:
        peer = ctx.directory.peer(visited)
        if peer is None or ctx.peer_is_down(visited):
            return None
        return Leg.calling(ctx, owner, peer_flow(peer), user, visited, contact, from_, to)
    attachment = ctx.directory.attachment(user)
    if attachment is None:
        return None
    leg = Leg.calling(ctx, owner, Flow(*attachment.flow), user, None, attachment.contact, from_, to)
    leg.ptt = attachment.ptt
    return leg


def note_standing(ctx: Context, call: PrivateCall) -> None:
    """For the home of a party that moves without naming its call."""
    for party, home in ((call.caller, Role.CALLER_HOME), (call.called, Role.CALLED_HOME)):
        if home in call.roles and not call.enters:
            (ctx.directory.stand if call.state is State.UP else ctx.directory.fall)(party, call.id)


def served(call: PrivateCall) -> list[Aor]:
    """The parties whose V-TCF this is."""
    places = ((Role.CALLER_VISITED, call.caller), (Role.CALLED_VISITED, call.called))
    return [party for visited, party in places if visited in call.roles]


def settle(ctx: Context, call: PrivateCall) -> None:
    """After legs were exchanged: who is served here by this call."""
    for user, leg, visited in (
        (call.caller, call.up, Role.CALLER_VISITED),
        (call.called, call.down, Role.CALLED_VISITED),
    ):
        served = leg.peer is None
        if served != (visited in call.roles):
            call.roles = (
                *(role for role in call.roles if role is not visited),
                *([visited] if served else ()),
            )
            (ctx.directory.engage if served else ctx.directory.disengage)(user, call.key)


def revive(ctx: Context, call: PrivateCall) -> list[Aor]:
    """After a restart: a new leg that was not answered is given up. Returns who is to be called anew."""
    for move in call.moves:
        if move.new.state is LegState.EARLY and move.new.ours is None:
            move.new.end(ctx)
        call.left.append(move.new)
    call.moves.clear()
    return misplaced(ctx, call)
