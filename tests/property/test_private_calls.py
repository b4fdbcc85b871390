"""Random private calls over four TCFs on bad links: when it is quiet nothing is stuck and every hop agrees.

`WORLD=full` makes ten times as many calls, `WORLD_SEED=n` repeats one world.
"""

import os

import pytest
from tests.world import World

from opentcf.terminal import Behaviour, Call, CallState, Terminal

CALLS = 50
"""In one world; they overlap."""
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
        if way == "answers" or self.random.random() < 0.5:
            self.world.after(0.3 * after, lambda: self.for_his(called, caller, self.answer))

    def for_his(self, called: Terminal, caller: Terminal, deed) -> None:
        for call in list(called.calls.values()):
            if call.remote == str(caller.user):
                deed(called, call)

    def answer(self, ua: Terminal, call: Call) -> None:
        if call.state is CallState.INCOMING:
            self.world.answer(ua, call)

    def go_home(self) -> None:
        for ua in self.world.terminals.values():
            for call in list(ua.calls.values()):
                self.world.hang_up(ua, call)


@pytest.mark.parametrize("seed", seeds())
def test_nothing_is_stuck_after_random_private_calls(seed: int) -> None:
    world = World(seed, loss=0.10, double=0.05, reorder=0.05)
    people = People(world)
    world.settle()
    people.live(CALLS)
    world.settle()
    world.check()
    people.go_home()
    world.settle()
    world.check(empty=True)
