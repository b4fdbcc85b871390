"""Random short messages among calls, moves, bad links and restarts.

Never one twice; none that was acknowledged is lost; one whose outcome nobody knows is an error.
"""

import os
from collections import Counter
from typing import NamedTuple

import pytest
from tests.services.group_world import AUDIO, MEMBERS, GroupWorld
from tests.world import Core

from opentcf.sip.outbox import Value

SEEDS = 200 if os.environ.get("WORLD") == "full" else 20
AT = {"1001": 2, "1002": 1, "2001": 3, "2002": 3, "3001": 2, "4001": 4}
GROUP = "8001"


class Sent(NamedTuple):
    sender: str
    to: str
    msgid: str


class TextWorld(GroupWorld):
    """Terminals that write, and what they wrote."""

    def __init__(self, seed: int) -> None:
        super().__init__(at=AT, seed=seed)
        self.sent: list[Sent] = []

    def write(self, number: str) -> None:
        """A new message, or one of the last again."""
        mine = [sent for sent in self.sent[-10:] if sent.sender == number]
        if mine and self.random.random() < 0.3:
            sent = self.random.choice(mine)
        else:
            to = self.random.choice([n for n in MEMBERS if n != number] + [GROUP, GROUP])
            sent = Sent(number, to, f"m{len(self.sent)}")
        self.sent.append(sent)
        ua, domain = self.ua(number), "core1" if sent.to == GROUP else f"core{sent.to[0]}"
        ua.message(f"{sent.to}@{domain}.example", "hello", self.now, msgid=sent.msgid, group=sent.to == GROUP)
        self.touch(ua)

    def read(self) -> Counter[tuple[str, Sent]]:
        """Who read what, how often."""
        found: Counter[tuple[str, Sent]] = Counter()
        for number, ua in self.terminals.items():
            for event in ua.events:
                if event.name == "message" and event.page is not None and event.page.msgid:
                    to = event.page.group.partition("@")[0] or number
                    found[number, Sent(event.page.sender.partition("@")[0], to, event.page.msgid)] += 1
        return found

    def results(self, sent: Sent) -> list[int]:
        """Every answer that the sender got."""
        events = self.ua(sent.sender).events
        return [event.status for event in events if event.page is not None and event.page.key == sent.msgid]

    def rows(self, core: Core, role: str) -> dict[Sent, dict[str, Value]]:
        """Group messages at a TCF in a role: recipient → what became of it."""
        self.command(core.number, "messages")
        found = {}
        for row in core.replies[-1].value["items"]:
            if row["roles"] == [role]:
                sent = Sent(row["sender"].partition("@")[0], row["called"].partition("@")[0], row["msgid"])
                found[sent] = {r.get("peer") or r["party"]: r for r in row["recipients"]}
        return found


def act(w: TextWorld) -> None:
    """One thing that a person, or fate, does."""
    number = w.random.choice(MEMBERS)
    ua = w.ua(number)
    what = w.random.choices(("write", "call", "hang up", "move", "restart"), (20, 3, 3, 2, 2))[0]
    if what == "write":
        w.write(number)
    elif what == "call" and not ua.calls:
        if w.random.random() < 0.5:
            w.dial(number, AUDIO)
        else:
            w.call(ua, w.random.choice([n for n in MEMBERS if n != number]))
    elif what == "hang up" and ua.calls:
        w.hang_up(ua, w.random.choice(list(ua.calls.values())))
    elif what == "move":
        w.move(ua, w.random.choice((1, 2, 3, 4)))
    elif what == "restart":
        core = w.random.choice((1, 2, 3, 4))
        w.crash(core)
        w.after(w.random.choice((0.0, 0.5, 3.0)), lambda: w.restart(core))


def twice(w: TextWorld) -> list[str]:
    return [f"{number} read {sent} {count} times" for (number, sent), count in w.read().items() if count > 1]


def lost(w: TextWorld) -> list[str]:
    """Acknowledged, and nobody read it."""
    read, found = w.read(), []
    master = w.rows(w.cores[1], "G")
    visited = {core.domain: w.rows(core, "V") for core in w.running()}
    for sent in dict.fromkeys(w.sent):
        if 200 not in w.results(sent):
            continue
        if sent.to != GROUP:
            found += [] if read[sent.to, sent] else [f"{sent} was acknowledged and is lost"]
        elif sent not in master:
            found.append(f"{sent} was accepted, the master knows nothing of it")
        else:
            found += lost_in_group(sent, master[sent], visited, read)
    return found


def lost_in_group(
    sent: Sent, recipients: dict[str, Value], visited: dict[str, dict[Sent, dict[str, Value]]], read: Counter
) -> list[str]:
    """Every member is accounted for: he read it, or somebody says that he did not or that it is not known."""
    found = []
    for domain, row in recipients.items():
        if row["result"] == "waiting":
            found.append(f"{sent} is still on its way to {domain}")
        if row["result"] != "accepted":
            continue
        at_v = visited[domain].get(sent)
        if at_v is None:
            found.append(f"{domain} took {sent} and knows nothing of it")
            continue
        for party, result in at_v.items():
            number = party.partition("@")[0]
            if result["result"] == "waiting" or (result["result"] == "delivered" and not read[number, sent]):
                found.append(f"{domain} says {result['result']} of {sent} for {party}")
    return found


def unanswered(w: TextWorld) -> list[str]:
    """Each time that somebody wrote he hears what became of it."""
    return [
        f"{sent} was sent {count} times, answers: {w.results(sent)}"
        for sent, count in Counter(w.sent).items()
        if len(w.results(sent)) != count
    ]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SEEDS))
def test_random_messages(seed):
    w = TextWorld(seed)
    w.link = w.link._replace(loss=0.05, double=0.05, reorder=0.05)
    for _ in range(60):
        act(w)
        w.run(w.random.choice((0.01, 0.05, 0.3, 1.0)))
        if found := twice(w):
            w.fail("a message came twice", found)
    w.link = w.link._replace(loss=0.0, double=0.0, reorder=0.0)
    w.run(100.0)
    if found := twice(w) + lost(w) + unanswered(w):
        w.fail("messages went astray", found)
