"""The floor: one talker, a queue, and the rules between them (profile 4.4). No SIP, no clock: time is an argument.

Group calls and half-duplex private calls use the same arbiter. Each method returns what is to be done, in order.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple

from opentcf.model.cause import FloorCause
from opentcf.model.numbers import Aor
from opentcf.model.subscriber import LOWEST_PRIORITY


class Request(NamedTuple):
    """Somebody wants to talk. `leg` says where he is reached; lower `priority` is better, emergency beats all but
    who is `forced` in (强插)."""

    user: Aor
    leg: str
    priority: int = LOWEST_PRIORITY
    emergency: bool = False
    forced: bool = False


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


class Input(Enum):
    """What an event is, once the guards have been asked: see `Floor`."""

    REQUEST = "request"
    """Somebody asks, and may not pre-empt who talks."""
    PREEMPT = "request that pre-empts"
    INSERT = "forced insertion"
    """A dispatcher takes the floor, whoever talks or waits (profile 4.7)."""
    REPEAT = "request of the talker"
    REVOKE = "revoke"
    """Talk time is over, or somebody with authority wants the floor."""
    REVOKED = "revoke confirmed"
    """By the talker, or by the end of T3."""
    OVER = "talker gone"
    """He released, his leg is lost, or a later grant was not taken."""
    LEAVE = "waiter gone"
    """He gave his place back, or his leg is lost."""
    NEXT = "head of the queue"
    """The floor is free and somebody waits."""


class Event(NamedTuple):
    """An input's particulars. `request` for who asks, `cause` for a revoke."""

    request: Request | None = None
    cause: FloorCause = FloorCause.NORMAL


NOTHING = Event()


class Waiter:
    """An entry of the queue. `since` orders equals; `told` is the position he last heard."""

    __slots__ = ("request", "since", "told")

    def __init__(self, request: Request, since: int) -> None:
        self.request = request
        self.since = since
        self.told = 0

    def rank(self) -> tuple[bool, bool, int, int]:
        """Forced insertion, emergency, priority, time."""
        request = self.request
        return (not request.forced, not request.emergency, request.priority, self.since)


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

    # --- what happens: the guards, then the table

    def request(self, request: Request) -> list[Action]:
        """Somebody asks. The first action answers him."""
        talker = self.talker
        if talker is not None and request.user == talker.user:
            return self.step(Input.REPEAT, Event(request))
        if request.forced and not (talker is not None and talker.forced):
            return self.step(Input.INSERT, Event(request))
        if talker is not None and self._may_preempt(request, talker):
            return self.step(Input.PREEMPT, Event(request))
        return self.step(Input.REQUEST, Event(request))

    def release(self, user: Aor, grant: int | None = None) -> list[Action]:
        """The talker lets go, or a waiter leaves the queue. Who names a `grant` means that one and no other."""
        talks = self.talker is not None and self.talker.user == user
        if grant is not None and not (talks and grant == self.grant):
            return []
        if talks:
            return self.step(Input.OVER)
        return self.step(Input.LEAVE) if self.take_out(user) is not None else []

    def revoked(self, grant: int) -> list[Action]:
        """The talker of `grant` confirmed the revoke, or its grace T3 is over."""
        return self.step(Input.REVOKED) if grant == self.grant else []

    def revoke(self, cause: FloorCause) -> list[Action]:
        """Talk time is over, or somebody with authority wants it."""
        return self.step(Input.REVOKE, Event(cause=cause))

    def lost(self, leg: str) -> list[Action]:
        """A leg is gone: its waiters with it, its talker counts as having released."""
        before = len(self.queue)
        self.queue = [waiter for waiter in self.queue if waiter.request.leg != leg]
        if self.talker is not None and self.talker.leg == leg:
            return self.step(Input.OVER)
        return self.step(Input.LEAVE) if len(self.queue) != before else []

    def refused(self, user: Aor, grant: int) -> list[Action]:
        """A later grant was not taken: the talker is gone."""
        talks = self.talker is not None and self.talker.user == user
        return self.step(Input.OVER) if talks and grant == self.grant else []

    def step(self, what: Input, event: Event = NOTHING) -> list[Action]:
        """Look up and act; an input that the state does not name changes nothing."""
        row = TABLE[self.state].get(what)
        if row is None:
            return []
        self.state, deed = row
        return deed(self, event)

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

    def is_talker_at(self, leg: str) -> bool:
        """Does the talker talk on that leg?"""
        return self.talker is not None and self.talker.leg == leg

    def entries(self) -> list[Request]:
        """The talker, and who waits."""
        talker = [self.talker] if self.talker is not None else []
        return talker + [waiter.request for waiter in self.queue]

    # --- how

    def _may_preempt(self, request: Request, talker: Request) -> bool:
        if talker.forced:
            return False
        if request.emergency != talker.emergency:
            return request.emergency
        return self.preemption and not talker.emergency and request.priority < talker.priority

    def talk(self, request: Request) -> None:
        """He talks, by a new grant."""
        self.talker = request
        self.grant += 1

    def put(self, request: Request, before: Waiter | None = None) -> Waiter:
        """Into the queue, in order; a queued repeat keeps its place in time."""
        self._arrivals += 1
        waiter = Waiter(request, before.since if before is not None else self._arrivals)
        self.queue.append(waiter)
        self.queue.sort(key=Waiter.rank)
        waiter.told = self.queue.index(waiter) + 1
        return waiter

    def take_out(self, user: Aor) -> Waiter | None:
        """Out of the queue, if he was in it."""
        found = next((waiter for waiter in self.queue if waiter.request.user == user), None)
        if found is not None:
            self.queue.remove(found)
        return found

    def positions(self) -> list[Action]:
        """Each waiter whose place is another than he heard last."""
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


