"""How memberships and the pair of a group and its member stand in the store."""

from opentcf.model.group import Membership
from opentcf.model.numbers import Aor
from opentcf.sip.outbox import Value

Place = tuple[Aor, Aor]
"""A group and its member."""


def key(place: Place) -> str:
    """As text: the group first."""
    return f"{place[0]} {place[1]}"


def place(text: str) -> Place:
    """The reverse."""
    group, _, user = text.partition(" ")
    return Aor.parse(group), Aor.parse(user)


def plain(memberships: list[Membership]) -> list[list[Value]]:
    """Memberships as plain values."""
    return [[str(m.group), m.name, m.priority] for m in memberships]


def memberships(rows: list[list[Value]]) -> list[Membership]:
    """The reverse."""
    return [Membership(Aor.parse(group), name, priority) for group, name, priority in rows]
