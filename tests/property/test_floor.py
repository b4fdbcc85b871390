"""The arbiter against its invariants: a state machine that searches, and a long plain run.

At most one talker; the talker does not wait; nobody waits for a free floor; every grant ends in release, revoke or
expiry; grant numbers rise; the queue is in order; what is stored comes back the same.
"""

import random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from opentcf.model import floor as model
from opentcf.model.cause import FloorCause
from opentcf.model.floor import Action, Floor, FloorState, Request
from opentcf.model.numbers import Aor

USERS = [Aor(f"100{n}", "core1.example") for n in range(6)]
LEGS = ["core1.example", "core2.example", "core3.example"]
OPERATIONS = 100_000
ENDINGS = {"release", "revoked", "lost", "refused"}


class Watched:
    """A floor under watch: what the parties were told is checked against what it says of itself."""

    def __init__(self, queue_length: int, *, preemption: bool) -> None:
        self.queue_length, self.preemption = queue_length, preemption
        self.floor = Floor(queue_length, preemption=preemption)
        self.told: Aor | None = None
        """Who talks, as those hear it who are told."""
        self.places: dict[Aor, int] = {}
        """Where each waiter was told that he stands."""
        self.grants = 0
        self.ended = 0

    def do(self, verb: str, actions: list[Action]) -> None:
        for action in actions:
            self._told(verb, action)
        self._check()

    def _told(self, verb: str, action: Action) -> None:
        match action:
            case model.Granted(user, _, grant) if grant == self.grants:
                assert self.told == user, "a repeated grant is the talker's"
            case model.Granted(user, _, grant) | model.Grant(user, _, grant):
                assert grant == self.grants + 1, "grant numbers rise by one"
                assert (self.told is None) == (verb == "request"), "one grant at a time"
                self._end(verb)
                self.grants, self.told = grant, user
                self.places.pop(user, None)
            case model.Idle():
                self._end(verb)
                self.told = None
            case model.Queued(user, _, position) | model.Moved(user, _, position):
                assert user != self.told, "the talker does not wait"
                self.places[user] = position
            case model.Denied(user, _, _):
                assert user not in self.places or any(
                    waiter.request.user == user for waiter in self.floor.queue
                )
            case model.Revoke(user, _, grant, _):
                assert (user, grant) == (self.told, self.grants)
            case model.Taken(user, _):
                assert user == self.told

    def _end(self, verb: str) -> None:
        if self.told is not None:
            assert verb in ENDINGS, f"{verb} ended a grant"
            self.ended += 1

    def _check(self) -> None:
        floor = self.floor
        talker = floor.talker.user if floor.talker is not None else None
        assert talker == self.told
        assert (talker is None) == (floor.state is FloorState.IDLE)
        waiters = [waiter.request.user for waiter in floor.queue]
        assert len(waiters) == len(set(waiters))
        assert talker not in waiters
        assert talker is not None or not waiters, "nobody waits for a free floor"
        assert floor.queue == sorted(floor.queue, key=lambda waiter: waiter.rank())
        for gone in self.places.keys() - set(waiters):
            del self.places[gone]
        assert [self.places[user] for user in waiters] == list(range(1, len(waiters) + 1))
        assert self.grants == floor.grant == self.ended + (talker is not None)

    # --- the verbs

    def request(self, user: Aor, leg: str, priority: int, *, emergency: bool) -> None:
        self.do("request", self.floor.request(Request(user, leg, priority, emergency)))

    def release(self, user: Aor, back: int | None) -> None:
        """`back`: how many grants ago the named grant was; None names none."""
        before = self.floor.record()
        grant = None if back is None else self.floor.grant - back
        self.do("release", self.floor.release(user, grant))
        if back:
            assert self.floor.record() == before, "a stale grant's release changes nothing"

    def revoke(self) -> None:
        self.do("revoke", self.floor.revoke(FloorCause.TIMEOUT))

    def revoked(self, back: int) -> None:
        self.do("revoked", self.floor.revoked(self.floor.grant - back))

    def refused(self, user: Aor, back: int) -> None:
        self.do("refused", self.floor.refused(user, self.floor.grant - back))

    def lost(self, leg: str) -> None:
        self.do("lost", self.floor.lost(leg))

    def move(self, user: Aor, leg: str) -> None:
        self.floor.move(user, leg)
        self._check()

    def restart(self) -> None:
        """Stored and loaded, it is the same."""
        row = self.floor.record()
        self.floor = Floor(self.queue_length, preemption=self.preemption)
        self.floor.restore(row)
        assert self.floor.record() == row
        self._check()


users = st.sampled_from(USERS)
legs = st.sampled_from(LEGS)
backs = st.integers(0, 2)


class FloorMachine(RuleBasedStateMachine):
    """Searches for an order of events that breaks an invariant."""

    def __init__(self) -> None:
        super().__init__()
        self.watched = Watched(2, preemption=True)

    @rule(user=users, leg=legs, priority=st.integers(0, 3), emergency=st.booleans())
    def request(self, user: Aor, leg: str, priority: int, *, emergency: bool) -> None:
        self.watched.request(user, leg, priority, emergency=emergency)

    @rule(user=users, back=st.none() | backs)
    def release(self, user: Aor, back: int | None) -> None:
        self.watched.release(user, back)

    @rule()
    def revoke(self) -> None:
        self.watched.revoke()

    @rule(back=backs)
    def revoked(self, back: int) -> None:
        self.watched.revoked(back)

    @rule(user=users, back=backs)
    def refused(self, user: Aor, back: int) -> None:
        self.watched.refused(user, back)

    @rule(leg=legs)
    def lost(self, leg: str) -> None:
        self.watched.lost(leg)

    @rule(user=users, leg=legs)
    def move(self, user: Aor, leg: str) -> None:
        self.watched.move(user, leg)

    @rule()
    def restart(self) -> None:
        self.watched.restart()

    @invariant()
    def holds(self) -> None:
        self.watched._check()


FloorMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
test_floor_machine = FloorMachine.TestCase


def long_run(seed: int, operations: int) -> Watched:
    chance = random.Random(seed)
    watched = Watched(chance.randrange(4), preemption=chance.random() < 0.5)
    for _ in range(operations):
        user, leg, back = chance.choice(USERS), chance.choice(LEGS), chance.choice((0, 0, 0, 1, 2))
        match chance.randrange(12):
            case 0 | 1 | 2 | 3 | 4:
                watched.request(user, leg, chance.randrange(4), emergency=chance.random() < 0.2)
            case 5 | 6:
                watched.release(user, chance.choice((None, back)))
            case 7:
                watched.revoke()
            case 8:
                watched.revoked(back)
            case 9:
                watched.refused(user, back)
            case 10:
                watched.lost(leg)
            case _:
                watched.move(user, leg) if chance.random() < 0.5 else watched.restart()
    return watched


def test_a_hundred_thousand_operations() -> None:
    grants = 0
    for seed in range(10):
        grants += long_run(seed, OPERATIONS // 10).grants
    assert grants > OPERATIONS // 20
