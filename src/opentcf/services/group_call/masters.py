"""What G does: sets calls up, arbitrates, informs, releases (profile 4.3, 4.4)."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from opentcf.btrunc.floor import (
    Ask,
    Left,
    answer_of,
)
from opentcf.model.call import CallSetup
from opentcf.model.cause import Decline, FloorCause, ReleaseCause
from opentcf.model.floor import Action, Denied
from opentcf.model.group import Group, SetUp
from opentcf.model.numbers import Aor
from opentcf.services import accounting
from opentcf.services.context import Context, peer_flow
from opentcf.services.group_call.arbiter import (
    AGAIN,
    ARRIVE,
    CONFIRM,
    GRACE,
    HANG,
    LONGEST,
    SILENT,
    TALK,
    Arbiter,
)
from opentcf.services.group_call.link import NAME, Half, Link
from opentcf.services.group_call.local import End, Invite, Post, Queue
from opentcf.services.group_call.master import (
    Branch,
    MasterCall,
    MasterInput,
    MasterState,
)
from opentcf.services.group_call.media import MasterMedia
from opentcf.services.leg import Leg, LegState
from opentcf.services.path import admit_to_group, aor_uri, is_dispatcher
from opentcf.sip.fan import Fan
from opentcf.sip.transaction import Owner

ASK_SOON, ASK_AGAIN = 1.0, 10.0
"""Seconds until a V-TCF that failed or refused is asked again (profile 4.3): soon at first, since a late entry may
reach it before its home's answer does, later as a heartbeat's."""


class Event(NamedTuple):
    """An input's particulars: whose INVITE and what the floor said to it, or why the call is over."""

    branch: Branch | None = None
    actions: tuple[Action, ...] = ()
    cause: ReleaseCause = ReleaseCause.NORMAL


NOTHING = Event()


