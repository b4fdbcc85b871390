"""What V does: alerts its members, carries their floor requests up and the master's word down (profile 4.3, 6)."""

from collections.abc import Callable
from typing import NamedTuple

from opentcf.btrunc import call as wire_call
from opentcf.btrunc import floor as wire_floor
from opentcf.btrunc.floor import (
    Ask,
    Calm,
    Grant,
    Inform,
    Left,
    LetGo,
    Revoke,
)
from opentcf.btrunc.wire import Alert, Param
from opentcf.model.call import CallSetup
from opentcf.model.cause import Decline, FloorCause, ReleaseCause
from opentcf.model.group import Group
from opentcf.model.numbers import Aor
from opentcf.services import accounting
from opentcf.services.context import Context, Incoming, peer_flow
from opentcf.services.floor_leg import purpose, read_downward, read_info
from opentcf.services.group_call.hung_up import HungUp
from opentcf.services.group_call.link import CHANGE, NAME, Half, Link
from opentcf.services.group_call.local import Change, Gone, Local, Open, Post, Queue
from opentcf.services.group_call.media import VisitedMedia
from opentcf.services.group_call.member_floor import CUT_OFF, GIVE_BACK, SEVERED, MemberFloor
from opentcf.services.group_call.visited import VisitedCall, VisitedInput, VisitedState
from opentcf.services.leg import PROBE, Happened, Leg, LegState, What
from opentcf.services.path import aor_uri, best_priority, is_dispatcher, to_peer
from opentcf.sip.errors import RemoteError
from opentcf.sip.fan import Fan
from opentcf.sip.message import Message
from opentcf.sip.outbox import Flow
from opentcf.sip.sdp import flowing, streams_of
from opentcf.sip.transaction import Owner

ALERT, HANDED_OVER, MOVED = "alert", "handed_over", "moved"
TIMERS = (ALERT, CUT_OFF, GIVE_BACK, HANDED_OVER, MOVED, SEVERED)
"""What they are for; their keys begin with the group, the last three with the call's key."""


def discard(ctx: Context, link: Link) -> None:
    """After a restart: an INVITE that was still open is given up on both sides (profile 5.1)."""
    if link.leg.state is LegState.RELEASING:
        link.leg.state = LegState.UP
    link.refuse(ctx, 503)
    link.end(ctx, ReleaseCause.NORMAL)


class Event(NamedTuple):
    """An input's particulars: who asks for the floor, what the master's INVITE says, how and why it ends."""

    ask: Ask | None = None
    incoming: Incoming | None = None
    setup: CallSetup | None = None
    status: int = 0
    told: Message | None = None
    cause: ReleaseCause = ReleaseCause.NORMAL


NOTHING = Event()


