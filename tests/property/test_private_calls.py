"""Random private calls over four TCFs on bad links: when it is quiet nothing is stuck and every hop agrees.

`WORLD=full` makes ten times as many calls, `WORLD_SEED=n` repeats one world.
"""

import os
import random

import pytest
from tests.world import World

from opentcf.model.bounds import TimerSettings
from opentcf.sip.parse import parse
from opentcf.terminal import Behaviour, Call, CallState, Terminal

CALLS = 50
"""In one world; they overlap."""
RESTARTS = 6
SEEDS = range(200 if os.environ.get("WORLD") == "full" else 20)


def seeds() -> list[int]:
    chosen = os.environ.get("WORLD_SEED")
    return [int(chosen)] if chosen else list(SEEDS)


class People:
    """Twenty users who call each other, wander about and lose patience."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.random = world.random
        for home in range(1, 5):
            for user in range(1, 6):
                at = home if self.random.random() < 0.4 else self.random.randint(1, 4)
                plain = self.random.random() < 0.2
                world.register(world.terminal(f"{home}{user:03}", at, plain=plain))

    def anybody(self) -> Terminal:
        return self.random.choice(list(self.world.terminals.values()))

    def live(self, calls: int) -> None:
        """Calls and other deeds, spread over a few minutes."""
        for _ in range(calls):
            self.world.after(self.random.uniform(0, 4.0 * calls), self.somebody_calls)
        for _ in range(calls // 5):
            deed = self.random.choice((self.somebody_moves, self.somebody_registers))
            self.world.after(self.random.uniform(0, 4.0 * calls), deed)
        self.world.run(4.0 * calls + 30.0)

    def somebody_moves(self) -> None:
        self.world.move(self.anybody(), self.random.randint(1, 4))

    def somebody_registers(self) -> None:
        self.world.register(self.anybody())

    def somebody_calls(self) -> None:
        caller, called = self.anybody(), self.anybody()
        called.behaviour = self.random.choice(
            (
                Behaviour.ANSWER,
                Behaviour.ANSWER,
                Behaviour.RING,
                Behaviour.RING,
                Behaviour.BUSY,
                Behaviour.DECLINE,
            )
        )
        call = self.world.call(caller, called.user.number)
        way = self.random.choice(("stays", "hangs up", "is hung up", "both at once", "cancels", "answers"))
        after = self.random.uniform(0.0, 8.0)
        if way in ("hangs up", "both at once", "cancels"):
            self.world.after(
                0.2 * after if way == "cancels" else after, lambda: self.world.hang_up(caller, call)
            )
        if way in ("is hung up", "both at once"):
            self.world.after(after, lambda: self.for_his(called, caller, self.world.hang_up))
        if self.random.random() < 0.3:
            self.world.after(self.random.uniform(0.0, 8.0), lambda: self.hold(caller, call))
            self.world.after(self.random.uniform(0.0, 8.0), lambda: self.for_his(called, caller, self.hold))
        if way == "answers" or self.random.random() < 0.5:
            self.world.after(0.3 * after, lambda: self.for_his(called, caller, self.answer))

    def for_his(self, called: Terminal, caller: Terminal, deed) -> None:
        for call in list(called.calls.values()):
            if call.remote == str(caller.user):
                deed(called, call)

    def answer(self, ua: Terminal, call: Call) -> None:
        if call.state is CallState.INCOMING:
            self.world.answer(ua, call)

    def hold(self, ua: Terminal, call: Call) -> None:
        """Or resume."""
        if call.state is CallState.UP:
            ua.change(call, self.random.choice(("sendonly", "sendrecv", "inactive")), self.world.now)
            self.world.touch(ua)

    def a_tcf_is_killed(self) -> None:
        number = self.random.randint(1, 4)
        if self.world.cores[number].node is not None:
            self.world.crash(number)
            away = self.random.choice((0.1, 1.0, 20.0, 90.0))
            self.world.after(self.random.uniform(0.0, away), lambda: self.world.restart(number))

    # --- accidents after which nobody can say that a call is over

    def somebody_goes_dark(self) -> None:
        """His terminal falls silent, whatever it was doing."""
        self.world.switch_off(self.anybody())

    def somebody_goes_dark_while_it_rings(self) -> None:
        """And the caller gives up."""
        caller, called = self.anybody(), self.anybody()
        called.behaviour = Behaviour.RING
        call = self.world.call(caller, called.user.number)
        self.world.after(3.0, lambda: self.world.switch_off(called))
        self.world.after(4.0, lambda: self.world.hang_up(caller, call))

    def a_way_breaks(self) -> None:
        """Between two TCFs, often while somebody holds."""
        one, other = self.random.sample(range(1, 5), 2)
        for ua in self.world.terminals.values():
            for call in list(ua.calls.values()):
                self.hold(ua, call)
        seconds = self.random.choice((10.0, 40.0, 100.0))
        self.world.after(0.05, lambda: self.world.part(f"core{one}", f"core{other}", seconds))

    def lose_byes(self, share: float) -> None:
        """In such a share of the dialogs between TCFs no BYE arrives, however often it is repeated."""

        def lost(source: str, target: str, data: bytes) -> bool:
            if not data.startswith(b"BYE ") or not source.startswith("core") or not target.startswith("core"):
                return False
            dialog = parse(data, stream=False).call_id()
            return random.Random(f"{self.world.seed} {dialog}").random() < share

        self.world.lose = lost

    def go_home(self) -> None:
        for ua in self.world.terminals.values():
            for call in list(ua.calls.values()):
                self.world.hang_up(ua, call)


def quiet_and_empty(world: World, people: People) -> None:
    """Everybody agrees on the calls that are up; when these are hung up too, nothing is left of any."""
    world.settle(standing=True)
    world.check()
    people.go_home()
    world.settle()
    world.check(empty=True)


@pytest.mark.parametrize("seed", seeds())
def test_nothing_is_stuck_after_random_private_calls(seed: int) -> None:
    world = World(seed, loss=0.10, double=0.05, reorder=0.05)
    people = People(world)
    world.settle()
    people.live(CALLS)
    quiet_and_empty(world, people)


@pytest.mark.parametrize("seed", seeds())
def test_nothing_is_stuck_when_tcfs_are_killed_and_restarted(seed: int) -> None:
    """Killed at any moment, back with its store after less or more than it takes to be held for down."""
    world = World(seed, loss=0.10, double=0.05, reorder=0.05, timers=TimerSettings(session=600.0))
    people = People(world)
    world.settle()
    for _ in range(RESTARTS):
        world.after(world.random.uniform(0, 4.0 * CALLS), people.a_tcf_is_killed)
    people.live(CALLS)
    world.run(1300.0)  # a BYE that died with a TCF leaves the far side to its session timer
    quiet_and_empty(world, people)


@pytest.mark.parametrize("seed", seeds())
def test_calls_end_by_their_timers_when_nobody_can_say_so(seed: int) -> None:
    """Terminals go dark, ways break, BYEs are lost for good, TCFs restart: every wait and session is bounded."""
    world = World(seed, loss=0.05, double=0.05, reorder=0.05, timers=TimerSettings(session=120.0))
    people = People(world)
    world.settle()
    people.lose_byes(0.15)
    accidents = [people.somebody_goes_dark] * 2 + [people.somebody_goes_dark_while_it_rings] * 3
    accidents += [people.a_way_breaks] * 2 + [people.a_tcf_is_killed] * 4
    for accident in accidents:
        world.after(world.random.uniform(0, 4.0 * CALLS), accident)
    people.live(CALLS)
    world.run(600.0)  # a session on each of three hops, one after the other
    people.lose_byes(0.0)
    quiet_and_empty(world, people)
