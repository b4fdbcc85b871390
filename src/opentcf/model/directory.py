"""Who is who and who is where, asked by key only: a node may hold a part of the world."""

from collections.abc import Iterable, Iterator

from opentcf.model.call import CallSetup
from opentcf.model.group import Group, Membership
from opentcf.model.numbers import Aor
from opentcf.model.peer import Address, Peer
from opentcf.model.registration import Attachment, Binding
from opentcf.model.subscriber import LOWEST_PRIORITY, Subscriber, UserState


class Directory:
    """The tables that the procedures share."""

    __slots__ = (
        "_attachments",
        "_bindings",
        "_clinging",
        "_engaged",
        "_floors",
        "_foreign",
        "_grouped",
        "_groups",
        "_located",
        "_memberships",
        "_opened",
        "_peers",
        "_present",
        "_running",
        "_standing",
        "_states",
        "_subscribers",
        "_talkers",
        "_temporary",
        "domain",
    )

    def __init__(self, domain: str) -> None:
        self.domain = domain
        self._subscribers: dict[str, Subscriber] = {}
        self._groups: dict[str, Group] = {}
        self._temporary: dict[str, Group] = {}
        self._memberships: dict[Aor, list[Group]] = {}
        self._peers: dict[str, Peer] = {}
        self._bindings: dict[str, Binding] = {}
        self._attachments: dict[Aor, Attachment] = {}
        self._engaged: dict[Aor, set[str]] = {}
        self._opened: dict[Aor, set[str]] = {}
        self._talkers: dict[Aor, Aor] = {}
        self._floors: dict[Aor, dict[Aor, CallSetup]] = {}
        self._grouped: dict[Aor, tuple[Aor, ...]] = {}
        self._present: dict[Aor, dict[Aor, None]] = {}
        self._located: dict[tuple[Aor, Aor], str] = {}
        self._foreign: dict[Aor, dict[str, list[Membership]]] = {}
        self._running: dict[str, dict[str, tuple[Aor, Aor]]] = {}
        self._standing: dict[Aor, dict[str, None]] = {}
        self._clinging: dict[Aor, set[str]] = {}
        self._states: dict[str, UserState] = {}

    def configure(
        self, subscribers: Iterable[Subscriber], groups: Iterable[Group], peers: Iterable[Peer]
    ) -> None:
        """Take over the configured part; the live part stays."""
        self._subscribers = {subscriber.aor.number: subscriber for subscriber in subscribers}
        self._groups = {group.aor.number: group for group in groups}
        self._peers = {peer.domain: self._as_reached(peer) for peer in peers}
        self._enter_memberships()

    def _as_reached(self, peer: Peer) -> Peer:
        """The address in use stays in use for as long as the configuration has it."""
        known = self._peers.get(peer.domain)
        return peer if known is None or known.address not in peer.ways else peer.at(known.address)

    def reach(self, domain: str, address: Address) -> None:
        """A peer is spoken to at this address of its from now on."""
        self._peers[domain] = self._peers[domain].at(address)

    def _enter_memberships(self) -> None:
        self._memberships = {}
        for group in self.groups():
            for member in group.members:
                self._memberships.setdefault(member.aor, []).append(group)

    def put_temporary(self, group: Group) -> None:
        """A group of dynamic regrouping; one that is configured under its number hides it."""
        before = self.group(group.aor)
        self._temporary[group.aor.number] = group
        self._replace(before, self.group(group.aor))

    def drop_temporary(self, group: Aor) -> None:
        """It is over."""
        before = self.group(group)
        self._temporary.pop(group.number, None)
        self._replace(before, self.group(group))

    def _replace(self, before: Group | None, after: Group | None) -> None:
        """The memberships of one group that is another now."""
        if before is after:
            return
        if before is not None:
            for member in before.members:
                self._memberships[member.aor].remove(before)
        if after is not None:
            for member in after.members:
                self._memberships.setdefault(member.aor, []).append(after)

    def temporary(self, group: Aor) -> Group | None:
        """A group of dynamic regrouping that no configured one hides."""
        found = self.group(group)
        return found if found is not None and found.aor.number not in self._groups else None

    def is_home(self, aor: Aor) -> bool:
        """Is this TCF the home of the number?"""
        return aor.domain == self.domain

    def subscriber(self, user: Aor) -> Subscriber | None:
        """A user of ours."""
        return self._subscribers.get(user.number) if user.domain == self.domain else None

    def group(self, group: Aor) -> Group | None:
        """A group of ours."""
        if group.domain != self.domain:
            return None
        return self._groups.get(group.number) or self._temporary.get(group.number)

    def groups_of(self, user: Aor) -> list[Group]:
        """Our groups that a user is a member of."""
        return list(self._memberships.get(user, ()))

    def memberships(self, user: Aor) -> list[Membership]:
        """All groups of a user of ours: those of this TCF, and those that other masters told us. The priority is the
        best that he may ask for there: the group's, or that of his subscription where it is better."""
        subscriber = self.subscriber(user)
        best = subscriber.priority if subscriber is not None else LOWEST_PRIORITY
        own = [Membership(group.aor, group.name, group.priority) for group in self.groups_of(user)]
        told = [m for told in self._foreign.get(user, {}).values() for m in told]
        return [m._replace(priority=min(m.priority, best)) for m in own + told]

    def learn_memberships(self, user: Aor, master: str, memberships: list[Membership]) -> None:
        """What the groups' master `master` says of a user of ours."""
        self._foreign.setdefault(user, {})[master] = memberships

    def foreign_memberships(self, user: Aor) -> list[Membership]:
        """The groups of a user of ours whose master is another TCF."""
        return [m for told in self._foreign.get(user, {}).values() for m in told]

    def locate(self, group: Aor, member: Aor, visited: str | None) -> None:
        """G: a foreign member's home says where he is; None when nowhere."""
        if visited is None:
            self._located.pop((group, member), None)
        else:
            self._located[group, member] = visited

    def where(self, group: Aor, member: Aor) -> str | None:
        """G: the V-TCF that serves a member of a group of ours; None when none does."""
        if member.domain == self.domain:
            binding = self._bindings.get(member.number)
            return binding.visited if binding is not None and self.in_service(member) else None
        return self._located.get((group, member))

    def peer(self, domain: str) -> Peer | None:
        """The TCF of a domain."""
        return self._peers.get(domain)

    def peers(self) -> Iterator[Peer]:
        """All peers; they are few."""
        return iter(self._peers.values())

    def subscribers(self) -> list[Subscriber]:
        """Our subscribers by number, for people who page through them."""
        return [self._subscribers[number] for number in sorted(self._subscribers)]

    def groups(self) -> list[Group]:
        """Our groups by number, for people who page through them."""
        found = self._temporary | self._groups
        return [found[number] for number in sorted(found)]

    # --- H: bindings

    def binding(self, user: Aor) -> Binding | None:
        """Where a user of ours is attached."""
        return self._bindings.get(user.number) if user.domain == self.domain else None

    def bind(self, binding: Binding) -> None:
        """Put or replace."""
        self._bindings[binding.user.number] = binding

    def unbind(self, user: Aor) -> None:
        """Forget where he is."""
        self._bindings.pop(user.number, None)

    def cling(self, user: Aor, visited: str) -> None:
        """A V-TCF that is to let go of him has not answered yet."""
        self._clinging.setdefault(user, set()).add(visited)

    def let_go(self, user: Aor, visited: str) -> None:
        """Now it has, or it serves him again."""
        self._clinging.get(user, set()).discard(visited)

    def is_left_behind(self, user: Aor) -> bool:
        """May a V-TCF that he left still serve him?"""
        return bool(self._clinging.get(user))

    # --- H: control

    def state(self, user: Aor) -> UserState:
        """What control operations made of a user of ours."""
        return (
            self._states.get(user.number, UserState.NORMAL)
            if user.domain == self.domain
            else UserState.NORMAL
        )

    def in_service(self, user: Aor) -> bool:
        """H: neither stunned nor killed."""
        return self.state(user) is UserState.NORMAL

    def set_state(self, user: Aor, state: UserState) -> None:
        """Stun, kill or revive a user of ours."""
        self._states[user.number] = state

    def bindings(self) -> Iterator[Binding]:
        """Those this node owns, for resynchronisation and for people."""
        return iter(self._bindings.values())

    # --- V: attachments

    def attachment(self, user: Aor) -> Attachment | None:
        """The terminal of a user who is attached here."""
        return self._attachments.get(user)

    def attach(self, attachment: Attachment) -> None:
        """Put or replace; also after its groups changed, or its user was stunned: then he is in none of them."""
        self._ungroup(attachment.user)
        self._attachments[attachment.user] = attachment
        groups = tuple(dict.fromkeys(Aor(number, domain) for number, domain, _, _ in attachment.groups))
        if attachment.stunned:
            groups = ()
        self._grouped[attachment.user] = groups
        for group in groups:
            self._present.setdefault(group, {})[attachment.user] = None

    def _ungroup(self, user: Aor) -> None:
        for group in self._grouped.pop(user, ()):
            del self._present[group][user]

    def present(self, group: Aor) -> list[Aor]:
        """The members of a group who are attached here."""
        return list(self._present.get(group, ()))

    def detach(self, user: Aor) -> None:
        """Forget his terminal."""
        self._ungroup(user)
        self._attachments.pop(user, None)

    def attachments(self) -> Iterator[Attachment]:
        """Those this node serves, for resynchronisation and for people."""
        return iter(self._attachments.values())

    # --- V: who is in which call

    def engage(self, user: Aor, call: str) -> None:
        """A user served here is in a call."""
        self._engaged.setdefault(user, set()).add(call)

    def disengage(self, user: Aor, call: str) -> None:
        """He is no more."""
        calls = self._engaged.get(user)
        if calls is not None:
            calls.discard(call)
            if not calls:
                del self._engaged[user]

    def engagements(self, user: Aor) -> frozenset[str]:
        """The calls of a user served here, but for group calls."""
        return frozenset(self._engaged.get(user, ()))

    def opens(self, user: Aor, call: str) -> None:
        """A user served here began a group call."""
        self._opened.setdefault(user, set()).add(call)

    def leaves(self, user: Aor, call: str) -> None:
        """He is not in it any more, if he began it."""
        calls = self._opened.get(user)
        if calls is not None:
            calls.discard(call)
            if not calls:
                del self._opened[user]

    def load(self, user: Aor) -> int:
        """How many calls a user served here has: a group call counts for who began it, as long as he is in it."""
        return len(self._engaged.get(user, ())) + len(self._opened.get(user, ()))

    def give_floor(self, group: Aor, talker: Aor | None, call: CallSetup) -> None:
        """Of those served here this one talks in the call of a group; None: nobody of them does."""
        before = self._talkers.pop(group, None)
        if before is not None:
            floors = self._floors[before]
            del floors[group]
            if not floors:
                del self._floors[before]
        if talker is not None:
            self._talkers[group] = talker
            self._floors.setdefault(talker, {})[group] = call

    def floors(self, user: Aor) -> dict[Aor, CallSetup]:
        """Where a user served here talks, by group."""
        return dict(self._floors.get(user, {}))

    # --- H and G: which calls run

    def run_call(self, call_id: str, key: str, caller: Aor, called: Aor) -> None:
        """A call of a user or group of ours; `key` tells its parts on this TCF from each other."""
        self._running.setdefault(call_id, {})[key] = (caller, called)

    def end_call(self, call_id: str, key: str) -> None:
        """That part of it is over."""
        parts = self._running.get(call_id, {})
        parts.pop(key, None)
        if not parts:
            self._running.pop(call_id, None)

    def stand(self, user: Aor, call_id: str) -> None:
        """H: a private call of a user of ours is up: it can move along with him."""
        self._standing.setdefault(user, {})[call_id] = None

    def fall(self, user: Aor, call_id: str) -> None:
        """Now it is not any more."""
        calls = self._standing.get(user, {})
        calls.pop(call_id, None)
        if not calls:
            self._standing.pop(user, None)

    def standing_call(self, user: Aor) -> str:
        """The OnlineCallID of the newest private call of a user of ours that is up; empty when none is."""
        return next(reversed(self._standing.get(user, {})), "")

    def call_of(self, party: Aor) -> str | None:
        """The OnlineCallID of a running call of a user or group of ours; the newest one."""
        found = [
            call_id
            for call_id, parts in self._running.items()
            if any(party in parties for parties in parts.values())
        ]
        return found[-1] if found else None

    def running_call(self, call_id: str) -> tuple[Aor, Aor] | None:
        """Caller and called user or group of a call whose home, or master, we are."""
        return next(iter(self._running.get(call_id, {}).values()), None)
