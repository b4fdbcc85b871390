"""G→H: the homes of foreign members are told which groups they have (pttgroupupdate)."""

from opentcf.btrunc import registration as wire_registration
from opentcf.model.facts import MembershipTold
from opentcf.model.group import Membership
from opentcf.model.numbers import Aor
from opentcf.services.context import NONE, Context, Facts, peer_flow
from opentcf.services.group_info import rows
from opentcf.services.path import aor_uri
from opentcf.sip.outbox import Value
from opentcf.sip.transaction import Outcome, Owner

TELL = "tell"
AGAIN = 30.0
"""Seconds until what nobody answered is sent again."""


class Told:
    """G: what a foreign member's home was told of him, and whether it has answered. `open`: it is being asked."""

    __slots__ = ("acked", "memberships", "open", "version")

    def __init__(self, version: int, memberships: list[Membership]) -> None:
        self.version = version
        self.memberships = memberships
        self.acked = False
        self.open = False


class Telling:
    """What each home was told last. `name` is the owner of its requests and timers."""

    def __init__(self, ctx: Context, name: str) -> None:
        self._ctx = ctx
        self._name = name
        self._told: dict[Aor, Told] = {}

    def users(self) -> set[Aor]:
        """Those whose homes were told anything."""
        return set(self._told)

    def acked(self, user: Aor) -> bool:
        """Has his home answered what it was told last?"""
        return self._told[user].acked

    def update(self, user: Aor) -> None:
        """Tell the home of a foreign member when his groups are others than it was told, or it has not answered.

        Versions follow the clock: a TCF that lost its store does not begin below what it told before.
        """
        told = self._told.get(user)
        groups = sorted(self._ctx.directory.groups_of(user), key=lambda group: group.aor)
        now = [Membership(group.aor, group.name, group.priority) for group in groups]
        if told is None or told.memberships != now:
            before = max(told.version if told else 0, int(self._ctx.wall))
            self._told[user] = Told(before + 1, now)
            self._save_told(user)
        if not self._told[user].acked:
            self._tell(user)

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
        told.open = True
        ctx.request(request, peer_flow(peer), Owner(self._name, str(user), f"{TELL} {told.version}"))

    def answered(self, outcome: Outcome) -> Facts:
        """A home took it, refused it, or said nothing."""
        user = Aor.parse(outcome.owner.key)
        told = self._told.get(user)
        if told is None or outcome.owner.purpose != f"{TELL} {told.version}":
            return NONE
        told.open = False
        if outcome.response is None or outcome.status >= 500:
            self._ctx.start(AGAIN, Owner(self._name, str(user), TELL))
            return (MembershipTold(user, outcome.status if outcome.response is not None else 0),)
        told.acked = True
        self._save_told(user)
        if outcome.status >= 300:
            self._ctx.notice("membership_refused", user=str(user), code=outcome.status)
        return (MembershipTold(user, outcome.status),)

    def _save_told(self, user: Aor) -> None:
        told = self._told[user]
        self._ctx.save("told", str(user), [told.version, told.acked, rows.plain(told.memberships)])

    def again(self, user: Aor) -> None:
        """It is due again."""
        told = self._told.get(user)
        if told is not None and not told.acked and not told.open:
            self._tell(user)

    def resume(self, domain: str, *, anew: bool) -> None:
        """The peer is up: what waited goes out; `anew`: it lost its state, so that everything does (profile 5.1)."""
        for user, told in self._told.items():
            if user.domain == domain and anew:
                told.acked = False
                self._save_told(user)
                self._tell(user)
            elif user.domain == domain:
                self.again(user)

    def load(self, found: dict[str, Value]) -> None:
        """Go on from what the store held."""
        for key, (version, acked, memberships) in found.items():
            entry = self._told[Aor.parse(key)] = Told(version, rows.memberships(memberships))
            entry.acked = acked
