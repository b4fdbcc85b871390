"""What is written down of calls: one record when a leg is over and one when the call is, for billing and reports."""

from collections.abc import Collection
from typing import Any, NamedTuple

from opentcf.model.call import CallSetup
from opentcf.model.numbers import Aor

Row = dict[str, Any]


class CallRecord(NamedTuple):
    """One line. Times are wall seconds, None for what never happened; text that says nothing is empty."""

    record: str
    """Tells this line from all others; should a line ever stand twice, both bear the same."""
    node: str
    kind: str
    """`leg` or `call`."""
    call: str
    """The OnlineCallID, the same at all TCFs."""
    type: str
    role: str
    """What this TCF is in the call: `caller visited`, `caller home` …, `master` or `visited` of a group."""
    priority: int
    emergency: bool
    caller: str
    called: str
    party: str = ""
    """Of a leg: who is at its far end."""
    peer: str = ""
    """Of a leg: the TCF to which it leads; empty towards a terminal."""
    direction: str = ""
    """Of a leg: `in` or `out`, as its first INVITE went."""
    sip_call_id: str = ""
    start: float = 0.0
    answer: float | None = None
    end: float = 0.0
    cause: str = ""
    code: int | None = None
    """The final status of what was not answered: of a leg, or what the caller was told of the call."""
    released_by: str = ""
    """Who ended it: the far end's number, or the domain of this TCF (a timer, a command, a peer that is down)."""
    talks: int = 0
    talk_seconds: float = 0.0
    talkers: str = ""
    """Of a call with a floor: who talked how long, `1001@core1.example=12.3 …`."""
    waits: int = 0
    wait_seconds: float = 0.0
    """In the queue of the floor."""
    entry: str = ""
    """Of who was no party of the call and entered it by an order: `insertion` (强插) or `listening` (discreetly)."""


class About(NamedTuple):
    """What a procedure says of its call."""

    id: str
    type: str
    role: str
    caller: str
    called: str
    priority: int
    emergency: bool
    group: bool
    entry: str = ""

    @classmethod
    def of(
        cls,
        setup: CallSetup,
        role: str,
        caller: Aor | None,
        called: Aor | None,
        *,
        group: bool,
        entry: str = "",
    ) -> "About":
        """A call as it was set up, or (`entry`) the way of somebody into it."""
        kind, who, whom = setup.call_type.name.lower(), str(caller or ""), str(called or "")
        call_id, priority, emergency = setup.online_call_id, setup.priority, setup.emergency
        return cls(call_id, kind, role, who, whom, priority, emergency, group, entry)


class LegAccount(NamedTuple):
    """A leg that is not over."""

    party: str
    peer: str
    direction: str
    sip_call_id: str
    start: float
    answer: float | None = None
    entry: str = ""
    call: str = ""
    """Its OnlineCallID, where it has another one than the call: that of a target of a video forward."""


class Spent(NamedTuple):
    """What a user had of the floor and of its queue: how often, and for how many seconds."""

    talks: int = 0
    talk_seconds: float = 0.0
    waits: int = 0
    wait_seconds: float = 0.0

    def plus(self, other: "Spent") -> "Spent":
        """Both together."""
        return Spent(
            self.talks + other.talks,
            self.talk_seconds + other.talk_seconds,
            self.waits + other.waits,
            self.wait_seconds + other.wait_seconds,
        )


NOTHING = Spent()


class Account:
    """One call at this TCF, or one half of it. `code` is what the caller was refused with.

    `spent` is what each user had of the floor on the leg that he has now, `before` on those that are over; who
    `talks` does so `since`, who waits in the queue since what `waiting` says.
    """

    __slots__ = (
        "about", "answer", "before", "by", "by_at", "code", "ended", "legs", "since", "spent", "start", "talks",
        "waiting",
    )  # fmt: skip

    def __init__(self, start: float) -> None:
        self.about: About | None = None
        self.start = start
        self.answer: float | None = None
        self.legs: dict[str, LegAccount] = {}
        self.by = ""
        self.by_at = 0.0
        self.code = 0
        self.ended = 0.0
        self.talks = ""
        self.since = 0.0
        self.waiting: dict[str, float] = {}
        self.spent: dict[str, Spent] = {}
        self.before: dict[str, Spent] = {}

    def talk(self, user: str, now: float) -> bool:
        """Who talks from now on; empty: nobody. False when he does already."""
        if user == self.talks:
            return False
        self.settle(now)
        self.talks, self.since = user, now
        if user:
            self.waiting.pop(user, None)
            self._add(user, Spent(talks=1))
        return True

    def wait(self, users: Collection[str], now: float) -> bool:
        """Who waits from now on, and nobody else. False when it is they already."""
        if self.waiting.keys() == set(users):
            return False
        self.settle(now)
        for user in users:
            if user not in self.waiting:
                self._add(user, Spent(waits=1))
        self.waiting = dict.fromkeys(users, now)
        return True

    def settle(self, now: float) -> None:
        """What is going on counts as far as it has come."""
        if self.talks:
            self._add(self.talks, Spent(talk_seconds=now - self.since))
            self.since = now
        for user, since in self.waiting.items():
            self._add(user, Spent(wait_seconds=now - since))
            self.waiting[user] = now

    def leave(self, user: str) -> Spent:
        """A leg of his is over: what he had on it."""
        spent = self.spent.get(user, NOTHING)
        if spent != NOTHING:
            self.spent[user], self.before[user] = NOTHING, self.before.get(user, NOTHING).plus(spent)
        return spent

    def all_spent(self) -> dict[str, Spent]:
        """What each user had, on all his legs, in the order in which they came to the floor."""
        return {user: self.before.get(user, NOTHING).plus(spent) for user, spent in self.spent.items()}

    def _add(self, user: str, more: Spent) -> None:
        self.spent[user] = self.spent.get(user, NOTHING).plus(more)

    def record(self) -> Row:
        """For the store; of a call without a floor nothing is said of it."""
        row: Row = {name: getattr(self, name) for name in _KEPT}
        row["about"], row["legs"] = self.about, dict(self.legs)
        for name in _FLOOR:
            if found := getattr(self, name):
                row[name] = dict(found)
        return row

    @classmethod
    def read(cls, row: Row) -> "Account":
        """The same again."""
        account = cls(row["start"])
        for name in _KEPT:
            setattr(account, name, row.get(name, getattr(account, name)))
        about = row["about"]
        account.about = About(*about) if about is not None else None
        account.legs = {key: LegAccount(*leg) for key, leg in row["legs"].items()}
        account.waiting = dict(row.get("waiting", {}))
        account.before = {user: Spent(*spent) for user, spent in row.get("before", {}).items()}
        account.spent = {user: Spent(*spent) for user, spent in row.get("spent", {}).items()}
        if "talked" in row:
            account._read_talked(row["talked"])
        return account

    def _read_talked(self, talked: Row) -> None:
        """As older rows have it, where a talk counts when it is over."""
        self.spent = {user: Spent(talks, seconds) for user, (talks, seconds) in talked.items()}
        if self.talks:
            self._add(self.talks, Spent(talks=1))


_FLOOR = ("waiting", "spent", "before")
_KEPT = ("answer", "by", "by_at", "code", "ended", "since", "start", "talks")
