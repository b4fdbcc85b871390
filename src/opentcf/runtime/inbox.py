"""What waits for the node: by rank, and within a rank in the order in which it came."""

from collections import deque
from collections.abc import Callable
from typing import Any

from opentcf.btrunc.urgency import PROVED, URGENT, Rank

Entry = tuple[Callable[..., None], tuple[Any, ...]]

MOST = 20_000
"""Messages that may wait in line; what comes beyond them is lost, as it would be in a full buffer of the kernel."""


class Inbox:
    """Three queues in a fixed order."""

    __slots__ = ("_new", "_proved", "_urgent")

    def __init__(self) -> None:
        self._urgent: deque[Entry] = deque()
        self._proved: deque[Entry] = deque()
        self._new: deque[Entry] = deque()

    def __bool__(self) -> bool:
        return bool(self._urgent or self._proved or self._new)

    def put(self, deed: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        """What transports report and people ask: urgent, and never lost."""
        self._urgent.append((deed, arguments))

    def put_in_line(self, rank: Rank, deed: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        """A message."""
        line = self._urgent if rank is URGENT else self._proved if rank is PROVED else self._new
        if len(line) < MOST:
            line.append((deed, arguments))

    def take(self) -> Entry | None:
        """The next one."""
        for line in (self._urgent, self._proved, self._new):
            if line:
                return line.popleft()
        return None
