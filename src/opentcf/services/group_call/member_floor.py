"""The floor at a V: what members ask goes up to the master, what he says comes down to them (profile 4.4, 6)."""

from opentcf.btrunc.floor import (
    Accepted,
    Answer,
    Ask,
    Grant,
    Inform,
    LetGo,
    Operation,
    Refused,
    Revoke,
    Waiting,
)
from opentcf.btrunc.wire import Alert
from opentcf.model.cause import FloorCause
from opentcf.model.numbers import Aor
from opentcf.services import accounting
from opentcf.services.context import Context
from opentcf.services.floor_leg import purpose
from opentcf.services.group_call.link import NAME, Link
from opentcf.services.group_call.local import Change, Confirmed, Local, Post, Queue, Unchanged
from opentcf.services.group_call.media import VisitedMedia
from opentcf.services.group_call.visited import VisitedCall, VisitedState
from opentcf.sip.fan import Fan
from opentcf.sip.outbox import Flow
from opentcf.sip.transaction import Owner

CUT_OFF, GIVE_BACK, SEVERED = "cut_off", "give_back", "severed"
INSTANT = 1e-6
"""Seconds by which a timer may seem early."""


class MemberFloor:
    """It acts on the legs of a call here and on what it knows of the talker, and on nothing else."""

    def __init__(self, ctx: Context, queue: Queue, media: VisitedMedia) -> None:
        self._ctx = ctx
        self._queue = queue
        self._media = media

    def from_master(self, call: VisitedCall, what: Local) -> None:
        """What the master says, by message or without one."""
        match what:
            case Accepted() | Waiting() | Refused():
                self.deliver(call, what)
            case Grant(user, _, grant):
                self._take_grant(call, what, user, grant)
            case Revoke(user):
                self._take_revoke(call, what, user)
            case Inform():
                self.take_inform(call, what)
            case Change():
                self._media.take(call, what)
            case Unchanged(status):
                self._media.refused(call, status)
            case _:
                return

    def deliver(self, call: VisitedCall, answer: Answer) -> None:
        """The answer to a member's request; for one who does not wait for it any more it is undone."""
        user = answer.user
        call.asking.pop(user, None)
        link = call.members.get(user)
        joining = user in call.joining
        call.joining.discard(user)
        if link is None or link.leg.theirs is None or not link.leg.theirs.open:
            if isinstance(answer, (Accepted, Waiting)):
                self.up(
                    call, LetGo(user, answer.grant if isinstance(answer, Accepted) else None, FloorCause.GONE)
                )
            return
        link.answer(self._ctx, answer, joining=joining, call=call.id if joining else "")
        if isinstance(answer, Waiting) and not link.leg.ptt:
            self.up(call, LetGo(user))
        elif isinstance(answer, Waiting):
            accounting.waits(self._ctx, call.key, user)
        if isinstance(answer, Accepted):
            self._talks(call, user, answer.grant)
        elif joining:
            self.catch_up(call, user, link)

    def _take_grant(self, call: VisitedCall, op: Grant, user: Aor, grant: int) -> None:
        """TC2-C 话权授权. A master that numbers no grants (0) is believed."""
        link = call.members.get(user)
        stale = grant > 0 and (grant < call.grant or grant == call.released)
        if link is None or not link.up or stale:
            self._confirm(call, op, taken=False)
            return
        self._confirm(call, op, taken=True)
        self.order(call, op)
        self._talks(call, user, grant)

    def _take_revoke(self, call: VisitedCall, op: Revoke, user: Aor) -> None:
        """Our 200 is the release; a release of our own that waits became pointless."""
        if call.uplink is not None:
            call.uplink.leg.drop(f"LetGo {user}")
        self._confirm(call, op, taken=True)
        self.order(call, op)
        if call.talker == user:
            call.talker = None

    def take_inform(self, call: VisitedCall, op: Inform) -> None:
        if op.alert is Alert.QUEUE:
            link = call.members.get(op.user) if op.user is not None else None
            if link is not None:
                link.tell(self._ctx, op)
            return
        if op.grant is not None and op.grant < call.grant:
            return
        call.grant = op.grant or call.grant
        talker = op.user if op.alert is Alert.TAKEN else None
        if call.talker is not None and call.talker != talker:
            self._silence(call, call.talker, call.grant)
        call.talker = talker
        call.setup = call.setup._replace(emergency=op.emergency)
        self._tell_members(call, op, but=talker)

    def _talks(self, call: VisitedCall, user: Aor, grant: int) -> None:
        if call.talker not in (None, user):
            self._silence(call, call.talker, call.grant)
        call.talker, call.grant = user, max(grant, call.grant)
        if user in call.urgent:
            call.urgent.discard(user)
            call.setup = call.setup._replace(emergency=True)
        self._tell_members(call, Inform(Alert.TAKEN, user, 0, call.setup.emergency, grant), but=user)

    def _silence(self, call: VisitedCall, user: Aor | None, grant: int) -> None:
        """A talker here whose revoke never came through: the master has gone on without him."""
        if user is not None:
            self.order(call, Revoke(user, grant, FloorCause.TIMEOUT))

    def order(self, call: VisitedCall, op: Grant | Revoke) -> None:
        """Give a member the floor, or take it; a restart before he answered says it again."""
        link = call.members.get(op.user)
        if link is not None and link.up:
            call.untold[op.user] = op
            link.tell(self._ctx, op)

    def _tell_members(self, call: VisitedCall, op: Operation, but: Aor | None) -> None:
        fan = Fan()
        for user, link in call.members.items():
            if user != but and link.up:
                link.tell(self._ctx, op, fan)

    def catch_up(self, call: VisitedCall, user: Aor, link: Link) -> None:
        """He answered; who talks may have changed since he was called. That it was he is taken back."""
        if call.talker not in (link.told, user):
            if link.told == user:
                self.order(call, Revoke(user, call.grant, FloorCause.TIMEOUT))
            alert = Alert.IDLE if call.talker is None else Alert.TAKEN
            link.tell(self._ctx, Inform(alert, call.talker, 0, call.setup.emergency, call.grant))
        self._media.catch_up(call, user, link)

    def up(self, call: VisitedCall, op: Operation) -> None:
        """Send an operation to the master; what is given back to one that is down waits until it is heard again."""
        if call.uplink is None:
            self._queue.append(Post(True, call.group, op))
        elif isinstance(op, LetGo) and self._ctx.peer_is_down(call.group.domain):
            self._keep(call, op, self._ctx.now)
        else:
            self._send(call, call.uplink, op)

    def _send(self, call: VisitedCall, uplink: Link, op: Operation) -> None:
        uplink.tell(self._ctx, op)
        self.watch(call, self._ctx.now)

    def ask(self, call: VisitedCall, op: Ask) -> None:
        """A member wants the floor."""
        call.asking[op.user] = op
        call.unsaid.pop(op.user, None)
        if op.emergency:
            call.urgent.add(op.user)
        self.up(call, op)

    def _confirm(self, call: VisitedCall, op: Grant | Revoke, *, taken: bool) -> None:
        """TC2-C 话权授权响应."""
        if call.uplink is None:
            self._queue.append(Post(True, call.group, Confirmed(purpose(op), taken)))
        elif taken:
            call.uplink.confirm(self._ctx, op)
        else:
            call.uplink.refuse(self._ctx, 603)

    def withdraw(self, call: VisitedCall, user: Aor) -> None:
        """His request was cancelled: so is ours to the master, hop by hop (profile 7)."""
        if user not in call.asking or call.uplink is None or call.state is VisitedState.CALLING:
            return
        del call.asking[user]
        if call.uplink.withdraw(self._ctx, Ask(user)):
            call.withdrawn.add(user)

    def answered_too_late(self, call: VisitedCall, answer: Answer) -> None:
        """The answer to a cancelled request: what it gave is given back, unless he has asked anew meanwhile."""
        call.withdrawn.discard(answer.user)
        if answer.user not in call.asking and not isinstance(answer, Refused):
            grant = answer.grant if isinstance(answer, Accepted) else None
            self.up(call, LetGo(answer.user, grant, FloorCause.GONE))

    def watch(self, call: VisitedCall, since: float) -> None:
        """Something was sent to the master at `since`: while one of ours talks, T1 is the time to hear from it."""
        if call.talker not in call.members or call.uplink is None:
            return
        if call.watched is None or call.uplink.heard_since(self._ctx, call.watched):
            call.watched = since
            left = since + self._ctx.durations.t1 - self._ctx.now
            self._ctx.start(max(0.0, left), Owner(NAME, str(call.group), CUT_OFF))

    def cut_off(self, call: VisitedCall) -> None:
        """T1 without a word of the master: the floor is taken from a talker of ours (profile 4.4, partition)."""
        since = call.watched
        if since is None or self._ctx.now < since + self._ctx.durations.t1 - INSTANT:
            return
        call.watched = None
        if call.uplink is None or call.uplink.heard_since(self._ctx, since):
            return
        link = call.members.get(call.talker) if call.talker is not None else None
        if link is not None and call.talker is not None:
            self._give_up(call, call.talker, link)
            link.tell(self._ctx, Revoke(call.talker, call.grant, FloorCause.TIMEOUT))
            self._keep(call, LetGo(call.talker, call.grant, FloorCause.GONE), since)
            call.talker = None

    def _keep(self, call: VisitedCall, op: LetGo, since: float) -> None:
        if not call.unsaid:
            call.silent_since = since
            self._wait_for_master(call)
        call.unsaid[op.user] = op

    def preempt(self, call: VisitedCall) -> None:
        """The talker here is wanted elsewhere: the master is told that he let go, and he himself that he has to."""
        link = call.members.get(call.talker) if call.talker is not None else None
        if link is not None and call.talker is not None:
            user, call.talker, call.released = call.talker, None, call.grant
            self._give_up(call, user, link)
            self.order(call, Revoke(user, call.grant, FloorCause.PREEMPTED))
            self.up(call, LetGo(user, call.grant or None, FloorCause.PREEMPTED))

    def give_back(self, call: VisitedCall) -> None:
        """The master, back with its store, believes that they still talk or wait: it is told as soon as it is heard."""
        if not call.unsaid or call.uplink is None:
            return
        if call.uplink.heard_since(self._ctx, call.silent_since):
            unsaid, call.unsaid = call.unsaid, {}
            for op in unsaid.values():
                self._send(call, call.uplink, op)
        else:
            self._wait_for_master(call)

    def _wait_for_master(self, call: VisitedCall) -> None:
        self._ctx.start(self._ctx.durations.t1, Owner(NAME, str(call.group), GIVE_BACK))

    def sever(self, call: VisitedCall, flow: Flow) -> None:
        """A connection was lost. A talker whose it was has T1 to be heard again (profile 4.4)."""
        link = call.members.get(call.talker) if call.talker is not None else None
        if link is not None and link.leg.flow == flow:
            key = f"{call.key} {call.talker} {flow.connection}"
            self._ctx.start(self._ctx.durations.t1, Owner(NAME, key, SEVERED))

    def severed(self, call: VisitedCall, user: Aor, connection: int) -> None:
        """T1 is over: without another connection or a word of his he counts as having released."""
        link = call.members.get(user)
        if call.talker != user or link is None or link.leg.flow.connection != connection:
            return
        if not link.heard_since(self._ctx, self._ctx.now - self._ctx.durations.t1 + INSTANT):
            self.order(call, Revoke(user, call.grant, FloorCause.TIMEOUT))
            call.talker, call.released = None, call.grant
            self.up(call, LetGo(user, call.grant or None, FloorCause.GONE))

    def _give_up(self, call: VisitedCall, user: Aor, link: Link) -> None:
        """A request of his that waits for the master would keep the revoke waiting too."""
        if user in call.asking:
            self.withdraw(call, user)
            link.answer(self._ctx, Refused(user, FloorCause.TIMEOUT))
