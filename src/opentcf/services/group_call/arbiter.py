"""The floor of a group call at its master: who asks, who talks, who is told, and T1 to T4 (profile 4.4)."""

from collections.abc import Iterable

from opentcf.btrunc.floor import (
    Accepted,
    Answer,
    Ask,
    Calm,
    Grant,
    Inform,
    LetGo,
    Operation,
    Refused,
    Revoke,
    Waiting,
    answer_of,
    told_of,
)
from opentcf.btrunc.wire import Alert
from opentcf.model import floor
from opentcf.model.call import CallType
from opentcf.model.cause import Decline, FloorCause
from opentcf.model.floor import Action, FloorState
from opentcf.model.numbers import Aor
from opentcf.model.subscriber import LOWEST_PRIORITY
from opentcf.services.context import Context
from opentcf.services.floor_leg import purpose
from opentcf.services.group_call.link import NAME
from opentcf.services.group_call.local import Confirmed, Post, Queue
from opentcf.services.group_call.master import (
    Branch,
    MasterCall,
)
from opentcf.services.path import admit_to_group, best_priority, is_dispatcher
from opentcf.sip.fan import Fan
from opentcf.sip.transaction import Owner

TALK, GRACE, HANG, LONGEST, CONFIRM, AGAIN = "talk", "grace", "hang", "longest", "confirm", "again"
SILENT, ARRIVE = "silent", "arrive"
MULTICAST = (CallType.AUDIO_MULTICAST, CallType.VIDEO_MULTICAST, CallType.VIDEO_PUSH)


