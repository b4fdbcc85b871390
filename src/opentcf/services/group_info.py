"""Who is a member of what, and where: memberships from G to H to V, group locations from H to G (profile 3)."""

from typing import NamedTuple

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
from opentcf.services.leg import Happened
from opentcf.services.path import aor_uri
from opentcf.sip.errors import RemoteError
from opentcf.sip.outbox import Flow, Value
from opentcf.sip.timers import Timer
from opentcf.sip.transaction import Outcome, Owner

NAME = "group_info"
TELL, LOCATE, EXPIRE, PASS = "tell", "locate", "expire", "pass"
AGAIN = 30.0
"""Seconds until what nobody answered is sent again."""


class Told:
    """G: what a foreign member's home was told of him, and whether it has answered."""

    __slots__ = ("acked", "memberships", "version")

    def __init__(self, version: int, memberships: list[Membership]) -> None:
        self.version = version
        self.memberships = memberships
        self.acked = False


class Location(NamedTuple):
    """G: where the home of a foreign member says he is. `expires` is the node's time."""

    visited: str
    call_id: str
    cseq: int
    expires: float


class Report:
    """H: the group location that a master was sent last."""

    __slots__ = ("call_id", "cseq", "expires", "reg_type", "timer", "visited")

    def __init__(self, call_id: str) -> None:
        self.call_id = call_id
        self.cseq = 0
        self.visited = ""
        self.expires = 0
        self.reg_type: RegType | None = None
        self.timer: Timer | None = None


