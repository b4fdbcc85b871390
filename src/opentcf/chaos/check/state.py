"""Nothing that was acknowledged is lost: what nodes say of themselves is what acknowledgements allow.

An operation that was not acknowledged may have been done or not; until one is acknowledged again, both are allowed.
"""

from collections.abc import Callable, Iterator
from typing import Any

from opentcf.chaos.cast import domain, home, name
from opentcf.chaos.check.verdict import Story, Verdict, Violation
from opentcf.chaos.history import Entry, Kind

Value = frozenset[str] | str | None
Change = Callable[[Value], Value]


class Allowed:
    """The values that one thing may have."""

    def __init__(self, value: Value) -> None:
        self.values: set[Value] = {value}
        self.proof: list[Entry] = []
        self._before: list[tuple[float, set[Value]]] = []
        self._open: dict[str, Change] = {}

    def attempt(self, key: str, change: Change, entry: Entry) -> None:
        """It may be done from now on."""
        self._open[key] = change
        self._become(self.values | {change(value) for value in self.values}, entry)

    def acknowledge(self, key: str, entry: Entry) -> None:
        """It is done; what is not acknowledged yet may be done after it."""
        change = self._open.pop(key, None)
        if change is None:
            return
        values = {change(value) for value in self.values}
        for other in self._open.values():
            values |= {other(value) for value in values}
        self._become(values, entry)

    def forget(self, *keys: str) -> None:
        """It was refused, or is too old: it may have been done, and will not be any more."""
        for key in keys or tuple(self._open):
            self._open.pop(key, None)

    def since(self, asked: float) -> set[Value]:
        """All that could be said by a node that was asked then and has answered now."""
        return self.values.union(*(values for at, values in self._before if at >= asked))

    def _become(self, values: set[Value], entry: Entry) -> None:
        self._before = [*self._before[-9:], (entry.at, self.values)]
        self.values = values
        self.proof = [*self.proof[-3:], entry]


def _set(value: Value) -> Change:
    return lambda before: value


# --- bindings


def bindings(story: Story) -> Verdict:
    """H knows where its users are."""
    users = {user: Allowed(None) for user in (*story.cast.everybody, story.cast.dispatcher)}
    judged, wrong = 0, list[Violation]()
    for entry in story.entries:
        if entry.kind is Kind.STATE and entry.what == "registrations":
            judged += 1
            wrong += list(_bindings_of(users, entry))
        elif entry.who in users:
            _follow_binding(users[entry.who], entry)
    return Verdict("no acknowledged binding is lost", judged, tuple(wrong))


def _follow_binding(allowed: Allowed, entry: Entry) -> None:
    key = str(entry.about.get("core", ""))
    match entry.kind, entry.what:
        case Kind.DID, "register":
            allowed.forget()
            allowed.attempt(key, _set(domain(int(key))), entry)
        case Kind.DID, "unregister":
            allowed.forget()
            allowed.attempt("gone", _set(None), entry)
        case Kind.HEARD, "registered" | "refreshed":
            allowed.acknowledge(key, entry)
        case Kind.HEARD, "unregistered":
            allowed.acknowledge("gone", entry)


def _bindings_of(users: dict[str, Allowed], entry: Entry) -> Iterator[Violation]:
    rows: dict[str, str] = entry.about["rows"]
    for user, allowed in users.items():
        if name(home(user)) == entry.who and rows.get(user) not in allowed.since(_asked(entry)):
            text = f"{entry.who} has {user} {_at(rows.get(user))}, allowed: {_shown(allowed)}"
            yield Violation(text, (*allowed.proof, entry))


def _asked(entry: Entry) -> float:
    return float(entry.about.get("asked", entry.at))


def _at(visited: str | None) -> str:
    return f"at {visited}" if visited else "nowhere"


def _shown(allowed: Allowed) -> str:
    return " or ".join(sorted(str(_list(value)) for value in allowed.values))


def _list(value: Value) -> Any:
    return sorted(value) if isinstance(value, frozenset) else value


# --- what dispatchers order

STATES = {"stun": "stunned", "revive": "normal"}


def user_states(story: Story) -> Verdict:
    """H knows who is stunned."""
    users = {user: Allowed("normal") for user in story.cast.everybody}
    judged, wrong = 0, list[Violation]()
    for entry, orders in _with_orders(story):
        if entry.kind is Kind.STATE and entry.what == "subscribers":
            judged += 1
            wrong += list(_states_of(users, entry))
        elif entry.kind is Kind.DID and entry.what in STATES:
            users[entry.about["to"]].attempt(entry.about["msgid"], _set(STATES[entry.what]), entry)
        elif (order := orders.get(str(entry.about.get("msgid")))) is not None and order.what in STATES:
            _answered(users[order.about["to"]], entry)
    return Verdict("no acknowledged stun or revive is lost", judged, tuple(wrong))


def _states_of(users: dict[str, Allowed], entry: Entry) -> Iterator[Violation]:
    for user, state in entry.about["rows"].items():
        if user in users and state not in users[user].since(_asked(entry)):
            text = f"{entry.who} has {user} {state}, allowed: {_shown(users[user])}"
            yield Violation(text, (*users[user].proof, entry))


def _with_orders(story: Story) -> Iterator[tuple[Entry, dict[str, Entry]]]:
    """Every entry with the orders that were given until then."""
    orders: dict[str, Entry] = {}
    for entry in story.entries:
        if entry.kind is Kind.DID and "msgid" in entry.about:
            orders[entry.about["msgid"]] = entry
        yield entry, orders


def _answered(allowed: Allowed, entry: Entry) -> None:
    if entry.kind is Kind.HEARD and entry.what == "delivered":
        allowed.acknowledge(entry.about["msgid"], entry)
    elif entry.kind is Kind.HEARD and entry.what == "refused":
        allowed.forget(entry.about["msgid"])


def temporary_groups(story: Story) -> Verdict:
    """G knows its temporary groups and their members."""
    groups = {group: Allowed(None) for group in story.cast.temporary}
    judged, wrong = 0, list[Violation]()
    for entry, orders in _with_orders(story):
        if entry.kind is Kind.STATE and entry.what == "groups":
            judged += 1
            wrong += list(_groups_of(groups, entry))
        elif entry.kind is Kind.DID and entry.what in _REGROUPS:
            change = _regrouping(entry.what, frozenset(entry.about["members"]))
            groups[entry.about["to"]].attempt(entry.about["msgid"], change, entry)
        elif (order := orders.get(str(entry.about.get("msgid")))) is not None and order.what in _REGROUPS:
            _answered(groups[order.about["to"]], entry)
    return Verdict("no acknowledged regroup is lost", judged, tuple(wrong))


_REGROUPS = ("create", "add", "remove", "delete")


def _regrouping(verb: str, members: frozenset[str]) -> Change:
    def change(before: Value) -> Value:
        if verb == "create":
            return members
        if verb == "delete":
            return None
        if not isinstance(before, frozenset):
            return before
        return before | members if verb == "add" else before - members

    return change


def _groups_of(groups: dict[str, Allowed], entry: Entry) -> Iterator[Violation]:
    rows: dict[str, list[str]] = entry.about["rows"]
    for group, allowed in groups.items():
        if name(home(group)) != entry.who:
            continue
        found = frozenset(rows[group]) if group in rows else None
        if found not in allowed.since(_asked(entry)):
            text = f"{entry.who} has {group} with {_list(found)}, allowed: {_shown(allowed)}"
            yield Violation(text, (*allowed.proof, entry))
