"""What a history says of its faults: who was down, cut off or impaired, and when."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from opentcf.chaos.history import Entry, Kind

DOWN = ("kill", "freeze")
CUTS = (*DOWN, "part", "isolate")
ENDS = {
    "ready": "kill",
    "thaw": "freeze",
    "join": "part",
    "rejoin": "isolate",
    "mend": "impair",
}
"""What ends a fault, and which. A fault that nothing ends lasts to the end of the history."""


class Fault(NamedTuple):
    """`cores` are the nodes it touches."""

    what: str
    cores: frozenset[str]
    since: float
    until: float

    def meets(self, since: float, until: float) -> bool:
        """Was it so at any time between?"""
        return self.since <= until and since <= self.until


class Trouble:
    """The faults of a history."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.faults = list(_faults(entries))

    def touching(self, cores: Iterable[str], since: float, until: float) -> bool:
        """Did any fault touch one of these nodes in that time?"""
        wanted = set(cores)
        return any(fault.cores & wanted and fault.meets(since, until) for fault in self.faults)

    def killed(self, core: str, since: float, until: float) -> bool:
        """Was that node killed in that time?"""
        return any(
            fault.what == "kill" and core in fault.cores and fault.meets(since, until)
            for fault in self.faults
        )

    def down(self, core: str, since: float, until: float) -> float:
        """For how many of these seconds that node did not run."""
        spans = _joined(
            (max(fault.since, since), min(fault.until, until))
            for fault in self.faults
            if fault.what in DOWN and core in fault.cores and fault.meets(since, until)
        )
        return sum(end - begin for begin, end in spans)

    def silences(self, one: str, other: str) -> Iterator[tuple[float, float]]:
        """Times in which `one` could not reach `other`, though `one` ran."""
        yield from _joined(
            (fault.since, fault.until) for fault in self.faults if _separates(fault, one, other)
        )


def _separates(fault: Fault, one: str, other: str) -> bool:
    if fault.what == "part":
        return fault.cores == {one, other}
    if fault.what == "isolate":
        return bool(fault.cores & {one, other})
    return fault.what in DOWN and other in fault.cores


def _faults(entries: Iterable[Entry]) -> Iterator[Fault]:
    begun: dict[tuple[str, str], float] = {}
    last = 0.0
    for entry in entries:
        last = entry.at
        if entry.kind is Kind.NOTE and entry.what == "late":
            yield Fault("late", frozenset(), entry.at - entry.about["seconds"], entry.at)
        if entry.kind is not Kind.FAULT:
            continue
        ended = ENDS.get(entry.what)
        if ended is None:
            begun.setdefault((entry.what, entry.who), entry.at)
        elif (since := begun.pop((ended, entry.who), None)) is not None:
            yield Fault(ended, frozenset(entry.who.split("-")), since, entry.at)
    for (what, who), since in begun.items():
        yield Fault(what, frozenset(who.split("-")), since, last)


def _joined(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """The same time in spans that do not overlap."""
    found: list[tuple[float, float]] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found
