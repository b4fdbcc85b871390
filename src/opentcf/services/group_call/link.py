"""A link between two parts of a group call: G and a V, or a V and a terminal. It turns operations into SIP and back.

Downwards and upwards the same operations travel, whatever is below: a leg on TC2, a leg on D, or (where G and V are the
same TCF) no message at all, see `procedure`.
"""

from enum import Enum

from opentcf.btrunc import call as wire_call
from opentcf.btrunc.wire import Token
from opentcf.model.call import CallSetup
from opentcf.model.cause import ReleaseCause
from opentcf.model.numbers import Aor
from opentcf.services import leg_record
from opentcf.services.context import Context
from opentcf.services.floor_leg import FloorLeg
from opentcf.services.leg import Leg, LegState
from opentcf.services.voice import Voice
from opentcf.sip.fan import Fan
from opentcf.sip.headers import Headers
from opentcf.sip.message import Request
from opentcf.sip.outbox import Value

LEG = "group_leg"
"""The kind of a leg's row in the store."""


class Half(Enum):
    """Which part of a call a leg belongs to, seen from this TCF."""

    BRANCH = "branch"
    """G → V."""
    UPLINK = "uplink"
    """V → G."""
    INSERTED = "inserted"
    """G → the V-TCF or terminal of a dispatcher who entered by force (强插)."""
    LISTENING = "listening"
    """G → the same of one who listens discreetly."""
    PUSHED = "pushed"
    """G → the TCF that forwards video to the group."""
    MEMBER = "member"
    """V → terminal."""


ENTERED = (Half.INSERTED, Half.LISTENING, Half.PUSHED)
"""The halves of those who are in the call by an order, not as members."""


class Link(FloorLeg):
    """One leg of a group call. `domain` is that of the called group or member, to which the first INVITE goes.

    `told` is the talker whom the INVITE named that opened it.
    """

    __slots__ = ("domain", "half", "told")

    def __init__(self, leg: Leg, domain: str, half: Half) -> None:
        super().__init__(leg)
        self.domain = domain
        self.half = half
        self.told: Aor | None = None

    def give_voice(self, ctx: Context, codecs: bytes) -> None:
        """Our own description on this leg."""
        local = ctx.our_address(self.leg.flow).rpartition(":")[0].strip("[]")
        self.leg.voice = Voice.on(ctx, self.leg.flow.side, local or "127.0.0.1", codecs)

    def save(self, ctx: Context) -> None:
        """Keep the leg; one that is over is dropped, one that is not answered yet is only kept where it is saved."""
        ctx.save_later(LEG, self.leg.key, lambda: self._row(ctx))

    def _row(self, ctx: Context) -> Value:
        leg = self.leg
        if leg.state is LegState.ENDED:
            return None
        told = str(self.told) if self.told is not None else None
        own = {"call": leg.call, "domain": self.domain, "half": self.half.value, "told": told}
        return {**leg_record.write(leg, ctx), **own}

    def invite(
        self,
        ctx: Context,
        setup: CallSetup,
        talker: Aor | None,
        direction: str,
        *headers: tuple[str, str],
        fan: Fan | None = None,
    ) -> None:
        """The INVITE that opens this leg; the talker (or the caller) is who we assert.

        `fan`: the legs that say the same, this one among them.
        """
        leg = self.leg
        assert leg.voice is not None
        self.told = talker

        def fill(request: Request) -> None:
            if talker is not None:
                request.headers.set("P-Asserted-Identity", f"<sip:{talker}>")
            for name, value in headers:
                request.headers.set(name, value)
            wire_call.write_setup(request, leg.wire, wire_call.with_caller(setup, talker), self.domain)
            request.headers.set("Content-Type", "application/sdp")

        request = leg.invite_as_one_of(ctx, fan or Fan(), self.domain, fill)
        request.body = leg.voice.offer(direction)
        leg.send_invite(ctx, request)

    def end(self, ctx: Context, cause: ReleaseCause, fan: Fan | None = None) -> None:
        """Release this leg, in whatever state it is; `fan`: the legs that are released with it."""
        leg = self.leg

        def make() -> Headers:
            pattern = Request("BYE", "")
            wire_call.write_release(pattern, leg.wire, cause)
            return pattern.headers

        shared = (fan or Fan()).shared(leg.wire, make)
        if leg.state is LegState.UP:
            leg.bye(ctx, Request("BYE", "", shared.headers), shared.rendered)
        elif leg.ours is not None:
            fill = Request("CANCEL", "")
            wire_call.write_release(fill, leg.wire, cause, Token.CALL)
            leg.cancel(ctx, fill)
        elif leg.theirs is not None and leg.theirs.open:
            leg.answer(ctx, leg.response(ctx, 480))
        self.save(ctx)
