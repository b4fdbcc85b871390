"""A request that goes to many legs is rendered once: what they share is bytes, each leg's own fields are put in."""

from collections.abc import Callable, Hashable
from typing import NamedTuple

from opentcf.sip.headers import Headers
from opentcf.sip.render import render_fields


class Shared(NamedTuple):
    """Fields that several requests have in common, as values and as bytes."""

    headers: Headers
    rendered: bytes


class Fan:
    """One request on its way to many legs. Legs of one kind (same wire table, same address of ours) share bytes."""

    __slots__ = ("_kinds",)

    def __init__(self) -> None:
        self._kinds: dict[Hashable, Shared] = {}

    def shared(self, kind: Hashable, make: Callable[[], Headers]) -> Shared:
        """What legs of that kind share; the first of them makes it."""
        found = self._kinds.get(kind)
        if found is None:
            headers = make()
            found = self._kinds[kind] = Shared(headers, render_fields(headers))
        return found
