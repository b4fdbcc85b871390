"""Who is a member of what, and where: memberships from G to H to V, group locations from H to G (profile 3)."""

from opentcf.btrunc import registration as wire_registration
from opentcf.btrunc.extension import identity
from opentcf.btrunc.wire import Param
from opentcf.model.cause import Decline
from opentcf.model.facts import (
    Fact,
    GroupChanged,
    MemberLocated,
    MembershipChanged,
    MembershipTold,
    PeerLostState,
    PeerUp,
    Regrouped,
    UserBound,
    UserRefreshed,
    UserRegrouped,
    UserRevived,
    UserStunned,
    UserUnbound,
)
from opentcf.model.group import Group, Membership
from opentcf.model.numbers import Aor
from opentcf.model.registration import Attachment, RegType
from opentcf.services.context import NONE, Context, Facts, Incoming, peer_flow
from opentcf.services.group_info import rows
from opentcf.services.group_info.locations import Locations
from opentcf.services.group_info.reports import LOCATE, Reports
from opentcf.services.group_info.telling import TELL, Telling
from opentcf.services.leg import Happened
from opentcf.services.path import aor_uri
from opentcf.sip.errors import RemoteError
from opentcf.sip.outbox import Flow, Value
from opentcf.sip.transaction import Outcome, Owner

NAME = "group_info"
PASS = "pass"


