"""Overload control between neighbours (RFC 7339): what the topmost Via says of it, in requests and in responses.

The client offers in each request (§4.1), the server answers in each response how much it can not take: with the
algorithm `loss`, the per cent of its requests that the client is to hold back for a while (§7.1).
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
_FORGIVEN = 10.0
"""So many requests at most are made up for, where there were too few that may wait."""
_OFFERED = re.compile(r";[ \t]*oc[ \t]*(?:;|\Z)")
_CHOICE = re.compile(r';[ \t]*oc-algo[ \t]*=[ \t]*("[^"]*"|[^;]*)')
_THEIRS = re.compile(r';[ \t]*oc(?:-algo[ \t]*=[ \t]*(?:"[^"]*"|[^;\s]*))?[ \t]*(?=;|\Z)')
_SEQUENCE = re.compile(r"([0-9]{1,12})\.([0-9]{1,5})\Z")

Server = tuple[str, int]
"""Address and port, whatever the transport (RFC 7339 §5.4)."""


def offers(via: str) -> bool:
    """Does this Via value, of one hop, offer what we do? Without `oc-algo` it means `loss` (RFC 7339 §4.2)."""
    if not _OFFERED.search(via):
        return False
    choice = _CHOICE.search(via)
    return choice is None or "loss" in [name.strip() for name in choice[1].strip(' \t"').split(",")]


class Feedback:
    """What we tell those who offer overload control. `sequence` grows with each change of `loss`, a share of 1."""

    __slots__ = ("loss", "sequence")

    def __init__(self) -> None:
        self.loss = 0.0
        self.sequence = 0.0

    def fill(self, response: Response) -> None:
        """Answer an offer in the topmost Via (RFC 7339 §5.2); a validity of 0 ends what was told before (§5.7)."""
        lines = response.headers.fields["Via"]
        if "oc" not in lines[0]:
            return
        hop, others = split_via(lines[0])
        if offers(hop):
            cent = round(100 * self.loss)
            told = (
                f';oc={cent};oc-algo="loss";oc-validity={VALIDITY if cent else 0};oc-seq={self.sequence:.3f}'
            )
            response.headers.fields["Via"] = [_THEIRS.sub("", hop).rstrip() + told + others, *lines[1:]]


class _Told:
    """A share of all our requests to a server, until when, by its `number`; `due`: so many are to be held back."""

    __slots__ = ("due", "number", "share", "until")

    def __init__(self, share: float, until: float, number: tuple[int, int], due: float) -> None:
        self.share, self.until, self.number, self.due = share, until, number, due


class Throttles:
    """What each server asked us to hold back.

    What may not wait is sent, and made up for by what may (RFC 7339 §5.10.1, §7.2).
    """

    __slots__ = ("_told",)

    def __init__(self) -> None:
        self._told: dict[Server, _Told] = {}

    def learn(self, via: Via, flow: Flow, now: float) -> None:
        """Take a response's Via from `flow`. What is older than what we know or makes no sense is left alone.

        What has expired is not known any more, its number included (RFC 7339 §5.4).
        """
        said, known = via.parameters, self._in_force(flow, now)
        try:
            share = decimal(said["oc"] or "", 101, "oc") / 100
            validity = decimal(said.get("oc-validity") or str(VALIDITY), LONGEST, "oc-validity")
            number = _sequence(said.get("oc-seq"))
        except RemoteError:
            return
        if (said.get("oc-algo") or "loss") != "loss" or (known is not None and number <= known.number):
            return
        if known is None and len(self._told) >= _MOST:
            self._told.clear()
        until = now + (validity or VALIDITY) / 1000
        due = known.due if known is not None else 0.5
        self._told[flow[2:4]] = _Told(share if validity else 0.0, until, number, due)

    def share(self, flow: Flow, now: float) -> float:
        """How much of our requests is not to be sent there now, as a share of 1."""
        told = self._in_force(flow, now)
        return told.share if told is not None else 0.0

    def asked(self, flow: Flow, now: float) -> None:
        """A request for that server, sent or held back."""
        if self._told and (told := self._in_force(flow, now)) is not None:
            told.due = min(told.due + told.share, _FORGIVEN)

    def holds(self, flow: Flow, now: float) -> bool:
        """Is this request, which may wait, one to be held back? `asked` follows."""
        told = self._in_force(flow, now)
        if told is None or not told.share or told.due + told.share < 1:
            return False
        told.due -= 1
        return True

    def _in_force(self, flow: Flow, now: float) -> _Told | None:
        told = self._told.get(flow[2:4])
        return told if told is not None and now < told.until else None


def _sequence(text: str | None) -> tuple[int, int]:
    match = _SEQUENCE.match(text or "")
    if match is None:
        raise RemoteError(400, f"bad oc-seq {(text or '')[:30]!r}")
    return int(match[1]), int(match[2].ljust(5, "0"))
