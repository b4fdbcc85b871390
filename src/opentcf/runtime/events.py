"""What happens in a node, for those who watch: a ring of the latest events and a bounded queue for each watcher."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from time import time
from typing import NamedTuple

from opentcf.node.orders import Notice, Value

EVENTS: Mapping[str, str] = {
    "registration": "a user of ours registered, de-registered or expired",
    "attachment": "a terminal attached here or left",
    "user_state": "a user was stunned, killed or revived",
    "call": "a private call changed",
    "group_call": "a group call changed",
    "floor": "the floor of a group changed",
    "handover": "a handover went on",
    "peer": "another TCF answers, or does not any more",
    "peer_address": "another TCF is spoken to at another one of its addresses",
    "peer_lost_state": "another TCF began anew",
    "overload": "an overload began, or is over; `refused` says how many requests",
    "audit": "somebody acted; an entry of the audit log",
}
"""Which notices of the node are events, and what they mean."""
KEPT = 2000
WAITING = 1000
"""Events that a watcher may leave unread before he is let go."""


class Event(NamedTuple):
    """One event. `number` counts from 1 for as long as the node runs."""

    number: int
    time: float
    name: str
    fields: Mapping[str, Value]


class Watcher:
    """A queue of events. It ends (None) when it was not read quickly enough."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue(WAITING)
        self.ended = False

    def put(self, event: Event) -> None:
        """Never waits."""
        if event.name not in self._names or self.ended:
            return
        if self._queue.qsize() >= WAITING - 1:
            self.end()
        else:
            self._queue.put_nowait(event)

    def end(self) -> None:
        """What waits is still read."""
        if not self.ended:
            self.ended = True
            self._queue.put_nowait(None)

    async def next(self) -> Event | None:
        """The next event, when it comes; None at the end."""
        return await self._queue.get()


class Events:
    """All events of one node, and who watches. `run` tells one run of the node from another."""

    def __init__(self, run: str, kept: int = KEPT) -> None:
        self.run = run
        self._ring: deque[Event] = deque(maxlen=kept)
        self._last = 0
        self._watchers: set[Watcher] = set()

    def add(self, notice: Notice) -> None:
        """Take a notice of the node, if it is an event."""
        if notice.name not in EVENTS:
            return
        self._last += 1
        event = Event(self._last, time(), notice.name, notice.fields)
        self._ring.append(event)
        for watcher in list(self._watchers):
            watcher.put(event)

    def after(self, number: int) -> Iterator[Event]:
        """What the ring still has that came later than `number`."""
        first = self._last - len(self._ring) + 1
        return islice(self._ring, max(0, number + 1 - first), None)

    def complete_after(self, number: int) -> bool:
        """Is everything that came later than `number` still there?"""
        return self._last - len(self._ring) <= number <= self._last

    @property
    def last(self) -> int:
        """The number of the latest event."""
        return self._last

    def watch(self, names: frozenset[str]) -> Watcher:
        """Events of these names from now on, until `leave`."""
        watcher = Watcher(names)
        self._watchers.add(watcher)
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """He watches no more."""
        self._watchers.discard(watcher)

    def __len__(self) -> int:
        """How many watch."""
        return len(self._watchers)


def beside(*hearers: Callable[[Notice], None]) -> Callable[[Notice], None]:
    """All get every notice."""

    def all_of_them(notice: Notice) -> None:
        for hear in hearers:
            hear(notice)

    return all_of_them
