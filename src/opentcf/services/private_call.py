"""The private call (单呼): one incoming and one outgoing leg, joined hop by hop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import Enum, auto

from opentcf.btrunc import call as wire_call
from opentcf.btrunc.wire import Token
from opentcf.model.call import CalledType, CallSetup, CallType
from opentcf.model.cause import Decline, ReleaseCause
from opentcf.model.facts import PeerDown, PeerUp, UserLeaving
from opentcf.model.numbers import Aor
from opentcf.model.subscriber import Preemptible
from opentcf.services import leg_record, path
from opentcf.services.context import NONE, Context, Facts, Incoming, peer_flow
from opentcf.services.leg import Happened, Leg, LegState, What
from opentcf.services.path import Hop, Role
from opentcf.sip.headers import NameAddr
from opentcf.sip.message import Message, Request, Response
from opentcf.sip.outbox import Flow, Value
from opentcf.sip.sdp import Sdp
from opentcf.sip.timers import Timer
from opentcf.sip.transaction import Outcome, Owner
from opentcf.sip.uri import Uri

NAME = "private_call"
RING, DOWN = "ring", "down"
PASSED = frozenset((400, 403, 404, 413, 415, 416, 420, 480, 481, 482, 483, 486, 487, 488, 491, 500, 503, 603))
"""Refusals that pass to the caller as they are."""


class State(Enum):
    """Where a call is."""

    SETUP = "setup"
    ALERTING = "alerting"
    CANCELLING = "cancelling"
    UP = "up"
    RELEASING = "releasing"
    ENDED = "ended"


class Input(Enum):
    """What can happen to a call."""

    PROGRESS = auto()
    ANSWER = auto()
    REFUSAL = auto()
    CANCEL = auto()
    NO_ANSWER = auto()
    OFFER = auto()
    OFFER_ANSWER = auto()
    OFFER_REFUSAL = auto()
    ACK = auto()
    BYE = auto()
    HUNG_UP = auto()
    LOST = auto()
    INFO = auto()
    RELEASED = auto()
    RELEASE = auto()


class PrivateCall:
    """A call at this TCF. `up` leads towards the caller, `down` towards the called user; `id` is the OnlineCallID."""

    __slots__ = (
        "began", "called", "caller", "cause", "down", "id", "key", "offering", "ring", "roles", "setup", "state", "up",
    )  # fmt: skip

    def __init__(self, key: str, setup: CallSetup, caller: Aor, called: Aor, up: Leg, down: Leg) -> None:
        self.key = key
        self.id = setup.online_call_id
        self.setup = setup
        self.caller = caller
        self.called = called
        self.up = up
        self.down = down
        self.state = State.SETUP
        self.roles: tuple[Role, ...] = ()
        self.cause = ReleaseCause.NORMAL
        self.began = 0.0
        self.offering: Leg | None = None
        self.ring: Timer | None = None

    def other(self, leg: Leg) -> Leg:
        """The leg on the other side."""
        return self.down if leg is self.up else self.up

    def __repr__(self) -> str:
        return f"<PrivateCall {self.id} {self.caller} → {self.called} {self.state.value}>"


class PrivateCalls:
    """The procedure."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._calls: dict[str, PrivateCall] = {}
        self._homes: dict[str, int] = {}
        self._down_timers: dict[str, Timer] = {}

    # --- doorways

    def request(self, incoming: Incoming) -> Facts:
        """A new INVITE to a user."""
        ctx = self._ctx
        called = path.called(ctx, incoming)
        caller = path.asserted(incoming, ctx)
        setup = wire_call.read_setup(incoming.extension, incoming.wire, called.domain)
        setup = replace(setup, caller=caller, online_call_id=setup.online_call_id or ctx.ids.token())
        max_forwards = path.forwards(incoming)
        self._check_offer(incoming)
        if caller == called:
            raise Decline(486, "a user cannot call his own number")
        role = path.entry(ctx, incoming, caller, called, known=setup.online_call_id in self._homes)
        hop = path.next_hop(ctx, role, caller, called)
        setup = self._allowed(setup, hop)
        self._make_room(setup, hop, called)
        self._begin(incoming, setup, called, hop, max_forwards)
        return NONE

    def happened(self, happened: Happened) -> Facts:
        """An event of one of the legs."""
        call = self._calls.get(happened.leg.call)
        if call is not None:
            self._step(call, classify(call, happened), happened)
        return NONE

    def outcome(self, outcome: Outcome) -> Facts:
        """Requests outside legs: there are none."""
        return NONE

    def timer(self, owner: Owner) -> Facts:
        """Nobody answered, or a peer stayed down."""
        if owner.purpose == DOWN:
            self._down_timers.pop(owner.key, None)
            self._release_where(
                lambda call: owner.key in (call.up.peer, call.down.peer), ReleaseCause.PEER_DOWN
            )
            return NONE
        call = self._calls.get(owner.key)
        if call is not None:
            call.ring = None
            call.cause = ReleaseCause.NO_ANSWER
            self._step(call, Input.NO_ANSWER, None)
        return NONE

    def release(self, online_call_id: str, cause: ReleaseCause) -> int:
        """By command: release every part of a call that this TCF has. Returns how many."""
        return self._release_where(lambda call: call.id == online_call_id, cause)

    def on_peer_down(self, fact: PeerDown) -> Facts:
        """Calls being set up over the peer fail now, running ones after Tdown."""
        owner = Owner(NAME, fact.domain, DOWN)
        self._down_timers.setdefault(fact.domain, self._ctx.start(self._ctx.durations.tdown, owner))
        for call in list(self._calls.values()):
            if call.down.peer == fact.domain and call.state in (State.SETUP, State.ALERTING):
                call.cause = ReleaseCause.PEER_DOWN
                self._step(call, Input.NO_ANSWER, None)
        return NONE

    def on_peer_up(self, fact: PeerUp) -> Facts:
        """It came back in time."""
        timer = self._down_timers.pop(fact.domain, None)
        if timer is not None:
            timer.cancel()
        return NONE

    def on_user_leaving(self, fact: UserLeaving) -> Facts:
        """The calls of a user who leaves this V-TCF are released first (profile 4.1)."""
        for key in self._ctx.directory.engagements(fact.user):
            call = self._calls.get(key)
            if call is not None:
                call.cause = fact.cause
                self._step(call, Input.RELEASE, None)
        return NONE

    def view(self) -> list[dict[str, Value]]:
        """For people: one row a call."""
        return [
            {
                "id": call.id,
                "type": int(call.setup.call_type),
                "state": call.state.value,
                "caller": str(call.caller),
                "called": str(call.called),
                "roles": [role.value for role in call.roles],
                "since": call.began,
                "legs": [
                    {"peer": leg.peer, "party": str(leg.party), "state": leg.state.value}
                    for leg in _legs(call)
                ],
            }
            for call in self._calls.values()
        ]

    def __len__(self) -> int:
        return len(self._calls)

    # --- setting up

    def _check_offer(self, incoming: Incoming) -> None:
        request = incoming.request
        if not request.body:
            return
        if request.content_type() not in ("application/sdp", "multipart/mixed"):
            raise Decline(
                415, f"{request.content_type()!r} is not accepted", (("Accept", "application/sdp"),)
            )
        if incoming.peer is None and request.content_type() == "application/sdp":
            Sdp.parse(request.body)

    def _allowed(self, setup: CallSetup, hop: Hop) -> CallSetup:
        """Nobody gets a better priority than his subscription allows (checked by his V and H)."""
        assert setup.caller is not None
        subscriber = self._ctx.directory.subscriber(setup.caller)
        if Role.CALLER_HOME not in hop.roles or subscriber is None:
            return setup
        return setup.with_priority(subscriber.priority)

    def _make_room(self, setup: CallSetup, hop: Hop, called: Aor) -> None:
        """Limits of the caller, and at the called user's V the one call that a user may have (profile 4.2)."""
        ctx, caller = self._ctx, setup.caller
        assert caller is not None
        if (
            hop.roles[0] is Role.CALLER_VISITED
            and len(ctx.directory.engagements(caller)) >= ctx.limits.max_calls
        ):
            ctx.meters.count("opentcf_refused_total", "max_calls")
            raise Decline(486, f"{caller} already has {ctx.limits.max_calls} calls")
        if hop.attachment is None:
            return
        engaged = [call for key in ctx.directory.engagements(called) if (call := self._calls.get(key))]
        running = [call for call in engaged if call.state is not State.RELEASING]
        if any(not self._may_preempt(setup, called, call) for call in running):
            raise Decline(486, f"{called} is in a call")
        for call in running:
            call.cause = ReleaseCause.PREEMPTED
            self._step(call, Input.RELEASE, None)

    def _may_preempt(self, setup: CallSetup, called: Aor, running: PrivateCall) -> bool:
        subscriber = self._ctx.directory.subscriber(called)
        rule = subscriber.preemptible if subscriber else Preemptible.EMERGENCY
        if rule is Preemptible.NEVER or running.setup.emergency:
            return False
        if setup.emergency:
            return True
        return rule is Preemptible.ALWAYS and setup.priority < running.setup.priority

    def _begin(self, incoming: Incoming, setup: CallSetup, called: Aor, hop: Hop, max_forwards: str) -> None:
        ctx, caller = self._ctx, setup.caller
        assert caller is not None
        key = ctx.ids.token()
        owner = Owner(NAME, key)
        up = Leg.called(ctx, incoming, owner, caller)
        down = self._leg_to(owner, incoming, hop, caller, called)
        call = PrivateCall(key, setup, caller, called, up, down)
        call.roles = hop.roles
        call.began = ctx.wall
        self._calls[key] = call
        self._enter(call)
        down.send_invite(ctx, self._invite(call, incoming, max_forwards))
        last = Role.CALLED_VISITED in hop.roles
        call.ring = ctx.start(ctx.durations.tring + (0.0 if last else 5.0), Owner(NAME, key, RING))
        self._save(call)
        ctx.notice("call", id=call.id, state="setup", caller=str(caller), called=str(called))

    def _leg_to(self, owner: Owner, incoming: Incoming, hop: Hop, caller: Aor, called: Aor) -> Leg:
        ctx = self._ctx
        display = incoming.request.from_().display
        from_ = str(NameAddr(Uri(caller.number, caller.domain), display))
        to = f"<{path.aor_uri(called)}>"
        if hop.attachment is not None:
            flow, peer = Flow(*hop.attachment.flow), None
        else:
            assert hop.peer is not None
            flow, peer = peer_flow(hop.peer), hop.peer.domain
        leg = Leg.calling(ctx, owner, flow, called, peer, hop.uri, from_, to)
        leg.ptt = leg.ptt or (hop.attachment is not None and hop.attachment.ptt)
        return leg

    def _invite(self, call: PrivateCall, incoming: Incoming, max_forwards: str) -> Request:
        down = call.down
        request = down.invite(self._ctx)
        headers = request.headers
        headers.set("Max-Forwards", max_forwards)
        headers.set("P-Asserted-Identity", f"<{path.aor_uri(call.caller)}>")
        wire_call.write_setup(request, down.wire, call.setup, call.called.domain)
        _pass_body(incoming.request, request)
        carry = headers.get(down.wire.extension)
        down.carry = ((down.wire.extension, carry),) if carry else ()
        return request

    def _enter(self, call: PrivateCall) -> None:
        """Note who is engaged here, and whose caller's home we are for this call."""
        if Role.CALLER_VISITED in call.roles:
            self._ctx.directory.engage(call.caller, call.key)
        if Role.CALLED_VISITED in call.roles:
            self._ctx.directory.engage(call.called, call.key)
        if Role.CALLER_HOME in call.roles:
            self._homes[call.id] = self._homes.get(call.id, 0) + 1

    # --- the machine

    def _step(self, call: PrivateCall, what: Input, event: Happened | None) -> None:
        row = TABLE[call.state].get(what)
        if row is None:
            return
        before, (state, deed) = call.state, row
        call.state = state
        deed(self, call, event)
        if call.up.state is LegState.ENDED and call.down.state is LegState.ENDED:
            self._forget(call)
        elif call.state is not before:
            self._save(call)

    def _pass_progress(self, call: PrivateCall, event: Happened | None) -> None:
        """183 passes as 180, without SDP (profile 3.1)."""
        up = call.up
        if up.theirs is not None and up.theirs.open:
            up.answer(self._ctx, self._mark(call, up, up.response(self._ctx, 180)))

    def _pass_answer(self, call: PrivateCall, event: Happened | None) -> None:
        ctx, up = self._ctx, call.up
        assert event is not None
        assert event.message is not None
        self._stop_ringing(call)
        response = self._mark(call, up, up.response(ctx, 200))
        _pass_body(event.message, response)
        up.carry = call.down.carry
        up.answer(ctx, response)
        ctx.notice("call", id=call.id, state="up")

    def _pass_refusal(self, call: PrivateCall, event: Happened | None) -> None:
        assert event is not None
        status = event.status
        if event.message is None and status == 408 and call.down.peer is None:
            status = 480
        elif event.message is None:
            status = 503
        self._refuse(call, _refusal(status), event.message)

    def _refuse(self, call: PrivateCall, status: int, told: Message | None = None) -> None:
        """Answer the caller finally."""
        ctx, up = self._ctx, call.up
        self._stop_ringing(call)
        if up.theirs is None or not up.theirs.open:
            return
        response = up.response(ctx, status)
        for name in ("Warning", "Retry-After", "Unsupported", "Accept", "Min-SE"):
            if told is not None:
                response.headers.put(name, told.headers.lines(name))
        if status == 487:
            wire_call.write_cancelled(response, up.wire, call.cause, Token.CALL)
        up.answer(ctx, response)
        ctx.notice("call", id=call.id, state="refused", code=status)

    def _cancel(self, call: PrivateCall, event: Happened | None) -> None:
        """CANCEL or an early BYE from the caller: 487 at once, the rest is between us and the called side."""
        assert event is not None
        assert event.incoming is not None
        call.cause = wire_call.read_release(event.incoming.request, call.up.wire)
        self._refuse(call, 487)
        self._cancel_down(call, call.cause)

    def _give_up(self, call: PrivateCall, event: Happened | None) -> None:
        """No answer within Tring, or the way to the called side broke."""
        self._refuse(call, 503 if call.cause is ReleaseCause.PEER_DOWN else 480)
        self._cancel_down(call, call.cause)

    def _abandon(self, call: PrivateCall, event: Happened | None) -> None:
        """Released by us while it is being set up."""
        self._refuse(call, 480 if call.cause is ReleaseCause.NORMAL else 403)
        self._cancel_down(call, call.cause)

    def _cancel_down(self, call: PrivateCall, cause: ReleaseCause) -> None:
        fill = Request("CANCEL", "")
        wire_call.write_release(fill, call.down.wire, cause, Token.CALL)
        call.down.cancel(self._ctx, fill)

    def _ack_and_bye(self, call: PrivateCall, event: Happened | None) -> None:
        """The 200 crossed our CANCEL: it gets its ACK, then a BYE (profile 2.1)."""
        call.down.acknowledge(self._ctx)
        self._bye(call, call.down)

    def _pass_ack(self, call: PrivateCall, event: Happened | None) -> None:
        """The caller's ACK; with a late offer it carries the answer and passes to the other side."""
        assert event is not None
        assert event.incoming is not None
        self._acknowledge_late(call, event.leg, event.incoming.request.body)

    def _acknowledge_late(self, call: PrivateCall, leg: Leg, body: bytes) -> None:
        other = call.other(leg)
        if other.ours is not None and other.ours.answered:
            other.acknowledge(self._ctx, body)

    def _pass_offer(self, call: PrivateCall, event: Happened | None) -> None:
        """Hold, resume, media change: relayed; it never waits, a busy slot is 491 (profile 2.1)."""
        assert event is not None
        assert event.incoming is not None
        ctx, leg, other = self._ctx, event.leg, call.other(event.leg)
        if not other.free or other.state is not LegState.UP:
            leg.answer(ctx, leg.response(ctx, 491))
            return
        if event.incoming.request.body:
            leg.remote_sdp = event.incoming.request.body
        call.offering = leg
        request = other.invite(ctx)
        request.headers.set("Max-Forwards", path.forwards(event.incoming))
        for name, value in other.carry:
            request.headers.set(name, value)
        _pass_body(event.incoming.request, request)
        other.send_invite(ctx, request)
        self._save(call)

    def _pass_offer_answer(self, call: PrivateCall, event: Happened | None) -> None:
        assert event is not None
        assert event.message is not None
        leg, call.offering = call.offering, None
        if leg is None or leg.theirs is None or not leg.theirs.open:
            return
        response = leg.response(self._ctx, 200)
        for name, value in leg.carry:
            response.headers.set(name, value)
        _pass_body(event.message, response)
        leg.answer(self._ctx, response)
        self._save(call)

    def _pass_offer_refusal(self, call: PrivateCall, event: Happened | None) -> None:
        assert event is not None
        leg, call.offering = call.offering, None
        if leg is not None and leg.theirs is not None and leg.theirs.open:
            leg.answer(self._ctx, leg.response(self._ctx, _refusal(event.status)))

    def _cancel_offer(self, call: PrivateCall, event: Happened | None) -> None:
        """CANCEL of a re-INVITE: 487, the dialog stays."""
        assert event is not None
        leg = event.leg
        if leg.theirs is None or not leg.theirs.open:
            return
        response = leg.response(self._ctx, 487)
        wire_call.write_cancelled(response, leg.wire, ReleaseCause.NORMAL, Token.CALL)
        leg.answer(self._ctx, response)
        fill = Request("CANCEL", "")
        wire_call.write_release(fill, call.other(leg).wire, ReleaseCause.NORMAL, Token.CALL)
        call.other(leg).cancel(self._ctx, fill)

    def _pass_info(self, call: PrivateCall, event: Happened | None) -> None:
        """An INFO of a package we do not know (RFC 6086 §4.2.2)."""
        assert event is not None
        assert event.incoming is not None
        known = event.incoming.request.headers.get("Info-Package") is None
        self._ctx.respond(event.incoming, 200 if known else 469, *(() if known else (("Recv-Info", ""),)))

    def _pass_bye(self, call: PrivateCall, event: Happened | None) -> None:
        """Either side hangs up."""
        assert event is not None
        assert event.incoming is not None
        call.cause = wire_call.read_release(event.incoming.request, event.leg.wire)
        self._release_other(call, event)

    def _early_bye(self, call: PrivateCall, event: Happened | None) -> None:
        """The caller may end an early dialog by BYE as well (RFC 3261 §15)."""
        assert event is not None
        assert event.incoming is not None
        self._stop_ringing(call)
        call.cause = wire_call.read_release(event.incoming.request, event.leg.wire)
        self._cancel_down(call, call.cause)

    def _hung_up(self, call: PrivateCall, event: Happened | None) -> None:
        """The called user answered and hung up, and his BYE overtook the 200."""
        self._refuse(call, 480)

    def _release_other(self, call: PrivateCall, event: Happened | None) -> None:
        assert event is not None
        self._bye(call, call.other(event.leg))

    def _release_lost(self, call: PrivateCall, event: Happened | None) -> None:
        """One side is gone: tell both, since it may only seem so."""
        assert event is not None
        call.cause = event.cause
        if event.status == 481:
            event.leg.end(self._ctx)
        self._release_both(call, event)

    def _release_both(self, call: PrivateCall, event: Happened | None) -> None:
        for leg in _legs(call):
            self._bye(call, leg)

    def _bye(self, call: PrivateCall, leg: Leg) -> None:
        fill = Request("BYE", "")
        wire_call.write_release(fill, leg.wire, call.cause)
        leg.bye(self._ctx, fill)

    def _nothing(self, call: PrivateCall, event: Happened | None) -> None:
        """The state says it all."""

    # --- small things

    def _mark(self, call: PrivateCall, leg: Leg, response: Response) -> Response:
        """A terminal that speaks the extension learns the identity of its call."""
        if leg.peer is None and leg.ptt:
            wire_call.write_call_id(response, leg.wire, call.id)
        return response

    def _stop_ringing(self, call: PrivateCall) -> None:
        if call.ring is not None:
            call.ring.cancel()
            call.ring = None

    def _release_where(self, chosen: Callable[[PrivateCall], bool], cause: ReleaseCause) -> int:
        calls = [call for call in self._calls.values() if chosen(call)]
        for call in calls:
            call.cause = cause
            self._step(call, Input.RELEASE, None)
        return len(calls)

    def _forget(self, call: PrivateCall) -> None:
        call.state = State.ENDED
        self._stop_ringing(call)
        self._calls.pop(call.key, None)
        self._ctx.directory.disengage(call.caller, call.key)
        self._ctx.directory.disengage(call.called, call.key)
        if Role.CALLER_HOME in call.roles:
            self._homes[call.id] -= 1
            if not self._homes[call.id]:
                del self._homes[call.id]
        self._ctx.save(NAME, call.key, None)
        self._ctx.notice("call", id=call.id, state="ended", cause=call.cause.name.lower())

    # --- records

    def _save(self, call: PrivateCall) -> None:
        ctx, setup = self._ctx, call.setup
        codes = [
            int(setup.call_type),
            setup.full_duplex,
            setup.priority,
            setup.emergency,
            int(setup.called_type),
        ]
        row = {
            "v": 1,
            "state": call.state.value,
            "id": call.id,
            "caller": str(call.caller),
            "called": str(call.called),
            "setup": codes,
            "extra": [list(pair) for pair in setup.extra],
            "roles": [role.name for role in call.roles],
            "cause": int(call.cause),
            "began": call.began,
            "up": leg_record.write(call.up, ctx),
            "down": leg_record.write(call.down, ctx),
        }
        ctx.save(NAME, call.key, row)

    def load(self, rows: dict[str, Value]) -> None:
        """Go on from what the store held: calls go on, one that was being set up is ended cleanly on both sides."""
        for key, row in rows.items():
            self._revive(self._read(key, row))

    def _read(self, key: str, row: dict[str, Value]) -> PrivateCall:
        ctx, owner = self._ctx, Owner(NAME, key)
        call_type, full_duplex, priority, emergency, called_type = row["setup"]
        caller, called = Aor.parse(row["caller"]), Aor.parse(row["called"])
        extra = tuple((name, value) for name, value in row["extra"])
        setup = CallSetup(
            CallType(call_type),
            full_duplex,
            priority,
            emergency,
            caller,
            row["id"],
            CalledType(called_type),
            extra,
        )
        up, down = leg_record.read(ctx, owner, row["up"]), leg_record.read(ctx, owner, row["down"])
        call = PrivateCall(key, setup, caller, called, up, down)
        call.state, call.cause, call.began = State(row["state"]), ReleaseCause(row["cause"]), row["began"]
        call.roles = tuple(Role[name] for name in row["roles"])
        return call

    def _revive(self, call: PrivateCall) -> None:
        self._calls[call.key] = call
        self._enter(call)
        for leg in _legs(call):
            if leg.state is LegState.RELEASING:
                leg.state = LegState.UP
                self._bye(call, leg)
        if call.down.state is LegState.EARLY and call.down.ours is None:
            call.down.end(self._ctx)
        if call.state in (State.SETUP, State.ALERTING):
            call.cause = ReleaseCause.PEER_DOWN
            self._step(call, Input.NO_ANSWER, None)
        elif call.state is State.CANCELLING:
            self._cancel_down(call, call.cause)
        elif call.state is State.UP:
            self._end_open_offers(call)
        if call.up.state is LegState.ENDED and call.down.state is LegState.ENDED:
            self._forget(call)
        elif call.state is not State.ENDED:
            self._save(call)

    def _end_open_offers(self, call: PrivateCall) -> None:
        """A re-INVITE that was caught in the middle: 503, the dialog stays (profile 5.1)."""
        for leg in _legs(call):
            if leg.theirs is not None and leg.theirs.open:
                leg.answer(self._ctx, leg.response(self._ctx, 503))
                fill = Request("CANCEL", "")
                wire_call.write_release(fill, call.other(leg).wire, ReleaseCause.NORMAL, Token.CALL)
                call.other(leg).cancel(self._ctx, fill)


