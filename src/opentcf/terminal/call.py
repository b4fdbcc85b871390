"""A call as its terminal sees it."""

from enum import Enum

from opentcf.sip.dialog import Dialog
from opentcf.sip.message import Request
from opentcf.sip.transaction import ServerTransaction


class CallState(Enum):
    """CALLING and INCOMING are before, UP is during, ENDED after."""

    CALLING = "calling"
    RINGING = "ringing"
    INCOMING = "incoming"
    UP = "up"
    ENDED = "ended"


class Call:
    """One call. `talking`: this terminal has the floor; `talker` is who has it, as far as was told; `position` is our
    place in the queue for it, 0 for none.

    `status` is the final response to its INVITE, `id` the OnlineCallID as far as it was told.

    `between`: a handover ended its dialog, the next has not come. `outgoing`: we made the call.

    `cancelled`: we hung up before it was answered; the CANCEL waits for a `provisional` response (RFC 3261 §9.1).
    """

    __slots__ = (
        "between", "branch", "cancelled", "dialog", "direction", "id", "incoming", "invite", "key", "outgoing",
        "position", "provisional", "remote", "remote_sdp", "sdp", "sdp_version", "state", "status", "talker", "talking",
    )  # fmt: skip

    def __init__(self, key: str, dialog: Dialog, remote: str) -> None:
        self.key = key
        self.dialog = dialog
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
        self.incoming: ServerTransaction | None = None
        self.direction = "sendrecv"
        self.sdp = b""
        self.sdp_version = 0
        self.remote_sdp = b""

    def describe(self, host: str, port: int) -> bytes:
        """A new session description of ours; the media port follows from the terminal's own."""
        self.sdp_version += 1
        family = "IP6" if ":" in host else "IP4"
        return (
            f"v=0\r\no=- {int(self.key[:8], 16)} {self.sdp_version} IN {family} {host}\r\ns=-\r\n"
            f"c=IN {family} {host}\r\nt=0 0\r\nm=audio {40_000 + port % 10_000 * 2} RTP/AVP 8\r\n"
            f"a=rtpmap:8 PCMA/8000\r\na={self.direction}\r\n"
        ).encode()

    def __repr__(self) -> str:
        return f"<Call {self.key} {self.remote} {self.state.value}>"
