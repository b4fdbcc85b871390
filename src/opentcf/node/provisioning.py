"""Subscribers and groups that people changed while the node runs. They are kept in the store, over the configuration.

A number that was ever changed here is what was said here last, whatever the configuration says of it; one that was
removed stays removed. `forget` gives a number back to the configuration.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Generic, TypeVar

from opentcf.model.group import Group, Member, SetUp
from opentcf.model.numbers import Aor
from opentcf.model.subscriber import Preemptible, Right, Role, Subscriber
from opentcf.node.orders import Value
from opentcf.node.settings import Settings
from opentcf.services.context import Context

S = TypeVar("S", Subscriber, Group)


class Roll(Generic[S]):
    """One kind: what was said of each number; None when it was removed."""

    def __init__(
        self,
        ctx: Context,
        kind: str,
        row: Callable[[S], Value],
        read: Callable[[Aor, Mapping[str, Value]], S],
    ) -> None:
        self._ctx = ctx
        self._kind = kind
        self._row: Callable[[S], Value] = row
        self._read: Callable[[Aor, Mapping[str, Value]], S] = read
        self.said: dict[str, S | None] = {}

    def load(self, rows: Mapping[str, Value]) -> None:
        """Go on from what the store held."""
        domain = self._ctx.directory.domain
        for number, row in rows.items():
            self.said[number] = None if row.get("removed") else self._read(Aor(number, domain), row)

    def put(self, entry: S) -> None:
        """Say this of its number."""
        self.said[entry.aor.number] = entry
        self._ctx.save(self._kind, entry.aor.number, self._row(entry))

    def remove(self, number: str) -> None:
        """Say that there is none."""
        self.said[number] = None
        self._ctx.save(self._kind, number, {"v": 1, "removed": True})

    def forget(self, number: str) -> bool:
        """Say nothing of it any more; False when nothing was said."""
        known = number in self.said
        if known:
            del self.said[number]
            self._ctx.save(self._kind, number, None)
        return known

    def source(self, number: str) -> str:
        """Who says what this number is: `store` or `configuration`."""
        return "store" if number in self.said else "configuration"

    def over(self, configured: Iterable[S], taken: frozenset[str]) -> tuple[S, ...]:
        """All there are; configured ones yield to what was said, of this kind or (`taken`) of the other."""
        hidden = self.said.keys() | taken
        kept = [one for one in configured if one.aor.number not in hidden]
        kept += [one for one in self.said.values() if one is not None]
        return tuple(kept)

    @property
    def present(self) -> frozenset[str]:
        """The numbers that exist because that was said here."""
        return frozenset(number for number, one in self.said.items() if one is not None)


class Provisioning:
    """Both kinds."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self.subscribers: Roll[Subscriber] = Roll(ctx, "subscriber", _subscriber_row, _read_subscriber)
        self.groups: Roll[Group] = Roll(ctx, "group", _group_row, _read_group)

    def load(self, subscribers: Mapping[str, Value], groups: Mapping[str, Value]) -> None:
        """Go on from what the store held."""
        self.subscribers.load(subscribers)
        self.groups.load(groups)

    def apply(self, settings: Settings) -> None:
        """Tell the directory who there is."""
        subscribers, groups = self.subscribers, self.groups
        self._ctx.directory.configure(
            subscribers.over(settings.subscribers, groups.present),
            groups.over(settings.groups, subscribers.present),
            settings.peers,
        )


def _subscriber_row(subscriber: Subscriber) -> dict[str, Value]:
    roaming = subscriber.roaming
    return {
        "v": 1,
        "name": subscriber.name,
        "ha1": None if subscriber.ha1 is None else dict(subscriber.ha1),
        "role": subscriber.role.value,
        "priority": subscriber.priority,
        "roaming": roaming if isinstance(roaming, bool) else sorted(roaming),
        "preemptible": subscriber.preemptible.value,
        "rights": sorted(right.value for right in subscriber.rights),
    }


def _read_subscriber(aor: Aor, row: Mapping[str, Value]) -> Subscriber:
    roaming = row["roaming"]
    return Subscriber(
        aor,
        row["name"],
        row["ha1"],
        Role(row["role"]),
        row["priority"],
        roaming if isinstance(roaming, bool) else frozenset(roaming),
        Preemptible(row["preemptible"]),
        frozenset(Right(right) for right in row["rights"]),
    )


_PLAIN = (
    "name", "hang_time", "talk_time", "max_duration", "queue_length", "preemption", "owner_release", "priority",
)  # fmt: skip
"""Settings of a group that are stored as they are."""


def _group_row(group: Group) -> dict[str, Value]:
    members = [[str(member.aor), member.priority, member.listen_only] for member in group.members]
    plain = {name: getattr(group, name) for name in _PLAIN}
    return {"v": 1, "members": members, "setup": group.setup.value, **plain}


def _read_group(aor: Aor, row: Mapping[str, Value]) -> Group:
    members = tuple(Member(Aor.parse(uri), priority, listen) for uri, priority, listen in row["members"])
    return Group(aor, members=members, setup=SetUp(row["setup"]), **{name: row[name] for name in _PLAIN})
