"""The relay: what one leg does becomes what the other leg hears (profile 4.2)."""

from __future__ import annotations

from collections.abc import Callable

from opentcf.btrunc import call as wire_call
from opentcf.btrunc import extension as wire_extension
from opentcf.btrunc.floor import LetGo
from opentcf.btrunc.wire import Param, Token
from opentcf.model.call import CallSetup
from opentcf.model.cause import Decline, ReleaseCause
from opentcf.services import accounting, path
from opentcf.services.context import Context, Incoming
from opentcf.services.floor_leg import FloorLeg
from opentcf.services.leg import Happened, Leg, LegState, Rank, What, Wish
from opentcf.services.private_call import half_duplex, moves, records
from opentcf.services.private_call.call import FOLLOW, Input, Move, PrivateCall, State, refusal
from opentcf.services.private_call.guests import Guests, passed
from opentcf.services.private_call.half_duplex import HalfDuplex
from opentcf.sip.errors import RemoteError
from opentcf.sip.message import Message, Request, Response
from opentcf.sip.sdp import continued, same_media


class Relay:
    """Deeds of the state table. They act on the legs of a call and on nothing else."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self.half_duplex = HalfDuplex(ctx)
        self.guests = Guests(ctx, self.half_duplex)

    def step(self, call: PrivateCall, what: Input, event: Happened | None) -> None:
        """Do what the table says."""
        row = TABLE[call.state].get(what)
        if row is None:
            return
        call.state, deed = row
        deed(self, call, event)

    def _pass_progress(self, call: PrivateCall, event: Happened | None) -> None:
        """183 passes as 180, without SDP (profile 3.1). TC2-C 180, TC2-C 1xx/TC2, TC2-C 1xx/D."""
        up = call.up
        if up.theirs is not None and up.theirs.open:
            up.answer(self._ctx, self._mark(call, up, up.response(self._ctx, 180)))

    def _pass_answer(self, call: PrivateCall, event: Happened | None) -> None:
        """TC2-C 单呼呼叫建立的成功响应, TC2-C 2xx/TC2, TC2-C 2xx/D."""
        ctx, up = self._ctx, call.up
        assert event is not None
        assert event.message is not None
        call.stop_ringing()
        response = self._mark(call, up, up.response(ctx, 200))
        pass_body(event.message, response)
        up.carry = call.down.carry
        says = self.half_duplex.begin(call) or half_duplex.passed_answer(
            self._ctx, call, event.message, call.down, up
        )
        if says and up.ptt:
            call_id = call.id if up.peer is None else ""
            says = wire_extension.append(says, up.wire, (Param.CALL_ID, call_id))
            response.headers.set(up.wire.extension, says)
        up.answer(ctx, response)
        ctx.notice("call", id=call.id, state="up")

    def _pass_refusal(self, call: PrivateCall, event: Happened | None) -> None:
        """TC2-C 603, TC2-C 4xx/TC2, TC2-C 4xx/D, TC2-C 5xx/TC2, TC2-C 5xx/D, TC2-C 6xx/TC2,
        TC2-C 6xx/D.
        """
        assert event is not None
        status = event.status
        if event.message is None and status == 408 and call.down.peer is None:
            status = 480
        elif event.message is None:
            status = 503
        self._refuse(call, refusal(status), event.message)

    def _refuse(self, call: PrivateCall, status: int, told: Message | None = None) -> None:
        """Answer the caller finally."""
        ctx, up = self._ctx, call.up
        call.stop_ringing()
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
        """CANCEL or an early BYE from the caller: 487 at once, the rest is between us and the called side.

        TC2-C 呼叫取消.
        """
        assert event is not None
        assert event.incoming is not None
        call.cause = wire_call.read_release(event.incoming.request, call.up.wire)
        self._refuse(call, 487)
        self.cancel_down(call, call.cause)

    def _give_up(self, call: PrivateCall, event: Happened | None) -> None:
        """No answer within Tring, or the way to the called side broke."""
        self._refuse(call, 503 if call.cause is ReleaseCause.PEER_DOWN else 480)
        self.cancel_down(call, call.cause)

    def _abandon(self, call: PrivateCall, event: Happened | None) -> None:
        """Released by us while it is being set up."""
        self._refuse(call, 480 if call.cause is ReleaseCause.NORMAL else 403)
        self.cancel_down(call, call.cause)

    def cancel_down(self, call: PrivateCall, cause: ReleaseCause) -> None:
        """CANCEL towards the called side."""
        fill = Request("CANCEL", "")
        wire_call.write_release(fill, call.down.wire, cause, Token.CALL)
        call.down.cancel(self._ctx, fill)

    def _ack_and_bye(self, call: PrivateCall, event: Happened | None) -> None:
        """The 200 crossed our CANCEL: it gets its ACK, then a BYE (profile 2.1)."""
        call.down.acknowledge(self._ctx)
        self.bye(call, call.down)

    def _pass_ack(self, call: PrivateCall, event: Happened | None) -> None:
        """The caller's ACK; with a late offer it carries the answer and passes to the other side.

        TC2-C 确认.
        """
        assert event is not None
        assert event.incoming is not None
        self._acknowledge_late(call, event.leg, event.incoming.request.body)

    def _acknowledge_late(self, call: PrivateCall, leg: Leg, body: bytes) -> None:
        other = call.other(leg)
        if other.ours is not None and other.ours.answered:
            other.acknowledge(self._ctx, _as_ours(call, leg, other, body))

    def _pass_offer(self, call: PrivateCall, event: Happened | None) -> None:
        """Hold, resume, media change: relayed; it never waits, a busy slot is 491 (profile 2.1)."""
        assert event is not None
        assert event.incoming is not None
        ctx, leg, other = self._ctx, event.leg, call.other(event.leg)
        try:
            if self.half_duplex.offered(call, event):
                records.save(ctx, call)
                return
            call.wanted = _wanted(call, event.incoming)
            max_forwards = path.forwards(event.incoming)
        except (Decline, RemoteError) as refusal:
            FloorLeg(leg).refuse(ctx, refusal.status, refusal.text, *refusal.headers)
            return
        if not other.free or other.state is not LegState.UP or call.moves:
            leg.answer(ctx, leg.response(ctx, 491))
            return
        call.before = leg.remote_sdp
        if event.incoming.request.body:
            leg.remote_sdp = event.incoming.request.body
        call.offering = leg
        request = other.invite(ctx)
        request.headers.set("Max-Forwards", max_forwards)
        for name, value in other.carry:
            request.headers.set(name, value)
        if call.wanted != call.setup:
            wire_call.write_setup(request, other.wire, call.wanted, call.called.domain)
        says = half_duplex.passed_request(self._ctx, call, event.incoming, leg, other)
        if says is not None:
            request.headers.set(other.wire.extension, says)
        pass_body(event.incoming.request, request)
        request.body = _as_ours(call, leg, other, request.body)
        other.send_invite(ctx, request)
        records.save(self._ctx, call)

    def _pass_offer_answer(self, call: PrivateCall, event: Happened | None) -> None:
        assert event is not None
        assert event.message is not None
        if event.purpose == FOLLOW:
            self._followed(call, event.leg)
            return
        if self.half_duplex.confirmed(call, event, taken=True):
            records.save(self._ctx, call)
            return
        leg, call.offering = call.offering, None
        if leg is None:
            return
        if leg.theirs is None or not leg.theirs.open:
            self._undo(call, leg, event)
            return
        says = half_duplex.passed_answer(self._ctx, call, event.message, event.leg, leg)
        if half_duplex.is_waiting(says, leg.wire) and not leg.ptt:
            self._never_queued(call, leg)
            return
        self._take_over(call)
        response = leg.response(self._ctx, 200)
        for name, value in leg.carry:
            response.headers.set(name, value)
        if says is not None and leg.ptt:
            response.headers.set(leg.wire.extension, says)
        pass_body(event.message, response)
        response.body = _as_ours(call, event.leg, leg, response.body)
        leg.answer(self._ctx, response)
        self.guests.follow(call)
        records.save(self._ctx, call)

    def _pass_offer_refusal(self, call: PrivateCall, event: Happened | None) -> None:
        assert event is not None
        if event.purpose == FOLLOW:
            return
        if self.half_duplex.confirmed(call, event, taken=False):
            records.save(self._ctx, call)
            return
        leg, call.offering = call.offering, None
        if leg is not None:
            leg.remote_sdp = call.before
        if leg is not None and leg.theirs is not None and leg.theirs.open:
            response = leg.response(self._ctx, refusal(event.status))
            says = (
                half_duplex.passed_answer(self._ctx, call, event.message, event.leg, leg)
                if event.message
                else None
            )
            if says is not None and leg.ptt:
                response.headers.set(leg.wire.extension, says)
            leg.answer(self._ctx, response)

    def _followed(self, call: PrivateCall, leg: Leg) -> None:
        """A terminal has its call at its new address; the far side is offered the media if they changed."""
        far = call.other(leg)
        body = passed(call, leg.remote_sdp, leg, far)
        if not same_media(body, far.local_sdp):
            call.continued.add(far.key)
            far.want(self._ctx, Wish(Rank.MEDIA, "moved", far.carry, continued(body, far.local_sdp)))
        self.guests.follow(call)
        records.save(self._ctx, call)

    def _undo(self, call: PrivateCall, leg: Leg, event: Happened) -> None:
        """A re-INVITE was cancelled before this answer to it came: both sides go on as before."""
        other, leg.remote_sdp = event.leg, call.before
        body = continued(passed(call, leg.remote_sdp, leg, other), other.local_sdp)
        if other.ours is not None:
            other.acknowledge(self._ctx, body)
        elif call.setup.full_duplex and body:
            other.want(self._ctx, Wish(Rank.MEDIA, "moved", other.carry, body))
        half_duplex.give_back(self._ctx, call, event)
        records.save(self._ctx, call)

    def _take_over(self, call: PrivateCall) -> None:
        """媒体变更: the call is of another type from now on, which every later re-INVITE says.

        TC2-C 视频下推媒体变更.
        """
        if call.wanted == call.setup:
            return
        call.setup = call.wanted
        for leg in call.legs:
            pattern = Request("INVITE", "")
            wire_call.write_setup(pattern, leg.wire, call.setup, call.called.domain)
            leg.carry = ((leg.wire.extension, pattern.headers.lines(leg.wire.extension)[0]),)

    def _never_queued(self, call: PrivateCall, leg: Leg) -> None:
        """A phone without the extension gets 486, and its place in the queue is given back (profile 7)."""
        leg.answer(self._ctx, leg.response(self._ctx, 486))
        FloorLeg(call.other(leg)).tell(self._ctx, LetGo(call.party(leg)))
        accounting.lets_go(self._ctx, call.key, call.party(leg))

    def _cancel_offer(self, call: PrivateCall, event: Happened | None) -> None:
        """CANCEL of a re-INVITE: 487, the dialog stays."""
        assert event is not None
        leg = event.leg
        if leg.theirs is None or not leg.theirs.open:
            return
        ext = wire_extension.read(leg.theirs.request, leg.wire) if leg.theirs.request is not None else None
        operation = Token.REQUEST if ext is not None and ext.token is Token.REQUEST else Token.CALL
        response = leg.response(self._ctx, 487)
        wire_call.write_cancelled(response, leg.wire, ReleaseCause.NORMAL, operation)
        leg.answer(self._ctx, response)
        fill = Request("CANCEL", "")
        wire_call.write_release(fill, call.other(leg).wire, ReleaseCause.NORMAL, operation)
        call.other(leg).cancel(self._ctx, fill)

    def _pass_info(self, call: PrivateCall, event: Happened | None) -> None:
        """Floor information; of anything else nobody here knows what to do with it."""
        assert event is not None
        assert event.incoming is not None
        if half_duplex.pass_information(self._ctx, call, event):
            return
        self._ctx.respond(event.incoming, 200)

    def _pass_bye(self, call: PrivateCall, event: Happened | None) -> None:
        """Either side hangs up. TC2-C 呼叫释放."""
        assert event is not None
        assert event.incoming is not None
        call.cause = wire_call.read_release(event.incoming.request, event.leg.wire)
        self._release_other(call, event)

    def _early_bye(self, call: PrivateCall, event: Happened | None) -> None:
        """The caller may end an early dialog by BYE as well (RFC 3261 §15)."""
        assert event is not None
        assert event.incoming is not None
        call.stop_ringing()
        call.cause = wire_call.read_release(event.incoming.request, event.leg.wire)
        self.cancel_down(call, call.cause)

    def _hung_up(self, call: PrivateCall, event: Happened | None) -> None:
        """The called user answered and hung up, and his BYE overtook the 200."""
        self._refuse(call, 480)

    def _release_other(self, call: PrivateCall, event: Happened | None) -> None:
        assert event is not None
        self._give_up_moves(call)
        self.guests.dismiss_all(call, call.cause)
        self.bye(call, call.other(event.leg))

    def _release_lost(self, call: PrivateCall, event: Happened | None) -> None:
        """One side is gone: tell both, since it may only seem so."""
        assert event is not None
        call.cause = event.cause
        if event.status == 481:
            event.leg.end(self._ctx)
        self._release_both(call, event)

    def _release_both(self, call: PrivateCall, event: Happened | None) -> None:
        self._give_up_moves(call)
        self.guests.dismiss_all(call, call.cause)
        for leg in call.legs:
            self.bye(call, leg)

    def bye(self, call: PrivateCall, leg: Leg, cause: ReleaseCause | None = None) -> None:
        """BYE on one leg, with the cause of the call unless it has its own. TC2-C BYE/TC2, TC2-C BYE/D."""
        fill = Request("BYE", "")
        wire_call.write_release(fill, leg.wire, call.cause if cause is None else cause)
        leg.bye(self._ctx, fill)

    # --- handover

    def _switch(self, call: PrivateCall, event: Happened | None) -> None:
        """The new V-TCF has the call: the old leg goes, the far side is re-offered the media if they changed."""
        assert event is not None
        move = call.move_to(event.leg)
        assert move is not None
        old, new, far = move.old, move.new, call.other(move.old)
        self._close(call, move)
        if old is call.up:
            call.up = new
        else:
            call.down = new
        call.continued.add(far.key)
        self.leave(call, old, ReleaseCause.HANDOVER)
        if not same_media(old.remote_sdp, new.remote_sdp):
            body = continued(passed(call, new.remote_sdp, new, far), far.local_sdp)
            far.want(self._ctx, Wish(Rank.MEDIA, "moved", far.carry, body))
        moves.settle(self._ctx, call)
        half_duplex.prepare(call)
        self.half_duplex.repeat(call, new)
        if far.remote_sdp != move.offered:
            body = continued(passed(call, far.remote_sdp, far, new), new.local_sdp)
            new.want(self._ctx, Wish(Rank.MEDIA, "moved", new.carry, body))
        self.guests.follow(call)
        records.save(self._ctx, call)

    def _stay(self, call: PrivateCall, event: Happened | None) -> None:
        """The target refused, or the terminal never came: the old leg keeps the call (profile 4.6)."""
        assert event is not None
        move = call.move_to(event.leg)
        if move is not None:
            self._close(call, move)
            self.leave(call, move.new, ReleaseCause.NORMAL)
            moves.again(self._ctx, call, move, event.status)
            records.save(self._ctx, call)

    def _late_arrival(self, call: PrivateCall, event: Happened | None) -> None:
        """The call ended while its party was on the way."""
        assert event is not None
        self.bye(call, event.leg)

    def _aside(self, call: PrivateCall, event: Happened | None) -> None:
        """A leg that was given up: a 200 that crossed our CANCEL gets its BYE."""
        assert event is not None
        if event.what is What.ANSWERED:
            self.bye(call, event.leg)
        elif event.what is What.LOST:
            event.leg.end(self._ctx)
        elif event.what is What.INFORMED and event.incoming is not None:
            self._ctx.respond(event.incoming, 481)

    def _give_up_moves(self, call: PrivateCall) -> None:
        for move in list(call.moves):
            self._close(call, move)
            self.leave(call, move.new, call.cause)

    def _close(self, call: PrivateCall, move: Move) -> None:
        call.moves.remove(move)
        if move.patience is not None:
            move.patience.cancel()

    def leave(self, call: PrivateCall, leg: Leg, cause: ReleaseCause) -> None:
        """Give a leg up, in whatever state it is."""
        if leg.state is LegState.EARLY:
            fill = Request("CANCEL", "")
            wire_call.write_release(fill, leg.wire, cause, Token.CALL)
            leg.cancel(self._ctx, fill)
        else:
            self.bye(call, leg, cause)
        call.set_aside(leg)

    def _nothing(self, call: PrivateCall, event: Happened | None) -> None:
        """The state says it all."""

    # --- small things

    def _mark(self, call: PrivateCall, leg: Leg, response: Response) -> Response:
        """A terminal that speaks the extension learns the identity of its call."""
        if leg.peer is None and leg.ptt:
            wire_call.write_call_id(response, leg.wire, call.id)
        return response

    def end_open_offers(self, call: PrivateCall) -> None:
        """A re-INVITE that a restart caught in the middle: 503, the dialog stays; ours is cancelled (profile 5.1).

        What we offered ourselves is offered again, what we said of the floor is said again.
        """
        for leg in call.floor_legs.values():
            if leg.ours is not None:
                leg.take_back(self._ctx)
                if call.setup.full_duplex and call.other(leg).theirs is None:
                    leg.refresh(self._ctx)
        for leg in call.legs:
            if leg.theirs is not None and leg.theirs.open:
                half_duplex.take_back(self._ctx, call, leg)
                leg.answer(self._ctx, leg.response(self._ctx, 503))
        self.half_duplex.repeat(call)


def pass_body(source: Message, target: Message) -> None:
    """A body passes unchanged."""
    if source.body:
        target.headers.put("Content-Type", source.headers.lines("Content-Type") or ["application/sdp"])
        target.body = source.body


def _wanted(call: PrivateCall, incoming: Incoming) -> CallSetup:
    """The call as a re-INVITE wants it: a media change may name another type. 488 for an unknown one, and for who asks
    for a floor where there is none."""
    ext = incoming.extension
    if ext is not None and ext.token in half_duplex.WORDS and call.setup.full_duplex:
        raise Decline(488, "a full-duplex call has no floor")
    if ext is None or ext.token is not Token.CALL or ext.get(Param.CALL_TYPE) is None:
        return call.setup
    return call.setup._replace(call_type=wire_call.read_setup(ext, incoming.wire, "").call_type)


def _as_ours(call: PrivateCall, source: Leg, leg: Leg, body: bytes) -> bytes:
    """On a leg whose far side was replaced, or that has streams of who entered, the description goes on as ours
    (profile 2.3)."""
    ours = leg.key in call.continued or bool(call.slots.get(leg.key))
    body = passed(call, body, source, leg)
    return continued(body, leg.local_sdp) if body and ours else body


S, I, P = State, Input, Relay
Deed = Callable[[Relay, PrivateCall, Happened | None], None]
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
        I.ARRIVED: (S.UP, P._switch),
        I.NOT_ARRIVED: (S.UP, P._stay),
        I.OLD_LEFT: (S.UP, P._nothing),
        I.ASIDE: (S.UP, P._aside),
    },
    S.RELEASING: {
        I.RELEASED: (S.RELEASING, P._nothing),
        I.ARRIVED: (S.RELEASING, P._late_arrival),
        I.ASIDE: (S.RELEASING, P._aside),
        I.INFO: (S.RELEASING, P._pass_info),
    },
    S.ENDED: {},
}
"""Inputs that a state does not name are ignored there."""