class GroupInfo:
    """The procedure in its three roles."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._told: dict[Aor, Told] = {}
        self._locations: dict[tuple[Aor, Aor], Location] = {}
        self._expiries: dict[tuple[Aor, Aor], Timer] = {}
        self._reports: dict[tuple[Aor, Aor], Report] = {}
        self._versions: dict[Aor, dict[str, int]] = {}
        self._groups: dict[Aor, Group] | None = None

    # --- G: who is where

    def located(self, incoming: Incoming) -> Facts:
        """REGISTER from a member's home: a group location, third party (H→G)."""
        ctx, peer, ext, request = self._ctx, incoming.peer, incoming.extension, incoming.request
        assert peer is not None
        assert ext is not None
        to = request.to().uri
        gdn = ext.get(Param.GDN) or ""
        group = Aor(gdn, ctx.directory.domain) if "@" not in gdn else identity(gdn, ctx.directory.domain)
        member = ext.identity(Param.UDN, to.host) or identity(f"{to.user}@{to.host}", to.host)
        known = ctx.directory.group(group)
        if member.domain != peer.domain:
            raise Decline(403, f"{peer.domain} is not the home of {member}")
        expires = wire_registration.asked_expiry(request, int(ctx.durations.register))
        if expires and known is None:
            raise Decline(404, f"{group} is no group here")
        if expires and known is not None and known.member(member) is None:
            raise Decline(403, f"{member} is no member of {group}")
        visited = (request.headers.get("P-Visited-Network-ID") or peer.domain).strip('"').lower()
        said = ext.get(Param.REG_TYPE) is not None
        reg_type = wire_registration.read_reg_type(ext, incoming.wire) if said else RegType.REFRESH
        facts = self._locate(group, member, visited, expires, request.call_id(), request.cseq()[0], reg_type)
        response = request.respond(200, ctx.ids.token())
        response.headers.set("Expires", str(expires))
        ctx.reply(incoming, response)
        return facts

    def _locate(
        self, group: Aor, member: Aor, visited: str, expires: int, call_id: str, cseq: int, reg_type: RegType
    ) -> Facts:
        key = (group, member)
        before = self._locations.get(key)
        if before is not None and before.call_id == call_id and cseq < before.cseq:
            raise Decline(500, "CSeq is lower than before", (("Retry-After", "0"),))
        if expires == 0:
            self._forget_location(key)
            return (MemberLocated(group, member, None),) if before is not None else NONE
        self._stop_expiry(key)
        location = Location(visited, call_id, cseq, self._ctx.now + expires)
        self._put(key, location)
        wall = location.expires + self._ctx.wall_offset
        self._ctx.save("location", _key(key), [visited, call_id, cseq, wall])
        moved = before is None or before.visited != visited
        source = before.visited if before is not None and reg_type is RegType.HANDOVER else ""
        located = MemberLocated(group, member, visited, source)
        return (located,) if moved or reg_type is RegType.INITIAL else NONE

    def _forget_location(self, key: tuple[Aor, Aor]) -> None:
        self._stop_expiry(key)
        self._ctx.directory.locate(*key, None)
        if self._locations.pop(key, None) is not None:
            self._ctx.save("location", _key(key), None)

    def _stop_expiry(self, key: tuple[Aor, Aor]) -> None:
        timer = self._expiries.pop(key, None)
        if timer is not None:
            timer.cancel()

    def _put(self, key: tuple[Aor, Aor], location: Location) -> None:
        self._locations[key] = location
        self._ctx.directory.locate(*key, location.visited)
        self._expiries[key] = self._ctx.timers.start(location.expires, Owner(NAME, _key(key), EXPIRE))

    # --- G: telling the homes

    def announce(self) -> Facts:
        """At start and reload: every foreign member whose groups are others than his home was told."""
        groups = self._ctx.directory.groups()
        members = {member.aor for group in groups for member in group.members}
        for user in sorted(
            self._told.keys() | {user for user in members if not self._ctx.directory.is_home(user)}
        ):
            self._update(user)
        return self._compare()

    def _update(self, user: Aor) -> None:
        """Tell the home of a foreign member when his groups are others than it was told, or it has not answered."""
        told = self._told.get(user)
        groups = sorted(self._ctx.directory.groups_of(user), key=lambda group: group.aor)
        now = [Membership(group.aor, group.name, group.priority) for group in groups]
        if told is None or told.memberships != now:
            self._told[user] = Told((told.version if told else 0) + 1, now)
            self._save_told(user)
        if not self._told[user].acked:
            self._tell(user)

    def on_regrouped(self, fact: Regrouped) -> Facts:
        """A temporary group is another now, or is over."""
        facts: list[Fact] = []
        foreign = [user for user in fact.users if not self._ctx.directory.is_home(user)]
        for user in foreign:
            self._update(user)
        facts += self._changed(fact.group)
        known = self._ctx.directory.group(fact.group)
        for user in foreign:
            if known is None or known.member(user) is None:
                self._forget_location((fact.group, user))
            if self._told[user].acked:
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

    def _tell(self, user: Aor) -> None:
        """Nothing is sent to a peer known to be down: PeerUp sends it."""
        ctx, told = self._ctx, self._told[user]
        peer = ctx.directory.peer(user.domain)
        if peer is None or ctx.peer_is_down(user.domain):
            return
        request = ctx.new_request(
            "MESSAGE", aor_uri(user), f"<sip:{ctx.directory.domain}>", f"<{aor_uri(user)}>"
        )
        wire = ctx.peer_wire(peer.domain)
        wire_registration.write_group_update(request, wire, user, told.version, told.memberships)
        ctx.request(request, peer_flow(peer), Owner(NAME, str(user), f"{TELL} {told.version}"))

    def _told_answer(self, outcome: Outcome) -> Facts:
        user = Aor.parse(outcome.owner.key)
        told = self._told.get(user)
        if told is None or outcome.owner.purpose != f"{TELL} {told.version}":
            return NONE
        if outcome.response is None or outcome.status >= 500:
            self._ctx.start(AGAIN, Owner(NAME, str(user), TELL))
            return (MembershipTold(user, outcome.status if outcome.response is not None else 0),)
        told.acked = True
        self._save_told(user)
        if outcome.status >= 300:
            self._ctx.notice("membership_refused", user=str(user), code=outcome.status)
        return (MembershipTold(user, outcome.status),)

    def _save_told(self, user: Aor) -> None:
        told = self._told[user]
        self._ctx.save("told", str(user), [told.version, told.acked, _plain(told.memberships)])

    # --- H and V: being told

    def request(self, incoming: Incoming) -> Facts:
        """MESSAGE with a group information update, from a groups' master or from a visitor's home."""
        ctx, peer, ext = self._ctx, incoming.peer, incoming.extension
        assert peer is not None
        assert ext is not None
        to = incoming.request.to().uri
        user = identity(f"{to.user}@{to.host}", to.host)
        version = ext.number(Param.VERSION) or 0
        groups = wire_registration.read_memberships(incoming.request, incoming.wire)
        if groups is None:
            raise RemoteError(400, "the membership body is missing")
        if ctx.directory.is_home(user):
            return self._told_by_master(incoming, user, peer.domain, version, groups)
        if user.domain != peer.domain:
            raise Decline(403, f"{peer.domain} is not the home of {user}")
        attachment = ctx.directory.attachment(user)
        ctx.respond(incoming, 200)
        return NONE if attachment is None else self._take(attachment, groups)

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
        ctx.save("membership", f"{user} {master}", [version, _plain(groups)])
        for group in sorted(gone - {membership.group for membership in groups}):
            self._drop_report(group, user)
        binding = ctx.directory.binding(user)
        facts = self._regrouped(user)
        if binding is not None:
            self._report_all(user, binding.visited, None)
            facts += self._pass_on(user, binding.visited, binding.contact)
        return facts

    def _regrouped(self, user: Aor) -> Facts:
        return (UserRegrouped(user),) if self._ctx.directory.is_home(user) else NONE

    def _pass_on(self, user: Aor, visited: str, contact: str) -> Facts:
        """H→V: a membership that changes while the user is registered goes on at once (profile 7)."""
        ctx = self._ctx
        groups = ctx.directory.memberships(user)
        if visited == ctx.directory.domain:
            attachment = ctx.directory.attachment(user)
            return NONE if attachment is None else self._take(attachment, groups)
        peer = ctx.directory.peer(visited)
        if peer is not None and not ctx.peer_is_down(visited):
            request = ctx.new_request(
                "MESSAGE", contact, f"<sip:{ctx.directory.domain}>", f"<{aor_uri(user)}>"
            )
            version = max(self._versions.get(user, {}).values(), default=0)
            wire_registration.write_group_update(request, ctx.peer_wire(visited), user, version, groups)
            ctx.request(request, peer_flow(peer), Owner(NAME, str(user), PASS))
        return NONE

    def _take(self, attachment: Attachment, groups: list[Membership]) -> Facts:
        """V: the terminal's groups are these now; a terminal that speaks the extension is told."""
        ctx = self._ctx
        attachment.groups = tuple((m.group.number, m.group.domain, m.name, m.priority) for m in groups)
        ctx.directory.attach(attachment)
        if attachment.ptt:
            user = attachment.user
            request = ctx.new_request(
                "MESSAGE", attachment.contact, f"<sip:{ctx.directory.domain}>", f"<{aor_uri(user)}>"
            )
            wire_registration.write_group_update(request, ctx.wire, user, 0, groups)
            ctx.request(request, Flow(*attachment.flow), Owner(NAME, str(user), PASS))
        return (MembershipChanged(attachment.user),)

    # --- H: reporting locations to masters

    def on_user_bound(self, fact: UserBound) -> Facts:
        """H→G: every foreign master of his groups learns where he is; our own groups are told by a fact."""
        reg_type = RegType.HANDOVER if fact.handover else None
        self._report_all(fact.user, fact.visited, reg_type)
        return self._own_groups(fact.user, fact.visited, fact.source if fact.handover else "")

    def on_user_refreshed(self, fact: UserRefreshed) -> Facts:
        """The expiry of a location is the binding's; who registers anew may be called back (profile 7)."""
        binding = self._ctx.directory.binding(fact.user)
        if binding is None:
            return NONE
        self._report_all(fact.user, binding.visited, RegType.INITIAL if fact.anew else None)
        return self._own_groups(fact.user, binding.visited) if fact.anew else NONE

    def on_user_stunned(self, fact: UserStunned) -> Facts:
        """For the masters of his groups he is nowhere."""
        self._withdraw(fact.user)
        return NONE

    def on_user_revived(self, fact: UserRevived) -> Facts:
        """They learn again where he is."""
        binding = self._ctx.directory.binding(fact.user)
        if binding is None:
            return NONE
        self._report_all(fact.user, binding.visited, RegType.INITIAL)
        return self._own_groups(fact.user, binding.visited)

    def _withdraw(self, user: Aor) -> None:
        for membership in self._ctx.directory.foreign_memberships(user):
            self._report(membership.group, user, "", 0, None)

    def on_user_unbound(self, fact: UserUnbound) -> Facts:
        """His locations are withdrawn."""
        self._withdraw(fact.user)
        return self._own_groups(fact.user, None)

    def _own_groups(self, user: Aor, visited: str | None, source: str = "") -> Facts:
        if visited is not None and not self._ctx.directory.in_service(user):
            return NONE
        groups = self._ctx.directory.groups_of(user)
        return tuple(MemberLocated(group.aor, user, visited, source) for group in groups)

    def _report_all(self, user: Aor, visited: str, reg_type: RegType | None) -> None:
        binding = self._ctx.directory.binding(user)
        if binding is None or not self._ctx.directory.in_service(user):
            return
        left = max(1, int(binding.expires - self._ctx.now))
        for membership in self._ctx.directory.foreign_memberships(user):
            self._report(membership.group, user, visited, left, reg_type)

    def _drop_report(self, group: Aor, user: Aor) -> None:
        self._report(group, user, "", 0, None)

    def _report(self, group: Aor, user: Aor, visited: str, expires: int, reg_type: RegType | None) -> None:
        key = (group, user)
        report = self._reports.get(key)
        if report is None:
            report = self._reports[key] = Report(self._ctx.ids.token())
        report.visited, report.expires, report.reg_type = visited, expires, reg_type
        self._send_report(key, report)

    def _send_report(self, key: tuple[Aor, Aor], report: Report) -> None:
        ctx, (group, user) = self._ctx, key
        if report.timer is not None:
            report.timer.cancel()
            report.timer = None
        peer = ctx.directory.peer(group.domain)
        if peer is None or ctx.peer_is_down(group.domain):
            return
        report.cseq += 1
        aor = f"<{aor_uri(user)}>"
        request = ctx.new_request("REGISTER", f"sip:{group.domain}", aor, aor)
        request.headers.set("Call-ID", report.call_id)
        request.headers.set("CSeq", f"{report.cseq} REGISTER")
        request.headers.set("Contact", f"<{self._address_of(report.visited, peer_flow(peer))}>")
        request.headers.set("Expires", str(report.expires))
        if report.visited:
            request.headers.set("P-Visited-Network-ID", report.visited)
        wire = ctx.peer_wire(group.domain)
        wire_registration.write_location(request, wire, group, user, user.domain, report.reg_type)
        ctx.request(request, peer_flow(peer), Owner(NAME, _key(key), f"{LOCATE} {report.cseq}"))

    def _address_of(self, visited: str, flow: Flow) -> str:
        """V's TC2 URI, as we know it."""
        peer = self._ctx.directory.peer(visited)
        if peer is None:
            return self._ctx.our_contact(flow)
        return f"sip:{peer.host}:{peer.port}" if ":" not in peer.host else f"sip:[{peer.host}]:{peer.port}"

    def _reported(self, outcome: Outcome) -> None:
        report = self._reports.get(_unkey(outcome.owner.key))
        if report is None or outcome.owner.purpose != f"{LOCATE} {report.cseq}":
            return
        if outcome.response is None or outcome.status >= 500:
            report.timer = self._ctx.start(AGAIN, Owner(NAME, outcome.owner.key, LOCATE))
            return
        report.reg_type = None
        if outcome.status >= 300:
            self._ctx.notice("location_refused", location=outcome.owner.key, code=outcome.status)

    # --- what the node calls

    def outcome(self, outcome: Outcome) -> Facts:
        """An answer to what we told or reported."""
        if outcome.status < 200:
            return NONE
        if outcome.owner.purpose.startswith(TELL):
            return self._told_answer(outcome)
        if outcome.owner.purpose.startswith(LOCATE):
            self._reported(outcome)
        return NONE

    def timer(self, owner: Owner) -> Facts:
        """Something is to be sent again, or a location ran out."""
        if owner.purpose == TELL:
            user = Aor.parse(owner.key)
            if user in self._told and not self._told[user].acked:
                self._tell(user)
            return NONE
        key = _unkey(owner.key)
        if owner.purpose == LOCATE:
            report = self._reports.get(key)
            if report is not None:
                self._send_report(key, report)
            return NONE
        if self._locations.pop(key, None) is None:
            return NONE
        self._expiries.pop(key, None)
        self._ctx.directory.locate(*key, None)
        self._ctx.save("location", owner.key, None)
        return (MemberLocated(key[0], key[1], None),)

    def happened(self, happened: Happened) -> Facts:
        """There are no legs here."""
        return NONE

    def on_peer_up(self, fact: PeerUp) -> Facts:
        """What waited for the peer goes out."""
        for user, told in self._told.items():
            if user.domain == fact.domain and not told.acked:
                self._tell(user)
        for key, report in self._reports.items():
            if key[0].domain == fact.domain:
                self._send_report(key, report)
        return NONE

    def on_peer_lost_state(self, fact: PeerLostState) -> Facts:
        """Memberships as G and locations as H are told anew (profile 5.1)."""
        for user, told in self._told.items():
            if user.domain == fact.domain:
                told.acked = False
                self._tell(user)
        for key, report in self._reports.items():
            if key[0].domain == fact.domain:
                self._send_report(key, report)
        return NONE

    def load(
        self, told: dict[str, Value], memberships: dict[str, Value], locations: dict[str, Value]
    ) -> Facts:
        """Go on from what the store held."""
        ctx = self._ctx
        for key, (version, acked, rows) in told.items():
            entry = self._told[Aor.parse(key)] = Told(version, _memberships(rows))
            entry.acked = acked
        for key, (version, rows) in memberships.items():
            user_text, _, master = key.partition(" ")
            user = Aor.parse(user_text)
            self._versions.setdefault(user, {})[master] = version
            ctx.directory.learn_memberships(user, master, _memberships(rows))
        for key, (visited, call_id, cseq, wall) in locations.items():
            self._put(_unkey(key), Location(visited, call_id, cseq, wall - ctx.wall_offset))
        return NONE


def _members(group: Group | None) -> list[Aor]:
    return [member.aor for member in group.members] if group is not None else []


def _key(key: tuple[Aor, Aor]) -> str:
    return f"{key[0]} {key[1]}"


def _unkey(text: str) -> tuple[Aor, Aor]:
    group, _, user = text.partition(" ")
    return Aor.parse(group), Aor.parse(user)


def _plain(memberships: list[Membership]) -> list[list[Value]]:
    return [[str(m.group), m.name, m.priority] for m in memberships]


def _memberships(rows: list[list[Value]]) -> list[Membership]:
    return [Membership(Aor.parse(group), name, priority) for group, name, priority in rows]
