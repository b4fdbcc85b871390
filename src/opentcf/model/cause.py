"""Why something was refused, released or taken away."""

from enum import IntEnum, StrEnum


class ReleaseCause(IntEnum):
    """Why a call ended (`cause` of a release)."""

    PREEMPTED = 8
    NORMAL = 16
    BUSY = 17
    NO_ANSWER = 18
    REJECTED = 21
    FORCED = 64
    HANDOVER = 65
    TIMEOUT = 66
    PEER_DOWN = 67
    STUNNED = 68
    SESSION_EXPIRED = 69


class FloorCause(StrEnum):
    """Why the floor was released, revoked or denied."""

    NORMAL = "normal"
    PREEMPTED = "preempted"
    TIMEOUT = "timeout"
    FORCED = "forced"
    DENIED = "denied"
    QUEUE_FULL = "queuefull"
    RECEIVE_ONLY = "receiveonly"
    GONE = "gone"


class KickCause(StrEnum):
    """Why a home TCF or an operator ends a registration."""

    MOVED = "moved"
    ADMIN = "admin"
    KILLED = "killed"
    EXPIRED = "expired"


class Result(IntEnum):
    """Outcome of a regroup, a video forward or a stun for one number."""

    SUCCESS = 0
    REFUSED = 1
    UNREACHABLE = 2
    TIMEOUT = 3
    UNKNOWN = 4


class Decline(Exception):  # noqa: N818 - a refusal is an outcome, not a fault
    """A request is refused by the rules of the service: the SIP status and a sentence for people.

    Raised by services before they change anything; caught in one place, in `node`. `headers` go into the response.
    """

    def __init__(self, status: int, text: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.headers = headers
