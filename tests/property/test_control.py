"""Regroups and stuns mixed with calls, roaming, loss and restarts: no service for the stunned, each member his result.

The terminals are manipulated ones: they forget at once that they were stunned, and go on asking.
"""

import os
from collections import Counter

import pytest
from tests.services.control_world import ControlWorld
from tests.services.group_world import AUDIO, MEMBERS, aor, fire

from opentcf.btrunc import regroup as wire_regroup
from opentcf.btrunc.wire import Param, Wire
from opentcf.model.group import RegroupAction
from opentcf.model.numbers import Aor
from opentcf.model.subscriber import UserState
from opentcf.services.leg import Leg, LegState
from opentcf.terminal import CallState, control

SEEDS = 200 if os.environ.get("WORLD") == "full" else 16
AT = {"1001": 2, "1002": 1, "2001": 3, "2002": 3, "3001": 2, "4001": 4, "1005": 1, "3005": 2}
DISPATCHERS = ("1005", "3005")
GROUPS = ("8901", "8902")


class Mixed(ControlWorld):
    """What was ordered, and what came of it."""

    def __init__(self, seed: int) -> None:
        super().__init__(fire(hang_time=20.0), at=AT, seed=seed)
        self.link = self.link._replace(loss=0.05, double=0.05, reorder=0.05)
        self.ordered: dict[str, tuple[str, str, UserState]] = {}
        """Target → dispatcher, key and state of the order that is under way."""
        self.stunned: set[str] = set()
        self.asked: dict[str, tuple[str, tuple[str, ...], RegroupAction]] = {}
        """Key of a regroup → its dispatcher, members and action."""
        self.read: Counter[str] = Counter()
        self.answers: dict[str, int] = {}
        self.reported: Counter[tuple[str, str]] = Counter()

    # --- what dispatchers do

    def control(self) -> None:
        """One order at a time for each user, so that it is clear which one holds."""
        target, boss = self.random.choice(MEMBERS), self.random.choice(DISPATCHERS)
        if target not in self.ordered:
            bars = self.random.choice((UserState.STUNNED, UserState.STUNNED, UserState.KILLED))
            state = UserState.NORMAL if target in self.stunned else bars
            self.stunned.discard(target)
            self.ordered[target] = (boss, self.order(boss, state, target), state)

    def dismantle(self) -> None:
        """Some call that a terminal has."""
        calls = [call for number in MEMBERS for call in self.ua(number).calls.values() if call.id]
        if calls:
            call = self.random.choice(calls)
            self.dispatch(self.random.choice(DISPATCHERS), control.dismantle(Aor.parse(call.remote), call.id))

    def rearrange(self) -> None:
        boss, gdn = self.random.choice(DISPATCHERS), self.random.choice(GROUPS)
        create, add, remove, delete = RegroupAction
        action = self.random.choices((create, add, remove, delete), (6, 4, 3, 2))[0]
        members = tuple(self.random.sample(MEMBERS, self.random.randint(1, 4)))
        listed = () if action is RegroupAction.DELETE else members
        key = self.dgna(boss, action, *listed, gdn=gdn)
        self.asked[key] = (boss, listed, action)

    # --- what came of it

    def look(self) -> None:
        """Read what the dispatchers heard."""
        for boss in DISPATCHERS:
            events = self.ua(boss).events
            for event in events[self.read[boss] :]:
                page = event.page
                if page is None:
                    continue
                if event.name == "regrouped" and page.extension is not None:
                    report = wire_regroup.read_report(page.extension, Wire(), aor(boss).domain)
                    self.reported[report.request, report.user.number] += 1
                elif event.name in ("delivered", "refused"):
                    self.answers[page.key] = event.status
                    result = page.extension.get(Param.RESULT) if page.extension is not None else None
                    self.settled(page.key, event.status, result)
            self.read[boss] = len(events)

    def settled(self, key: str, status: int, result: str | None) -> None:
        """An order was answered: a stun with `result=0` holds from now on."""
        for target, (_, asked, state) in list(self.ordered.items()):
            if asked == key:
                del self.ordered[target]
                if state is not UserState.NORMAL and status == 200 and result == "0":
                    self.stunned.add(target)

    def served(self) -> list[str]:
        """Stunned users who are in a call at a TCF, or are called, all the same."""
        return [
            f"{core.name}: {leg}"
            for core in self.running()
            if core.node is not None
            for leg in core.node._ctx.legs.values()
            if leg.peer is None
            and leg.party.number in self.stunned
            and (leg.state is LegState.UP or rings(leg))
        ]


def rings(leg: Leg) -> bool:
    """Is its terminal being called?"""
    return leg.state is LegState.EARLY and leg.caller and leg.ours is not None and leg.ours.cancel is None


def act(w: Mixed) -> None:
    """One thing that a person, or fate, does."""
    what = w.random.choices(
        ("person", "restart", "control", "regroup", "dismantle"),
        (26, 2, 8, 6, 1),
    )[0]
    if what == "restart":
        core = w.random.choice((1, 2, 3, 4))
        w.crash(core)
        w.restart(core)
    elif what == "control":
        w.control()
    elif what == "regroup":
        w.rearrange()
    elif what == "dismantle":
        w.dismantle()
    else:
        person(w, w.random.choice(MEMBERS))


def person(w: Mixed, number: str) -> None:
    """What somebody does with a terminal, stunned or not."""
    ua = w.ua(number)
    ua.control.state = UserState.NORMAL
    call = next((call for call in ua.calls.values() if call.state is CallState.UP), None)
    what = w.random.choices(("dial", "call", "press", "hang up", "register", "move"), (8, 4, 8, 2, 3, 2))[0]
    if what == "register":
        w.register(ua)
    elif what == "move":
        w.move(ua, w.random.choice((1, 2, 3, 4)))
    elif what == "dial" and not ua.calls:
        w.dial(number, AUDIO, w.random.choice(("8001", *GROUPS)))
    elif what == "call" and not ua.calls:
        w.call(ua, w.random.choice(MEMBERS))
    elif what == "press" and call is not None and ua.quiet():
        w.press(number)
    elif what == "hang up" and call is not None:
        w.hang_up(ua, call)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SEEDS))
def test_control_in_a_bad_world(seed: int):
    w = Mixed(seed)
    for _ in range(60):
        act(w)
        for _ in range(w.random.choice((1, 5, 30, 150))):
            w.run(0.01)
            w.look()
            if found := w.served():
                w.fail("a stunned user is served", found)
    w.link = w.link._replace(loss=0.0, double=0.0, reorder=0.0)
    for number in MEMBERS:
        w.register(w.ua(number))
    w.run(150.0)
    w.look()
    assert not w.ordered
    unanswered = [
        f"{boss} {action.value} {members}: {w.answers.get(key)}"
        for key, (boss, members, action) in w.asked.items()
        if key not in w.answers
    ]
    assert not unanswered
    wrong = []
    for key, (_, members, _) in w.asked.items():
        counts = {user: count for (request, user), count in w.reported.items() if request == key}
        wrong += [f"{key} {user}: {count} results" for user, count in counts.items() if count != 1]
        if w.answers[key] == 200 and set(members) - counts.keys():
            wrong.append(f"{key}: no result for {set(members) - counts.keys()}")
    if wrong:
        w.fail("results are missing or come twice", wrong)
    for number in MEMBERS:
        for call in list(w.ua(number).calls.values()):
            w.hang_up(w.ua(number), call)
    w.assert_over()
