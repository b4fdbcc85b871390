"""Overload control between neighbours (RFC 7339): what the topmost Via says of it, in requests and in responses.

The client offers in each request, the server answers in each response how much it can not take: with the algorithm
`loss`, the per cent of its requests that the client is to hold back for a while.
"""

import re

from opentcf.sip.errors import RemoteError
from opentcf.sip.grammar import decimal
from opentcf.sip.headers import Via, split_via
from opentcf.sip.message import Response
from opentcf.sip.outbox import Flow

OFFER = ';oc;oc-algo="loss"'
VALIDITY = 500
"""Milliseconds that a share holds; also what is meant where a server does not say (RFC 7339 §4.3)."""
LONGEST = 3_600_000
_MOST = 1024
_OFFERED = re.compile(r";[ \t]*oc[ \t]*(?:;|\Z)")
_THEIRS = re.compile(r'[ \t]*;[ \t]*oc(?:-algo[ \t]*=[ \t]*(?:"[^"]*"|[^;\s]*))?[ \t]*(?=;|\Z)')
_SEQUENCE = re.compile(r"([0-9]{1,12})\.([0-9]{1,5})\Z")

Server = tuple[str, str, int]
"""Transport, host and port."""


class Feedback:
    """What we tell those who offer overload control. `sequence` grows with each change of `loss`, a share of 1."""

    __slots__ = ("loss", "sequence")

    def __init__(self) -> None:
        self.loss = 0.0
        self.sequence = 0.0

    def fill(self, response: Response) -> None:
        """Answer an offer in the topmost Via (RFC 7339 §5.2); a validity of 0 ends what was told before."""
        lines = response.headers.fields["Via"]
        if "oc" not in lines[0]:
            return
        hop, others = split_via(lines[0])
        if _OFFERED.search(hop):
            cent = round(100 * self.loss)
            told = (
                f';oc={cent};oc-algo="loss";oc-validity={VALIDITY if cent else 0};oc-seq={self.sequence:.3f}'
            )
            response.headers.fields["Via"] = [_THEIRS.sub("", hop) + told + others, *lines[1:]]


class Throttles:
    """What each server asked us to hold back, until when."""

    __slots__ = ("_told",)

    def __init__(self) -> None:
        self._told: dict[Server, tuple[float, float, tuple[int, int]]] = {}

    def learn(self, via: Via, flow: Flow, now: float) -> None:
        """Take a response's Via from `flow`. What is older than what we know or makes no sense is left alone."""
        server, said = flow[1:4], via.parameters
        try:
            share = decimal(said["oc"] or "", 101, "oc") / 100
            validity = decimal(said.get("oc-validity") or str(VALIDITY), LONGEST, "oc-validity") / 1000
            number = _sequence(said.get("oc-seq"))
        except RemoteError:
            return
        known = self._told.get(server)
        if (said.get("oc-algo") or "loss") != "loss" or (known is not None and number <= known[2]):
            return
        if known is None and len(self._told) >= _MOST:
            self._told.clear()
        self._told[server] = (share if validity else 0.0, now + validity, number)

    def share(self, flow: Flow, now: float) -> float:
        """How much of what may wait is not to be sent there now (RFC 7339 §7.2), as a share of 1."""
        told = self._told.get(flow[1:4])
        return told[0] if told is not None and now < told[1] else 0.0


def _sequence(text: str | None) -> tuple[int, int]:
    match = _SEQUENCE.match(text or "")
    if match is None:
        raise RemoteError(400, f"bad oc-seq {(text or '')[:30]!r}")
    return int(match[1]), int(match[2].ljust(5, "0"))
