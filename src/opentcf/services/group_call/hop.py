"""The hop that disappears where G and V are one TCF: what one half has for the other goes by a queue."""

from opentcf.btrunc.floor import Ask, Calm, Left, LetGo, Refused
from opentcf.model.cause import Decline, FloorCause
from opentcf.model.numbers import Aor
from opentcf.services.context import Context
from opentcf.services.floor_leg import warning
from opentcf.services.group_call.link import new_key
from opentcf.services.group_call.local import (
    Change,
    Confirmed,
    End,
    Gone,
    Invite,
    Local,
    Open,
    Post,
    Queue,
    Unchanged,
)
from opentcf.services.group_call.master import Branch, MasterCall
from opentcf.services.group_call.masters import Masters
from opentcf.services.group_call.visits import Visits


class Hop:
    """It gives what a post bears to the half that it is for."""

    def __init__(self, ctx: Context, queue: Queue, masters: Masters, visits: Visits) -> None:
        self._ctx = ctx
        self._queue = queue
        self._masters = masters
        self._visits = visits

    def upwards(self, post: Post) -> None:
        """From V to G."""
        what, own = post.what, self._ctx.directory.domain
        if isinstance(what, Open):
            self._open_here(post.group, what)
            return
        call = self._masters.calls.get(post.group)
        branch = call.branches.get(own) if call is not None else None
        if call is None or branch is None:
            return
        match what:
            case Ask():
                self._ask_here(call, branch, what)
            case LetGo():
                self._masters.arbiter.let_go(call, branch, what)
            case Calm():
                self._masters.arbiter.calm(call, branch, what)
            case Change():
                self._change_here(call, branch, what)
            case Left():
                self._masters.left(call, branch, what)
            case Confirmed():
                self._masters.arbiter.confirmed(call, branch, what)
            case Gone():
                self._masters.branch_gone(call, own)
            case _:
                return

    def _ask_here(self, call: MasterCall, branch: Branch, op: Ask) -> None:
        try:
            self._masters.arbiter.check_user(call, branch, op.user)
        except Decline as decline:
            said = warning(self._ctx, decline.text)
            refused = Refused(op.user, FloorCause.DENIED, decline.status, said)
            self._queue.append(Post(False, call.group.aor, refused))
            return
        self._masters.arbiter.ask(call, branch, op)

    def _change_here(self, call: MasterCall, branch: Branch, op: Change) -> None:
        try:
            self._masters.media.change(call, branch, op)
        except Decline as decline:
            self._queue.append(Post(False, call.group.aor, Unchanged(decline.status)))

    def _open_here(self, group: Aor, what: Open) -> None:
        caller = what.setup.caller
        known = self._ctx.directory.group(group)
        visit = self._visits.calls.get(group)
        if known is None or caller is None or visit is None:
            return
        running = self._masters.calls.get(group)
        if running is not None:
            visit.be(running.id)
        branch = Branch(self._ctx.directory.domain, None)
        self._masters.open(known, what.setup, caller, branch, what.codecs, new_key(self._ctx, group))

    def downwards(self, post: Post) -> None:
        """From G to V."""
        what: Local = post.what
        if isinstance(what, Invite):
            self._visits.invited_here(post.group, what.setup, what.codecs, new_key(self._ctx, post.group))
            return
        visit = self._visits.calls.get(post.group)
        if visit is None:
            return
        if isinstance(what, End):
            self._visits.end(visit, what.cause)
            return
        self._visits.from_master(visit, what)
        if visit.state.value == "calling":
            self._visits.joined(visit)
