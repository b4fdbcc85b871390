"""What the transaction layer hands up."""

from typing import NamedTuple

from opentcf.sip.message import Response


class Owner(NamedTuple):
    """Who is told of an outcome or a timer: the procedure, its own key, and what it was about."""

    procedure: str
    key: str
    purpose: str = ""


class Outcome(NamedTuple):
    """A request of ours got a response, or none: then `status` is 408 (timeout) or 503 (could not be sent)."""

    owner: Owner
    status: int
    response: Response | None
    branch: str


class Unacknowledged(NamedTuple):
    """A 2xx of ours to an INVITE was never acknowledged (RFC 3261 §13.3.1.4)."""

    owner: Owner
