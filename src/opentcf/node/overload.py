"""How much a node refuses when more is asked of it than it can do, and what it says of it.

Rule one: what `btrunc.urgency` calls urgent never comes here.
Rule two: a refusal comes first, before anybody is looked up or any proof is checked, and keeps nothing.

The share to refuse follows the time that requests wait, by the controller of PIE (RFC 8033 §4.2); who has waited too
long is refused in any case. Neighbours that offer it are told the share (RFC 7339), all others meet it here.
"""

import re
from zlib import crc32

from opentcf.services.context import TC2, Context
from opentcf.sip.errors import RemoteError
from opentcf.sip.headers import split_via
from opentcf.sip.message import Request, Response
from opentcf.sip.outbox import Flow
from opentcf.sip.overload import offers
from opentcf.sip.transaction import Owner

NAME = "overload"
STEP = 0.015
ALPHA, BETA, DECAY = 0.125, 1.25, 0.98
"""RFC 8033 §4.2: a share for each second of delay beyond the target, and for each second that it grew."""
TARGET = 0.5
"""What requests are to wait under overload, as a share of the longest that they may."""
LONG = 1000.0
"""Steps that a gap counts for at most."""
QUIET = 2.0
"""Seconds without a refusal after which an overload is over."""
BURST = 0.1
"""The share up to which nobody is refused by chance: what passes soon is no overload."""
MOST = 0.98
"""The share that is never exceeded: without any request nothing could be learnt."""
_TOPMOST = re.compile(rb"\r\n(?:via|v)[ \t]*:([^\r]*)", re.IGNORECASE)


class Overload:
    """How much a node refuses, and what it says of it."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._mark = ""
        self._delay = 0.0
        self._measured = 0.0
        self._refused = 0
        self._first: float | None = None
        self._latest = 0.0

    @property
    def loss(self) -> float:
        """The share of what may be refused that is refused now, by us or by whom we told it."""
        return self._ctx.layer.feedback.loss

    # --- how many

    def is_too_much(self, data: bytes, source: Flow, waited: float) -> bool:
        """Is this message, which waited so many seconds, too much?"""
        self._measure(waited)
        if data.startswith(b"CANCEL "):
            return False
        if waited > self._ctx.limits.max_delay:
            return True
        if self.loss <= BURST or (source.side == TC2 and _is_told(data)):
            return False
        return self._ctx.ids.uniform(0.0, 1.0) < self.loss

    @property
    def _target(self) -> float:
        return TARGET * self._ctx.limits.max_delay

    def _measure(self, waited: float) -> None:
        """A step of the controller. Where nothing waits the share fades, for as many steps as nobody came."""
        ctx, feedback = self._ctx, self._ctx.layer.feedback
        steps = min((ctx.now - self._measured) / STEP, LONG)
        if steps < 1:
            return
        share = feedback.loss
        change = ALPHA * (waited - self._target) * steps + BETA * (waited - self._delay)
        share += change if share > 0.1 else change / 2 if share > 0.01 else change / 8
        if max(waited, self._delay) < self._target / 4:
            share *= DECAY**steps
        feedback.loss, feedback.sequence = min(max(share, 0.0), MOST), ctx.wall
        self._delay, self._measured = waited, ctx.now

    # --- refusing

    def is_ours(self, data: bytes) -> bool:
        """Is this the ACK of a refusal? It ends here."""
        return bool(self._mark) and data.startswith(b"ACK ") and self._mark.encode() in data

    def refusal(self, request: Request) -> Response:
        """503; copies of a request get the same tag (RFC 3261 §8.2.7).

        Whoever offers overload control gets no Retry-After (RFC 7339 §5.10.2): it would keep his emergency calls away,
        too. Anybody else knows nothing but that (RFC 3261 §21.5.4): 1 to 4 s, by chance.
        """
        if not self._mark:
            self._mark = self._ctx.ids.token()
        call_id = request.headers.fields["Call-ID"][0]
        response = request.respond(503, f"{self._mark}.{crc32(call_id.encode('utf-8', 'surrogateescape')):x}")
        if not offers(split_via(request.headers.fields["Via"][0])[0]):
            response.headers.set("Retry-After", str(int(self._ctx.ids.uniform(1.0, 5.0))))
        return response

    def refused(self) -> None:
        """Count it; the first one begins an overload, of which the log tells once."""
        ctx = self._ctx
        ctx.meters.count("opentcf_refused_total", "overload")
        self._refused += 1
        self._latest = ctx.now
        if self._first is None:
            self._first = ctx.now
            ctx.notice(NAME, state="begins")
            ctx.start(QUIET, Owner(NAME, ""))

    def timer(self) -> None:
        """Over, or not yet?"""
        ctx = self._ctx
        if self._latest + QUIET > ctx.now:
            ctx.timers.start(self._latest + QUIET, Owner(NAME, ""))
        elif self._first is not None:
            self._measure(0.0)
            seconds = round(self._latest - self._first, 1)
            ctx.notice(NAME, state="over", seconds=seconds, refused=self._refused)
            self._first, self._refused = None, 0


def _is_told(data: bytes) -> bool:
    """Does the neighbour whom a request comes from offer overload control? Further Vias are others' (RFC 7339 §5.6)."""
    via = _TOPMOST.search(data)
    try:
        return via is not None and offers(split_via(via[1].decode("latin-1"))[0])
    except RemoteError:
        return False
