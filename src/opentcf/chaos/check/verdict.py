"""What a check is given, and what it says."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from opentcf.chaos.cast import Cast, home, name
from opentcf.chaos.history import Entry, Kind
from opentcf.chaos.trouble import Trouble

SLACK = 1.0
"""Seconds that a busy machine may take for what a protocol does at once."""
RECOVERY = 8.0
"""Seconds for which a fault may still be felt: requests are repeated for that long."""


class Violation(NamedTuple):
    """`text` for people; `about` are the entries that show it."""

    text: str
    about: tuple[Entry, ...]


class Verdict(NamedTuple):
    """`judged` is how often the history put the invariant to the test."""

    invariant: str
    judged: int
    violations: tuple[Violation, ...] = ()


class Story:
    """A history, with what all checks ask of it."""

    def __init__(self, entries: Sequence[Entry], cast: Cast) -> None:
        self.entries = entries
        self.cast = cast
        self.trouble = Trouble(entries)
        self.end = entries[-1].at if entries else 0.0
        self._attached = {user: list(self._moves(user)) for user in {e.who for e in entries if "@" in e.who}}

    def all(self, kind: Kind, what: str) -> Iterator[Entry]:
        """Those entries, in order."""
        return (entry for entry in self.entries if entry.kind is kind and entry.what == what)

    def serving(self, user: str, at: float) -> str:
        """The node that the user's terminal turned to last."""
        before = [core for when, core in self._attached.get(user, ()) if when <= at]
        return before[-1] if before else name(home(user))

    def carrying(self, user: str, at: float) -> set[str]:
        """The nodes that his calls may have gone through: where he was registered, and where he asked to be since."""
        nodes = {name(home(user))}
        for entry in self.entries:
            if entry.at > at:
                break
            if entry.who == user and entry.what == "registered":
                nodes = {name(entry.about["core"])}
            elif entry.who == user and entry.kind is Kind.DID and entry.what == "register":
                nodes.add(name(entry.about["core"]))
        return nodes

    def late(self, since: float, until: float) -> float:
        """Seconds for which the machine is known to have stood still in that time."""
        return sum(
            fault.until - fault.since
            for fault in self.trouble.faults
            if fault.what == "late" and fault.meets(since, until)
        )

    def _moves(self, user: str) -> Iterator[tuple[float, str]]:
        for entry in self.entries:
            if entry.kind is Kind.DID and entry.who == user and entry.what == "register":
                yield entry.at, name(entry.about["core"])
