"""Our own session description on a leg of a group call: address from the configuration, codecs from the call."""

from opentcf.services.context import Context
from opentcf.sip import sdp
from opentcf.sip.sdp import Sdp

PLAIN = b"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=audio 9 RTP/AVP 8 0\r\n"
"""What is offered when a call brought no description: G.711."""


class Voice:
    """The description of one leg; its version rises with each change (RFC 3264 §8)."""

    __slots__ = ("codecs", "host", "port", "session_id", "version")

    def __init__(self, host: str, port: int, session_id: int, codecs: bytes) -> None:
        self.host = host
        self.port = port
        self.session_id = session_id
        self.version = 0
        self.codecs = codecs or PLAIN

    @classmethod
    def on(cls, ctx: Context, side: str, local: str, codecs: bytes) -> "Voice":
        """For a new leg on that side; without configured media an address of ours that nothing listens on."""
        media = ctx.media.get(side)
        host, port = (media.host, media.next_port()) if media is not None else (local, 9)
        return cls(host, port, int(ctx.ids.token()[:8], 16), codecs)

    def offer(self, direction: str) -> bytes:
        """An offer in that direction."""
        self.version += 1
        outline = sdp.outline(self.codecs, self.host, direction)
        return outline.fill(self._ports(), self.session_id, self.version)

    def answer(self, offered: bytes, direction: str) -> bytes:
        """An answer; RemoteError 400 for a broken offer, 488 when no stream of it can be used."""
        if not offered:
            return self.offer(direction)
        self.version += 1
        return sdp.answer(
            Sdp.parse(offered),
            host=self.host,
            ports=self._ports(),
            session_id=self.session_id,
            version=self.version,
            direction=direction,
        ).render()

    @staticmethod
    def readable(offered: bytes) -> None:
        """RemoteError 400 or 488 when an offer is broken, or none of its streams can be used."""
        Voice("127.0.0.1", 9, 1, PLAIN).check(offered)

    def check(self, offered: bytes) -> None:
        """Could it be answered? RemoteError as `answer` would raise it."""
        if offered:
            sdp.answer(
                Sdp.parse(offered),
                host=self.host,
                ports=self._ports(),
                session_id=self.session_id,
                version=self.version,
                direction="inactive",
            )

    def _ports(self) -> tuple[int, ...]:
        return (self.port, self.port + 2, self.port + 4)
