"""Random moves, de-registrations, expiries and kicks on bad links, with TCFs that are killed and come back:
when it is quiet each home and each visited TCF say the same."""

import os

import pytest
from tests.world import World

from opentcf.model.bounds import TimerSettings
from opentcf.terminal import Terminal

DEEDS = 150
LONGEST = 600.0
SEEDS = range(100 if os.environ.get("WORLD") == "full" else 10)


def seeds() -> list[int]:
    chosen = os.environ.get("WORLD_SEED")
    return [int(chosen)] if chosen else list(SEEDS)


class Wanderers:
    """Twenty users who never stay."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.random = world.random
        for home in range(1, 5):
            for user in range(1, 6):
                number = f"{home}{user:03}"
                world.register(
                    world.terminal(number, self.random.randint(1, 4), plain=self.random.random() < 0.2)
                )

    def anybody(self) -> Terminal:
        return self.random.choice(list(self.world.terminals.values()))

    def wander(self, deeds: int, *, restarts: bool) -> None:
        """Their deeds, and the mishaps of the TCFs, spread over some minutes."""
        choices = [self.moves, self.moves, self.leaves, self.registers, self.goes_dark, self.is_kicked]
        for _ in range(deeds):
            self.world.after(self.random.uniform(0, 3.0 * deeds), self.random.choice(choices))
        for _ in range(deeds // 25 if restarts else 0):
            self.world.after(self.random.uniform(0, 3.0 * deeds), self.mishap)
        self.world.run(3.0 * deeds + 60.0)

    def moves(self) -> None:
        self.world.move(self.anybody(), self.random.randint(1, 4))

    def registers(self) -> None:
        self.world.register(self.anybody(), self.random.choice((60, 100, 600)))

    def leaves(self) -> None:
        self.world.register(self.anybody(), 0)

    def goes_dark(self) -> None:
        """It does not say good-bye: its registration expires."""
        ua = self.anybody()
        ua.registration.stop_refresh()
        ua.registration.active = False

    def is_kicked(self) -> None:
        user = self.anybody().user
        home = int(user.number[0])
        if self.world.cores[home].node is not None:
            self.world.command(home, "user_kick", udn=user.number)

    def mishap(self) -> None:
        number = self.random.randint(1, 4)
        if self.world.cores[number].node is not None:
            self.world.crash(number)
            self.world.after(self.random.uniform(0.1, 60.0), lambda: self.world.restart(number))


@pytest.mark.parametrize("seed", seeds())
@pytest.mark.parametrize("restarts", [False, True], ids=["steady", "restarts"])
def test_visited_and_home_agree_when_it_is_quiet(seed: int, restarts: bool) -> None:
    world = World(seed, loss=0.10, double=0.05, reorder=0.05, timers=TimerSettings(register=LONGEST))
    wanderers = Wanderers(world)
    wanderers.wander(DEEDS, restarts=restarts)
    world.run(LONGEST + 60.0)  # a home that was away when he left finds out when the binding expires
    world.settle()
    world.check(empty=True)
