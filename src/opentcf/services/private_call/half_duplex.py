"""The half-duplex private call (半双工单呼): the caller's home arbitrates, by the group's rules without T4.

Every other TCF on the path passes the floor's words on, in the spelling of the next hop (profile 4.2, 4.4).
"""

from __future__ import annotations

from collections.abc import Iterable

from opentcf.btrunc import extension as wire_extension
from opentcf.btrunc import floor as wire_floor
from opentcf.btrunc.extension import Extension
from opentcf.btrunc.floor import Ask, Grant, Inform, LetGo, Refused, Revoke, Waiting, answer_of, told_of
from opentcf.btrunc.wire import Alert, Param, Token, Wire
from opentcf.model import floor
from opentcf.model.cause import FloorCause
from opentcf.model.floor import Action, Floor
from opentcf.model.numbers import Aor
from opentcf.services import accounting
from opentcf.services.context import Context, Incoming
from opentcf.services.floor_leg import FloorLeg, purpose, read_info
from opentcf.services.leg import Happened, Leg
from opentcf.services.path import Role
from opentcf.services.private_call.call import NAME, Guest, PrivateCall, State
from opentcf.services.voice import Mirror
from opentcf.sip.message import Message
from opentcf.sip.sdp import direction_of
from opentcf.sip.transaction import Owner

TALK, GRACE, REPEAT = "talk", "grace", "repeat"
TIMERS = frozenset((TALK, GRACE, REPEAT))
PATIENCE = 1.0
"""Seconds until an order that did not reach its user is given again."""
NOT_REACHED = frozenset((500, 503))
"""A TCF on the way is down, or has restarted and may still have the INVITE before this one."""
WORDS = frozenset((Token.REQUEST, Token.ACCEPT, Token.WAITING, Token.RELEASE_FLOOR))
QUEUE = 8
"""Two talk, so that one waits at most; the default length of a queue is as good as any."""


def prepare(call: PrivateCall) -> None:
    """Each leg describes the other side, in the direction that the floor allows."""
    if not call.setup.full_duplex:
        call.up.voice = Mirror(call.up, call.down)
        call.down.voice = Mirror(call.down, call.up)


