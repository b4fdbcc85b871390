"""Forced release (强拆): a dispatcher ends a call that is not his, by its OnlineCallID (profile 3, 7)."""

from opentcf.btrunc import control as wire_control
from opentcf.model.cause import Decline
from opentcf.model.facts import CallDismantled
from opentcf.model.numbers import Aor
from opentcf.model.subscriber import Right
from opentcf.services import mandate, path
from opentcf.services.context import NONE, Context, Facts, Incoming
from opentcf.services.leg import Happened
from opentcf.services.pages import Pages
from opentcf.services.path import Hop, Role
from opentcf.sip.transaction import Outcome, Owner

NAME, ACTION = "forced_release", "call release"


class ForcedRelease:
    """The procedure, up to the controlling TCF: the group's master, or the home of a private call's caller."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._pages = Pages(ctx, NAME)

    def request(self, incoming: Incoming) -> Facts:
        """MESSAGE to the group or one party; 481 when no such call of theirs runs here."""
        ctx = self._ctx
        called, who = path.called(ctx, incoming), path.asserted(incoming, ctx)
        call_id = wire_control.read_dismantle(incoming.extension)
        with mandate.audited(ctx, who, ACTION, call_id):
            hop = self._way(incoming, who, called, call_id)
        if hop is not None:
            mandate.pass_on(self._pages, incoming, hop, who, called, ACTION, call_id)
            return NONE
        mandate.record(ctx, who, ACTION, call_id)
        ctx.respond(incoming, 200)
        return (CallDismantled(call_id),)

    def _way(self, incoming: Incoming, who: Aor, called: Aor, call_id: str) -> Hop | None:
        """The next TCF; None when this one controls the call."""
        ctx = self._ctx
        if self._is_passed_on(incoming, who, called, call_id):
            mandate.check_control(ctx, incoming)
            return None
        role = path.entry(ctx, incoming, who, called, known=False)
        hop = mandate.way(ctx, incoming, role, who, called, Right.RELEASE)
        has_right = hop is None or Role.CALLER_HOME in hop.roles
        if has_right and self._controls(called, call_id):
            return None
        return hop or self._to_controlling(called, call_id)

    def _controls(self, called: Aor, call_id: str) -> bool:
        parties = self._ctx.directory.running_call(call_id)
        if parties is None or called not in parties:
            return False
        caller, other = parties
        return self._ctx.directory.is_home(caller) or self._ctx.directory.group(other) is not None

    def _to_controlling(self, called: Aor, call_id: str) -> Hop:
        """The called user's home relays to the caller's."""
        parties = self._ctx.directory.running_call(call_id)
        if parties is None or called not in parties:
            raise Decline(481, f"{called} has no call {call_id}")
        peer = path.to_peer(self._ctx, parties[0].domain)
        return Hop(peer, None, path.aor_uri(called), (Role.CALLED_HOME,))

    def _is_passed_on(self, incoming: Incoming, who: Aor, called: Aor, call_id: str) -> bool:
        """Did the home of the called user, who is a party of this call, relay it to us as the caller's home?"""
        peer = incoming.peer
        if peer is None or peer.domain != called.domain or self._ctx.directory.is_home(who):
            return False
        return self._controls(called, call_id)

    def outcome(self, outcome: Outcome) -> Facts:
        """The controlling TCF's answer goes back."""
        if outcome.status >= 200:
            mandate.passed_back(self._ctx, self._pages, outcome)
        return NONE

    def timer(self, owner: Owner) -> Facts:
        """There are no timers here."""
        return NONE

    def happened(self, happened: Happened) -> Facts:
        """There are no legs here."""
        return NONE
