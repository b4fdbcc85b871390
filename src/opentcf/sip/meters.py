"""Counters and histograms as plain integers; the shell reads them when somebody asks."""

from bisect import bisect_left

Key = tuple[str, tuple[str, ...]]
"""A metric's name and its label values, in the order of the metrics table."""

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


METHODS = frozenset(
    "ACK BYE CANCEL INFO INVITE MESSAGE NOTIFY OPTIONS PRACK PUBLISH REFER REGISTER SUBSCRIBE UPDATE".split()
)
"""Those that the IANA registry of SIP methods has."""


def method_label(method: str) -> str:
    """A method as a label: what others invent is `other`, so that nobody makes as many series as he likes."""
    return method if method in METHODS else "other"


class Histogram:
    """How often a value fell at or below each bound; the last count is for what exceeds them all."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...] = SECONDS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Meters:
    """All counters and histograms of a node."""

    __slots__ = ("counters", "histograms")

    def __init__(self) -> None:
        self.counters: dict[Key, int] = {}
        self.histograms: dict[Key, Histogram] = {}

    def count(self, name: str, *labels: str) -> None:
        """Add one to a counter."""
        key = (name, labels)
        self.counters[key] = self.counters.get(key, 0) + 1

    def observe(self, name: str, value: float, *labels: str) -> None:
        """Put a value into a histogram."""
        key = (name, labels)
        histogram = self.histograms.get(key)
        if histogram is None:
            histogram = self.histograms[key] = Histogram()
        histogram.observe(value)
