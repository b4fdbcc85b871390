"""A link between two parts of a group call: G and a V, or a V and a terminal. It turns operations into SIP and back.

Downwards and upwards the same operations travel, whatever is below: a leg on TC2, a leg on D, or (where G and V are the
same TCF) no message at all, see `procedure`.
"""

from enum import Enum
from functools import lru_cache

from opentcf.btrunc import call as wire_call
from opentcf.btrunc import extension as wire_extension
from opentcf.btrunc.wire import Param, Token
from opentcf.model.call import CallSetup
from opentcf.model.cause import ReleaseCause
from opentcf.model.numbers import Aor
from opentcf.services import leg_record
from opentcf.services.context import Context
from opentcf.services.floor_leg import FloorLeg
from opentcf.services.leg import Leg, LegState, Rank, Wish
from opentcf.services.voice import Voice
from opentcf.sip.fan import Fan
from opentcf.sip.headers import Headers
from opentcf.sip.message import Request
from opentcf.sip.outbox import Value

CHANGE = "media"
"""The purpose of a re-INVITE that changes the call's media."""
NAME = "group_call"
LEG = "group_leg"
"""The kind of a leg's row in the store."""


def new_key(ctx: Context, group: Aor) -> str:
    """What the legs of one half of a call bear: it tells the group, and this call from earlier ones of the group."""
    return f"{group} {ctx.ids.token()}"


@lru_cache(4096)
def group_of(key: str) -> Aor:
    """The reverse."""
    return Aor.parse(key.partition(" ")[0])


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

    __slots__ = ("_wanted", "domain", "half", "told")

    def __init__(self, leg: Leg, domain: str, half: Half) -> None:
        super().__init__(leg)
        self.domain = domain
        self.half = half
        self.told: Aor | None = None
        self._wanted: tuple[tuple[str, str], ...] = ()

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

    # --- media change

    @property
    def is_asked(self) -> bool:
        """Does an INVITE of theirs wait for our answer?"""
        return self.leg.theirs is not None and self.leg.theirs.open

    @property
    def named(self) -> str:
        """The OnlineCallID that their open INVITE names."""
        request = self.leg.theirs.request if self.leg.theirs is not None else None
        ext = wire_extension.read(request, self.leg.wire) if request is not None else None
        return (ext.get(Param.CALL_ID) if ext is not None else None) or ""

    def has_other(self, codecs: bytes) -> bool:
        """Was it offered other media than these?"""
        return self.leg.voice is not None and self.leg.voice.codecs != codecs

    def offer_change(self, ctx: Context, setup: CallSetup, direction: str, codecs: bytes) -> None:
        """Offer the call's new media; of several changes that wait only the newest is offered."""
        leg = self.leg
        assert leg.voice is not None
        leg.voice.codecs = codecs
        self._wanted = self._setup_field(setup, self._there)
        leg.drop(CHANGE)
        leg.want(ctx, Wish(Rank.MEDIA, CHANGE, self._wanted, direction=direction))

    def change_answered(self, *, taken: bool) -> None:
        """They agreed: later refreshes say so, too. Or they keep what they described last."""
        if taken:
            self.leg.carry = self._wanted
        else:
            self.keep_media(self.leg.remote_sdp)

    def accept_change(self, ctx: Context, setup: CallSetup, direction: str, codecs: bytes) -> None:
        """200 to theirs, which is in force."""
        leg = self.leg
        assert leg.voice is not None
        leg.voice.codecs = codecs
        leg.carry = self._setup_field(setup, self._here)
        self._accept(ctx, direction, leg.carry[0][1] if leg.carry else "")

    def describe_again(self, ctx: Context, *, talks: bool) -> None:
        """200 to a re-INVITE that concerns their own side alone, stream by stream."""
        field = self.leg.carry[0][1] if self.leg.carry else ""
        self._accept(ctx, "recvonly" if talks else "sendonly", field)

    def keep_media(self, codecs: bytes) -> None:
        """A change was refused: this leg has those codecs."""
        if self.leg.voice is not None and codecs:
            self.leg.voice.codecs = codecs

    def withdraw_change(self, ctx: Context) -> bool:
        """Take a change back. True when it has been sent: its answer will follow."""
        return self.take_back(ctx, CHANGE, Token.CALL)

    def _setup_field(self, setup: CallSetup, domain: str) -> tuple[tuple[str, str], ...]:
        """`pttcall` as a field; a plain phone hears of a change by the description alone."""
        leg, pattern = self.leg, Request("INVITE", "")
        if not leg.ptt:
            return ()
        wire_call.write_setup(pattern, leg.wire, setup, domain)
        return ((leg.wire.extension, pattern.headers.lines(leg.wire.extension)[0]),)

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
