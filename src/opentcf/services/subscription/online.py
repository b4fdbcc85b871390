"""The calls that run here, as the facts of their procedures tell. Kept only while somebody watches calls."""

from collections.abc import Iterable

from opentcf.btrunc.events import Part
from opentcf.model.facts import CallChanged, GroupCallChanged
from opentcf.model.numbers import Aor

ENDED = "ended"


class Online:
    """Calls by OnlineCallID. One that passes here twice (caller's and called user's side) is one call."""

    def __init__(self) -> None:
        self._private: dict[str, dict[str, CallChanged]] = {}
        self._groups: dict[Aor, GroupCallChanged] = {}
        self._group_of: dict[str, Aor] = {}
        self._of_user: dict[Aor, dict[str, None]] = {}

    def put_private(self, fact: CallChanged) -> None:
        """It is as the fact says."""
        parts = self._private.setdefault(fact.id, {})
        parts.pop(fact.key, None)
        if fact.state != ENDED:
            parts[fact.key] = fact
        if not parts:
            del self._private[fact.id]
        for user in (fact.caller, fact.called):
            self._enter(user, fact.id, inside=bool(parts))

    def put_group(self, fact: GroupCallChanged) -> GroupCallChanged | None:
        """It is as the fact says; returns how it was."""
        before = self._groups.pop(fact.group, None)
        if before is not None:
            self._group_of.pop(before.id, None)
            for user in people(before):
                self._enter(user, before.id, inside=False)
        if fact.state != ENDED:
            self._groups[fact.group] = fact
            self._group_of[fact.id] = fact.group
            for user in people(fact):
                self._enter(user, fact.id, inside=True)
        return before

    def group(self, group: Aor) -> GroupCallChanged | None:
        """The call of a group."""
        return self._groups.get(group)

    def groups(self) -> Iterable[Aor]:
        """Groups in a call."""
        return self._groups.keys()

    def users(self) -> Iterable[Aor]:
        """Users in a call."""
        return self._of_user.keys()

    def calls(self) -> list[str]:
        """Every call."""
        return [*self._private, *self._group_of]

    def call(self, identifier: str) -> CallChanged | GroupCallChanged | None:
        """One call. Of one that passes here twice, the side that told last."""
        parts = self._private.get(identifier)
        if parts:
            return next(reversed(parts.values()))
        group = self._group_of.get(identifier)
        return self._groups[group] if group is not None else None

    def parts(self, user: Aor) -> list[Part]:
        """What a user is in."""
        found = [(identifier, self.call(identifier)) for identifier in sorted(self._of_user.get(user, ()))]
        return [_part(user, call) for _, call in found if call is not None]

    def clear(self) -> None:
        """Nobody watches any more."""
        for table in (self._private, self._groups, self._group_of, self._of_user):
            table.clear()

    def _enter(self, user: Aor, identifier: str, *, inside: bool) -> None:
        calls = self._of_user.setdefault(user, {})
        if inside:
            calls[identifier] = None
        else:
            calls.pop(identifier, None)
        if not calls:
            del self._of_user[user]


def people(call: GroupCallChanged) -> set[Aor]:
    """Who is in a group's call."""
    return {*call.listeners, *(() if call.talker is None else (call.talker,))}


def _part(user: Aor, call: CallChanged | GroupCallChanged) -> Part:
    if isinstance(call, CallChanged):
        role, other = ("caller", call.called) if user == call.caller else ("called", call.caller)
    else:
        role, other = "talker" if user == call.talker else "listener", call.group
    return Part(call.id, int(call.call_type), call.state, role, other)
