"""The floor: one talker, a queue, and the rules between them (profile 4.4). No SIP, no clock: time is an argument.

Group calls and half-duplex private calls use the same arbiter. Each method returns what is to be done, in order.
"""

from enum import Enum
from typing import Any, NamedTuple

from opentcf.model.cause import FloorCause
from opentcf.model.numbers import Aor
from opentcf.model.subscriber import LOWEST_PRIORITY


class Request(NamedTuple):
    """Somebody wants to talk. `leg` says where he is reached; lower `priority` is better, emergency beats all."""

    user: Aor
    leg: str
    priority: int = LOWEST_PRIORITY
    emergency: bool = False


class Granted(NamedTuple):
    """The request that is being answered got the floor."""

    user: Aor
    leg: str
    grant: int


class Grant(NamedTuple):
    """Somebody who waited gets the floor now: tell him."""

    user: Aor
    leg: str
    grant: int


class Queued(NamedTuple):
    """The request that is being answered waits at this position, from 1."""

    user: Aor
    leg: str
    position: int


class Denied(NamedTuple):
    """The request that is being answered is refused."""

    user: Aor
    leg: str
    cause: FloorCause


class Revoke(NamedTuple):
    """Take the floor from the talker; `revoked` follows when he gave it back, or T3 is over."""

    user: Aor
    leg: str
    grant: int
    cause: FloorCause


class Taken(NamedTuple):
    """Everybody but the new talker's leg is told who talks."""

    user: Aor
    leg: str


class Idle(NamedTuple):
    """Everybody is told that nobody talks."""


class Moved(NamedTuple):
    """A waiter's place changed."""

    user: Aor
    leg: str
    position: int


Action = Granted | Grant | Queued | Denied | Revoke | Taken | Idle | Moved


class FloorState(Enum):
    """IDLE: nobody talks. TAKEN: one does. REVOKING: he has been told to stop and has not confirmed."""

    IDLE = "idle"
    TAKEN = "taken"
    REVOKING = "revoking"


class Waiter:
    """An entry of the queue. `since` orders equals; `told` is the position he last heard."""

    __slots__ = ("request", "since", "told")

    def __init__(self, request: Request, since: int) -> None:
        self.request = request
        self.since = since
        self.told = 0

    def rank(self) -> tuple[bool, int, int]:
        """Emergency, priority, time."""
        return (not self.request.emergency, self.request.priority, self.since)


