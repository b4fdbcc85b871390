"""Who enters a private call of others, at the caller's home, which controls it (强插, discreet listening; profile 4.7).

In a half-duplex call an inserter gets a leg and the floor; in a full-duplex one both parties are offered his stream.
A discreet listener changes nothing for anybody.
"""

from __future__ import annotations

from opentcf.btrunc import call as wire_call
from opentcf.btrunc.wire import Token
from opentcf.model.cause import Decline, ReleaseCause
from opentcf.services.context import Context
from opentcf.services.floor_leg import FloorLeg
from opentcf.services.leg import Happened, Leg, LegState, Rank, What, Wish
from opentcf.services.private_call import streams
from opentcf.services.private_call.call import Guest, PrivateCall
from opentcf.services.private_call.half_duplex import HalfDuplex
from opentcf.services.voice import PLAIN, Voice, described
from opentcf.sip.errors import RemoteError
from opentcf.sip.message import Request
from opentcf.sip.sdp import Media, same_media

STREAM = "stream"


class Widened(Voice):
    """On a party's leg: the other party's description, and the streams of who was inserted."""

    __slots__ = ("call", "leg")

    kept = False

    def __init__(self, call: PrivateCall, leg: Leg) -> None:
        super().__init__("", 0, 0, b"")
        self.call = call
        self.leg = leg

    def offer(self, direction: str) -> bytes:
        """An offer of everything as it is now, whatever the direction."""
        return streams.with_slots(self.leg.local_sdp, slots(self.call, self.leg))


def slots(call: PrivateCall, leg: Leg) -> dict[int, Media]:
    """The lines of a party's leg that are not the other party's, as they are now."""
    guests = {guest.leg.key: guest for guest in call.guests if guest.leg.state is not LegState.ENDED}
    found = {}
    for index, (owner, kind) in call.slots.get(leg.key, {}).items():
        guest = guests.get(owner)
        gone = Media(kind, 0, "RTP/AVP", ("0",))
        found[index] = streams.stream_of(guest.leg.remote_sdp) if guest is not None else gone
    return found


def passed(call: PrivateCall, body: bytes, source: Leg, target: Leg) -> bytes:
    """A party's description as the other one may hear it."""
    if not body or not (call.slots.get(source.key) or call.slots.get(target.key)):
        return body
    return streams.exchanged(body, slots(call, source), slots(call, target))


