"""A call as its terminal sees it."""

from enum import Enum

from opentcf.model.call import CallSetup
from opentcf.sip.dialog import Dialog
from opentcf.sip.message import Request
from opentcf.sip.outbox import Flow
from opentcf.sip.transaction import ServerTransaction

CODECS = {"audio": (8, "PCMA/8000"), "video": (96, "H264/90000")}


class CallState(Enum):
    """CALLING and INCOMING are before, UP is during, ENDED after."""

    CALLING = "calling"
    RINGING = "ringing"
    INCOMING = "incoming"
    UP = "up"
    ENDED = "ended"


class Call:
    """One call. `flow` is the TCF that it goes through, also when its terminal moves to another.

    `talking`: this terminal has the floor; `talker` is who has it, as far as was told; `position` is our place in the
    queue for it, 0 for none.

    `status` is the final response to its INVITE, `id` the OnlineCallID as far as it was told.

    `unacknowledged`: INVITEs of theirs that we answered and whose ACK is under way, by their CSeq.

    `between`: a handover ended its dialog, the next has not come. `outgoing`: we made the call.

    `setup` says what it is, as the caller said or a media change of ours made it. `streams` are the kinds of its
    streams in order, empty for one that is refused or over; `operation` is the extension of its INVITE where that is
    not a call.

    `cancelled`: we hung up before it was answered; `withdrawn`: so with our latest request for the floor. The CANCEL
    waits for a `provisional` response (RFC 3261 §9.1).
    """

    __slots__ = (
        "between", "branch", "cancelled", "dialog", "direction", "flow", "id", "incoming", "invite", "key",
        "operation", "outgoing", "position", "provisional", "remote", "remote_sdp", "sdp", "sdp_version", "setup",
        "state", "status", "streams", "talker", "talking", "unacknowledged", "withdrawn",
    )  # fmt: skip

    def __init__(self, key: str, dialog: Dialog, flow: Flow, remote: str) -> None:
        self.key = key
        self.dialog = dialog
        self.flow = flow
        self.remote = remote
        self.state = CallState.CALLING
        self.talking = False
        self.talker = ""
        self.position = 0
        self.status = 0
        self.id = ""
        self.invite: Request | None = None
        self.branch = ""
        self.cancelled = False
        self.between = False
        self.outgoing = False
        self.provisional = False
        self.withdrawn = False
        self.incoming: ServerTransaction | None = None
        self.unacknowledged: dict[int, ServerTransaction] = {}
        self.direction = "sendrecv"
        self.sdp = b""
        self.sdp_version = 0
        self.streams: tuple[str, ...] = ("audio",)
        self.operation = ""
        self.setup = CallSetup()
        self.remote_sdp = b""

    def has_sent(self, request: Request) -> bool:
        """Is it of the dialog that the call has now?"""
        return request.call_id() == self.dialog.call_id

    @property
    def open_streams(self) -> tuple[str, ...]:
        """The kinds of those that the other side's latest description has and does not refuse."""
        return tuple(kind for kind in kinds(self.remote_sdp) if kind)

    def describe(self, host: str, port: int) -> bytes:
        """A new session description of ours; the media ports follow from the terminal's own."""
        self.sdp_version += 1
        family = "IP6" if ":" in host else "IP4"
        first = 40_000 + port % 10_000 * 2
        media = "".join(self._stream(kind, first + 2 * which) for which, kind in enumerate(self.streams))
        return (
            f"v=0\r\no=- {int(self.key[:8], 16)} {self.sdp_version} IN {family} {host}\r\ns=-\r\n"
            f"c=IN {family} {host}\r\nt=0 0\r\n{media}"
        ).encode()

    def _stream(self, kind: str, port: int) -> str:
        if not kind:
            return "m=audio 0 RTP/AVP 8\r\n"
        number, codec = CODECS.get(kind, CODECS["audio"])
        line = f"m={kind} {port} RTP/AVP {number}\r\na=rtpmap:{number} {codec}\r\n"
        return f"{line}a={self.direction}\r\n"

    def take_streams(self, offered: bytes) -> None:
        """Our next description answers this one: as many streams, of the same kinds (RFC 3264 §6)."""
        self.streams = kinds(offered) or self.streams

    def __repr__(self) -> str:
        return f"<Call {self.key} {self.remote} {self.state.value}>"


def kinds(body: bytes) -> tuple[str, ...]:
    """What kind each stream of a session description is; empty for one whose port is 0 (RFC 3264 §6)."""
    lines = [line.split() for line in body.decode("utf-8", "replace").splitlines() if line[:2] == "m="]
    return tuple(words[0][2:] if len(words) > 1 and words[1] != "0" else "" for words in lines)
