"""Nodes that are killed again and again a moment after each start, under private and group calls (profile 5.1).

Once T2 has passed since, whatever was caught in the middle has been ended, or goes on, on both sides. `SEED=17` plays
that storm again.
"""

import os
from functools import partial

import pytest
from tests.services.group_world import AUDIO, GroupWorld, fire

from opentcf.model.bounds import TimerSettings
from opentcf.terminal import Behaviour, Terminal

MANY = 1000 if os.environ.get("WORLD") == "full" else 50
SEEDS = [int(os.environ["SEED"])] if "SEED" in os.environ else range(MANY)
AT = {"1001": 1, "1002": 2, "2001": 3, "2002": 1, "3001": 4, "3002": 3, "4001": 2, "4002": 4}
MEMBERS = ("1001", "1002", "2001", "3001", "4001", "4002")
STORM, CALM = 60.0, 70.0
TIMERS = TimerSettings(
    t1=2.0, t2=20.0, t3=1.0, t4=8.0, tdown=4.0, tconfirm=2.0, tring=10.0, sip_t1=0.1, sip_t2=0.4, sip_t4=0.5
)


class Storm(GroupWorld):
    """Each node is up for a moment and down for a while, until the storm is over."""

    def __init__(self, seed: int) -> None:
        super().__init__(fire(*MEMBERS), at=AT, seed=seed, timers=TIMERS)
        self.over = self.now + STORM
        for core in self.cores:
            self.after(self.random.uniform(0.0, 10.0), partial(self.kill, core))

    def kill(self, core: int) -> None:
        if self.now < self.over:
            self.crash(core)
            self.after(self.random.choice((0.0, 0.1, 1.0, 3.0, 8.0)), lambda: self.start(core))

    def start(self, core: int) -> None:
        self.restart(core)
        self.after(self.random.choice((0.01, 0.03, 0.1, 0.3, 3.0)), lambda: self.kill(core))

    def deed(self) -> None:
        """Somebody calls somebody or the group, hangs up, or goes elsewhere."""
        ua = self.random.choice(list(self.terminals.values()))
        what = self.random.choice(("call", "group", "group", "press", "hang up", "move"))
        if what == "move":
            self.move(ua, self.random.choice(list(self.cores)))
        elif what == "call" and not ua.calls:
            self.calls_somebody(ua)
        elif what == "group" and not ua.calls and ua.user.number in MEMBERS:
            self.dial(ua.user.number, AUDIO)
        elif what == "press" and ua.calls and self.its(ua.user.number).dialog.remote_tag:
            self.press(ua.user.number)
        elif what == "hang up" and ua.calls:
            self.hang_up(ua, next(iter(ua.calls.values())))

    def calls_somebody(self, ua: Terminal) -> None:
        called = self.random.choice(list(AT))
        self.ua(called).behaviour = self.random.choice((Behaviour.ANSWER, Behaviour.ANSWER, Behaviour.RING))
        self.call(ua, called)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_a_storm_leaves_nobody_alone_in_a_call(seed: int) -> None:
    w = Storm(seed)
    while w.now < w.over:
        w.deed()
        w.run(w.random.choice((0.01, 0.1, 0.5, 2.0)))
    w.run(10.0)
    for ua in w.terminals.values():
        if not ua.registered:
            w.register(ua)
    w.run(CALM - 10.0)
    if found := w.disagreements():
        w.fail("the storm is over and they disagree", found)
