"""Random terminals that wander between four cores, idle or with what they are in: private calls, half duplex, a group.

At every moment a grant names one user and no arbiter contradicts itself; when it is quiet every hop agrees, a user is
bound where his terminal is, and after the last hangs up nothing is left. `SEED=17` plays that world again,
`WORLD=full` makes 50,000 steps.
"""

import os
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.services.group_world import AUDIO, GroupWorld, aor, fire

from opentcf.model.bounds import TimerSettings
from opentcf.model.call import CallSetup
from opentcf.model.group import Member
from opentcf.model.registration import RegType
from opentcf.terminal import Behaviour, Call, CallState, Terminal

STEPS = 80
MANY = 625 if os.environ.get("WORLD") == "full" else 160
SEEDS = [int(os.environ["SEED"])] if "SEED" in os.environ else range(MANY)
PEOPLE = ("1001", "1002", "2001", "2002", "3001", "3002", "4001", "4002")
MEMBERS = ("1001", "1002", "2001", "3001", "4001")
HALF = CallSetup(full_duplex=False)
DEEDS = {
    "moves": 8,
    "moves along": 10,
    "is prepared": 3,
    "calls": 8,
    "calls half duplex": 5,
    "dials the group": 8,
    "presses": 16,
    "lets go": 12,
    "withdraws": 2,
    "hangs up": 6,
    "registers": 1,
    "crashes": 1,
    "restart": 1,
}


