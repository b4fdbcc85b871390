"""Forced release (强拆): a dispatcher ends a call that is not his, by its OnlineCallID (profile 3, 7)."""

from opentcf.btrunc import control as wire_control
from opentcf.model.facts import CallDismantled
from opentcf.model.subscriber import Right
from opentcf.services import mandate, path
from opentcf.services.context import NONE, Context, Facts, Incoming
from opentcf.services.leg import Happened
from opentcf.services.pages import Pages
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
            hop = mandate.controlling(ctx, incoming, who, called, call_id, Right.RELEASE)
        if hop is not None:
            mandate.pass_on(self._pages, incoming, hop, who, called, ACTION, call_id)
            return NONE
        mandate.record(ctx, who, ACTION, call_id)
        ctx.respond(incoming, 200)
        return (CallDismantled(call_id),)

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