class Masters:
    """The calls of the groups of this TCF."""

    def __init__(self, ctx: Context, queue: Queue) -> None:
        self._ctx = ctx
        self._queue = queue
        self.calls: dict[Aor, MasterCall] = {}
        self.arbiter = Arbiter(ctx, queue)
        self.media = MasterMedia(ctx, queue)
        self.ended: list[str] = []
        """OnlineCallIDs of calls that are over and nobody was told of."""

    def revive(self, call: MasterCall, branches: list[Branch], timers: dict[str, float]) -> None:
        """Go on with a call from the store; `timers` are times of this node."""
        for branch in branches:
            branch.up = True
            call.branches[branch.domain] = branch
            self.media.catch_up(call, branch)
        self.calls[call.group.aor] = call
        self._ctx.directory.run_call(call.id, call.key, call.originator, call.group.aor)
        for what, when in timers.items():
            if what != SILENT:
                self.arbiter.start(call, what, max(0.0, when - self._ctx.now))
        for leg in sorted({entry.leg for entry in call.floor.entries()} - call.branches.keys()):
            self.arbiter.apply(call, call.floor.lost(leg))
        self._take_out_all(call, [entry.user for entry in call.floor.entries() if not entry.forced])
        if call.state is MasterState.ENDED:
            return
        if not call.served:
            self.end(call, ReleaseCause.NORMAL)
            return
        if self._ctx.wall - call.changed < 64 * self._ctx.durations.sip_t1:
            self.arbiter.repeat(call)
        self.call_missing(call)

    # --- set-up

    def admit(self, group: Aor, caller: Aor, sender: str) -> Group:
        """May `caller`, as `sender` says, call this group? Decline 404 or 403. TC2-C 403."""
        return admit_to_group(self._ctx, group, caller, sender)

    def open(
        self, group: Group, setup: CallSetup, caller: Aor, branch: Branch, codecs: bytes, key: str
    ) -> None:
        """An INVITE to the group: a new call, or the caller joins the running one and asks for the floor."""
        call = self.calls.get(group.aor)
        if call is None:
            call = self._new_call(group, setup, caller, codecs, key)
        self._put_branch(call, branch)
        branch.caller = caller
        call.left.discard(caller)
        request = self.arbiter.request(call, Ask(caller, setup.priority, setup.emergency), branch)
        actions = tuple(self.arbiter.decide(call, request))
        if isinstance(actions[0], Denied):
            branch.denied = actions[0].cause
        self._step(call, MasterInput.JOINED, Event(branch, actions))

    def push(self, group: Group, setup: CallSetup, speaker: Aor, codecs: bytes, key: str) -> MasterCall:
        """Video is forwarded to the group: a call in which members only receive. 486 while it is in another."""
        if group.aor in self.calls:
            raise Decline(486, f"{group.aor} is in a call")
        if not any(self._ctx.directory.where(group.aor, member.aor) for member in group.members):
            raise Decline(480, f"no member of {group.aor} is registered")
        call = self._new_call(group, setup, speaker, codecs, key)
        call.state, call.forwarded = MasterState.UP, True
        self.arbiter.stop(call, CONFIRM)
        return call

    def take_in_by_order(self, call: MasterCall, branch: Branch, user: Aor) -> None:
        """强插: a leg and the floor at once, 200 and then a grant when somebody has to be silenced first. A discreet
        listener is only ever told that he receives."""
        before = call.branches.pop(branch.domain, None)
        if before is not None and before.link is not None:
            before.link.end(self._ctx, ReleaseCause.NORMAL)
            self.arbiter.apply(call, call.floor.lost(branch.domain))
        call.branches[branch.domain] = branch
        branch.up = True
        actions = self.arbiter.decide(call, self.arbiter.request(call, Ask(user), branch))
        self.arbiter.answer(call, branch, answer_of(actions[0], self.arbiter.talk_time(call)), joining=True)
        self.arbiter.apply(call, actions[1:])
        if branch.listens and call.floor.talker is not None:
            self.arbiter.tell(call, branch, self.arbiter.state_of(call))

    def _step(self, call: MasterCall, what: MasterInput, event: Event = NOTHING) -> None:
        """Look up and act; an input that the state does not name changes nothing."""
        row = TABLE[call.state].get(what)
        if row is not None:
            call.state, deed = row
            deed(self, call, event)

    def keep_waiting(self, call: MasterCall, event: Event) -> None:
        """His 200 waits until the set-up is settled. The first of them is the caller: the others are called."""
        branch = event.branch
        assert branch is not None
        self.arbiter.apply(call, event.actions[1:])
        if not call.caller_branch:
            call.caller_branch = branch.domain
            self.call_missing(call)
            call.asked = {other.domain for other in call.branches.values() if not other.up}
        call.asked.discard(branch.domain)
        if branch.link is not None:
            branch.link.save(self._ctx)
        if not call.asked:
            self.confirmed_setup(call)

    def take_in(self, call: MasterCall, event: Event) -> None:
        """200 with what the floor says; V-TCFs that are missing are called. TC2-C 组呼呼叫建立的成功响应."""
        assert event.branch is not None
        answer = answer_of(event.actions[0], self.arbiter.talk_time(call))
        self.arbiter.answer(call, event.branch, answer, joining=True)
        event.branch.up = True
        self.arbiter.apply(call, event.actions[1:])
        self.catch_up(call, event.branch)
        if call.floor.talker is None and HANG not in call.timers:
            self.arbiter.start_hang(call)
        self.call_missing(call)

    def _new_call(self, group: Group, setup: CallSetup, caller: Aor, codecs: bytes, key: str) -> MasterCall:
        ctx = self._ctx
        call = MasterCall(key, group, setup, caller, codecs)
        call.began = ctx.wall
        self.calls[group.aor] = call
        ctx.directory.run_call(call.id, key, caller, group.aor)
        self.arbiter.start(call, LONGEST, group.max_duration or ctx.durations.tcall)
        if group.setup is SetUp.CONFIRMED and self._serving(call, but=caller):
            call.state = MasterState.CONFIRMING
            self.arbiter.start(call, CONFIRM, ctx.durations.tconfirm)
        ctx.notice("group_call", id=call.id, group=str(group.aor), state="setup", caller=str(caller))
        return call

    def _put_branch(self, call: MasterCall, branch: Branch) -> None:
        """A V-TCF has one leg: its own INVITE replaces what we had there (a crossing, or a leg it has lost)."""
        before = call.branches.get(branch.domain)
        if before is not None and before.link is not None and before.link is not branch.link:
            before.link.end(self._ctx, ReleaseCause.NORMAL)
        call.branches[branch.domain] = branch

    def _serving(self, call: MasterCall, but: Aor | None = None) -> list[str]:
        """The V-TCFs that serve a member who has not hung up, each once."""
        where = self._ctx.directory.where
        found: dict[str, None] = {}
        for member in call.group.members:
            visited = where(call.group.aor, member.aor)
            if visited is not None and member.aor not in call.left and member.aor != but:
                found[visited] = None
        return list(found)

    def call_missing(self, call: MasterCall) -> None:
        """Every V-TCF that serves a member and has no branch yet."""
        fan = Fan()
        for domain in self._serving(call):
            if domain not in call.branches:
                self.call_branch(call, domain, fan)

    def call_branch(self, call: MasterCall, domain: str, fan: Fan | None = None) -> None:
        """G→V INVITE; a V-TCF that is down is left out until it comes back."""
        ctx = self._ctx
        talker = call.floor.talker.user if call.floor.talker is not None else None
        setup = call.setup_for(talker)
        if domain == ctx.directory.domain:
            branch = call.branches[domain] = Branch(domain, None)
            branch.up = True
            self._queue.append(Post(False, call.group.aor, Invite(setup, call.codecs)))
            return
        peer = ctx.directory.peer(domain)
        group = call.group.aor
        if peer is None or ctx.peer_is_down(domain):
            ctx.notice("group_call", id=call.id, group=str(group), state="left out", peer=domain)
            return
        owner, uri = Owner(NAME, call.key), aor_uri(group)
        from_ = f"<{aor_uri(talker or group)}>"
        leg = Leg.calling(ctx, owner, peer_flow(peer), group, domain, uri, from_, f"<{uri}>")
        link = Link(leg, group.domain, Half.BRANCH)
        link.give_voice(ctx, call.codecs)
        call.branches[domain] = Branch(domain, link)
        link.invite(ctx, setup, talker, "sendonly", fan=fan)

    def confirmed_setup(self, call: MasterCall) -> None:
        """Confirmed set-up: every V-TCF answered, or Tconfirm is over. 480 when none did."""
        up = call.caller_branch in call.branches and any(
            branch.up or (branch.waits and domain != call.caller_branch)
            for domain, branch in call.branches.items()
        )
        self._step(call, MasterInput.SETTLED if up else MasterInput.UNANSWERED)

    def refuse_caller(self, call: MasterCall, event: Event) -> None:
        """480 to the caller; every leg is released."""
        caller = call.branches.pop(call.caller_branch, None)
        if caller is not None and caller.link is not None:
            caller.link.refuse(self._ctx, 480)
        elif caller is not None:
            self._queue.append(Post(False, call.group.aor, End(ReleaseCause.NO_ANSWER)))
        self.release_all(call, Event(cause=ReleaseCause.NO_ANSWER))

    def answer_callers(self, call: MasterCall, event: Event) -> None:
        """200 to the caller, and to whoever called meanwhile. TC2-C 组呼呼叫建立的成功响应."""
        self.arbiter.stop(call, CONFIRM)
        waiting = [branch for branch in call.branches.values() if branch.waits]
        for branch in waiting:
            self.arbiter.answer(call, branch, self.arbiter.standing(call, branch), joining=True)
            branch.up = True
        for branch in waiting:
            self.catch_up(call, branch)

    # --- leaving

    def left(self, call: MasterCall, branch: Branch, op: Left) -> None:
        """A member left while others stay at his V. One who has gone on to another V is still in the call; what he had
        of the floor at the old one is free, unless a handover has moved it."""
        gone_on = self._ctx.directory.where(call.group.aor, op.user) not in (None, branch.domain)
        if not gone_on:
            call.left.add(op.user)
        if not gone_on and self._may_release(call, op.user):
            self.end(call, ReleaseCause.NORMAL)
        elif call.floor.is_at(op.user, branch.domain):
            self.arbiter.apply(call, call.floor.release(op.user))

    def _may_release(self, call: MasterCall, user: Aor) -> bool:
        """Does the whole call end when he leaves? A dispatcher's own call and a push do, a member's where the group
        says so."""
        source = call.is_push and not call.forwarded
        may = source or call.group.owner_release or is_dispatcher(self._ctx, user)
        return user == call.originator and may

    def branch_gone(self, call: MasterCall, domain: str) -> None:
        """A V-TCF released its leg, lost it, refused the call, or is down."""
        branch = call.branches.pop(domain, None)
        if branch is None:
            return
        if branch.link is not None and branch.link.half is Half.PUSHED:
            self.end(call, ReleaseCause.NORMAL)
            return
        if branch.entered:
            self.arbiter.apply(call, call.floor.lost(domain))
            return
        here = [
            m.aor for m in call.group.members if self._ctx.directory.where(call.group.aor, m.aor) == domain
        ]
        if branch.up:
            call.left.update(here)
        else:
            self.arbiter.start(call, AGAIN, call.patience)
        self._ctx.notice("group_call", id=call.id, group=str(call.group.aor), state="leg gone", peer=domain)
        caller_gone = call.state is MasterState.CONFIRMING and domain == call.caller_branch
        owner_here = self._ctx.directory.where(call.group.aor, call.originator) in (None, domain)
        owner_gone = (branch.up or call.is_push) and owner_here and self._may_release(call, call.originator)
        if caller_gone or owner_gone or not call.served:
            self.end(call, ReleaseCause.NORMAL)
            return
        self.settle_setup(call, domain)
        if call.state is not MasterState.ENDED:
            self.arbiter.apply(call, call.floor.lost(domain))

    def crossed(self, call: MasterCall, branch: Branch) -> None:
        """V answered 491: its own INVITE is on its way; should that never arrive, V is asked again."""
        if call.branches.get(branch.domain) is branch:
            self.arbiter.start(call, AGAIN, call.patience)

    def _ask_again(self, call: MasterCall) -> None:
        for domain, branch in list(call.branches.items()):
            if branch.link is not None and branch.link.leg.state is LegState.ENDED:
                del call.branches[domain]
        call.patience = min(2 * call.patience, ASK_AGAIN)
        self.call_missing(call)

    def located(self, call: MasterCall, member: Aor, visited: str, source: str = "") -> None:
        """Late entry: he has registered, so his V-TCF is called unless it has the call.

        By handover from `source` he keeps the floor, or his place in the queue; nobody is told (profile 4.6, 7).
        Without one he has left them behind.

        TC2-C 群组下行资源补建.
        """
        if source:
            self._hand_over(call, member, visited, source)
        elif any(e.user == member and e.leg != visited and not e.forced for e in call.floor.entries()):
            self.arbiter.apply(call, call.floor.release(member))
        call.left.discard(member)
        call.patience = ASK_SOON
        if visited not in call.branches:
            self.call_branch(call, visited)

    def _hand_over(self, call: MasterCall, member: Aor, visited: str, source: str) -> None:
        call.floor.move(member, visited)
        talker, reached = call.floor.talker, call.branches.get(visited)
        if talker is not None and talker.user == member and (reached is None or not reached.up):
            self.arbiter.start(call, ARRIVE, self._ctx.durations.t1)
        where = self._ctx.directory.where
        left = call.branches.get(source)
        if left is None or any(where(call.group.aor, m.aor) == source for m in call.group.members):
            return
        if reached is None and sum(not branch.entered for branch in call.branches.values()) == 1:
            self.call_branch(call, visited)
        del call.branches[source]
        if left.link is not None:
            left.link.end(self._ctx, ReleaseCause.HANDOVER)
        else:
            self._queue.append(Post(False, call.group.aor, End(ReleaseCause.HANDOVER)))

    def changed(self, call: MasterCall, group: Group) -> None:
        """Members or settings are others now: who was added is brought in, who was removed taken out."""
        before, call.group = call.group, group
        call.floor.queue_length, call.floor.preemption = group.queue_length, group.preemption
        self._take_out_all(call, [member.aor for member in before.members])
        if call.state is not MasterState.ENDED:
            self.call_missing(call)

    def _take_out_all(self, call: MasterCall, users: Iterable[Aor]) -> None:
        """Those of these users who may not be in the call."""
        for user in users:
            is_allowed = call.group.member(user) is not None or is_dispatcher(self._ctx, user)
            if not is_allowed and call.state is not MasterState.ENDED:
                self._take_out(call, user)

    def _take_out(self, call: MasterCall, user: Aor) -> None:
        """He loses the floor, or his place, at once; so does his V-TCF its leg, where nobody else has need of it. Else
        that takes him out when his home tells it (profile 4.5)."""
        domain = self._ctx.directory.where(call.group.aor, user)
        branch = call.branches.get(domain or "")
        if branch is not None and branch.link is not None and not self._is_needed(call, branch, but=user):
            branch.link.end(self._ctx, ReleaseCause.FORCED)
            self.branch_gone(call, branch.domain)
        else:
            self.arbiter.dispossess(call, user)

    def _is_needed(self, call: MasterCall, branch: Branch, but: Aor) -> bool:
        """Is anybody else at that V-TCF: a member, who made the call, who talks or waits? Or a dispatcher of ours, who
        may have joined without being a member?"""
        users = {member.aor for member in call.group.members} | {call.originator}
        there = {user for user in users if self._ctx.directory.where(call.group.aor, user) == branch.domain}
        there |= {entry.user for entry in call.floor.entries() if entry.leg == branch.domain}
        return bool(there - {but}) or any(
            binding.visited == branch.domain and is_dispatcher(self._ctx, binding.user)
            for binding in self._ctx.directory.bindings()
        )

    def catch_up(self, call: MasterCall, branch: Branch) -> None:
        """Who talks may have changed since the INVITE was written."""
        talker = call.floor.talker
        said = branch.link.told if branch.link is not None else None
        if said != (talker.user if talker is not None else None) and not (
            talker is not None and talker.leg == branch.domain
        ):
            self.arbiter.tell(call, branch, self.arbiter.state_of(call))
        self.media.catch_up(call, branch)

    def settle_setup(self, call: MasterCall, domain: str) -> None:
        """One of the V-TCFs that a confirmed set-up waits for has answered."""
        call.asked.discard(domain)
        if call.state is MasterState.CONFIRMING and not call.asked:
            self.confirmed_setup(call)

    def end(self, call: MasterCall, cause: ReleaseCause) -> None:
        """Release the whole call."""
        self._step(call, MasterInput.OVER, Event(cause=cause))

    def release_all(self, call: MasterCall, event: Event) -> None:
        """BYE to every leg; the timers stop."""
        cause = event.cause
        for timer in call.timers.values():
            timer.cancel()
        fan = Fan()
        for branch in call.branches.values():
            if branch.link is not None:
                branch.link.end(self._ctx, cause, fan)
            else:
                self._queue.append(Post(False, call.group.aor, End(cause)))
        del self.calls[call.group.aor]
        self.ended.append(call.id)
        self._ctx.directory.end_call(call.id, call.key)
        accounting.over(self._ctx, call.key, cause)
        self._ctx.notice(
            "group_call", id=call.id, group=str(call.group.aor), state="ended", cause=cause.name.lower()
        )

    def timer(self, call: MasterCall, what: str) -> None:
        """T2, T3, T4, Tcall, Tconfirm."""
        call.timers.pop(what, None)
        if what in (TALK, HANG) and call.is_push:
            return
        if what == TALK:
            self.arbiter.revoke(call, FloorCause.TIMEOUT)
        elif what == GRACE:
            self.arbiter.grace_over(call)
        elif what == SILENT:
            self.arbiter.talker_lost(call)
        elif what == ARRIVE:
            self.arbiter.talker_never_arrived(call)
        elif what == HANG:
            self.end(call, ReleaseCause.NORMAL)
        elif what == LONGEST:
            self.end(call, ReleaseCause.TIMEOUT)
        elif what == CONFIRM:
            self.confirmed_setup(call)
        elif what == AGAIN:
            self._ask_again(call)


Deed = Callable[[Masters, MasterCall, Event], None]
I, S = MasterInput, MasterState
TABLE: dict[MasterState, dict[MasterInput, tuple[MasterState, Deed]]] = {
    S.CONFIRMING: {
        I.JOINED: (S.CONFIRMING, Masters.keep_waiting),
        I.SETTLED: (S.UP, Masters.answer_callers),
        I.UNANSWERED: (S.ENDED, Masters.refuse_caller),
        I.OVER: (S.ENDED, Masters.release_all),
    },
    S.UP: {
        I.JOINED: (S.UP, Masters.take_in),
        I.OVER: (S.ENDED, Masters.release_all),
    },
    S.ENDED: {},
}
"""Inputs that a state does not name change nothing there."""