Deed = Callable[[Floor, Event], list[Action]]


def give(floor: Floor, event: Event) -> list[Action]:
    """200 with the grant; the others hear who talks."""
    request = _asked(event)
    floor.talk(request)
    return [Granted(request.user, request.leg, floor.grant), Taken(request.user, request.leg)]


def give_next(floor: Floor, event: Event) -> list[Action]:
    """Grant to the head of the queue; the others hear who talks, the waiters their places."""
    request = floor.queue.pop(0).request
    floor.talk(request)
    grant: list[Action] = [Grant(request.user, request.leg, floor.grant), Taken(request.user, request.leg)]
    return grant + floor.positions()


def give_again(floor: Floor, event: Event) -> list[Action]:
    """200 with the same grant."""
    request = floor.talker = _asked(event)
    return [Granted(request.user, request.leg, floor.grant)]


def deny_again(floor: Floor, event: Event) -> list[Action]:
    """Denied: a talker never waits."""
    request = _asked(event)
    return [Denied(request.user, request.leg, FloorCause.DENIED)]


def enqueue(floor: Floor, event: Event) -> list[Action]:
    """200 with his place in the queue; denied when it is full or off."""
    request = _asked(event)
    waiting = floor.take_out(request.user)
    if waiting is None and len(floor.queue) >= floor.queue_length:
        cause = FloorCause.QUEUE_FULL if floor.queue_length else FloorCause.DENIED
        return [Denied(request.user, request.leg, cause)]
    waiter = floor.put(request, waiting)
    return [Queued(request.user, request.leg, waiter.told), *floor.positions()]


def enqueue_first(floor: Floor, event: Event) -> list[Action]:
    """200 with his place, whatever the queue's length; a revoke is on its way."""
    request = _asked(event)
    waiter = floor.put(request, floor.take_out(request.user))
    return [Queued(request.user, request.leg, waiter.told), *floor.positions()]


def preempt(floor: Floor, event: Event) -> list[Action]:
    """200 with the first place, and the talker is told to stop."""
    answer, *moved = enqueue_first(floor, event)
    return [answer, *tell_to_stop(floor, Event(cause=FloorCause.PREEMPTED)), *moved]


def insert(floor: Floor, event: Event) -> list[Action]:
    """200 with the first place, and the talker is told to stop by force."""
    answer, *moved = enqueue_first(floor, event)
    return [answer, *tell_to_stop(floor, Event(cause=FloorCause.FORCED)), *moved]


def tell_to_stop(floor: Floor, event: Event) -> list[Action]:
    """The talker is told to stop."""
    assert floor.talker is not None
    return [Revoke(floor.talker.user, floor.talker.leg, floor.grant, event.cause)]


def pass_on(floor: Floor, event: Event) -> list[Action]:
    """The floor is free: `head of the queue` follows, or all hear that nobody talks."""
    floor.talker = None
    return floor.step(Input.NEXT) if floor.queue else [Idle()]


def tell_places(floor: Floor, event: Event) -> list[Action]:
    """The waiters behind him hear their places."""
    return floor.positions()


def _asked(event: Event) -> Request:
    assert event.request is not None
    return event.request


I, S = Input, FloorState
TABLE: dict[FloorState, dict[Input, tuple[FloorState, Deed]]] = {
    S.IDLE: {
        I.REQUEST: (S.TAKEN, give),
        I.INSERT: (S.TAKEN, give),
        I.NEXT: (S.TAKEN, give_next),
    },
    S.TAKEN: {
        I.REQUEST: (S.TAKEN, enqueue),
        I.PREEMPT: (S.REVOKING, preempt),
        I.INSERT: (S.REVOKING, insert),
        I.REPEAT: (S.TAKEN, give_again),
        I.REVOKE: (S.REVOKING, tell_to_stop),
        I.OVER: (S.IDLE, pass_on),
        I.LEAVE: (S.TAKEN, tell_places),
    },
    S.REVOKING: {
        I.REQUEST: (S.REVOKING, enqueue),
        I.PREEMPT: (S.REVOKING, enqueue_first),
        I.INSERT: (S.REVOKING, enqueue_first),
        I.REPEAT: (S.REVOKING, deny_again),
        I.REVOKED: (S.IDLE, pass_on),
        I.OVER: (S.IDLE, pass_on),
        I.LEAVE: (S.REVOKING, tell_places),
    },
}
"""Inputs that a state does not name change nothing there."""


def _plain(request: Request) -> list[object]:
    return [str(request.user), request.leg, request.priority, request.emergency, request.forced]


def _request(row: list[object]) -> Request:
    user, leg, priority, emergency, *forced = row
    assert isinstance(priority, int)
    return Request(Aor.parse(str(user)), str(leg), priority, bool(emergency), any(forced))
