"""What happens on the legs from G to the V-TCFs, and what G does about it."""

from opentcf.btrunc.floor import Ask, Calm, Left, LetGo
from opentcf.model.cause import Decline
from opentcf.services.context import Context, Incoming
from opentcf.services.floor_leg import read_info
from opentcf.services.group_call import media
from opentcf.services.group_call.link import CHANGE, Link
from opentcf.services.group_call.local import (
    Confirmed,
)
from opentcf.services.group_call.master import Branch, MasterCall
from opentcf.services.group_call.masters import Masters
from opentcf.services.leg import Happened, What
from opentcf.sip.errors import RemoteError


class Branches:
    """Events of these legs, handed to the master's half."""

    def __init__(self, ctx: Context, masters: Masters) -> None:
        self._ctx = ctx
        self._masters = masters

    def happened(self, call: MasterCall, branch: Branch, happened: Happened) -> None:
        """A V-TCF's leg, seen from G."""
        link, masters = branch.link, self._masters
        assert link is not None
        match happened.what:
            case What.ANSWERED | What.REFUSED:
                self._answered(call, branch, happened)
            case What.OFFERED:
                self._offered(call, branch, link, happened)
            case What.INFORMED:
                self._informed(call, branch, happened)
            case What.ENDED:
                masters.branch_gone(call, branch.domain)
            case What.LOST:
                link.end(self._ctx, happened.cause)
                masters.branch_gone(call, branch.domain)
            case What.CANCELLED:
                link.cancelled(self._ctx, joining=not branch.up)
                if not branch.up:
                    masters.branch_gone(call, branch.domain)
            case _:
                return

    def _answered(self, call: MasterCall, branch: Branch, happened: Happened) -> None:
        """To the INVITE that brings a V-TCF in, or to a grant or revoke."""
        masters, answered = self._masters, happened.what is What.ANSWERED
        if happened.purpose == CHANGE and branch.link is not None:
            branch.link.change_answered(taken=answered)
        elif branch.up:
            masters.arbiter.confirmed(call, branch, Confirmed(happened.purpose, answered))
        elif answered:
            branch.up = True
            masters.catch_up(call, branch)
            masters.settle_setup(call, branch.domain)
        elif happened.status == 491:
            masters.crossed(call, branch)
        else:
            masters.branch_gone(call, branch.domain)

    def _offered(self, call: MasterCall, branch: Branch, link: Link, happened: Happened) -> None:
        incoming = happened.incoming
        assert incoming is not None
        try:
            if self._changes(call, branch, incoming):
                return
            op = link.read_offer(incoming, None)
            if op is not None and not call.floor.is_at(op.user, branch.domain):
                self._masters.arbiter.check_user(call, branch, op.user)
        except Decline as decline:
            link.refuse(self._ctx, decline.status, decline.text, *decline.headers)
            return
        except RemoteError as error:
            link.refuse(self._ctx, error.status, error.text)
            return
        match op:
            case Ask():
                self._masters.arbiter.ask(call, branch, op)
            case LetGo():
                self._masters.arbiter.let_go(call, branch, op)
            case Calm():
                self._masters.arbiter.calm(call, branch, op)
            case _:
                link.describe_again(self._ctx, talks=call.floor.is_talker_at(branch.domain))

    def _changes(self, call: MasterCall, branch: Branch, incoming: Incoming) -> bool:
        """A media change, if it is one; Decline when its user may not."""
        change = media.read(incoming, None, call.setup.call_type, call.codecs)
        if change is None or change.user is None:
            return False
        self._masters.arbiter.check_user(call, branch, change.user)
        self._masters.media.change(call, branch, change)
        return True

    def _informed(self, call: MasterCall, branch: Branch, happened: Happened) -> None:
        incoming = happened.incoming
        assert incoming is not None
        self._ctx.respond(incoming, 200)
        op = read_info(incoming)
        if isinstance(op, Left):
            self._masters.left(call, branch, op)