class Roaming(GroupWorld):
    """People of four cores; some are members of core1's group 8001."""

    def __init__(self, seed: int) -> None:
        group = fire(queue_length=3, talk_time=20.0, hang_time=300.0, preemption=seed % 2 == 1)
        members = tuple(Member(aor(number), priority=at * 10) for at, number in enumerate(MEMBERS))
        timers = TimerSettings(session=120.0)
        super().__init__(replace(group, members=members), seed=seed, timers=timers)
        self.granted: dict[tuple[str, str], str] = {}
        self.noticed: dict[int, int] = {}
        for number in PEOPLE:
            self.attach(number, self.random.randint(1, 4))
        self.link = self.link._replace(loss=0.05, double=0.05, reorder=0.05)
        self.deeds: dict[str, Callable[[Terminal, Call | None], None]] = {
            "moves": lambda ua, call: self.moves(ua, None),
            "moves along": self.moves,
            "is prepared": self.prepares,
            "calls": lambda ua, call: self.calls_somebody(ua, None),
            "calls half duplex": lambda ua, call: self.calls_somebody(ua, HALF),
            "dials the group": lambda ua, call: self.dials_the_group(ua),
            "presses": self.presses,
            "lets go": self.lets_go,
            "withdraws": self.withdraws,
            "hangs up": self.hangs_up,
            "registers": lambda ua, call: self.register(ua),
            "crashes": lambda ua, call: self.crashes(ua),
            "restart": lambda ua, call: self.restarts(),
        }

    # --- what persons do, and fate

    def step(self) -> None:
        """One deed of somebody, and a while."""
        ua = self.random.choice(list(self.terminals.values()))
        what = self.random.choices(tuple(DEEDS), tuple(DEEDS.values()))[0]
        self.deeds[what](ua, self.standing(ua))
        self.run(self.random.choice((0.01, 0.05, 0.3, 1.0, 3.0)))

    def standing(self, ua: Terminal) -> Call | None:
        return next((call for call in ua.calls.values() if call.state is CallState.UP), None)

    def moves(self, ua: Terminal, call: Call | None) -> None:
        """To any core but the one he is at; idle, he may not say that it is a handover."""
        target = self.cores[self.random.choice([n for n in self.cores if n != self.visited(ua).number])]
        kind = self.random.choice((RegType.INITIAL, RegType.HANDOVER)) if call is None else RegType.HANDOVER
        ua.move(target.proxy, self.now, kind, call)
        self.touch(ua)

    def prepares(self, ua: Terminal, call: Call | None) -> None:
        """He says where he is going, and goes there or does not."""
        if call is None or not ua.quiet():
            return
        target = self.random.choice([n for n in self.cores if n != self.visited(ua).number])
        ua.prepare(call, self.cores[target].domain, self.now)
        self.touch(ua)
        if self.random.random() < 0.7:
            self.after(self.random.uniform(0.05, 2.0), lambda: self.goes(ua, call, target))

    def goes(self, ua: Terminal, call: Call, target: int) -> None:
        if self.terminals.get(ua.user.number) is ua and self.visited(ua).number != target:
            ua.move(self.cores[target].proxy, self.now, RegType.HANDOVER, call)
            self.touch(ua)

    def calls_somebody(self, ua: Terminal, setup: CallSetup | None) -> None:
        called = self.random.choice(PEOPLE)
        if not ua.calls and called in self.terminals:
            self.ua(called).behaviour = self.random.choice((Behaviour.ANSWER,) * 3 + (Behaviour.RING,))
            self.call(ua, called, setup)

    def dials_the_group(self, ua: Terminal) -> None:
        if not ua.calls and ua.user.number in MEMBERS:
            self.dial(ua.user.number, AUDIO)

    def presses(self, ua: Terminal, call: Call | None) -> None:
        if call is not None and ua.quiet() and call.dialog.remote_tag:
            ua.press(call, self.now, emergency=self.random.random() < 0.03)
            self.touch(ua)

    def lets_go(self, ua: Terminal, call: Call | None) -> None:
        if call is not None and ua.quiet():
            ua.let_go(call, self.now)
            self.touch(ua)

    def withdraws(self, ua: Terminal, call: Call | None) -> None:
        if call is not None and not call.talking and not ua.quiet():
            ua.withdraw(call, self.now)
            self.touch(ua)

    def hangs_up(self, ua: Terminal, call: Call | None) -> None:
        """Or cancels, or refuses, or at last answers."""
        for each in list(ua.calls.values())[:1]:
            if each.state is CallState.INCOMING and self.random.random() < 0.7:
                self.answer(ua, each)
            else:
                self.hang_up(ua, each)

    def crashes(self, ua: Terminal) -> None:
        """His battery falls out; later he is back, anywhere, and remembers nothing."""
        number = ua.user.number
        self.switch_off(ua)
        self.after(self.random.uniform(1.0, 60.0), lambda: self.is_back(number))

    def is_back(self, number: str) -> None:
        self.register(self.terminal(number, self.random.randint(1, 4)))

    def restarts(self) -> None:
        core = self.random.choice((1, 2, 3, 4))
        if self.cores[core].node is not None:
            self.crash(core)
            self.after(self.random.choice((0.0, 0.5, 15.0)), lambda: self.restart(core))

    # --- what holds at all times

    def trouble(self) -> list[str]:
        """A grant names one user; nobody waits twice, or while he talks, or for a free floor."""
        found = []
        for number, ua in self.terminals.items():
            heard, self.noticed[id(ua)] = self.noticed.get(id(ua), 0), len(ua.events)
            for event in ua.events[heard:]:
                if event.name == "granted" and event.call is not None and event.text:
                    other = self.granted.setdefault((event.call.id, event.text), number)
                    found += [f"grant {event.text} went to {other} and {number}"] * (other != number)
        for core in self.running():
            assert core.node is not None
            procedures = core.node.procedures
            for row in [*procedures.group_call.floors(), *procedures.private_call.floors()]:
                talker, queue = row["talker"], row["queue"]
                if talker in queue or len(set(queue)) != len(queue) or (queue and talker is None):
                    found.append(f"{core.name} contradicts itself: {row}")
        return found

    # --- what holds when it is quiet

    def calm_down(self) -> None:
        """Links heal, everybody is reachable again and registered where he stands."""
        self.link = self.link._replace(loss=0.0, double=0.0, reorder=0.0)
        self.run(150.0)
        for ua in self.terminals.values():
            if not ua.registered:
                self.register(ua)
        self.run(45.0)

    def astray(self) -> list[str]:
        """Whose home has him elsewhere than where his terminal is."""
        found = []
        for number, ua in self.terminals.items():
            binding = self.node(int(number[0]))._ctx.directory.binding(ua.user)
            there = binding.visited if binding is not None else None
            if there != self.visited(ua).domain:
                found.append(f"{number} is at {self.visited(ua).domain}, his home has him at {there}")
        return found

    def disputes(self) -> list[str]:
        """Who thinks that he talks is whom his arbiter lets talk; every V knows the group's talker."""
        talkers = {
            row["talker"].partition("@")[0]
            for core in self.running()
            if core.node is not None
            for row in [
                *core.node.procedures.group_call.floors(),
                *core.node.procedures.private_call.floors(),
            ]
            if row["talker"]
        }
        wrong = sorted(set(self.talking()) - talkers)
        return [f"{wrong} think that they talk, only {sorted(talkers)} do"] if wrong else []

    def all_hang_up(self) -> None:
        for ua in self.terminals.values():
            for call in list(ua.calls.values()):
                self.hang_up(ua, call)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_random_terminals_wander_and_talk(seed: int):
    w = Roaming(seed)
    for _ in range(STEPS):
        w.step()
        if found := w.trouble():
            w.fail("the floor is broken", found)
    w.calm_down()
    patience = 40
    while (found := w.disagreements() + w.astray() + w.disputes()) and patience:
        patience -= 1
        w.run(1.0)
    if found:
        w.fail("it is quiet and they disagree", found)
    for _ in range(3):  # a group calls those who registered meanwhile
        w.all_hang_up()
        w.settle()
        w.run(60.0)
    w.assert_over()
    w.check(empty=True)