class HalfDuplex:
    """The arbiter at the caller's home."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    # --- the call

    def begin(self, call: PrivateCall) -> str:
        """The call is answered: the caller has the floor. What his 200 says of it, empty when not our matter."""
        prepare(call)
        if call.setup.full_duplex or call.enters or Role.CALLER_HOME not in call.roles:
            return ""
        call.floor = Floor(QUEUE)
        actions = call.floor.request(self._request(call, Ask(call.caller), call.up))
        self._apply(call, actions[1:])
        answer = answer_of(actions[0], self._talk_time)
        return wire_floor.render(answer, call.up.wire, call.called.domain)

    def revive(self, call: PrivateCall, timers: dict[str, float]) -> None:
        """Go on after a restart; `timers` are wall times."""
        prepare(call)
        for what, when in timers.items():
            self._start(call, what, max(0.0, when - self._ctx.wall))

    def repeat(self, call: PrivateCall, leg: Leg | None = None) -> None:
        """Give again what was not answered, everywhere or on a leg that is new; grant numbers make it harmless."""
        for side, op in list(call.untold.items()):
            there = call.floor_legs.get(side)
            if there is None or not self._stands(call, op):
                del call.untold[side]
            elif leg in (None, there) and not FloorLeg(there).says(op):
                FloorLeg(there).tell(self._ctx, op)

    def _stands(self, call: PrivateCall, op: Grant | Revoke) -> bool:
        """A grant is void once its talker let go; a revoke never is."""
        talker = call.floor.talker if call.floor is not None else None
        newest = call.floor is not None and call.floor.grant == op.grant
        return isinstance(op, Revoke) or (newest and talker is not None and talker.user == op.user)

    def end(self, call: PrivateCall) -> None:
        """The call is over."""
        for timer in call.floor_timers.values():
            timer.cancel()
        call.floor_timers.clear()

    # --- who enters by an order

    def enter(self, call: PrivateCall, guest: Guest) -> None:
        """A leg and the floor at once; who talks is told to stop first. A listener only receives."""
        assert call.floor is not None
        leg, words = guest.leg, FloorLeg(guest.leg)
        call_id = call.id if leg.peer is None else ""
        if guest.listens:
            words.answer(self._ctx, Refused(leg.party, FloorCause.RECEIVE_ONLY), joining=True, call=call_id)
            if call.floor.talker is not None:
                taken = floor.Taken(call.floor.talker.user, call.floor.talker.leg)
                words.tell(self._ctx, told_of(taken, self._talk_time, call.floor.grant, emergency=False))
            return
        actions = call.floor.request(self._request(call, Ask(leg.party), leg))
        words.answer(self._ctx, answer_of(actions[0], self._talk_time), joining=True, call=call_id)
        self._apply(call, actions[1:])

    def leave(self, call: PrivateCall, guest: Guest) -> None:
        """The floor, or his place, is free."""
        assert call.floor is not None
        self._apply(call, call.floor.lost(guest.side))

    # --- what the parties want

    def offered(self, call: PrivateCall, event: Happened) -> bool:
        """A re-INVITE of a party. False when it is not about the floor."""
        leg, incoming = event.leg, event.incoming
        if call.floor is None or incoming is None:
            return False
        words, party = FloorLeg(leg), call.party(leg)
        op = words.read_offer(incoming, party if incoming.peer is None else None)
        if not isinstance(op, (Ask, LetGo)):
            return False
        guest = call.guest(leg)
        if isinstance(op, Ask) and guest is not None and guest.listens:
            words.answer(self._ctx, Refused(party, FloorCause.RECEIVE_ONLY))
        elif op.user != party:
            words.refuse(self._ctx, 403, f"{op.user} is not at the other end")
        elif isinstance(op, Ask):
            self._ask(call, words, op)
        else:
            self._let_go(call, words, op)
        return True

    def _ask(self, call: PrivateCall, words: FloorLeg, op: Ask) -> None:
        assert call.floor is not None
        self._forget_revoke(call, words.leg)
        actions = call.floor.request(self._request(call, op, words.leg))
        self._ctx.meters.count("opentcf_floor_requests_total", type(actions[0]).__name__.lower())
        answer = answer_of(actions[0], self._talk_time)
        waits = isinstance(answer, Waiting) and not words.leg.ptt
        words.answer(self._ctx, Refused(op.user, FloorCause.DENIED) if waits else answer)
        self._apply(call, actions[1:])
        if waits:
            self._apply(call, call.floor.release(op.user))

    def _forget_revoke(self, call: PrivateCall, leg: Leg) -> None:
        """He asks anew after T3: the answer says all, a revoke of before that still waits would take it back."""
        assert call.floor is not None
        for side, op in list(call.untold.items()):
            is_over = call.floor.talker is None or call.floor.grant != op.grant
            here = call.floor_legs.get(side) is leg and isinstance(op, Revoke)
            if here and is_over and leg.drop(purpose(op)):
                del call.untold[side]

    def _let_go(self, call: PrivateCall, words: FloorLeg, op: LetGo) -> None:
        """A grant that still waits for its turn on the leg is pointless now (profile 7). Where his V gives the floor
        back, after a restart, he has not heard of it: he is told."""
        assert call.floor is not None
        talker, grant = call.floor.talker, call.floor.grant
        pointless = words.leg.drop(purpose(Grant(op.user, 0, call.floor.grant)))
        words.confirm(self._ctx, op)
        self._apply(call, call.floor.release(op.user, None if pointless else op.grant))
        is_over = talker is not None and talker.user == op.user and call.floor.talker is not talker
        if op.cause is FloorCause.GONE and talker is not None and is_over:
            revoke = call.untold[talker.leg] = Revoke(op.user, grant, FloorCause.GONE)
            words.tell(self._ctx, revoke)
        if pointless:
            words.leg.resume(self._ctx)

    def confirmed(self, call: PrivateCall, event: Happened, *, taken: bool) -> bool:
        """A party answered a grant or a revoke, or a TCF on the way did. False when it was neither."""
        kind, _, rest = event.purpose.partition(" ")
        if call.floor is None or kind not in (Grant.__name__, Revoke.__name__):
            return False
        user, _, number = rest.partition(" ")
        reached = self._heard(call, event)
        if kind == Grant.__name__ and not taken:
            self._apply(call, call.floor.refused(Aor.parse(user), int(number)))
        elif kind == Revoke.__name__ and reached:
            self._apply(call, call.floor.revoked(int(number)))
        return True

    def _heard(self, call: PrivateCall, event: Happened) -> bool:
        """Did it reach him? If not, a revoke is said again; also that of a grant which may have reached him."""
        side = next((side for side, leg in call.floor_legs.items() if leg is event.leg), "")
        op, reached = call.untold.get(side), event.status not in NOT_REACHED
        if op is None or purpose(op) != event.purpose:
            return reached
        del call.untold[side]
        if not reached:
            call.untold[side] = Revoke(op.user, op.grant, FloorCause.GONE) if isinstance(op, Grant) else op
            self._start(call, REPEAT, PATIENCE)
        return reached

    def timer(self, call: PrivateCall, what: str) -> None:
        """T2, T3, or something is to be said again. A revoke that sits out a 491 is still said after T3.

        To a call that is being released they mean nothing.
        """
        call.floor_timers.pop(what, None)
        if call.floor is None or call.state is not State.UP:
            return
        if what == REPEAT:
            self.repeat(call)
            return
        if what == TALK:
            self._apply(call, call.floor.revoke(FloorCause.TIMEOUT))
            return
        self._apply(call, call.floor.revoked(call.floor.grant))

    # --- carrying out

    @property
    def _talk_time(self) -> int:
        return int(self._ctx.durations.t2)

    def _request(self, call: PrivateCall, op: Ask, leg: Leg) -> floor.Request:
        side = next(side for side, one in call.floor_legs.items() if one is leg)
        return floor.Request(op.user, side, op.priority, op.emergency, call.guest(leg) is not None)

    def _apply(self, call: PrivateCall, actions: Iterable[Action]) -> None:
        assert call.floor is not None
        for action in actions:
            told = told_of(action, self._talk_time, call.floor.grant, emergency=call.setup.emergency)
            self._time(call, action)
            if isinstance(told, (Grant, Revoke)):
                call.untold[getattr(action, "leg", "")] = told
            for leg in self._audience(call, action):
                FloorLeg(leg).tell(self._ctx, told)
        accounting.arbitrated(self._ctx, call.key, call.floor)

    def _audience(self, call: PrivateCall, action: Action) -> tuple[Leg, ...]:
        legs, side = call.floor_legs, getattr(action, "leg", "")
        if isinstance(action, (floor.Idle, floor.Taken)):
            return tuple(leg for name, leg in legs.items() if name != side)
        return (legs[side],) if side in legs else ()

    def _time(self, call: PrivateCall, action: Action) -> None:
        """T2 while somebody talks, T3 while he is being told to stop."""
        if isinstance(action, floor.Taken):
            self._stop(call, GRACE)
            self._start(call, TALK, self._talk_time)
        elif isinstance(action, floor.Idle):
            self._stop(call, TALK)
            self._stop(call, GRACE)
        elif isinstance(action, floor.Revoke):
            self._stop(call, TALK)
            self._start(call, GRACE, self._ctx.durations.t3)

    def _start(self, call: PrivateCall, what: str, delay: float) -> None:
        self._stop(call, what)
        call.floor_timers[what] = self._ctx.start(delay, Owner(NAME, call.key, what))

    def _stop(self, call: PrivateCall, what: str) -> None:
        timer = call.floor_timers.pop(what, None)
        if timer is not None:
            timer.cancel()


# --- passing on


def take_back(ctx: Context, call: PrivateCall, leg: Leg) -> None:
    """His V, after a restart: what a user asked or gave back when it began is given back (profile 5.1)."""
    if not call.setup.full_duplex and leg.peer is None and FloorLeg(leg).asks:
        FloorLeg(call.other(leg)).tell(ctx, LetGo(call.party(leg), None, FloorCause.GONE))


def give_back(ctx: Context, call: PrivateCall, event: Happened) -> None:
    """What a late answer gave to somebody who had cancelled his request is given back (profile 7)."""
    leg, message = event.leg, event.message
    ext = wire_extension.read(message, leg.wire) if message is not None else None
    if not call.setup.full_duplex and ext is not None and ext.token in (Token.ACCEPT, Token.WAITING):
        user, grant = call.party(call.other(leg)), ext.number(Param.GRANT)
        FloorLeg(leg).tell(ctx, LetGo(user, grant, FloorCause.GONE))


def _overhear(ctx: Context, call: PrivateCall, token: Token | None) -> None:
    """Who only relays learns from what passes who talks: all of it but an INFO concerns who is beyond the leg that
    does not lead to the caller's home."""
    away = call.up if call.enters or call.roles[-1] is Role.CALLER_VISITED else call.down
    if token is Token.ACCEPT:
        accounting.talks(ctx, call.key, call.party(away))
    elif token is Token.WAITING:
        accounting.waits(ctx, call.key, call.party(away))
    elif token is Token.RELEASE_FLOOR:
        accounting.lets_go(ctx, call.key, call.party(away))


