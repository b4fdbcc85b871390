"""V: who hung up, where its part in the group's call has ended and the call may go on elsewhere (profile 7)."""

from opentcf.model.numbers import Aor
from opentcf.services.context import Context
from opentcf.sip.outbox import Value

HUNG_UP = "hung_up"
"""The kind of its rows in the store: one a group."""
GROUPS = 1024
"""Of how many groups this is remembered; the oldest goes first."""


class HungUp:
    """By group: the OnlineCallID, and who left that call. Another call of the group is news to them again."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._left: dict[Aor, tuple[str, frozenset[Aor]]] = {}

    def load(self, rows: dict[str, Value]) -> None:
        """What the store held."""
        for group, row in rows.items():
            self._left[Aor.parse(group)] = row["call"], frozenset(map(Aor.parse, row["users"]))

    def remember(self, group: Aor, call: str, users: set[Aor]) -> None:
        """Our part in the call is over."""
        self._put(group, call, frozenset(users))
        while len(self._left) > GROUPS:
            self._put(next(iter(self._left)), "", frozenset())

    def of(self, group: Aor, call: str) -> frozenset[Aor]:
        """Who hung up in this call."""
        before, users = self._left.get(group, ("", frozenset()))
        return users if before == call else frozenset()

    def take(self, group: Aor, call: str) -> frozenset[Aor]:
        """The same, for the part in this call that begins."""
        users = self.of(group, call)
        self._put(group, "", frozenset())
        return users

    def forgive(self, group: Aor, user: Aor) -> None:
        """He registered anew: he may be called again."""
        call, users = self._left.get(group, ("", frozenset()))
        if user in users:
            self._put(group, call, users - {user})

    def _put(self, group: Aor, call: str, users: frozenset[Aor]) -> None:
        known = self._left.pop(group, None)
        if users:
            self._left[group] = call, users
            row: Value = {"v": 1, "call": call, "users": sorted(map(str, users))}
            self._ctx.save(HUNG_UP, str(group), row)
        elif known is not None:
            self._ctx.save(HUNG_UP, str(group), None)