class Floor:
    """The arbiter of one call.

    `queue_length` 0 switches the queue off. With `preemption` every strictly higher priority takes the floor;
    emergency always does.
    """

    __slots__ = ("_arrivals", "grant", "preemption", "queue", "queue_length", "state", "talker")

    def __init__(self, queue_length: int = 8, *, preemption: bool = False) -> None:
        self.queue_length = queue_length
        self.preemption = preemption
        self.state = FloorState.IDLE
        self.talker: Request | None = None
        self.grant = 0
        self.queue: list[Waiter] = []
        self._arrivals = 0

    # --- what happens

    def request(self, request: Request) -> list[Action]:
        """Somebody asks. The first action answers him."""
        if self.talker is None:
            return self._give(request, asked=True)
        if request.user == self.talker.user:
            return self._again(request)
        if self._may_preempt(request):
            return self._preempt(request)
        return self._enqueue(request)

    def release(self, user: Aor, grant: int | None = None) -> list[Action]:
        """The talker lets go, or a waiter leaves the queue. Who names a `grant` means that one and no other."""
        talks = self.talker is not None and self.talker.user == user
        if grant is not None and not (talks and grant == self.grant):
            return []
        return self._next() if talks else self._leave_queue(user)

    def revoked(self, grant: int) -> list[Action]:
        """The talker of `grant` confirmed the revoke, or its grace T3 is over."""
        if self.state is not FloorState.REVOKING or grant != self.grant:
            return []
        return self._next()

    def revoke(self, cause: FloorCause) -> list[Action]:
        """Talk time is over, or somebody with authority wants it."""
        if self.state is not FloorState.TAKEN or self.talker is None:
            return []
        self.state = FloorState.REVOKING
        return [Revoke(self.talker.user, self.talker.leg, self.grant, cause)]

    def lost(self, leg: str) -> list[Action]:
        """A leg is gone: its waiters with it, its talker counts as having released."""
        before = len(self.queue)
        self.queue = [waiter for waiter in self.queue if waiter.request.leg != leg]
        if self.talker is not None and self.talker.leg == leg:
            return self._next()
        return self._positions() if len(self.queue) != before else []

    def refused(self, user: Aor, grant: int) -> list[Action]:
        """A later grant was not taken: the talker is gone."""
        if self.talker is not None and self.talker.user == user and grant == self.grant:
            return self._next()
        return []

    def move(self, user: Aor, leg: str) -> None:
        """A handover: the talker's or waiter's entry goes to another leg, nothing else changes."""
        if self.talker is not None and self.talker.user == user:
            self.talker = self.talker._replace(leg=leg)
        for waiter in self.queue:
            if waiter.request.user == user:
                waiter.request = waiter.request._replace(leg=leg)

    def is_at(self, user: Aor, leg: str) -> bool:
        """Does he talk or wait on that leg?"""
        return any(entry.user == user and entry.leg == leg for entry in self.entries())

    def entries(self) -> list[Request]:
        """The talker, and who waits."""
        talker = [self.talker] if self.talker is not None else []
        return talker + [waiter.request for waiter in self.queue]

    # --- how

    def _give(self, request: Request, *, asked: bool) -> list[Action]:
        self.state = FloorState.TAKEN
        self.talker = request
        self.grant += 1
        kind = Granted if asked else Grant
        return [kind(request.user, request.leg, self.grant), Taken(request.user, request.leg)]

    def _again(self, request: Request) -> list[Action]:
        """A repeated request of the talker: the grant again; while he is being revoked, no (a talker never waits)."""
        assert self.talker is not None
        if self.state is FloorState.TAKEN:
            self.talker = request
            return [Granted(request.user, request.leg, self.grant)]
        return [Denied(request.user, request.leg, FloorCause.DENIED)]

    def _may_preempt(self, request: Request) -> bool:
        assert self.talker is not None
        if request.emergency != self.talker.emergency:
            return request.emergency
        return self.preemption and not self.talker.emergency and request.priority < self.talker.priority

    def _preempt(self, request: Request) -> list[Action]:
        """He goes to the head, whatever the queue's length, and the talker is told to stop."""
        waiter = self._put(request, self._take_out(request.user))
        self.queue.sort(key=Waiter.rank)
        position = self.queue.index(waiter) + 1
        waiter.told = position
        answer: list[Action] = [Queued(request.user, request.leg, position)]
        return answer + self.revoke(FloorCause.PREEMPTED) + self._positions()

    def _enqueue(self, request: Request) -> list[Action]:
        waiting = self._take_out(request.user)
        if waiting is None and len(self.queue) >= self.queue_length:
            cause = FloorCause.QUEUE_FULL if self.queue_length else FloorCause.DENIED
            return [Denied(request.user, request.leg, cause)]
        waiter = self._put(request, waiting)
        self.queue.sort(key=Waiter.rank)
        waiter.told = self.queue.index(waiter) + 1
        return [Queued(request.user, request.leg, waiter.told), *self._positions()]

    def _put(self, request: Request, before: Waiter | None = None) -> Waiter:
        """A queued repeat keeps its place in time."""
        self._arrivals += 1
        waiter = Waiter(request, before.since if before is not None else self._arrivals)
        self.queue.append(waiter)
        return waiter

    def _take_out(self, user: Aor) -> Waiter | None:
        found = next((waiter for waiter in self.queue if waiter.request.user == user), None)
        if found is not None:
            self.queue.remove(found)
        return found

    def _leave_queue(self, user: Aor) -> list[Action]:
        return self._positions() if self._take_out(user) is not None else []

    def _next(self) -> list[Action]:
        """The floor is free: to the head of the queue, else idle."""
        self.talker = None
        self.state = FloorState.IDLE
        if not self.queue:
            return [Idle()]
        head = self.queue.pop(0)
        return self._give(head.request, asked=False) + self._positions()

    def _positions(self) -> list[Action]:
        actions: list[Action] = []
        for position, waiter in enumerate(self.queue, 1):
            if waiter.told != position:
                waiter.told = position
                actions.append(Moved(waiter.request.user, waiter.request.leg, position))
        return actions

    # --- records

    def record(self) -> list[Any]:
        """As plain values."""
        talker = _plain(self.talker) if self.talker is not None else None
        return [
            self.state.value,
            self.grant,
            talker,
            self._arrivals,
            [[w.since, *_plain(w.request)] for w in self.queue],
        ]

    def restore(self, row: list[Any]) -> None:
        """The reverse."""
        state, self.grant, talker, self._arrivals, queue = row
        self.state = FloorState(state)
        self.talker = _request(talker) if talker is not None else None
        for position, entry in enumerate(queue, 1):
            waiter = Waiter(_request(entry[1:]), entry[0])
            waiter.told = position
            self.queue.append(waiter)


def _plain(request: Request) -> list[object]:
    return [str(request.user), request.leg, request.priority, request.emergency]


def _request(row: list[object]) -> Request:
    user, leg, priority, emergency = row
    assert isinstance(priority, int)
    return Request(Aor.parse(str(user)), str(leg), priority, bool(emergency))