def passed_request(
    ctx: Context, call: PrivateCall, incoming: Incoming, source: Leg, target: Leg
) -> str | None:
    """What a re-INVITE says of the floor, for the next hop; None when it says nothing of it.

    The V sets `UDN` from the authenticated user, and reads a plain phone's resume and hold (profile 6).
    """
    if call.setup.full_duplex:
        return None
    ext, there = incoming.extension, wire_extension.domain_of(target.dialog.remote)
    if ext is not None and ext.token in WORDS:
        _overhear(ctx, call, ext.token)
        return _spelled(ext, target.wire, call.party(source) if incoming.peer is None else None, there)
    if ext is None and incoming.peer is None and incoming.request.body:
        talks = direction_of(incoming.request.body) in ("sendrecv", "sendonly")
        _overhear(ctx, call, Token.REQUEST if talks else Token.RELEASE_FLOOR)
        op = Ask(call.party(source)) if talks else LetGo(call.party(source))
        return wire_floor.render(op, target.wire, there)
    return None


def _spelled(ext: Extension, wire: Wire, user: Aor | None, domain: str) -> str:
    assert ext.token is not None
    params = ext.params
    if user is not None:
        own = (Param.UDN, wire_extension.write_identity(user, domain))
        params = [own, *(pair for pair in params if pair[0] is not Param.UDN)]
    return wire_extension.render(wire, ext.token, *params)


def passed_answer(ctx: Context, call: PrivateCall, heard: Message, source: Leg, target: Leg) -> str | None:
    """What an answer says of the floor, for the hop back; None when it says nothing of it."""
    if call.setup.full_duplex:
        return None
    ext = wire_extension.read(heard, source.wire)
    if ext is None or ext.token not in WORDS:
        return None
    _overhear(ctx, call, ext.token)
    return _spelled(ext, target.wire, None, "")


def is_waiting(text: str | None, wire: Wire) -> bool:
    """Does an answer say that he waits?"""
    return text is not None and text.partition(";")[0] == wire.tokens[Token.WAITING]


def pass_information(ctx: Context, call: PrivateCall, event: Happened) -> bool:
    """An INFO about the floor goes on to the other side. False when it is none."""
    if call.setup.full_duplex or call.floor is not None or event.incoming is None:
        return False
    told = read_info(event.incoming)
    if told is None:
        return False
    ctx.respond(event.incoming, 200)
    if isinstance(told, Inform) and told.alert is not Alert.QUEUE:
        accounting.talks(ctx, call.key, told.user if told.alert is Alert.TAKEN else None)
    FloorLeg(call.other(event.leg)).tell(ctx, told)
    return True
