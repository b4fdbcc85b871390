"""Deadlines of the whole core: one heap."""

from heapq import heapify, heappop, heappush
from itertools import count


class Timer:
    """A running timer. `target` is handed back when it is due; a cancelled timer has dropped it."""

    __slots__ = ("target", "when")

    def __init__(self, when: float, target: object) -> None:
        self.when = when
        self.target: object | None = target

    def cancel(self) -> None:
        """Forget the target; the heap entry goes when it is reached."""
        self.target = None


class Timers:
    """A heap of timers. Cancelled ones are swept out once they outnumber the living."""

    __slots__ = ("_heap", "_number", "_sweep")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._number = count()
        self._sweep = 4096

    def __len__(self) -> int:
        """How many timers run (cancelled ones not counted)."""
        return sum(1 for entry in self._heap if entry[2].target is not None)

    def start(self, when: float, target: object) -> Timer:
        """Hand `target` back at the time `when` (seconds of the node's monotonic clock)."""
        timer = Timer(when, target)
        heappush(self._heap, (when, next(self._number), timer))
        if len(self._heap) > self._sweep:
            self._heap = [entry for entry in self._heap if entry[2].target is not None]
            heapify(self._heap)
            self._sweep = max(4096, 2 * len(self._heap))
        return timer

    def deadline(self) -> float | None:
        """When the next living timer is due."""
        heap = self._heap
        while heap and heap[0][2].target is None:
            heappop(heap)
        return heap[0][0] if heap else None

    def due(self, now: float) -> object | None:
        """Take out the next target that is due, one at a time: what it does may cancel the others."""
        deadline = self.deadline()
        if deadline is None or deadline > now:
            return None
        timer = heappop(self._heap)[2]
        target, timer.target = timer.target, None
        return target
