"""Session timers (RFC 4028): who refreshes, and when a silent session is over."""

from typing import NamedTuple

from opentcf.sip.errors import RemoteError
from opentcf.sip.grammar import decimal, parameters
from opentcf.sip.message import Message, Request, Response

MIN_SE = 90
"""Seconds; no shorter interval is accepted (RFC 4028 §5)."""


class SessionExpires(NamedTuple):
    """A Session-Expires field: the interval in seconds and who refreshes ("uac", "uas" or None when not said)."""

    interval: int
    refresher: str | None

    @classmethod
    def read(cls, message: Message) -> "SessionExpires | None":
        """The field of a message, None when absent."""
        raw = message.headers.get("Session-Expires")
        if raw is None:
            return None
        head, _, tail = raw.partition(";")
        refresher = parameters(tail).get("refresher")
        if refresher not in (None, "uac", "uas"):
            raise RemoteError(400, f"bad refresher {refresher!r}")
        return cls(decimal(head.strip(), 2**31, "Session-Expires"), refresher)

    def __str__(self) -> str:
        return f"{self.interval};refresher={self.refresher}" if self.refresher else str(self.interval)


class Session(NamedTuple):
    """The outcome of a negotiation: the interval, and whether we are the one that refreshes."""

    interval: float
    ours: bool

    def refresh_at(self, now: float) -> float:
        """When we refresh (half the interval, §10)."""
        return now + self.interval / 2

    def over_at(self, now: float) -> float:
        """When a session that nobody refreshed ends (§10: a little before the interval is up)."""
        return now + self.interval - min(32.0, self.interval / 3)


def ask(request: Request, interval: float, current: Session | None) -> None:
    """Put our wish into an INVITE or re-INVITE; who refreshed so far goes on (§7.4)."""
    refresher = None if current is None else ("uac" if current.ours else "uas")
    seconds = int(interval if current is None else current.interval)
    request.headers.set("Session-Expires", str(SessionExpires(seconds, refresher)))
    request.headers.set("Min-SE", str(MIN_SE))


def answer(request: Request, response: Response, interval: float) -> Session:
    """As UAS (§9): put the decision into the 2xx. RemoteError 422 when the interval asked is too small."""
    asked = SessionExpires.read(request)
    supported = "timer" in request.tokens("Supported")
    if asked is not None and asked.interval < MIN_SE and supported:
        raise RemoteError(422, f"sessions last {MIN_SE} s at least", (("Min-SE", str(MIN_SE)),))
    low = decimal((request.headers.get("Min-SE") or "0").partition(";")[0].strip(), 2**31, "Min-SE")
    wanted = int(max(interval, low, MIN_SE))
    seconds = min(wanted, asked.interval) if asked is not None and asked.interval >= MIN_SE else wanted
    ours = not supported or (asked is not None and asked.refresher == "uas")
    response.headers.set("Session-Expires", str(SessionExpires(seconds, "uas" if ours else "uac")))
    if supported:
        response.headers.add("Require", "timer")
    return Session(seconds, ours)


def settle(response: Response, interval: float) -> Session:
    """As UAC (§7.2): read the decision in a 2xx; a peer without session timers, or with a malformed one, leaves the
    refreshing to us."""
    try:
        decided = SessionExpires.read(response)
    except RemoteError:
        decided = None
    if decided is None:
        return Session(interval, True)
    return Session(max(decided.interval, MIN_SE), decided.refresher != "uas")


def check(request: Request) -> None:
    """Refuse an interval that is too small before anything else is done (422, §9)."""
    asked = SessionExpires.read(request)
    if asked is not None and asked.interval < MIN_SE and "timer" in request.tokens("Supported"):
        raise RemoteError(422, f"sessions last {MIN_SE} s at least", (("Min-SE", str(MIN_SE)),))
