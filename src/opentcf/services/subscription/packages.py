"""The five event packages: which entries a watched number has, and how each is told.

A full state lists what is (who is registered, what runs); what it leaves out is not. One watched user or group is
always listed.
"""

from collections.abc import Iterator
from typing import NamedTuple

from opentcf.btrunc import events
from opentcf.btrunc.wire import Package
from opentcf.model.cause import Decline
from opentcf.model.directory import Directory
from opentcf.model.facts import CallChanged, GroupCallChanged
from opentcf.model.group import Membership
from opentcf.model.numbers import Aor
from opentcf.services.subscription.online import Online, people
from opentcf.services.subscription.subscription import Watched

OF_CALLS = frozenset((Package.USER_CALL, Package.GROUP_CALL, Package.ONLINE_CALL))
OF_USERS = frozenset((Package.REGISTER, Package.USER_CALL))


class Touch(NamedTuple):
    """An entry of a package changed; it interests those who watch one of `subjects`, and those who watch all."""

    package: Package
    key: str
    subjects: frozenset[Aor]


class Packages:
    """Entries of all packages, looked up when they are told."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self.online = Online()

    # --- what can be watched

    def check(self, package: Package, watched: Watched) -> None:
        """Decline 404 for a number that the package knows nothing of."""
        if watched.aor is None:
            return
        fits = package not in OF_USERS if watched.is_group else package is not Package.GROUP_CALL
        known = self._directory.group if watched.is_group else self._directory.subscriber
        if not fits or known(watched.aor) is None:
            raise Decline(404, f"{watched.aor} has no such status here")

    # --- entries

    def keys(self, package: Package, watched: Watched) -> list[str]:
        """All entries of what is watched."""
        return sorted(self._all(package) if watched.aor is None else self._one(package, watched.aor, watched))

    def _one(self, package: Package, aor: Aor, watched: Watched) -> list[str]:
        if package is Package.ONLINE_CALL:
            calls = [(identifier, self.online.call(identifier)) for identifier in self.online.calls()]
            return [identifier for identifier, call in calls if call is not None and aor in ends(call)]
        group = self._directory.group(aor) if watched.is_group else None
        if package is Package.MEMBERSHIP and group is not None:
            return [str(member.aor) for member in group.members]
        return [str(aor)]

    def _all(self, package: Package) -> list[str]:
        directory, online = self._directory, self.online
        match package:
            case Package.REGISTER:
                return [str(binding.user) for binding in directory.bindings()]
            case Package.USER_CALL:
                return [str(user) for user in online.users() if directory.is_home(user)]
            case Package.GROUP_CALL:
                return [str(group) for group in online.groups() if directory.is_home(group)]
            case Package.ONLINE_CALL:
                return online.calls()
            case _:
                users = [subscriber.aor for subscriber in directory.subscribers()]
                return [str(user) for user in users if directory.memberships(user)]

    def entry(self, package: Package, key: str, watched: Watched) -> str:
        """One entry, as it is now."""
        match package:
            case Package.REGISTER:
                return events.registration(Aor.parse(key), self._directory.binding(Aor.parse(key)))
            case Package.USER_CALL:
                return events.user_calls(Aor.parse(key), self.online.parts(Aor.parse(key)))
            case Package.GROUP_CALL:
                return events.group_call(Aor.parse(key), self.online.group(Aor.parse(key)))
            case Package.ONLINE_CALL:
                return events.online_call(key, self.online.call(key))
            case _:
                return events.memberships(Aor.parse(key), self._groups_of(Aor.parse(key), watched))

    def _groups_of(self, user: Aor, watched: Watched) -> list[Membership]:
        """Who watches a group hears of that group only, of members from other homes as well."""
        if not watched.is_group:
            return self._directory.memberships(user)
        own = self._directory.groups_of(user)
        return [Membership(g.aor, g.name, g.priority) for g in own if g.aor == watched.aor]

    # --- what facts touch

    def call_changed(self, fact: CallChanged) -> Iterator[Touch]:
        """A private call."""
        self.online.put_private(fact)
        yield Touch(Package.ONLINE_CALL, fact.id, ends(fact))
        for user in (fact.caller, fact.called):
            yield from self._user_call(user)

    def group_call_changed(self, fact: GroupCallChanged) -> Iterator[Touch]:
        """A group's call. Its users are touched where their part in it is another one."""
        before = self.online.put_group(fact)
        if before == fact:
            return
        if self._directory.is_home(fact.group):
            yield Touch(Package.GROUP_CALL, str(fact.group), frozenset((fact.group,)))
        now = self.online.group(fact.group)
        for call in (before, now):
            if call is not None:
                yield Touch(Package.ONLINE_CALL, call.id, ends(call))
        for user in sorted({part[0] for part in _parts(before) ^ _parts(now)}):
            yield from self._user_call(user)

    def _user_call(self, user: Aor) -> Iterator[Touch]:
        if self._directory.is_home(user):
            yield Touch(Package.USER_CALL, str(user), frozenset((user,)))


def ends(call: CallChanged | GroupCallChanged) -> frozenset[Aor]:
    """Whose call it is: the two users, or the group and who called it."""
    if isinstance(call, CallChanged):
        return frozenset((call.caller, call.called))
    return frozenset((call.group,) if call.caller is None else (call.group, call.caller))


def _parts(call: GroupCallChanged | None) -> set[tuple[Aor, str, str, bool]]:
    if call is None:
        return set()
    return {(user, call.id, call.state, user == call.talker) for user in people(call)}