class Guests:
    """Those who entered."""

    def __init__(self, ctx: Context, half_duplex: HalfDuplex) -> None:
        self._ctx = ctx
        self._half_duplex = half_duplex

    def take_in(self, call: PrivateCall, leg: Leg, *, listens: bool) -> None:
        """His INVITE is open on `leg`."""
        guest = Guest(leg, listens=listens)
        call.guests.append(guest)
        self._give_voice(call, guest)
        if call.floor is not None:
            self._half_duplex.enter(call, guest)
        elif listens:
            self._answer(guest, self._own_answer(guest))
        else:
            self._offer_to_both(call, guest)

    def _give_voice(self, call: PrivateCall, guest: Guest) -> None:
        leg = guest.leg
        if call.floor is not None or guest.listens:
            local = self._ctx.our_address(leg.flow).rpartition(":")[0].strip("[]")
            leg.voice = Voice.on(self._ctx, leg.flow.side, local or "127.0.0.1", call.up.remote_sdp)

    def _own_answer(self, guest: Guest) -> bytes:
        assert guest.leg.voice is not None
        return guest.leg.voice.answer(guest.leg.remote_sdp, "sendonly")

    def _answer(self, guest: Guest, body: bytes) -> None:
        leg = guest.leg
        if leg.theirs is None or not leg.theirs.open:
            return
        response = leg.response(self._ctx, 200)
        response.headers.set("Content-Type", "application/sdp")
        response.body = body
        leg.answer(self._ctx, response)

    # --- full duplex: his stream

    def _offer_to_both(self, call: PrivateCall, guest: Guest) -> None:
        kind = streams.stream_of(guest.leg.remote_sdp).kind
        for leg in call.legs:
            if leg.voice is None:
                leg.voice = Widened(call, leg)
            taken = call.slots.setdefault(leg.key, {})
            taken[_lines(leg)] = (guest.leg.key, kind)
            guest.asked.add(leg.key)
        self._offer(call, f"{STREAM} {guest.leg.key}")

    def _offer(self, call: PrivateCall, purpose: str) -> None:
        for leg in call.legs:
            if call.slots.get(leg.key):
                leg.drop(STREAM)
                leg.want(self._ctx, Wish(Rank.MEDIA, purpose, leg.carry, direction="sendrecv"))

    def settled(self, call: PrivateCall, happened: Happened) -> bool:
        """A party answered an offer of ours with such a stream. False when it was something else."""
        kind, _, key = happened.purpose.partition(" ")
        if kind != STREAM or happened.what not in (What.ANSWERED, What.REFUSED):
            return False
        guest = next((guest for guest in call.guests if guest.leg.key == key), None)
        leg = happened.leg
        if happened.what is What.REFUSED and guest is not None and leg.key in guest.asked:
            self._take_back(call, leg, key)
        if guest is not None:
            guest.asked.discard(leg.key)
            if not guest.asked and guest.leg.state is LegState.EARLY:
                self._decide(call, guest)
        return True

    def _take_back(self, call: PrivateCall, leg: Leg, key: str) -> None:
        """It keeps the media that it had: the line never was."""
        now = slots(call, leg)
        kept = {index: own for index, own in call.slots[leg.key].items() if own[0] != key}
        call.slots[leg.key] = kept
        body = streams.exchanged(leg.local_sdp, now, {index: now[index] for index in kept})
        leg.local_sdp = streams.with_slots(body, {})

    def _decide(self, call: PrivateCall, guest: Guest) -> None:
        body = self._description(call, guest)
        if body:
            self._answer(guest, body)
            return
        if guest.leg.theirs is not None and guest.leg.theirs.open:
            guest.leg.answer(self._ctx, guest.leg.response(self._ctx, 488))
        self._withdraw(call, guest)

    def _description(self, call: PrivateCall, guest: Guest) -> bytes:
        """Where he sends to: the first party that took his stream; empty when none did."""
        for leg in call.legs:
            for index, (owner, _) in call.slots.get(leg.key, {}).items():
                if owner == guest.leg.key and streams.is_taken(leg.remote_sdp, index):
                    session = int(guest.leg.key[:8], 16)
                    before = guest.leg.local_sdp
                    return streams.answer_for(guest.leg.remote_sdp, leg.remote_sdp, index, before, session)
        return b""

    def _withdraw(self, call: PrivateCall, guest: Guest) -> None:
        """He is gone: the floor is free, his lines are closed, the call is as it was (RFC 3264 §8.2)."""
        if call.floor is not None:
            self._half_duplex.leave(call, guest)
        call.guests.remove(guest)
        if any(owner == guest.leg.key for own in call.slots.values() for owner, _ in own.values()):
            self._offer(call, STREAM)

    def follow(self, call: PrivateCall) -> None:
        """After a party changed its media: he hears of it where it concerns his stream."""
        for guest in call.guests:
            body = b"" if guest.listens or call.floor is not None else self._description(call, guest)
            if guest.leg.state is LegState.UP and body and not same_media(body, guest.leg.local_sdp):
                guest.leg.drop(STREAM)
                guest.leg.want(self._ctx, Wish(Rank.MEDIA, STREAM, guest.leg.carry, body))

    # --- his leg

    def happened(self, call: PrivateCall, guest: Guest, happened: Happened) -> None:
        """An event of his leg."""
        leg = guest.leg
        match happened.what:
            case What.OFFERED:
                self._offered(call, guest, happened)
            case What.ANSWERED | What.REFUSED if call.floor is not None:
                self._half_duplex.confirmed(call, happened, taken=happened.what is What.ANSWERED)
            case What.CANCELLED if leg.theirs is not None and leg.theirs.open:
                response = leg.response(self._ctx, 487)
                wire_call.write_cancelled(response, leg.wire, ReleaseCause.NORMAL, Token.CALL)
                leg.answer(self._ctx, response)
                if leg.state is LegState.ENDED:
                    self._withdraw(call, guest)
            case What.ENDED:
                self._withdraw(call, guest)
            case What.LOST:
                self.dismiss(call, guest, happened.cause)
            case What.INFORMED:
                assert happened.incoming is not None
                self._ctx.respond(happened.incoming, 200)
            case _:
                return

    def _offered(self, call: PrivateCall, guest: Guest, happened: Happened) -> None:
        leg, incoming = guest.leg, happened.incoming
        assert incoming is not None
        try:
            if self._half_duplex.offered(call, happened):
                return
            Voice.readable(
                described(incoming.request), (call.up.remote_sdp or PLAIN) if guest.listens else b""
            )
        except (Decline, RemoteError) as refusal:
            FloorLeg(leg).refuse(self._ctx, refusal.status, refusal.text, *refusal.headers)
            return
        if call.floor is not None or not incoming.request.body:
            leg.answer_as_before(self._ctx)
            return
        leg.remote_sdp = incoming.request.body
        self._answer(guest, self._own_answer(guest) if guest.listens else self._description(call, guest))
        if not guest.listens:
            self._offer(call, STREAM)

    def dismiss(self, call: PrivateCall, guest: Guest, cause: ReleaseCause, *, over: bool = False) -> None:
        """End his leg, in whatever state it is; the call goes on unless it is `over`."""
        leg = guest.leg
        if leg.state is LegState.EARLY and leg.theirs is not None and leg.theirs.open:
            leg.answer(self._ctx, leg.response(self._ctx, 480))
        fill = Request("BYE", "")
        wire_call.write_release(fill, leg.wire, cause)
        leg.bye(self._ctx, fill)
        if over:
            call.guests.remove(guest)
        else:
            self._withdraw(call, guest)
        call.set_aside(leg)

    def dismiss_all(self, call: PrivateCall, cause: ReleaseCause) -> None:
        """The call ends."""
        for guest in list(call.guests):
            self.dismiss(call, guest, cause, over=True)

    def revive(self, call: PrivateCall) -> None:
        """After a restart: who was not answered yet has to try again."""
        for leg in call.legs:
            if call.slots.get(leg.key):
                leg.voice = Widened(call, leg)
        for guest in list(call.guests):
            leg = guest.leg
            if leg.state is LegState.UP:
                if leg.theirs is not None and leg.theirs.open:
                    leg.answer(self._ctx, leg.response(self._ctx, 503))
                continue
            if leg.theirs is not None and leg.theirs.open:
                leg.answer(self._ctx, leg.response(self._ctx, 503))
            self._withdraw(call, guest)


def _lines(leg: Leg) -> int:
    return max(leg.local_sdp.count(b"\nm="), leg.remote_sdp.count(b"\nm="))
