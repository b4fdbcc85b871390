"""Our own session description on a leg: address from the configuration, codecs from the call; or the far side's."""

from __future__ import annotations

from typing import ClassVar, Protocol

from opentcf.model.cause import Decline
from opentcf.services.context import Context
from opentcf.sip import sdp
from opentcf.sip.message import Message
from opentcf.sip.sdp import Sdp

PLAIN = b"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=audio 9 RTP/AVP 8 0\r\n"
"""What is offered when a call brought no description: G.711."""


def described(message: Message) -> bytes:
    """The description that it bears; Decline 415 when its body is something else, as a multipart one."""
    if message.body and message.content_type() != "application/sdp":
        raise Decline(415, f"{message.content_type()!r} is no description", (("Accept", "application/sdp"),))
    return message.body


class Voice:
    """The description of one leg; its version rises with each change, its lines never get fewer (RFC 3264 §8).

    `codecs` is a description with the streams that the call has; `lines` counts those of this leg.
    """

    kept: ClassVar[bool] = True
    """Is it stored with its leg?"""

    __slots__ = ("codecs", "host", "lines", "port", "session_id", "version")

    def __init__(self, host: str, port: int, session_id: int, codecs: bytes) -> None:
        self.host = host
        self.port = port
        self.session_id = session_id
        self.version = 0
        self.lines = 0
        self.codecs = codecs or PLAIN

    @classmethod
    def on(cls, ctx: Context, side: str, local: str, codecs: bytes) -> Voice:
        """For a new leg on that side; without configured media an address of ours that nothing listens on."""
        media = ctx.media.get(side)
        host, port = (media.host, media.next_port()) if media is not None else (local, 9)
        return cls(host, port, int(ctx.ids.token()[:8], 16), codecs)

    def offer(self, direction: str) -> bytes:
        """An offer in that direction."""
        self.version += 1
        outline = sdp.outline(self.codecs, self.host, direction)
        return self._counted(outline.fill(self._ports(), self.session_id, self.version))

    def answer(self, offered: bytes, direction: str) -> bytes:
        """An answer; RemoteError 400 for a broken offer, 488 when the call has no stream and codec of it."""
        if not offered:
            return self.offer(direction)
        self.version += 1
        return self._counted(self._answer(offered, direction).render())

    @staticmethod
    def readable(offered: bytes, codecs: bytes = b"") -> None:
        """RemoteError 400 or 488 when an offer is broken, or none of its streams can be used, by anybody or in a call
        that has these `codecs`."""
        Voice("127.0.0.1", 9, 1, codecs or offered).check(offered)

    def check(self, offered: bytes) -> None:
        """Could it be answered? RemoteError as `answer` would raise it."""
        if offered:
            self._answer(offered, "inactive")

    def _answer(self, offered: bytes, direction: str) -> Sdp:
        return sdp.answer(
            Sdp.parse(offered),
            host=self.host,
            ports=self._ports(),
            session_id=self.session_id,
            version=self.version,
            direction=direction,
            known=sdp.streams_of(self.codecs),
        )

    def _counted(self, body: bytes) -> bytes:
        """A leg that had more lines keeps them, closed."""
        missing = self.lines - body.count(b"\nm=")
        self.lines = max(self.lines, self.lines - missing)
        return body + b"m=audio 0 RTP/AVP 0\r\n" * missing

    def _ports(self) -> tuple[int, ...]:
        return (self.port, self.port + 2, self.port + 4)


class Described(Protocol):
    """What a mirror needs of a leg: the descriptions that its two ends have sent last."""

    local_sdp: bytes
    remote_sdp: bytes


class Mirror(Voice):
    """On a leg whose far side is a phone and no media function: the far side's own description, in the direction that
    the floor allows. `far` is the leg towards it. It is not stored, since the two legs are."""

    __slots__ = ("far", "leg")

    kept: ClassVar[bool] = False

    def __init__(self, leg: Described, far: Described) -> None:
        super().__init__("", 0, 0, b"")
        self.leg = leg
        self.far = far

    def offer(self, direction: str) -> bytes:
        """An offer in that direction."""
        body = Sdp.parse(self.far.remote_sdp).with_direction(direction).render()
        return sdp.continued(body, self.leg.local_sdp)

    def answer(self, offered: bytes, direction: str) -> bytes:
        """An answer in that direction, as far as the offer allows it."""
        return self.offer(sdp.narrow(direction, sdp.direction_of(offered)) if offered else direction)

    def check(self, offered: bytes) -> None:
        """RemoteError 400 for a broken offer."""
        if offered:
            Sdp.parse(offered)
