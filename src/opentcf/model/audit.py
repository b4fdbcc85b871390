"""Who did what to whom, when, and what came of it."""

from collections import deque
from itertools import islice
from typing import NamedTuple

KEPT = 10_000
"""Entries that are kept at hand; the store has all of them."""


class Audited(NamedTuple):
    """One entry. `number` counts from 1 and never comes twice; `time` is wall seconds."""

    number: int
    time: float
    who: str
    action: str
    target: str
    result: str


class AuditLog:
    """The latest entries, in order. There is no way to take one out or to change one."""

    __slots__ = ("_entries", "_last")

    def __init__(self, kept: int = KEPT) -> None:
        self._entries: deque[Audited] = deque(maxlen=kept)
        self._last = 0

    def add(self, time: float, who: str, action: str, target: str, result: str) -> Audited:
        """The next entry."""
        entry = Audited(self._last + 1, time, who, action, target, result)
        self.restore(entry)
        return entry

    def restore(self, entry: Audited) -> None:
        """Take an entry of the store; they come in the order of their numbers."""
        self._entries.append(entry)
        self._last = entry.number

    def after(self, number: int, limit: int) -> list[Audited]:
        """At most `limit` entries later than `number`, oldest first."""
        if not self._entries:
            return []
        start = max(0, number + 1 - self._entries[0].number)
        return list(islice(self._entries, start, start + limit))

    def before(self, number: int, limit: int) -> list[Audited]:
        """At most `limit` entries earlier than `number`, latest first; 0 means from the latest."""
        skipped = max(0, self._last + 1 - number) if number else 0
        return list(islice(reversed(self._entries), skipped, skipped + limit))