class Arbiter:
    """It acts on a call's floor and branches and on nothing else."""

    def __init__(self, ctx: Context, queue: Queue) -> None:
        self._ctx = ctx
        self._queue = queue

    def ask(self, call: MasterCall, branch: Branch, op: Ask) -> None:
        """话权申请. TC2-C 话权申请."""
        call.left.discard(op.user)
        actions = self.decide(call, self.request(call, op, branch))
        self.answer(call, branch, answer_of(actions[0], self.talk_time(call)))
        self.apply(call, actions[1:])

    def talk_time(self, call: MasterCall) -> int:
        """T2; what is left of it, to the next whole second, where somebody talks already: a request of his is granted
        again, or his grant waited for a confirmed set-up."""
        timer = call.timers.get(TALK)
        if timer is None:
            return call.talk_time(self._ctx.durations.t2)
        return max(1, round(timer.when - self._ctx.now))

    def check_user(self, call: MasterCall, branch: Branch, user: Aor) -> None:
        """A V-TCF speaks only for those it serves (profile 2.1), the way of who entered by an order for him alone."""
        if branch.entered:
            if str(user) != branch.domain:
                raise Decline(403, f"{user} did not enter this way")
            return
        try:
            admit_to_group(self._ctx, call.group.aor, user, branch.domain)
        except Decline as decline:
            raise Decline(403, decline.text) from None

    def request(self, call: MasterCall, op: Ask, branch: Branch) -> floor.Request:
        """What the floor is asked: with the member's priority in the group where he named none, and never a better one;
        where he has none there, a user of ours has what his subscription allows (profile 3.1)."""
        member = call.group.member(op.user)
        priority = op.priority
        if member is not None and member.priority != LOWEST_PRIORITY:
            named = priority != LOWEST_PRIORITY
            priority = max(priority, member.priority) if named else member.priority
        elif self._ctx.directory.is_home(op.user):
            priority = max(priority, best_priority(self._ctx, call.group.aor, op.user))
        emergency = op.emergency or call.emergency_by == op.user
        return floor.Request(op.user, branch.domain, priority, emergency, branch.entered)

    def decide(self, call: MasterCall, request: floor.Request) -> list[Action]:
        """The floor decides; the first action answers him."""
        if self._only_receives(call, request):
            actions: list[Action] = [floor.Denied(request.user, request.leg, FloorCause.RECEIVE_ONLY)]
        else:
            waiters = {waiter.request.user for waiter in call.floor.queue}
            call.waiting = {user: since for user, since in call.waiting.items() if user in waiters}
            actions = call.floor.request(request)
            if isinstance(actions[0], floor.Granted):
                self._observe_grant(call, request.user)
            elif isinstance(actions[0], floor.Queued):
                call.waiting.setdefault(request.user, self._ctx.wall)
            if request.emergency and call.emergency_by is None:
                call.emergency_by = request.user
        self._ctx.meters.count("opentcf_floor_requests_total", type(actions[0]).__name__.lower())
        return actions

    def standing(self, call: MasterCall, branch: Branch) -> Answer:
        """What the floor says by now of who asked when he opened this branch."""
        talker, user = call.floor.talker, branch.caller
        assert user is not None
        if talker is not None and (talker.user, talker.leg) == (user, branch.domain):
            return Accepted(user, self.talk_time(call), call.floor.grant)
        for waiter in call.floor.queue:
            if (waiter.request.user, waiter.request.leg) == (user, branch.domain):
                return Waiting(user, waiter.told)
        return Refused(user, branch.denied)

    def _only_receives(self, call: MasterCall, request: floor.Request) -> bool:
        if request.forced:
            return call.branches[request.leg].listens
        member = call.group.member(request.user)
        multicast = call.setup.call_type in MULTICAST and request.user != call.originator
        return multicast or (member is not None and member.listen_only)

    def let_go(self, call: MasterCall, branch: Branch, op: LetGo) -> None:
        """话权释放. It also makes a grant pointless that still waits for its turn on the leg (profile 7).

        TC2-C 话权释放, TC2-C 话权释放的成功响应.
        """
        grant = purpose(Grant(op.user, 0, call.floor.grant))
        pointless = branch.link is not None and branch.link.leg.drop(grant)
        if branch.link is not None:
            branch.link.confirm(self._ctx, op)
        self.apply(call, call.floor.release(op.user, None if pointless else op.grant))
        if pointless and branch.link is not None:
            branch.link.leg.resume(self._ctx)

    def confirmed(self, call: MasterCall, branch: Branch, what: Confirmed) -> None:
        """A V-TCF answered a grant or a revoke."""
        words = what.purpose.split(" ")
        if words[0] == Revoke.__name__:
            self.apply(call, call.floor.revoked(int(words[2])))
        elif words[0] == Grant.__name__:
            self._grant_answered(call, branch, Aor.parse(words[1]), int(words[2]), taken=what.taken)

    def _grant_answered(
        self, call: MasterCall, branch: Branch, user: Aor, grant: int, *, taken: bool
    ) -> None:
        """What came too late, when his V-TCF had been given up for silent, is taken back."""
        talker = call.floor.talker
        if not taken:
            self.apply(call, call.floor.refused(user, grant))
        elif talker is None or (talker.user, call.floor.grant) != (user, grant):
            self.tell(call, branch, Revoke(user, grant, FloorCause.TIMEOUT))
        else:
            call.untold = 0

    def revoke(self, call: MasterCall, cause: FloorCause) -> bool:
        """Take the floor from the talker; False when nobody talks."""
        actions = call.floor.revoke(cause)
        self.apply(call, actions)
        return bool(actions)

    def dispossess(self, call: MasterCall, user: Aor) -> None:
        """Who is no member any more loses the floor or his place in the queue; his V-TCF is told."""
        entry = next((entry for entry in call.floor.entries() if entry.user == user), None)
        if entry is None or entry.forced:
            return
        if entry is call.floor.talker:
            self.revoke(call, FloorCause.FORCED)
        else:
            self.apply(call, call.floor.release(user))
            self.tell_at(call, entry.leg, Revoke(user, 0, FloorCause.FORCED))

    def calm(self, call: MasterCall, branch: Branch, op: Calm) -> None:
        """`emergency=0`: the emergency ends, by its originator or a dispatcher."""
        user = op.user
        if branch.link is not None:
            branch.link.confirm(self._ctx, op)
        if call.emergency_by is not None and (user == call.emergency_by or is_dispatcher(self._ctx, user)):
            call.emergency_by = None
            self.tell_all(call, self.state_of(call), but="")

    def state_of(self, call: MasterCall) -> Inform:
        """Who talks now, as whoever joins or lost it hears it."""
        talker, emergency = call.floor.talker, call.emergency_by is not None
        alert = Alert.IDLE if talker is None else Alert.TAKEN
        return Inform(alert, talker.user if talker else None, 0, emergency, call.floor.grant)

    def watch(self, call: MasterCall, domain: str, since: float) -> None:
        """The V-TCF left unanswered what was sent at `since`: if its member talks, T1 is the time to hear from it."""
        talker = call.floor.talker
        branch = call.branches.get(talker.leg) if talker is not None else None
        if branch is None or SILENT in call.timers:
            return
        if domain in (branch.domain, branch.link.leg.peer if branch.link is not None else ""):
            call.silent_since = since
            self.start(call, SILENT, max(0.0, since + self._ctx.durations.t1 - self._ctx.now))

    def talker_lost(self, call: MasterCall) -> None:
        """T1 without a word of the talker's V-TCF counts as his release."""
        talker = call.floor.talker
        branch = call.branches.get(talker.leg) if talker is not None else None
        if talker is None or branch is None or branch.link is None:
            return
        if not branch.link.heard_since(self._ctx, call.silent_since):
            self.apply(call, call.floor.release(talker.user))

    def grace_over(self, call: MasterCall) -> None:
        """T3: the talker did not confirm; a revoke that still waits on the leg is pointless now."""
        talker = call.floor.talker
        branch = call.branches.get(talker.leg) if talker is not None else None
        if talker is not None and branch is not None and branch.link is not None:
            branch.link.leg.drop(purpose(Revoke(talker.user, call.floor.grant, FloorCause.TIMEOUT)))
        self.apply(call, call.floor.revoked(call.floor.grant))

    def talker_never_arrived(self, call: MasterCall) -> None:
        """The talker's new V-TCF has no leg within T1: he loses the floor."""
        talker = call.floor.talker
        branch = call.branches.get(talker.leg) if talker is not None else None
        if talker is not None and (branch is None or not branch.up):
            self.apply(call, call.floor.lost(talker.leg))

    def apply(self, call: MasterCall, actions: Iterable[Action]) -> None:
        """Carry out what the floor decided."""
        for action in actions:
            self._carry_out(call, action)

    def _carry_out(self, call: MasterCall, action: Action) -> None:
        durations = self._ctx.durations
        emergency = call.emergency_by is not None
        call.changed = self._ctx.wall
        told = told_of(action, call.talk_time(durations.t2), call.floor.grant, emergency=emergency)
        match action:
            case floor.Taken(_, leg):
                self.stop(call, HANG)
                self.stop(call, GRACE)
                self.start(call, TALK, call.talk_time(durations.t2))
                self.tell_all(call, told, but=leg)
                self._notice_floor(call, "taken")
            case floor.Idle():
                self.stop(call, TALK)
                self.stop(call, GRACE)
                self.start_hang(call)
                self.tell_all(call, told, but="")
                self._notice_floor(call, "idle")
            case floor.Revoke(_, leg, _, _):
                self.stop(call, TALK)
                self.start(call, GRACE, durations.t3)
                self.tell_at(call, leg, told)
            case floor.Grant(user, leg, grant):
                call.untold = grant
                self._observe_grant(call, user)
                self.tell_at(call, leg, told)
            case floor.Moved(_, leg, _):
                self.tell_at(call, leg, told)
            case _:
                return

    def _observe_grant(self, call: MasterCall, user: Aor) -> None:
        waited = self._ctx.wall - call.waiting.pop(user, self._ctx.wall)
        self._ctx.meters.observe("opentcf_floor_grant_seconds", max(0.0, waited))

    def start_hang(self, call: MasterCall) -> None:
        """T4 begins."""
        hang_time = call.group.hang_time
        self.start(call, HANG, self._ctx.durations.t4 if hang_time is None else hang_time)

    def _notice_floor(self, call: MasterCall, state: str) -> None:
        talker = call.floor.talker
        who = str(talker.user) if talker is not None else ""
        self._ctx.notice(
            "floor", id=call.id, group=str(call.group.aor), state=state, talker=who, grant=call.floor.grant
        )

    def tell_all(self, call: MasterCall, op: Operation, but: str) -> None:
        """To every V-TCF but one."""
        fan = Fan()
        for domain, branch in call.branches.items():
            if domain != but and branch.up:
                self.tell(call, branch, op, fan)

    def tell_at(self, call: MasterCall, domain: str, op: Operation) -> None:
        """To one V-TCF, or who entered by an order."""
        branch = call.branches.get(domain)
        if branch is not None:
            self.tell(call, branch, op)

    def tell(self, call: MasterCall, branch: Branch, op: Operation, fan: Fan | None = None) -> None:
        """The same; `fan`: the legs that hear the same."""
        if branch.link is None:
            self._queue.append(Post(False, call.group.aor, op))
        else:
            branch.link.tell(self._ctx, op, fan)

    def answer(self, call: MasterCall, branch: Branch, answer: Answer, *, joining: bool = False) -> None:
        """To an Ask; `joining`: it came with the INVITE that joins, whose TCF may not know what call it is."""
        if branch.link is not None:
            other = joining and branch.link.named != call.id
            branch.link.answer(self._ctx, answer, joining=joining, call=call.id if other else "")
        else:
            self._queue.append(Post(False, call.group.aor, answer))

    def start(self, call: MasterCall, what: str, delay: float) -> None:
        """Start a timer of this call, anew if it runs; those of talk mean nothing to a push."""
        self.stop(call, what)
        if call.is_push and what in (TALK, HANG):
            return
        call.timers[what] = self._ctx.start(delay, Owner(NAME, str(call.group.aor), what))

    def stop(self, call: MasterCall, what: str) -> None:
        """Stop a timer of this call."""
        timer = call.timers.pop(what, None)
        if timer is not None:
            timer.cancel()

    def repeat(self, call: MasterCall) -> None:
        """What was told so shortly before the crash that it may not have arrived; grant numbers make it harmless."""
        talker, state = call.floor.talker, self.state_of(call)
        self.tell_all(call, state, but=talker.leg if talker is not None else "")
        if talker is not None and call.floor.state is FloorState.REVOKING:
            self.tell_at(call, talker.leg, Revoke(talker.user, call.floor.grant, FloorCause.TIMEOUT))
        elif talker is not None and call.untold == call.floor.grant:
            duration = self.talk_time(call)
            self.tell_at(call, talker.leg, Grant(talker.user, duration, call.floor.grant))