def _legs(call: PrivateCall) -> tuple[Leg, Leg]:
    return (call.up, call.down)


def _pass_body(source: Message, target: Message) -> None:
    if source.body:
        target.headers.put("Content-Type", source.headers.lines("Content-Type") or ["application/sdp"])
        target.body = source.body


def _refusal(status: int) -> int:
    """A final failure as this interface knows it; an unknown one reads as its class (RFC 3261 §8.1.3.2)."""
    if status in PASSED:
        return status
    if status >= 600:
        return 603
    if status in (401, 407):
        return 403
    return 500 if status >= 500 else 480


def classify(call: PrivateCall, happened: Happened) -> Input:
    """Which input an event of a leg is."""
    what, leg = happened.what, happened.leg
    initial = call.state in (State.SETUP, State.ALERTING, State.CANCELLING)
    if what is What.ANSWERED:
        return Input.ANSWER if initial and leg is call.down else Input.OFFER_ANSWER
    if what is What.REFUSED:
        return Input.REFUSAL if initial and leg is call.down else Input.OFFER_REFUSAL
    if what is What.ENDED and initial and leg is call.down:
        return Input.HUNG_UP
    return _PLAIN[what]


_PLAIN = {
    What.PROGRESS: Input.PROGRESS,
    What.OFFERED: Input.OFFER,
    What.ACKED: Input.ACK,
    What.CANCELLED: Input.CANCEL,
    What.ENDED: Input.BYE,
    What.LOST: Input.LOST,
    What.INFORMED: Input.INFO,
    What.RELEASED: Input.RELEASED,
}

