"""The group call (组呼): doorway for messages, legs, timers and facts; G's and V's halves stand behind it."""

from collections import deque

from opentcf.btrunc import call as wire_call
from opentcf.btrunc import control as wire_control
from opentcf.btrunc.floor import Revoke
from opentcf.btrunc.wire import Param, Token
from opentcf.model.call import CallSetup, CallType
from opentcf.model.cause import Decline, FloorCause, ReleaseCause
from opentcf.model.facts import (
    CallDismantled,
    CallEnded,
    CallsWatched,
    ConnectionLost,
    FloorPreempted,
    GroupChanged,
    MediaChanged,
    MemberLocated,
    MembershipChanged,
    PeerDown,
    PeerLostState,
    PeerSilent,
    PeerUp,
    UserAttached,
    UserLeaving,
    UserRevived,
    UserStunned,
    VideoAnswered,
    VideoPushChanged,
    VideoPushed,
    VideoSource,
    VideoSourceAsked,
)
from opentcf.model.numbers import Aor
from opentcf.services import accounting, mandate, path
from opentcf.services.context import NONE, Context, Facts, Incoming
from opentcf.services.group_call import records, status
from opentcf.services.group_call.branches import Branches
from opentcf.services.group_call.hop import Hop
from opentcf.services.group_call.link import NAME, Half, Link, group_of, new_key
from opentcf.services.group_call.local import (
    Change,
    Queue,
)
from opentcf.services.group_call.master import Branch, MasterState
from opentcf.services.group_call.masters import Masters
from opentcf.services.group_call.visited import VisitedState
from opentcf.services.group_call.visits import TIMERS, Visits, discard
from opentcf.services.leg import Happened, Leg, LegState, What
from opentcf.services.voice import PLAIN, Voice, described
from opentcf.sip.outbox import UNCHANGED, Flow, Value
from opentcf.sip.sdp import flowing
from opentcf.sip.timers import Timer
from opentcf.sip.transaction import Outcome, Owner

HELD, HOLD_UP = "held", 2.0
"""An INVITE of a member whose location has not arrived yet is held up that long (profile 4.3)."""

NO_CALL = CallSetup()