class GroupInfo:
    """The procedure in its three roles."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._locations = Locations(ctx, NAME)
        self._telling = Telling(ctx, NAME)
        self._reports = Reports(ctx, NAME)
        self._versions: dict[Aor, dict[str, int]] = {}
        self._groups: dict[Aor, Group] | None = None

    def located(self, incoming: Incoming) -> Facts:
        """G: REGISTER from a member's home."""
        return self._locations.located(incoming)

    # --- G: telling the homes

    def announce(self) -> Facts:
        """At start and reload: every foreign member whose groups are others than his home was told."""
        groups = self._ctx.directory.groups()
        members = {member.aor for group in groups for member in group.members}
        for user in sorted(
            self._telling.users() | {user for user in members if not self._ctx.directory.is_home(user)}
        ):
            self._telling.update(user)
        return self._compare()

    def on_regrouped(self, fact: Regrouped) -> Facts:
        """A temporary group is another now, or is over."""
        facts: list[Fact] = []
        foreign = [user for user in fact.users if not self._ctx.directory.is_home(user)]
        for user in foreign:
            self._telling.update(user)
        facts += self._changed(fact.group)
        known = self._ctx.directory.group(fact.group)
        for user in foreign:
            if known is None or known.member(user) is None:
                self._locations.forget((fact.group, user))
            if self._telling.acked(user):
                facts.append(MembershipTold(user, 200))
            elif self._ctx.directory.peer(user.domain) is None or self._ctx.peer_is_down(user.domain):
                facts.append(MembershipTold(user, 0))
        return tuple(facts)

    def _compare(self) -> Facts:
        """After a reload: members of ours are told at their V-TCF, and who runs calls learns of changed groups."""
        before, now = self._groups, {group.aor: group for group in self._ctx.directory.groups()}
        if before is None:
            self._groups = now
            return NONE
        return self._changed(*sorted(before.keys() | now.keys()))

    def _changed(self, *groups: Aor) -> Facts:
        """Those of the groups that are others than they were."""
        before = self._groups if self._groups is not None else {}
        facts: list[Fact] = []
        changed: list[Fact] = []
        users: dict[Aor, None] = {}
        for aor in groups:
            was, now = before.get(aor), self._ctx.directory.group(aor)
            if was == now:
                continue
            changed.append(GroupChanged(aor))
            before.pop(aor, None) if now is None else before.update({aor: now})
            gone, new = set(_members(was)), set(_members(now))
            users.update(dict.fromkeys(sorted(gone ^ new)))
        for user in users:
            binding = self._ctx.directory.binding(user)
            if binding is not None:
                facts += self._pass_on(user, binding.visited, binding.contact)
            facts += self._regrouped(user)
        return (*facts, *changed)

    # --- H and V: being told

    def request(self, incoming: Incoming) -> Facts:
        """MESSAGE with a group information update, from a groups' master or from a visitor's home."""
        ctx, peer, ext = self._ctx, incoming.peer, incoming.extension
        assert peer is not None
        assert ext is not None
        to = incoming.request.to().uri
        user = identity(f"{to.user}@{to.host}", to.host)
        version = ext.number(Param.VERSION, 10**15) or 0
        groups = wire_registration.read_memberships(incoming.request, incoming.wire)
        if groups is None:
            raise RemoteError(400, "the membership body is missing")
        if ctx.directory.is_home(user):
            return self._told_by_master(incoming, user, peer.domain, version, groups)
        if user.domain != peer.domain:
            raise Decline(403, f"{peer.domain} is not the home of {user}")
        attachment = ctx.directory.attachment(user)
        ctx.respond(incoming, 200)
        return NONE if attachment is None else self._take(attachment, version, groups)

    def _told_by_master(
        self, incoming: Incoming, user: Aor, master: str, version: int, groups: list[Membership]
    ) -> Facts:
        ctx = self._ctx
        if ctx.directory.subscriber(user) is None:
            raise Decline(404, f"{user} is no subscriber here")
        if any(membership.group.domain != master for membership in groups):
            raise Decline(403, f"{master} is not the master of these groups")
        ctx.respond(incoming, 200)
        versions = self._versions.setdefault(user, {})
        if version < versions.get(master, 0):
            return NONE
        versions[master] = version
        gone = {m.group for m in ctx.directory.foreign_memberships(user) if m.group.domain == master}
        ctx.directory.learn_memberships(user, master, groups)
        ctx.save("membership", f"{user} {master}", [version, rows.plain(groups)])
        for group in sorted(gone - {membership.group for membership in groups}):
            self._reports.drop(group, user)
        binding = ctx.directory.binding(user)
        facts = self._regrouped(user)
        if binding is not None:
            self._reports.report_all(user, binding.visited, None)
            facts += self._pass_on(user, binding.visited, binding.contact)
        return facts

    def _regrouped(self, user: Aor) -> Facts:
        return (UserRegrouped(user),) if self._ctx.directory.is_home(user) else NONE

    def _pass_on(self, user: Aor, visited: str, contact: str) -> Facts:
        """H→V: a membership that changes while the user is registered goes on at once (profile 7)."""
        ctx = self._ctx
        groups = ctx.directory.memberships(user)
        version = max(self._versions.get(user, {}).values(), default=0)
        if visited == ctx.directory.domain:
            attachment = ctx.directory.attachment(user)
            return NONE if attachment is None else self._take(attachment, version, groups)
        peer = ctx.directory.peer(visited)
        if peer is not None and not ctx.peer_is_down(visited):
            request = ctx.new_request(
                "MESSAGE", contact, f"<sip:{ctx.directory.domain}>", f"<{aor_uri(user)}>"
            )
            wire_registration.write_group_update(request, ctx.peer_wire(visited), user, version, groups)
            ctx.request(request, peer_flow(peer), Owner(NAME, str(user), PASS))
        return NONE

    def _take(self, attachment: Attachment, version: int, groups: list[Membership]) -> Facts:
        """V: the terminal's groups are these now; a terminal that speaks the extension is told."""
        ctx = self._ctx
        attachment.groups = tuple((m.group.number, m.group.domain, m.name, m.priority) for m in groups)
        ctx.directory.attach(attachment)
        if attachment.ptt:
            user = attachment.user
            request = ctx.new_request(
                "MESSAGE", attachment.contact, f"<sip:{ctx.directory.domain}>", f"<{aor_uri(user)}>"
            )
            wire_registration.write_group_update(request, ctx.wire, user, version, groups)
            ctx.request(request, Flow(*attachment.flow), Owner(NAME, str(user), PASS))
        return (MembershipChanged(attachment.user),)

    # --- H: reporting locations to masters

    def on_user_bound(self, fact: UserBound) -> Facts:
        """H→G: every foreign master of his groups learns where he is; our own groups are told by a fact."""
        reg_type = RegType.HANDOVER if fact.handover else None
        self._reports.report_all(fact.user, fact.visited, reg_type)
        return self._own_groups(fact.user, fact.visited, fact.source if fact.handover else "")

    def on_user_refreshed(self, fact: UserRefreshed) -> Facts:
        """The expiry of a location is the binding's; who registers anew may be called back (profile 7)."""
        binding = self._ctx.directory.binding(fact.user)
        if binding is None:
            return NONE
        self._reports.report_all(fact.user, binding.visited, RegType.INITIAL if fact.anew else None)
        return self._own_groups(fact.user, binding.visited) if fact.anew else NONE

    def on_user_stunned(self, fact: UserStunned) -> Facts:
        """For the masters of his groups he is nowhere."""
        self._reports.withdraw(fact.user)
        return NONE

    def on_user_revived(self, fact: UserRevived) -> Facts:
        """They learn again where he is."""
        binding = self._ctx.directory.binding(fact.user)
        if binding is None:
            return NONE
        self._reports.report_all(fact.user, binding.visited, RegType.INITIAL)
        return self._own_groups(fact.user, binding.visited)

    def on_user_unbound(self, fact: UserUnbound) -> Facts:
        """His locations are withdrawn."""
        self._reports.withdraw(fact.user)
        return self._own_groups(fact.user, None)

    def _own_groups(self, user: Aor, visited: str | None, source: str = "") -> Facts:
        if visited is not None and not self._ctx.directory.in_service(user):
            return NONE
        groups = self._ctx.directory.groups_of(user)
        return tuple(MemberLocated(group.aor, user, visited, source) for group in groups)

    # --- what the node calls

    def outcome(self, outcome: Outcome) -> Facts:
        """An answer to what we told or reported."""
        if outcome.status < 200:
            return NONE
        if outcome.owner.purpose.startswith(TELL):
            return self._telling.answered(outcome)
        if outcome.owner.purpose.startswith(LOCATE):
            self._reports.answered(outcome)
        return NONE

    def timer(self, owner: Owner) -> Facts:
        """Something is to be sent again, or a location ran out."""
        if owner.purpose == TELL:
            self._telling.again(Aor.parse(owner.key))
        elif owner.purpose == LOCATE:
            self._reports.again(owner.key)
        else:
            return self._locations.expired(owner.key)
        return NONE

    def happened(self, happened: Happened) -> Facts:
        """There are no legs here."""
        return NONE

    def on_peer_up(self, fact: PeerUp) -> Facts:
        """What waited for the peer goes out."""
        self._telling.resume(fact.domain, anew=False)
        self._reports.resume(fact.domain)
        return NONE

    def on_peer_lost_state(self, fact: PeerLostState) -> Facts:
        """Memberships as G and locations as H are told anew (profile 5.1)."""
        self._telling.resume(fact.domain, anew=True)
        self._reports.resume(fact.domain)
        return NONE

    def load(
        self,
        told: dict[str, Value],
        memberships: dict[str, Value],
        locations: dict[str, Value],
        reports: dict[str, Value],
    ) -> Facts:
        """Go on from what the store held."""
        self._telling.load(told)
        for key, (version, found) in memberships.items():
            user_text, _, master = key.partition(" ")
            user = Aor.parse(user_text)
            self._versions.setdefault(user, {})[master] = version
            self._ctx.directory.learn_memberships(user, master, rows.memberships(found))
        self._locations.load(locations)
        self._reports.load(reports)
        return NONE


def _members(group: Group | None) -> list[Aor]:
    return [member.aor for member in group.members] if group is not None else []