S, I, P = State, Input, PrivateCalls
Deed = Callable[[PrivateCalls, PrivateCall, Happened | None], None]
SETTING_UP: dict[Input, tuple[State, Deed]] = {
    I.PROGRESS: (S.ALERTING, P._pass_progress),
    I.ANSWER: (S.UP, P._pass_answer),
    I.REFUSAL: (S.ENDED, P._pass_refusal),
    I.CANCEL: (S.CANCELLING, P._cancel),
    I.BYE: (S.CANCELLING, P._early_bye),
    I.HUNG_UP: (S.RELEASING, P._hung_up),
    I.NO_ANSWER: (S.CANCELLING, P._give_up),
    I.RELEASE: (S.CANCELLING, P._abandon),
}
TABLE: dict[State, dict[Input, tuple[State, Deed]]] = {
    S.SETUP: SETTING_UP,
    S.ALERTING: SETTING_UP,
    S.CANCELLING: {
        I.ANSWER: (S.RELEASING, P._ack_and_bye),
        I.HUNG_UP: (S.RELEASING, P._nothing),
        I.REFUSAL: (S.ENDED, P._nothing),
    },
    S.UP: {
        I.ACK: (S.UP, P._pass_ack),
        I.OFFER: (S.UP, P._pass_offer),
        I.OFFER_ANSWER: (S.UP, P._pass_offer_answer),
        I.OFFER_REFUSAL: (S.UP, P._pass_offer_refusal),
        I.CANCEL: (S.UP, P._cancel_offer),
        I.INFO: (S.UP, P._pass_info),
        I.BYE: (S.RELEASING, P._pass_bye),
        I.LOST: (S.RELEASING, P._release_lost),
        I.RELEASE: (S.RELEASING, P._release_both),
    },
    S.RELEASING: {
        I.RELEASED: (S.RELEASING, P._nothing),
        I.INFO: (S.RELEASING, P._pass_info),
    },
    S.ENDED: {},
}
"""Inputs that a state does not name are ignored there."""