class Visits:
    """The group calls with members at this TCF."""

    def __init__(self, ctx: Context, queue: Queue) -> None:
        self._ctx = ctx
        self._queue = queue
        self.calls: dict[Aor, VisitedCall] = {}
        self.hung_up = HungUp(ctx)
        self.media = VisitedMedia(ctx, queue)
        self.floor = MemberFloor(ctx, queue, self.media)

    def revive(self, call: VisitedCall, links: list[Link], *, mastered: bool) -> None:
        """Go on with a call from the store; `mastered`: this TCF is its master and has it.

        What was open is undone: an INVITE gets 503, a request is taken back.
        """
        ctx = self._ctx
        self.calls[call.group] = call
        call.doubtful = True
        for link in links:
            if link.leg.state is LegState.UP and link.half is Half.UPLINK:
                call.uplink = link
            elif link.leg.state is LegState.UP:
                call.members[link.leg.party] = link
            else:
                discard(ctx, link)
        self._count(call)
        cut = call.uplink is None and not mastered
        if call.state is VisitedState.CALLING or not call.members or cut:
            self._step(call, VisitedInput.EMPTY)
            return
        for user, link in call.members.items():
            if link.is_asked:
                if link.asks:
                    self.floor.up(call, LetGo(user, None, FloorCause.GONE))
                link.refuse(ctx, 503)
            self.media.catch_up(call, user, link)
        for op in list(call.untold.values()):
            if isinstance(op, Revoke) != (call.talker == op.user):
                self.floor.order(call, op)
        self.alert_all(call)

    # --- a member calls

    def dial(self, incoming: Incoming, group: Aor, setup: CallSetup, user: Aor, key: str) -> None:
        """A member's INVITE: a new call towards the master, or he joins the one that runs here."""
        ctx = self._ctx
        call = self.calls.get(group)
        peer = None if ctx.directory.is_home(group) else to_peer(ctx, group.domain)
        if call is None:
            leg = Leg.called(ctx, incoming, Owner(NAME, key), user)
            call = self._new_call(key, group, setup, None, flowing(incoming.request.body))
            call.opener = user
            self._add_dialler(call, user, leg)
            call.asking[user] = Ask(user, setup.priority, setup.emergency)
            if peer is None:
                self._queue.append(Post(True, group, Open(setup, call.codecs)))
                return
            uri = aor_uri(group)
            uplink = Leg.calling(
                ctx,
                Owner(NAME, key),
                peer_flow(peer),
                group,
                peer.domain,
                uri,
                f"<{aor_uri(user)}>",
                f"<{uri}>",
            )
            call.uplink = Link(uplink, group.domain, Half.UPLINK)
            call.uplink.give_voice(ctx, call.codecs)
            call.uplink.invite(ctx, setup, user, "sendrecv")
            call.uplink.save(ctx)
            return
        leg = Leg.called(ctx, incoming, Owner(NAME, call.key), user)
        self._add_dialler(call, user, leg)
        self._step(call, VisitedInput.DIALLED, Event(Ask(user, setup.priority, setup.emergency)))

    def _step(self, call: VisitedCall, what: VisitedInput, event: Event = NOTHING) -> None:
        """Look up and act; an input that the state does not name changes nothing."""
        row = TABLE[call.state].get(what)
        if row is not None:
            call.state, deed = row
            deed(self, call, event)

    def wait_for_master(self, call: VisitedCall, event: Event) -> None:
        """He asks for the floor when the master has answered."""

    def ask_for_floor(self, call: VisitedCall, event: Event) -> None:
        """He joins within the leg that stands: a floor request to the master."""
        assert event.ask is not None
        self.floor.ask(call, event.ask)

    def _add_dialler(self, call: VisitedCall, user: Aor, leg: Leg) -> None:
        before = call.members.get(user)
        if before is not None:
            before.end(self._ctx, ReleaseCause.NORMAL)
        link = Link(leg, call.group.domain, Half.MEMBER)
        link.give_voice(self._ctx, call.codecs)
        leg.carry = ()
        call.members[user] = link
        call.joining.add(user)
        call.returning.discard(user)
        call.hung_up.discard(user)
        self._count(call)
        link.save(self._ctx)

    def _count(self, call: VisitedCall) -> None:
        """It is one of the calls of who began it, until `_drop`."""
        if call.opener in call.members:
            self._ctx.directory.opens(call.opener, call.key)

    def _new_call(
        self, key: str, group: Aor, setup: CallSetup, uplink: Link | None, codecs: bytes
    ) -> VisitedCall:
        call = VisitedCall(key, group, setup, uplink, codecs)
        call.began = self._ctx.wall
        self.calls[group] = call
        return call

    # --- the master calls

    def invited(self, incoming: Incoming, group: Aor, setup: CallSetup, key: str) -> None:
        """G→V INVITE: 200 as soon as one member can be served; a crossing INVITE of ours wins (profile 4.3)."""
        ctx = self._ctx
        call = self.calls.get(group)
        if call is None:
            if not self._can_serve(group, setup):
                raise Decline(480, f"no member of {group} can be served here")
            call = VisitedCall(key, group, setup, None, incoming.request.body)
            call.state, call.began = VisitedState.UP, ctx.wall
        crosses = self._crosses(call)
        self._step(
            call,
            VisitedInput.CROSSED if crosses else VisitedInput.INVITED,
            Event(incoming=incoming, setup=setup),
        )

    def decline_crossing(self, call: VisitedCall, event: Event) -> None:
        """491: our own INVITE wins."""
        raise Decline(491, "our own call to this group is on its way")

    def take_uplink(self, call: VisitedCall, event: Event) -> None:
        """200 to the master, whose leg replaces what we had; the members here are alerted."""
        ctx, incoming, setup = self._ctx, event.incoming, event.setup
        assert incoming is not None
        assert setup is not None
        leg = Leg.called(ctx, incoming, Owner(NAME, call.key), call.group)
        if call.uplink is not None:
            call.uplink.leg.end(ctx)
            call.uplink.save(ctx)
        call.uplink = Link(leg, call.group.domain, Half.UPLINK)
        call.uplink.give_voice(ctx, incoming.request.body)
        call.uplink.confirm(ctx, Revoke(call.group, 0, FloorCause.NORMAL))
        call.withdrawn.clear()
        for ask in call.asking.values():
            self.floor.up(call, ask)
        self._begin(call, setup, incoming.request.body)

    def _crosses(self, call: VisitedCall) -> bool:
        """Our own INVITE is open, or was answered so lately that the master's may have been sent before it came."""
        lately = self._ctx.wall - call.began < 64 * self._ctx.durations.sip_t1
        ours = call.uplink is not None and call.uplink.up and call.uplink.leg.caller
        return call.state is VisitedState.CALLING or (ours and lately)

    def invited_here(self, group: Aor, setup: CallSetup, codecs: bytes, key: str) -> None:
        """The same where the master is this TCF."""
        call = self.calls.get(group)
        if call is None and not self._can_serve(group, setup):
            self._queue.append(Post(True, group, Gone(ReleaseCause.NORMAL)))
            return
        self._begin(call or self._new_call(key, group, setup, None, codecs), setup, codecs)

    def _can_serve(self, group: Aor, setup: CallSetup) -> bool:
        """Is a member attached here who has not hung up in this very call?"""
        here = set(self._ctx.directory.present(group))
        return bool(here - self.hung_up.of(group, setup.online_call_id))

    def _begin(self, call: VisitedCall, setup: CallSetup, codecs: bytes) -> None:
        """Who is here from before is told who talks now; a talker of old is silenced."""
        self.calls[call.group] = call
        call.state = VisitedState.UP
        another = setup.online_call_id != call.id
        if another:
            call.grant = call.released = 0  # its grants count from 1
            call.hung_up.clear()
        call.hung_up |= self.hung_up.take(call.group, setup.online_call_id) - call.members.keys()
        alert = Alert.IDLE if setup.caller is None else Alert.TAKEN
        self.floor.take_inform(call, Inform(alert, setup.caller, 0, setup.emergency))
        call.setup = setup
        if codecs and streams_of(codecs) != streams_of(call.codecs):
            self.media.take(call, Change(None, setup.call_type, codecs))
        if another:
            self.media.offer_again(call)
        self.alert_all(call)

    def arrived(self, call: VisitedCall, user: Aor, *, again: bool) -> None:
        """A member registered here, was added or revived; `again`: also one who hung up is called back."""
        if again:
            call.hung_up.discard(user)
        self._step(call, VisitedInput.ARRIVED)

    def returned(self, call: VisitedCall, user: Aor, *, anew: bool) -> None:
        """A member of the call registered: his leg goes where he is. `anew`: his terminal may have restarted, and
        whether it still has the dialog only it can say (RFC 3261 §12.2.2: 481)."""
        attachment = self._ctx.directory.attachment(user)
        assert attachment is not None
        leg, flow = call.members[user].leg, Flow(*attachment.flow)
        moved, member = leg.flow != flow, user in self._ctx.directory.present(call.group)
        if leg.state is LegState.EARLY and leg.caller and moved and member:
            self._bring_back(call, user, ReleaseCause.NORMAL)
        elif anew or moved:
            leg.follow(flow, attachment.contact)
            call.returning.add(user)
            call.members[user].save(self._ctx)
            leg.probe(self._ctx)

    def _bring_back(self, call: VisitedCall, user: Aor, cause: ReleaseCause) -> None:
        """His terminal has lost the dialog, with the floor or the place in the queue that he had: he is alerted."""
        call.returning.discard(user)
        call.joining.discard(user)
        call.asking.pop(user, None)
        call.members.pop(user).end(self._ctx, cause)
        if call.talker == user:
            call.talker, call.released = None, call.grant
        self.floor.up(call, LetGo(user, None, FloorCause.GONE))
        self.alert(call, user, Fan())

    def enter_late(self, call: VisitedCall, event: Event) -> None:
        """Late entry: he is alerted. Before the master has answered there is no call that he could enter."""
        self.alert_all(call)

    def alert_all(self, call: VisitedCall) -> None:
        """Every member here who is not in the call and did not hang up."""
        fan = Fan()
        for user in self._ctx.directory.present(call.group):
            here = user in call.members or user in call.hung_up
            if not here and (user != call.talker or self._brings(call, user)):
                self.alert(call, user, fan)

    def _brings(self, call: VisitedCall, user: Aor) -> bool:
        """Has he brought this call along by handover?"""
        attachment = self._ctx.directory.attachment(user)
        return attachment is not None and attachment.arriving in ("", call.id)

    def alert(self, call: VisitedCall, user: Aor, fan: Fan) -> None:
        """V→terminal: it answers by itself (profile 6)."""
        ctx = self._ctx
        attachment = ctx.directory.attachment(user)
        if attachment is None or attachment.stunned:
            return
        group = call.group
        talker = str(call.talker) if call.talker is not None else ""
        from_ = f'"{talker}" <{aor_uri(group)}>' if talker else f"<{aor_uri(group)}>"
        leg = Leg.calling(
            ctx,
            Owner(NAME, call.key),
            Flow(*attachment.flow),
            user,
            None,
            attachment.contact,
            from_,
            f"<{aor_uri(user)}>",
        )
        leg.ptt = attachment.ptt
        link = Link(leg, user.domain, Half.MEMBER)
        link.give_voice(ctx, call.codecs)
        call.members[user] = link
        link.invite(
            ctx,
            call.setup,
            call.talker,
            "recvonly" if user == call.talker else "sendonly",
            ("Answer-Mode", "Auto"),
            ("Call-Info", f"<{aor_uri(group)}>;answer-after=0"),
            fan=fan,
        )
        ctx.start(ctx.durations.tconfirm, Owner(NAME, f"{group} {user} {leg.key}", ALERT))

    def timer(self, call: VisitedCall, owner: Owner) -> None:
        """One of a call's timers; those of an earlier call of the group mean nothing to this one."""
        purpose, words = owner.purpose, owner.key.split(" ")
        if purpose == ALERT:
            self.alert_timeout(call, Aor.parse(words[1]), words[2])
        elif purpose == CUT_OFF:
            self.floor.cut_off(call)
        elif purpose == GIVE_BACK:
            self.floor.give_back(call)
        elif not owner.key.startswith(call.key):
            return
        elif purpose == SEVERED:
            self.floor.severed(call, Aor.parse(words[2]), int(words[3]))
        elif purpose == HANDED_OVER:
            self.leave_if_empty(call, ReleaseCause.HANDOVER)
        else:
            self.moved(call, Aor.parse(words[2]))

    def alert_timeout(self, call: VisitedCall, user: Aor, leg_key: str) -> None:
        """A terminal that does not answer gets CANCEL; its next registration is another chance."""
        link = call.members.get(user)
        if link is not None and link.leg.key == leg_key and link.leg.state is LegState.EARLY:
            link.end(self._ctx, ReleaseCause.NO_ANSWER)
            self._drop(call, user)
            call.hung_up.add(user)
            if not self.leave_if_empty(call, ReleaseCause.NO_ANSWER) and user == call.talker:
                self.floor.up(call, LetGo(user, None, FloorCause.GONE))

    # --- events of legs

    def uplink_happened(self, call: VisitedCall, happened: Happened) -> None:
        """The leg towards the master."""
        match happened.what:
            case What.ANSWERED | What.REFUSED:
                self._uplink_answered(call, happened)
            case What.OFFERED:
                self._uplink_offered(call, happened)
            case What.INFORMED:
                self._uplink_informed(call, happened)
            case What.ENDED:
                incoming = happened.incoming
                assert incoming is not None
                self.end(call, self._cause(happened, incoming))
            case What.LOST:
                assert call.uplink is not None
                call.uplink.end(self._ctx, happened.cause)
                self.hung_up.remember(call.group, call.id, call.hung_up)
                self.end(call, happened.cause)
            case _:
                return

    def _cause(self, happened: Happened, incoming: Incoming) -> ReleaseCause:
        return wire_call.read_release(incoming.request, happened.leg.wire)

    def _uplink_answered(self, call: VisitedCall, happened: Happened) -> None:
        uplink, message = call.uplink, happened.message
        assert uplink is not None
        ext = uplink.read(message) if message is not None else None
        if call.state is VisitedState.CALLING:
            self._call_answered(call, happened)
        elif happened.purpose == CHANGE and happened.what is What.ANSWERED:
            uplink.change_answered(taken=True)
            self.media.granted(call)
        elif happened.purpose == CHANGE:
            self.media.refused(call, happened.status, message)
        elif happened.purpose.startswith(Ask.__name__):
            user = Aor.parse(happened.purpose.partition(" ")[2])
            said = message.headers.lines("Warning") if message is not None else []
            answer = wire_floor.read_answer(ext, uplink.leg.wire, user, happened.status, said)
            if user in call.withdrawn:
                self.floor.answered_too_late(call, answer)
            else:
                self.floor.deliver(call, answer)

    def _call_answered(self, call: VisitedCall, happened: Happened) -> None:
        caller = next(iter(call.asking))
        if happened.what is What.REFUSED:
            status = happened.status if happened.message is not None else 503
            self._step(call, VisitedInput.REFUSED, Event(status=status, told=happened.message))
            return
        uplink = call.uplink
        assert uplink is not None
        assert happened.message is not None
        ext = uplink.read(happened.message)
        if ext is not None and (running := ext.get(Param.CALL_ID)):
            call.be(running)
        self.floor.deliver(call, wire_floor.read_answer(ext, uplink.leg.wire, caller, happened.status))
        self.joined(call)

    def joined(self, call: VisitedCall) -> None:
        """The master took us in, and has answered who dialled."""
        self._step(call, VisitedInput.ACCEPTED)

    def join(self, call: VisitedCall, event: Event) -> None:
        """The others here are alerted, and who dialled meanwhile asks for the floor."""
        call.hung_up |= self.hung_up.take(call.group, call.id) - call.members.keys()
        self.alert_all(call)
        for user in [user for user in call.joining if user not in call.asking]:
            self.floor.ask(call, Ask(user))

    def refuse_diallers(self, call: VisitedCall, event: Event) -> None:
        """The same status and Warning to each who dialled."""
        for link in call.members.values():
            link.refuse(self._ctx, event.status, told=event.told)
        self._forget(call, ReleaseCause.REJECTED)

    def _uplink_offered(self, call: VisitedCall, happened: Happened) -> None:
        uplink, incoming = call.uplink, happened.incoming
        assert uplink is not None
        assert incoming is not None
        try:
            op = read_downward(incoming)
            if op is not None:
                self.from_master(call, op)
            elif not self.media.offered(call, incoming):
                uplink.leg.answer_as_before(self._ctx)
        except Decline as decline:
            uplink.refuse(self._ctx, decline.status, decline.text, *decline.headers)
        except RemoteError as error:
            uplink.refuse(self._ctx, error.status, error.text)

    def from_master(self, call: VisitedCall, what: Local) -> None:
        """What the master says, by message or without one. Who moved here while he talked elsewhere enters when that
        has ended."""
        before = call.talker
        self.floor.from_master(call, what)
        if (
            before is not None
            and before != call.talker
            and self._ctx.directory.attachment(before) is not None
        ):
            self._step(call, VisitedInput.ARRIVED)

    def _uplink_informed(self, call: VisitedCall, happened: Happened) -> None:
        """TC2-C 话权信息通知响应."""
        incoming, uplink = happened.incoming, call.uplink
        assert incoming is not None
        assert uplink is not None
        self._ctx.respond(incoming, 200)
        op = read_info(incoming)
        if isinstance(op, Inform):
            self.from_master(call, op)

    def member_happened(self, call: VisitedCall, user: Aor, happened: Happened) -> None:
        """The leg towards a terminal."""
        link = call.members[user]
        self._member_answered(call, user, link, happened)
        match happened.what:
            case What.ANSWERED if happened.purpose in ("", PROBE):
                call.returning.discard(user)
                self.floor.catch_up(call, user, link)
            case What.REFUSED if link.leg.state is LegState.ENDED:
                self._drop(call, user)
                call.hung_up.add(user)
                self.leave_if_empty(call, ReleaseCause.NORMAL)
            case What.OFFERED:
                self._member_offered(call, user, link, happened)
            case What.CANCELLED:
                link.cancelled(self._ctx, joining=user in call.joining)
                self.floor.withdraw(call, user)
                self.media.withdrawn(call, user)
                if link.leg.state is LegState.ENDED:
                    call.hung_up.add(user)
                    self._member_gone(call, user)
            case What.ENDED:
                call.hung_up.add(user)
                self._member_gone(call, user)
            case What.LOST:
                self._member_lost(call, user, link, happened)
            case What.INFORMED:
                assert happened.incoming is not None
                self._ctx.respond(happened.incoming, 200)
            case _:
                return

    def _member_lost(self, call: VisitedCall, user: Aor, link: Link, happened: Happened) -> None:
        """The end of a leg that nobody asked for; who says 481 has hung up, and his BYE comes late."""
        if user in call.returning and user in self._ctx.directory.present(call.group):
            self._bring_back(call, user, happened.cause)
            return
        if happened.status == 481:
            call.hung_up.add(user)
        link.end(self._ctx, happened.cause)
        self._member_gone(call, user)

    def _member_answered(self, call: VisitedCall, user: Aor, link: Link, happened: Happened) -> None:
        """To an order, or to other media."""
        untold = call.untold.get(user)
        if untold is not None and happened.purpose == purpose(untold):
            del call.untold[user]
        if happened.purpose == CHANGE:
            link.change_answered(taken=happened.what is What.ANSWERED)

    def _member_offered(self, call: VisitedCall, user: Aor, link: Link, happened: Happened) -> None:
        incoming = happened.incoming
        assert incoming is not None
        try:
            if self.media.asked(call, user, link, incoming):
                return
            op = link.read_offer(incoming, user)
            if isinstance(op, (Ask, Calm)):
                self.media.reach_master(call)
        except Decline as decline:
            link.refuse(self._ctx, decline.status, decline.text, *decline.headers)
            return
        except RemoteError as error:
            link.refuse(self._ctx, error.status, error.text)
            return
        if isinstance(op, Ask) and call.talker == user and link.holds(incoming):
            op = LetGo(user)
        if isinstance(op, Ask) and call.state is VisitedState.UP:
            best = best_priority(self._ctx, call.group, user)
            self.floor.ask(call, op._replace(priority=max(op.priority, best)))
        elif isinstance(op, Calm) and call.state is VisitedState.UP:
            link.confirm(self._ctx, op)
            self.floor.up(call, op)
        elif isinstance(op, LetGo):
            link.leg.drop(purpose(Grant(user, 0, call.grant)))
            link.confirm(self._ctx, op)
            grant = (call.grant or None) if call.talker == user else None
            if call.talker == user:
                call.talker, call.released = None, call.grant
            accounting.lets_go(self._ctx, call.key, user)
            self.floor.up(call, LetGo(user, op.grant if op.grant is not None else grant))
        else:
            link.describe_again(self._ctx, talks=call.talker == user)

    def _drop(self, call: VisitedCall, user: Aor) -> Link | None:
        self._ctx.directory.leaves(user, call.key)
        return call.members.pop(user, None)

    def _member_gone(self, call: VisitedCall, user: Aor) -> None:
        self._drop(call, user)
        call.joining.discard(user)
        call.returning.discard(user)
        if call.talker == user:
            call.talker = None
        accounting.lets_go(self._ctx, call.key, user)
        if not self.leave_if_empty(call, ReleaseCause.NORMAL):
            self.floor.up(call, Left(user))

    def remove(self, call: VisitedCall, user: Aor, cause: ReleaseCause) -> None:
        """A member is taken out: he leaves this TCF, or the group."""
        link = call.members.get(user)
        if link is not None:
            link.end(self._ctx, cause)
            self._member_gone(call, user)

    def regrouped(self, call: VisitedCall, group: Group) -> None:
        """The group, one of this very TCF, is another now: who is no member any more is taken out."""
        for user in list(call.members):
            if group.member(user) is None and not is_dispatcher(self._ctx, user):
                self.remove(call, user, ReleaseCause.FORCED)

    def hand_over(self, call: VisitedCall, user: Aor) -> None:
        """He moved on with this call: the master, who is not told, ends our leg when nobody is left (profile 4.6)."""
        if self._let_move(call, user) and not call.members:
            self._ctx.start(self._ctx.durations.tho, Owner(NAME, call.key, HANDED_OVER))

    def move(self, call: VisitedCall, user: Aor) -> None:
        """He registered at another V-TCF. If that is a handover the master learns it from his home, and what we say
        must not come before; without one it is told that he left."""
        if self._let_move(call, user):
            self._ctx.start(self._ctx.durations.t1, Owner(NAME, f"{call.key} {user}", MOVED))

    def _let_move(self, call: VisitedCall, user: Aor) -> bool:
        link = self._drop(call, user)
        call.joining.discard(user)
        call.returning.discard(user)
        if link is not None:
            link.end(self._ctx, ReleaseCause.HANDOVER)
            if call.talker != user:
                accounting.lets_go(self._ctx, call.key, user)
        return link is not None

    def moved(self, call: VisitedCall, user: Aor) -> None:
        """The master has had time to hear of it."""
        if user not in call.members and not self.leave_if_empty(call, ReleaseCause.HANDOVER):
            self.floor.up(call, Left(user))

    def leave_if_empty(self, call: VisitedCall, cause: ReleaseCause) -> bool:
        """BYE towards the master when no member of the call remains here."""
        if call.members:
            return False
        self._step(call, VisitedInput.EMPTY, Event(cause=cause))
        return True

    def leave(self, call: VisitedCall, event: Event) -> None:
        """The last member here left a call that the master took us into: BYE, and who hung up is remembered."""
        self.hung_up.remember(call.group, call.id, call.hung_up)
        self.abandon(call, event)

    def abandon(self, call: VisitedCall, event: Event) -> None:
        """BYE (or CANCEL) to the master."""
        if call.uplink is None:
            self._queue.append(Post(True, call.group, Gone(event.cause)))
        else:
            call.uplink.end(self._ctx, event.cause)
        self.release_members(call, event)

    def end(self, call: VisitedCall, cause: ReleaseCause) -> None:
        """The master released the call, or lost it."""
        self._step(call, VisitedInput.RELEASED, Event(cause=cause))

    def release_members(self, call: VisitedCall, event: Event) -> None:
        """BYE to each member."""
        fan = Fan()
        for link in call.members.values():
            link.end(self._ctx, event.cause, fan)
        self._forget(call, event.cause)

    def probe(self, call: VisitedCall) -> None:
        """The master is heard again: does it still know our leg? 481 ends it, else it stands."""
        if call.uplink is not None and call.doubtful:
            call.doubtful = False
            call.uplink.leg.refresh(self._ctx)

    def _forget(self, call: VisitedCall, cause: ReleaseCause) -> None:
        accounting.over(self._ctx, call.key, cause)
        if call.opener is not None:
            self._ctx.directory.leaves(call.opener, call.key)
        if self.calls.get(call.group) is call:
            del self.calls[call.group]


Deed = Callable[[Visits, VisitedCall, Event], None]
I, S = VisitedInput, VisitedState
TABLE: dict[VisitedState, dict[VisitedInput, tuple[VisitedState, Deed]]] = {
    S.CALLING: {
        I.DIALLED: (S.CALLING, Visits.wait_for_master),
        I.CROSSED: (S.CALLING, Visits.decline_crossing),
        I.ACCEPTED: (S.UP, Visits.join),
        I.REFUSED: (S.ENDED, Visits.refuse_diallers),
        I.EMPTY: (S.ENDED, Visits.abandon),
        I.RELEASED: (S.ENDED, Visits.release_members),
    },
    S.UP: {
        I.DIALLED: (S.UP, Visits.ask_for_floor),
        I.ARRIVED: (S.UP, Visits.enter_late),
        I.INVITED: (S.UP, Visits.take_uplink),
        I.CROSSED: (S.UP, Visits.decline_crossing),
        I.EMPTY: (S.ENDED, Visits.leave),
        I.RELEASED: (S.ENDED, Visits.release_members),
    },
    S.ENDED: {},
}
"""Inputs that a state does not name change nothing there."""
