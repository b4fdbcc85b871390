"""What is written down of calls: one record when a leg is over and one when the call is, for billing and reports."""

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
    """The final status of what was not answered."""
    released_by: str = ""
    """Who ended it: the far end's number, or the domain of this TCF (a timer, a command, a peer that is down)."""
    talks: int = 0
    talk_seconds: float = 0.0
    talkers: str = ""
    """Of a call of a group at its master: who talked how long, `1001@core1.example=12.3 …`."""


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

    @classmethod
    def of(cls, setup: CallSetup, role: str, caller: Aor | None, called: Aor, *, group: bool) -> "About":
        """A call as it was set up."""
        kind, who = setup.call_type.name.lower(), str(caller or "")
        return cls(setup.online_call_id, kind, role, who, str(called), setup.priority, setup.emergency, group)


class LegAccount(NamedTuple):
    """A leg that is not over."""

    party: str
    peer: str
    direction: str
    sip_call_id: str
    start: float
    answer: float | None = None


class Account:
    """One call at this TCF, or one half of it. `talked`: user → bursts and seconds; who `talks` does so `since`."""

    __slots__ = ("about", "answer", "by", "by_at", "ended", "legs", "since", "start", "talked", "talks")

    def __init__(self, start: float) -> None:
        self.about: About | None = None
        self.start = start
        self.answer: float | None = None
        self.legs: dict[str, LegAccount] = {}
        self.by = ""
        self.by_at = 0.0
        self.ended = 0.0
        self.talks = ""
        self.since = 0.0
        self.talked: dict[str, tuple[int, float]] = {}

    def talk(self, user: str, now: float) -> None:
        """Who talks from now on; empty: nobody."""
        if user == self.talks:
            return
        if self.talks:
            bursts, seconds = self.talked.get(self.talks, (0, 0.0))
            self.talked[self.talks] = (bursts + 1, seconds + now - self.since)
        self.talks, self.since = user, now

    def record(self) -> Row:
        """For the store."""
        row: Row = {name: getattr(self, name) for name in _KEPT}
        about = list(self.about) if self.about is not None else None
        talked = {user: list(spent) for user, spent in self.talked.items()}
        return row | {
            "about": about,
            "legs": {k: list(leg) for k, leg in self.legs.items()},
            "talked": talked,
        }

    @classmethod
    def read(cls, row: Row) -> "Account":
        """The same again."""
        kept = {name: row[name] for name in _KEPT}
        account = cls(kept.pop("start"))
        about = kept.pop("about")
        account.about = About(*about) if about is not None else None
        account.legs = {key: LegAccount(*leg) for key, leg in kept.pop("legs").items()}
        account.talked = {user: (bursts, seconds) for user, (bursts, seconds) in kept.pop("talked").items()}
        for name, value in kept.items():
            setattr(account, name, value)
        return account


_KEPT = ("about", "answer", "by", "by_at", "ended", "legs", "since", "start", "talked", "talks")
