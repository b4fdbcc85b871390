"""G: the temporary groups, each until its expiry; what a regroup makes of them."""

from dataclasses import replace

from opentcf.btrunc.regroup import Regroup
from opentcf.model.cause import Decline
from opentcf.model.group import Group, Member, RegroupAction
from opentcf.model.numbers import Aor
from opentcf.services.context import Context
from opentcf.sip.outbox import Value
from opentcf.sip.timers import Timer
from opentcf.sip.transaction import Owner

NAME = "regrouping"
GROUP, EXPIRE = "temporary_group", "expire"
LASTS, LONGEST = 86_400, 30 * 86_400
"""Seconds that a temporary group lasts: when the dispatcher does not say, and at most."""
MOST_GROUPS, MOST_MEMBERS = 1_000, 2_000


class TemporaryGroups:
    """They live in the directory beside the configured ones; here is what ends them."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._expires: dict[str, float] = {}
        self._timers: dict[str, Timer] = {}

    def change(self, group: Aor, wish: Regroup) -> tuple[Aor, ...]:
        """Make, change or end a group, and name whose membership that is about; Decline 404, 413, 488 or 503."""
        before = self._known(group, wish.action)
        if before is None:
            known = self._members_known(wish)
            self._put(
                Group(group, wish.name or "", known, priority=wish.priority or 255), wish.expires or LASTS
            )
            return tuple(member.aor for member in wish.members)
        if wish.action is RegroupAction.DELETE:
            self.end(group)
            return tuple(member.aor for member in before.members)
        members = {member.aor: member for member in before.members}
        for member in wish.members if wish.action is RegroupAction.REMOVE else self._members_known(wish):
            if wish.action is RegroupAction.REMOVE:
                members.pop(member.aor, None)
            else:
                members[member.aor] = member
        self._put(self._settled(before, wish, tuple(members.values())), wish.expires)
        return tuple(member.aor for member in wish.members)

    def _known(self, group: Aor, action: RegroupAction) -> Group | None:
        """The group that is to be changed; None when it is to be made."""
        directory = self._ctx.directory
        found = directory.temporary(group)
        if directory.subscriber(group) is not None or (found is None and directory.group(group) is not None):
            raise Decline(488, f"{group.number} is the number of a subscriber or a static group")
        if action is not RegroupAction.CREATE:
            if found is None:
                raise Decline(404, f"{group} is no temporary group")
            return found
        if found is not None:
            raise Decline(488, f"{group} exists")
        if len(self._expires) >= MOST_GROUPS:
            self._ctx.meters.count("opentcf_refused_total", "max_temporary_groups")
            raise Decline(503, "too many temporary groups")
        return None

    def _members_known(self, wish: Regroup) -> tuple[Member, ...]:
        """Without the numbers of which nobody here knows whose they are."""
        return tuple(member for member in wish.members if self.knows(member.aor))

    def knows(self, user: Aor) -> bool:
        """Is it a subscriber of ours, or one of a TCF that we know?"""
        directory = self._ctx.directory
        if directory.is_home(user):
            return directory.subscriber(user) is not None
        return directory.peer(user.domain) is not None

    @staticmethod
    def _settled(before: Group, wish: Regroup, members: tuple[Member, ...]) -> Group:
        if len(members) > MOST_MEMBERS:
            raise Decline(413, f"a group of more than {MOST_MEMBERS} members")
        name = before.name if wish.name is None else wish.name
        priority = before.priority if wish.priority is None else wish.priority
        return replace(before, name=name, priority=priority, members=members)

    def _put(self, group: Group, expires: int | None) -> None:
        number = group.aor.number
        if expires is not None:
            self._expires[number] = self._ctx.wall + min(max(expires, 1), LONGEST)
        self._ctx.directory.put_temporary(group)
        self._arm(number)
        self._ctx.save(GROUP, number, _row(group, self._expires[number]))

    def _arm(self, number: str) -> None:
        timer = self._timers.pop(number, None)
        if timer is not None:
            timer.cancel()
        left = self._expires[number] - self._ctx.wall
        self._timers[number] = self._ctx.start(max(0.0, left), Owner(NAME, number, EXPIRE))

    def end(self, group: Aor) -> None:
        """It is over."""
        self._expires.pop(group.number, None)
        timer = self._timers.pop(group.number, None)
        if timer is not None:
            timer.cancel()
        self._ctx.directory.drop_temporary(group)
        self._ctx.save(GROUP, group.number, None)

    def expires(self, number: str) -> float | None:
        """When a temporary group ends, wall seconds; None for any other number."""
        return self._expires.get(number)

    def load(self, rows: dict[str, Value]) -> None:
        """Go on from what the store held."""
        for number, row in rows.items():
            members = tuple(Member(Aor.parse(user), priority) for user, priority in row["members"])
            group = Group(
                Aor(number, self._ctx.directory.domain), row["name"], members, priority=row["priority"]
            )
            self._expires[number] = row["expires"]
            self._ctx.directory.put_temporary(group)
            self._arm(number)


def _row(group: Group, expires: float) -> dict[str, Value]:
    members = [[str(member.aor), member.priority] for member in group.members]
    return {"v": 1, "name": group.name, "priority": group.priority, "members": members, "expires": expires}