class GroupCalls:
    """The procedure."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._queue: Queue = deque()
        self.masters = Masters(ctx, self._queue)
        self.visits = Visits(ctx, self._queue)
        self._branches = Branches(ctx, self.masters)
        self._hop = Hop(ctx, self._queue, self.masters, self.visits)
        self._touched: set[Aor] = set()
        self._changed: set[Aor] = set()
        self._saved: dict[tuple[str, Aor], Value] = {}
        self._held: dict[tuple[Aor, Aor], tuple[Incoming, Timer]] = {}

    # --- doorways

    def serves(self, incoming: Incoming) -> bool:
        """Is this INVITE for a group, by its call type or by what its number is known to be?"""
        ctx, ext = self._ctx, incoming.extension
        if ext is not None and wire_call.is_for_group(ext, incoming.wire):
            return True
        called = path.called(ctx, incoming)
        if ctx.directory.group(called) is not None:
            return True
        attachment, peer = incoming.attachment, incoming.peer
        if attachment is not None:
            return any((n, d) == called for n, d, _, _ in attachment.groups)
        masters = peer is not None and peer.domain == called.domain
        return masters and (called in self.visits.calls or bool(ctx.directory.present(called)))

    def request(self, incoming: Incoming) -> Facts:
        """A new INVITE to a group: from a member (D), from his V-TCF to us as master, or from a master to us as V.

        TC2-C 组呼.
        """
        ctx = self._ctx
        group = path.called(ctx, incoming)
        self._touched.add(group)
        caller = path.asserted(incoming, ctx)
        path.forwards(incoming)
        Voice.readable(described(incoming.request), self._running(incoming, group))
        setup = wire_call.read_setup(incoming.extension, incoming.wire, group.domain)
        setup = wire_call.for_group(setup, caller, ctx.ids)
        if incoming.peer is None:
            self._dialled(incoming, group, setup, caller)
        elif ctx.directory.is_home(group):
            self._called_as_master(incoming, group, setup, caller)
        elif incoming.peer.domain == group.domain:
            talker = setup.caller if incoming.extension and incoming.extension.get(Param.CALLER) else None
            self.visits.invited(incoming, group, wire_call.with_caller(setup, talker), new_key(ctx, group))
        else:
            raise Decline(403, f"{incoming.peer.domain} is not the master of {group}")
        return self._run()

    def _running(self, incoming: Incoming, group: Aor) -> bytes:
        """The description of the running call, of which whoever joins it must have a codec; empty where none runs."""
        calls = (self.visits.calls, self.masters.calls) if incoming.peer is None else (self.masters.calls,)
        return next((known[group].codecs or PLAIN for known in calls if group in known), b"")

    def _dialled(self, incoming: Incoming, group: Aor, setup: CallSetup, caller: Aor) -> None:
        ctx = self._ctx
        attachment = incoming.attachment
        if attachment is not None and attachment.stunned:
            raise Decline(403, f"{caller} is stunned")
        setup = setup.with_priority(path.best_priority(ctx, group, caller))
        if ctx.directory.is_home(group):
            self.masters.admit(group, caller, ctx.directory.domain)
        if group not in self.visits.calls:
            path.room_for(ctx, caller, emergency=setup.emergency)
        self.visits.dial(incoming, group, setup, caller, new_key(ctx, group))

    def _called_as_master(self, incoming: Incoming, group: Aor, setup: CallSetup, caller: Aor) -> None:
        ctx, peer = self._ctx, incoming.peer
        assert peer is not None
        ext = incoming.extension
        if ext is not None and ext.get(Param.VIDEO_ID) is not None and peer.control:
            self._pushed(incoming, group, setup, caller)
            return
        try:
            known = self.masters.admit(group, caller, peer.domain)
        except Decline as decline:
            if (
                decline.status == 403
                and self._may_be_on_his_way(group, caller)
                and (group, caller) not in self._held
            ):
                ctx.respond(incoming, 100)
                owner = Owner(NAME, f"{group} {caller}", HELD)
                incoming.transaction.owner = owner  # a CANCEL may come
                timer = ctx.start(HOLD_UP, owner)
                self._held[group, caller] = (incoming, timer)
                return
            raise
        running = self.masters.calls.get(group)
        key = running.key if running is not None else new_key(ctx, group)
        leg = Leg.called(ctx, incoming, Owner(NAME, key), group)
        link = Link(leg, group.domain, Half.BRANCH)
        codecs = running.codecs if running is not None else flowing(incoming.request.body)
        link.give_voice(ctx, codecs)
        self.masters.open(known, setup, caller, Branch(peer.domain, link), codecs, key)

    def entered(self, incoming: Incoming) -> Facts:
        """强插 or discreet listening has reached us, the master; whoever may not was refused on the way.

        TC2-C 强插.
        """
        ctx = self._ctx
        group, who = path.called(ctx, incoming), path.asserted(incoming, ctx)
        token, call_id = wire_control.read_entry(incoming.extension)
        action = mandate.ENTRIES[token][0]
        with mandate.audited(ctx, who, action, call_id):
            call = self.masters.calls.get(group)
            if call is None or call.id != call_id or call.state is not MasterState.UP:
                raise Decline(481, f"{group} has no call {call_id}")
            Voice.readable(described(incoming.request), call.codecs or PLAIN)
            leg = Leg.called(ctx, incoming, Owner(NAME, call.key), who)
        mandate.record(ctx, who, action, call_id)
        half = Half.LISTENING if token is Token.LISTEN else Half.INSERTED
        link = Link(leg, group.domain, half)
        link.give_voice(ctx, call.codecs)
        self._touched.add(group)
        self.masters.take_in_by_order(call, Branch.of(link), who)
        return self._run()

    def _leave_by_order(self, user: Aor, cause: ReleaseCause) -> None:
        """He who entered from a terminal here is here no more, or may not any more."""
        for call in list(self.masters.calls.values()):
            branch = call.branches.get(str(user))
            if branch is not None and branch.link is not None and branch.link.leg.peer is None:
                self._touched.add(call.group.aor)
                branch.link.end(self._ctx, cause)
                self.masters.branch_gone(call, branch.domain)

    def _pushed(self, incoming: Incoming, group: Aor, setup: CallSetup, caller: Aor) -> None:
        """A TCF that controls a source forwards its video to a group of ours (profile 4.7)."""
        known = self._ctx.directory.group(group)
        if known is None:
            raise Decline(404, f"{group} is no group here")
        key, codecs = new_key(self._ctx, group), incoming.request.body
        call = self.masters.push(known, setup, caller, codecs, key)
        link = Link(Leg.called(self._ctx, incoming, Owner(NAME, key), caller), group.domain, Half.PUSHED)
        link.give_voice(self._ctx, codecs)
        branch = call.branches[str(caller)] = Branch.of(link)
        branch.up = True
        link.confirm(self._ctx, Revoke(group, 0, FloorCause.NORMAL))
        self.masters.call_missing(call)

    def on_video_pushed(self, fact: VideoPushed) -> Facts:
        """The same from this very TCF."""
        known, key = self._ctx.directory.group(fact.group), new_key(self._ctx, fact.group)
        setup = CallSetup(CallType.VIDEO_PUSH, caller=fact.speaker, online_call_id=fact.call)
        status = 200 if known is not None else 404
        self._touched.add(fact.group)
        try:
            if known is not None:
                self.masters.call_missing(self.masters.push(known, setup, fact.speaker, fact.media, key))
        except Decline as decline:
            status = decline.status
        return (VideoAnswered(fact.call, status), *self._run())

    def on_video_push_changed(self, fact: VideoPushChanged) -> Facts:
        """What is pushed to a group of ours from this very TCF is another stream now."""
        for call in self.masters.calls.values():
            if call.id == fact.call:
                self._touched.add(call.group.aor)
                self.masters.media.spread(call, Change(None, call.setup.call_type, fact.media))
        return self._run()

    def on_video_source_asked(self, fact: VideoSourceAsked) -> Facts:
        """What a call of a group of ours shows."""
        for call in self.masters.calls.values():
            if call.id == fact.call:
                return (VideoSource(fact.key, call.group.aor, call.codecs),)
        return NONE

    def _may_be_on_his_way(self, group: Aor, caller: Aor) -> bool:
        known = self._ctx.directory.group(group)
        return known is not None and known.member(caller) is not None

    def happened(self, happened: Happened) -> Facts:
        """An event of one of the legs."""
        leg = happened.leg
        if not self._master_happened(leg, happened) and not self._visit_happened(leg, happened):
            self._orphan_happened(leg, happened)
        return self._run()

    def _keep(self, leg: Leg, link: Link | None) -> None:
        """After an event: the leg as it is now, if it still is."""
        if leg.state is LegState.ENDED or link is None:
            self._ctx.save(records.LEG, leg.key, None)
        else:
            link.save(self._ctx)

    def _master_happened(self, leg: Leg, happened: Happened) -> bool:
        master = self.masters.calls.get(group_of(leg.call))
        branch = master.branch_of(leg) if master is not None else None
        if master is None or branch is None or branch.link is None:
            return False
        self._touched.add(master.group.aor)
        self._branches.happened(master, branch, happened)
        self._keep(leg, branch.link)
        return True

    def _visit_happened(self, leg: Leg, happened: Happened) -> bool:
        visit = self.visits.calls.get(group_of(leg.call))
        if visit is None or visit.key != leg.call:
            return False
        self._touched.add(visit.group)
        user = visit.member_of(leg.key)
        if visit.uplink is not None and visit.uplink.leg is leg:
            link = visit.uplink
            self.visits.uplink_happened(visit, happened)
        elif user is not None:
            link = visit.members[user]
            self.visits.member_happened(visit, user, happened)
        else:
            return False
        self._keep(leg, link)
        return True

    def _orphan_happened(self, leg: Leg, happened: Happened) -> None:
        """A leg that we gave up, and that its other end has not left yet: a 200 that crossed our CANCEL, say."""
        if happened.incoming is not None and happened.what is What.INFORMED:
            self._ctx.respond(happened.incoming, 481)
        if leg.state is LegState.ENDED:
            self._ctx.save(records.LEG, leg.key, None)
        if happened.what in (What.ANSWERED, What.OFFERED, What.LOST):
            Link(leg, "", Half.MEMBER).refuse(self._ctx, 481)
            Link(leg, "", Half.MEMBER).end(self._ctx, happened.cause)

    def outcome(self, outcome: Outcome) -> Facts:
        """Requests outside legs: there are none."""
        return NONE

    def timer(self, owner: Owner) -> Facts:
        """One of the group's timers, or one of a terminal being alerted."""
        words = owner.key.split(" ")
        group = Aor.parse(words[0])
        self._touched.add(group)
        if owner.purpose == HELD:
            self._release_held(group, Aor.parse(words[1]))
        elif owner.purpose in TIMERS:
            visit = self.visits.calls.get(group)
            if visit is not None:
                self.visits.timer(visit, owner)
        else:
            master = self.masters.calls.get(group)
            if master is not None:
                self.masters.timer(master, owner.purpose)
        return self._run()

    def _release_held(self, group: Aor, caller: Aor) -> None:
        held = self._held.pop((group, caller), None)
        if held is not None and held[0].transaction.open:
            self._refuse(held[0], 403)

    def _refuse(self, incoming: Incoming, status: int) -> None:
        """What was held up and has no leg."""
        self._ctx.respond(incoming, status)
        accounting.refused(self._ctx, incoming, status, group=True)

    def _go_on(self, group: Aor, caller: Aor, visited: str | None) -> None:
        """A location came. One that does not name the V-TCF that called for him leaves his INVITE held."""
        held = self._held.get((group, caller))
        if held is None or held[0].peer is None or held[0].peer.domain != visited:
            return
        incoming, timer = self._held.pop((group, caller))
        timer.cancel()
        if not incoming.transaction.open:
            return
        setup = wire_call.read_setup(incoming.extension, incoming.wire, group.domain)
        setup = wire_call.for_group(setup, caller, self._ctx.ids)
        try:
            self._called_as_master(incoming, group, setup, caller)
        except Decline as decline:
            self._refuse(incoming, decline.status)

    # --- facts

    def on_member_located(self, fact: MemberLocated) -> Facts:
        """Late entry: his V-TCF is called when the group is in a call; a held INVITE goes on."""
        self._go_on(fact.group, fact.member, fact.visited)
        self._touched.add(fact.group)
        call = self.masters.calls.get(fact.group)
        if call is not None and fact.visited is not None:
            self.masters.located(call, fact.member, fact.visited, fact.source)
        return self._run()

    def on_user_attached(self, fact: UserAttached) -> Facts:
        """Late entry at V: a member who registers here hears the running calls of his groups."""
        for call in self.visits.calls.values():
            if fact.user in call.members:
                self.visits.returned(call, fact.user, anew=fact.anew)
        return self._alert(fact.user, again=fact.anew)

    def on_membership_changed(self, fact: MembershipChanged) -> Facts:
        """A member was added or taken out while he is here."""
        self._touched.update(self.visits.calls)
        for call in list(self.visits.calls.values()):
            if fact.user in call.members and fact.user not in self._ctx.directory.present(call.group):
                self.visits.remove(call, fact.user, ReleaseCause.FORCED)
        return self._alert(fact.user, again=False)

    def _alert(self, user: Aor, *, again: bool) -> Facts:
        attachment = self._ctx.directory.attachment(user)
        self._touched.update(self.visits.calls)
        groups = (
            [Aor(number, domain) for number, domain, _, _ in attachment.groups]
            if attachment is not None
            else []
        )
        for group in groups:
            call = self.visits.calls.get(group)
            if again:
                self.visits.hung_up.forgive(group, user)
            if call is not None and user not in call.members:
                self.visits.arrived(call, user, again=again)
        return self._run()

    def on_group_changed(self, fact: GroupChanged) -> Facts:
        """G: a running call goes on with the members and settings that the group has now."""
        self._touched.add(fact.group)
        call, group = self.masters.calls.get(fact.group), self._ctx.directory.group(fact.group)
        if call is not None and group is not None:
            self.masters.changed(call, group)
        elif call is not None:
            self.masters.end(call, ReleaseCause.FORCED)
        visit = self.visits.calls.get(fact.group)
        if visit is not None and group is not None:
            self.visits.regrouped(visit, group)
        return self._run()

    def on_user_leaving(self, fact: UserLeaving) -> Facts:
        """He leaves this V-TCF: his legs are released."""
        self._leave_by_order(fact.user, fact.cause)
        self._touched.update(self.visits.calls)
        for call in list(self.visits.calls.values()):
            if fact.moving and call.id == fact.moving:
                self.visits.hand_over(call, fact.user)
            elif fact.moved:
                self.visits.move(call, fact.user)
            else:
                self.visits.remove(call, fact.user, fact.cause)
        return self._run()

    def on_connection_lost(self, fact: ConnectionLost) -> Facts:
        """T1 begins for a talker who was reached by it (profile 4.4)."""
        for visit in self.visits.calls.values():
            self.visits.floor.sever(visit, Flow(*fact.flow))
        return NONE

    def on_floor_preempted(self, fact: FloorPreempted) -> Facts:
        """A private call takes him away from talking; he goes on to listen (profile 4.2)."""
        for group in self._ctx.directory.floors(fact.user):
            visit = self.visits.calls.get(group)
            if visit is not None:
                self._touched.add(group)
                self.visits.floor.preempt(visit)
        return self._run()

    def on_user_stunned(self, fact: UserStunned) -> Facts:
        """He is taken out of the calls here; what he is entitled to afterwards, a revival gives."""
        self._leave_by_order(fact.user, ReleaseCause.STUNNED)
        self._touched.update(self.visits.calls)
        for call in list(self.visits.calls.values()):
            self.visits.remove(call, fact.user, ReleaseCause.STUNNED)
        return self._run()

    def on_user_revived(self, fact: UserRevived) -> Facts:
        """He hears the running calls of his groups again."""
        return self._alert(fact.user, again=True)

    def on_call_dismantled(self, fact: CallDismantled) -> Facts:
        """强拆: every leg is released."""
        self.release(fact.call_id, ReleaseCause.FORCED)
        return self._run()

    def on_peer_down(self, fact: PeerDown) -> Facts:
        """As G its branches are dropped; as V a talker of ours has lost the floor, see `on_peer_silent`."""
        self._touched.update(self.masters.calls, self.visits.calls)
        for call in list(self.masters.calls.values()):
            for branch in list(call.branches.values()):
                if branch.link is not None and branch.link.leg.peer == fact.domain:
                    branch.link.leg.end(self._ctx)
                    branch.link.save(self._ctx)
                    branch.up = False
                    self.masters.branch_gone(call, branch.domain)
        for group, visit in self.visits.calls.items():
            if group.domain == fact.domain:
                visit.doubtful = True
                self.visits.floor.watch(visit, self._ctx.now)
        return self._run()

    def on_peer_silent(self, fact: PeerSilent) -> Facts:
        """T1 begins: a talker at a V-TCF, or here as V, whose other end stays silent loses the floor (profile 4.4)."""
        for call in self.masters.calls.values():
            self.masters.arbiter.watch(call, fact.domain, fact.since)
            self._touched.add(call.group.aor)
        for group, visit in self.visits.calls.items():
            if group.domain == fact.domain:
                self.visits.floor.watch(visit, fact.since)
        return self._run()

    def on_peer_up(self, fact: PeerUp) -> Facts:
        """It is asked again into the running calls whose members it serves."""
        for call in list(self.masters.calls.values()):
            self.masters.call_missing(call)
        for visit in self.visits.calls.values():
            if visit.group.domain == fact.domain:
                self.visits.probe(visit)
        return self._run()

    def on_peer_lost_state(self, fact: PeerLostState) -> Facts:
        """It does not know the calls any more: asked about a leg it says 481, which ends it."""
        for call in self.masters.calls.values():
            for branch in call.branches.values():
                if branch.link is not None and branch.link.leg.peer == fact.domain:
                    branch.link.leg.refresh(self._ctx)
        for visit in self.visits.calls.values():
            if visit.group.domain == fact.domain:
                visit.doubtful = True
                self.visits.probe(visit)
        return self._run()

    def on_calls_watched(self, fact: CallsWatched) -> Facts:
        """Somebody watches from now on: every call is news."""
        self._changed.update(self.masters.calls, self.visits.calls)
        return self.news()

    def news(self) -> Facts:
        """What changed since this was asked last, as G or else as V."""
        ended, self.masters.ended = self.masters.ended, []
        renewed, self.masters.media.renewed = self.masters.media.renewed, []
        over: Facts = (*(MediaChanged(one) for one in renewed), *(CallEnded(one) for one in ended))
        if not self._changed:
            return over
        changed, self._changed = sorted(self._changed), set()
        masters, visits = self.masters.calls, self.visits.calls
        told = (status.told(self._ctx, group, masters.get(group), visits.get(group)) for group in changed)
        return (*told, *over)

    # --- by command

    def release(self, identifier: str, cause: ReleaseCause) -> int:
        """Release calls by OnlineCallID, as master."""
        self._touched.update(self.masters.calls)
        calls = [call for call in self.masters.calls.values() if call.id == identifier]
        for call in calls:
            self.masters.end(call, cause)
        self._carry()
        return len(calls)

    def revoke(self, group: Aor) -> bool:
        """Take the floor by command; False when nobody talks there."""
        self._touched.add(group)
        call = self.masters.calls.get(group)
        done = call is not None and self.masters.arbiter.revoke(call, FloorCause.FORCED)
        self._carry()
        return done

    # --- the hop that disappears

    def _run(self) -> Facts:
        self._carry()
        return self.news()

    def _carry(self) -> None:
        """Carry the operations between the halves on this TCF until none is left."""
        while self._queue:
            post = self._queue.popleft()
            self._touched.add(post.group)
            if post.upwards:
                self._hop.upwards(post)
            else:
                self._hop.downwards(post)
        for group in self._touched:
            self._save(group)
            self._account(group)
            self._note_talker(group)
        if self._ctx.watched:
            self._changed |= self._touched
        self._touched.clear()

    def _note_talker(self, group: Aor) -> None:
        visit = self.visits.calls.get(group)
        if visit is None:
            self._ctx.directory.give_floor(group, None, NO_CALL)
        else:
            talker = visit.talker if visit.talker in visit.members else None
            self._ctx.directory.give_floor(group, talker, visit.setup)

    def _account(self, group: Aor) -> None:
        """For the call records: each half has its own."""
        if self._ctx.accounted:
            master, visit = self.masters.calls.get(group), self.visits.calls.get(group)
            if master is not None:
                accounting.note(self._ctx, master.key, status.about_master(master))
                if master.state is MasterState.UP:
                    accounting.up(self._ctx, master.key)
                accounting.arbitrated(self._ctx, master.key, master.floor)
            if visit is not None:
                accounting.note(self._ctx, visit.key, status.about_visit(visit))
                if visit.state is VisitedState.UP:
                    accounting.up(self._ctx, visit.key)
                accounting.talks(self._ctx, visit.key, visit.talker)

    # --- what outlives the process

    def _save(self, group: Aor) -> None:
        key = str(group)
        if self._ctx.is_saved_later(records.MASTER, key):
            return
        self._ctx.save_later(records.MASTER, key, lambda: self._news_of(records.MASTER, group))
        self._ctx.save_later(records.VISITED, key, lambda: self._news_of(records.VISITED, group))

    def _news_of(self, kind: str, group: Aor) -> Value:
        """The row of one half of a call, unless the store has it so."""
        ctx = self._ctx
        master, visit = self.masters.calls.get(group), self.visits.calls.get(group)
        row: Value = None
        if kind == records.MASTER and master is not None:
            row = records.write_master(master, ctx, ctx.directory.domain)
        elif kind == records.VISITED and visit is not None:
            row = records.write_visited(visit)
        before = self._saved.pop((kind, group), None)
        if row is not None:
            self._saved[kind, group] = row
        return UNCHANGED if row == before else row

    def load(
        self,
        masters: dict[str, Value],
        visits: dict[str, Value],
        legs: dict[str, Value],
        hung_up: dict[str, Value],
    ) -> Facts:
        """Go on from what the store held: same talkers, same queues, running timers."""
        self.visits.hung_up.load(hung_up)
        links: dict[str, list[Link]] = {}
        for row in legs.values():
            link = records.read_link(self._ctx, NAME, row)
            links.setdefault(row["call"], []).append(link)
            if link.up:
                link.leg.take_back(self._ctx)
            link.save(self._ctx)  # its numbers have jumped: the next restart must jump from there
        for text, row in masters.items():
            self._saved[records.MASTER, Aor.parse(text)] = row
            self._touched.add(Aor.parse(text))
            self._load_master(Aor.parse(text), row, links.pop(row["key"], []))
        for text, row in visits.items():
            group = Aor.parse(text)
            self._saved[records.VISITED, group] = row
            self._touched.add(group)
            visit = records.read_visited(row, group)
            self.visits.revive(visit, links.pop(row["key"], []), mastered=group in self.masters.calls)
        for group, call in self.masters.calls.items():
            if (own := self.visits.calls.get(group)) is not None:
                self.visits.regrouped(own, call.group)
        for left_over in links.values():
            for link in left_over:
                discard(self._ctx, link)
        return self._run()

    def _load_master(self, aor: Aor, row: dict[str, Value], links: list[Link]) -> None:
        """A call whose caller still waits for a confirmed set-up, or whose group is gone, is given up."""
        group, own = self._ctx.directory.group(aor), self._ctx.directory.domain
        up = [link for link in links if link.leg.state is LegState.UP]
        goes_on = group is not None and row["state"] == MasterState.UP.value
        for link in links:
            if not goes_on or link not in up:
                discard(self._ctx, link)
        if group is None or not goes_on:
            return
        branches = [Branch.of(link) for link in up]
        branches += [Branch(own, None)] if row["here"] else []
        timers = {what: wall - self._ctx.wall_offset for what, wall in row["timers"].items()}
        self.masters.revive(records.read_master(row, group), branches, timers)

    # --- for people

    def view(self) -> list[dict[str, Value]]:
        """One row a call of our groups, and one for each other that has members here."""
        rows: list[dict[str, Value]] = []
        for call in self.masters.calls.values():
            legs: list[Value] = [
                {"peer": b.domain, "state": "up" if b.up else "calling"} for b in call.branches.values()
            ]
            rows.append(
                self._row(
                    call.id, int(call.setup.call_type), call.state.value, call.group.aor, call.began, legs
                )
            )
        for visit in self.visits.calls.values():
            if visit.group not in self.masters.calls:
                legs = [
                    {"party": str(user), "state": link.leg.state.value}
                    for user, link in visit.members.items()
                ]
                kind, state = int(visit.setup.call_type), visit.state.value
                rows.append(self._row(visit.id, kind, state, visit.group, visit.began, legs))
        return rows

    def _row(
        self, key: str, kind: int, state: str, group: Aor, since: float, legs: list[Value]
    ) -> dict[str, Value]:
        return {"id": key, "type": kind, "state": state, "called": str(group), "since": since, "legs": legs}

    def floors(self) -> list[dict[str, Value]]:
        """One row a floor that we arbitrate."""
        return [
            {
                "group": str(call.group.aor),
                "id": call.id,
                "state": call.floor.state.value,
                "talker": str(call.floor.talker.user) if call.floor.talker is not None else None,
                "grant": call.floor.grant,
                "queue": [str(waiter.request.user) for waiter in call.floor.queue],
            }
            for call in self.masters.calls.values()
        ]

    @property
    def keys(self) -> frozenset[str]:
        """Of both halves of the calls that go on."""
        return frozenset(
            call.key for half in (self.masters.calls, self.visits.calls) for call in half.values()
        )

    def __len__(self) -> int:
        return len(self.masters.calls.keys() | self.visits.calls.keys())
