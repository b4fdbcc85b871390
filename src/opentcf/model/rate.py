"""How often somebody may ask: token buckets, one a name, in bounded memory."""

from collections.abc import Hashable

BURST = 5.0
"""Seconds' worth of requests that may come at once."""


class Rates:
    """A bucket for each name that was seen lately; of too many names the one unseen longest is forgotten."""

    __slots__ = ("_buckets", "_most")

    def __init__(self, most: int = 10_000) -> None:
        self._buckets: dict[Hashable, tuple[float, float]] = {}
        self._most = most

    def __len__(self) -> int:
        return len(self._buckets)

    def spend(self, name: Hashable, rate: float, now: float) -> bool:
        """May `name` ask once more, if `rate` times a second is what it may?"""
        full = max(rate * BURST, 1.0)
        left, since = self._buckets.pop(name, (full, now))
        left = min(full, left + (now - since) * rate)
        allowed = left >= 1.0
        self._buckets[name] = (left - 1.0 if allowed else left, now)
        if len(self._buckets) > self._most:
            del self._buckets[next(iter(self._buckets))]
        return allowed
