"""What V does: alerts its members, carries their floor requests up and the master's word down (profile 4.3, 6)."""

from collections.abc import Callable
from typing import NamedTuple

from opentcf.btrunc import call as wire_call
from opentcf.btrunc import floor as wire_floor
from opentcf.btrunc.floor import (
    Accepted,
    Answer,
    Ask,
    Calm,
    Grant,
    Inform,
    Left,
    LetGo,
    Operation,
    Refused,
    Revoke,
    Waiting,
)
from opentcf.btrunc.wire import Alert
from opentcf.model.call import CallSetup
from opentcf.model.cause import Decline, FloorCause, ReleaseCause
from opentcf.model.numbers import Aor
from opentcf.services import accounting
from opentcf.services.context import Context, Incoming, peer_flow
from opentcf.services.floor_leg import purpose, read_downward, read_info
from opentcf.services.group_call.link import CHANGE, NAME, Half, Link
from opentcf.services.group_call.local import Change, Confirmed, Gone, Local, Open, Post, Queue, Unchanged
from opentcf.services.group_call.media import VisitedMedia
from opentcf.services.group_call.visited import VisitedCall, VisitedInput, VisitedState
from opentcf.services.leg import Happened, Leg, LegState, Rank, What, Wish
from opentcf.services.path import aor_uri, to_peer
from opentcf.sip.errors import RemoteError
from opentcf.sip.fan import Fan
from opentcf.sip.outbox import Flow
from opentcf.sip.sdp import flowing, streams_of
from opentcf.sip.transaction import Owner

ALERT, CUT_OFF, HANDED_OVER = "alert", "cut_off", "handed_over"
INSTANT = 1e-6
"""Seconds by which a timer may seem early."""


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
    cause: ReleaseCause = ReleaseCause.NORMAL


NOTHING = Event()


class Visits:
    """The group calls with members at this TCF."""

    def __init__(self, ctx: Context, queue: Queue) -> None:
        self._ctx = ctx
        self._queue = queue
        self.calls: dict[Aor, VisitedCall] = {}
        self.media = VisitedMedia(ctx, queue)

    def revive(self, call: VisitedCall, links: list[Link], *, mastered: bool) -> None:
        """Go on with a call from the store; `mastered`: this TCF is its master and has it.

        What was open is undone: an INVITE gets 503, a request is taken back.
        """
        ctx = self._ctx
        self.calls[call.group] = call
        for link in links:
            if link.leg.state is LegState.UP and link.half is Half.UPLINK:
                call.uplink = link
            elif link.leg.state is LegState.UP:
                call.members[link.leg.party] = link
            else:
                discard(ctx, link)
        cut = call.uplink is None and not mastered
        if call.state is VisitedState.CALLING or not call.members or cut:
            self._step(call, VisitedInput.EMPTY)
            return
        for user, link in call.members.items():
            if link.is_asked:
                if link.asks:
                    self.up(call, LetGo(user, None, FloorCause.GONE))
                link.refuse(ctx, 503)
            self.media.catch_up(call, user, link)
        for op in list(call.untold.values()):
            if isinstance(op, Revoke) != (call.talker == op.user):
                self._order(call, op)
        self.alert_all(call)

    # --- a member calls

    def dial(self, incoming: Incoming, group: Aor, setup: CallSetup, user: Aor, key: str) -> None:
        """A member's INVITE: a new call towards the master, or he joins the one that runs here."""
        ctx = self._ctx
        call = self.calls.get(group)
        if call is None:
            own = ctx.directory.is_home(group)
            peer = None if own else to_peer(ctx, group.domain)
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
        self._ask(call, event.ask)

    def _add_dialler(self, call: VisitedCall, user: Aor, leg: Leg) -> None:
        before = call.members.get(user)
        if before is not None:
            before.end(self._ctx, ReleaseCause.NORMAL)
        link = Link(leg, call.group.domain, Half.MEMBER)
        link.give_voice(self._ctx, call.codecs)
        leg.carry = ()
        call.members[user] = link
        call.joining.add(user)
        call.hung_up.discard(user)
        link.save(self._ctx)

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
            if not ctx.directory.present(group):
                raise Decline(480, f"no member of {group} is attached here")
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
            self.up(call, ask)
        self._begin(call, setup, incoming.request.body)

    def _crosses(self, call: VisitedCall) -> bool:
        """Our own INVITE is open, or was answered so lately that the master's may have been sent before it came."""
        lately = self._ctx.wall - call.began < 64 * self._ctx.durations.sip_t1
        ours = call.uplink is not None and call.uplink.up and call.uplink.leg.caller
        return call.state is VisitedState.CALLING or (ours and lately)

    def invited_here(self, group: Aor, setup: CallSetup, codecs: bytes, key: str) -> None:
        """The same where the master is this TCF."""
        call = self.calls.get(group)
        if call is None and not self._ctx.directory.present(group):
            self._queue.append(Post(True, group, Gone(ReleaseCause.NORMAL)))
            return
        self._begin(call or self._new_call(key, group, setup, None, codecs), setup, codecs)

    def _begin(self, call: VisitedCall, setup: CallSetup, codecs: bytes) -> None:
        """Who is here from before is told who talks now; a talker of old is silenced."""
        self.calls[call.group] = call
        call.state = VisitedState.UP
        if setup.online_call_id != call.id:
            call.grant = call.released = 0  # another call of the group: its grants count from 1
        alert = Alert.IDLE if setup.caller is None else Alert.TAKEN
        self._take_inform(call, Inform(alert, setup.caller, 0, setup.emergency))
        call.setup = setup
        if codecs and streams_of(codecs) != streams_of(call.codecs):
            self.media.take(call, Change(None, setup.call_type, codecs))
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
        return attachment is not None and attachment.arriving == call.id

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

    def alert_timeout(self, call: VisitedCall, user: Aor, leg_key: str) -> None:
        """A terminal that does not answer gets CANCEL; its next registration is another chance."""
        link = call.members.get(user)
        if link is not None and link.leg.key == leg_key and link.leg.state is LegState.EARLY:
            link.end(self._ctx, ReleaseCause.NO_ANSWER)
            del call.members[user]
            call.hung_up.add(user)
            if not self.leave_if_empty(call, ReleaseCause.NO_ANSWER) and user == call.talker:
                self.up(call, LetGo(user, None, FloorCause.GONE))

    # --- from the master

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
                self._take_inform(call, what)
            case Change():
                self.media.take(call, what)
            case Unchanged(status):
                self.media.refused(call, status)
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
        if isinstance(answer, Accepted):
            self._talks(call, user, answer.grant)
        elif joining:
            self._catch_up(call, user, link)

    def _withdraw(self, call: VisitedCall, user: Aor) -> None:
        """His request was cancelled: so is ours to the master, hop by hop (profile 7)."""
        if user not in call.asking or call.uplink is None or call.state is VisitedState.CALLING:
            return
        del call.asking[user]
        if call.uplink.withdraw(self._ctx, Ask(user)):
            call.withdrawn.add(user)

    def _answered_too_late(self, call: VisitedCall, answer: Answer) -> None:
        """The answer to a cancelled request: what it gave is given back, unless he has asked anew meanwhile."""
        call.withdrawn.discard(answer.user)
        if answer.user not in call.asking and not isinstance(answer, Refused):
            grant = answer.grant if isinstance(answer, Accepted) else None
            self.up(call, LetGo(answer.user, grant, FloorCause.GONE))

    def _talks(self, call: VisitedCall, user: Aor, grant: int) -> None:
        if call.talker not in (None, user):
            self._silence(call, call.talker, call.grant)
        call.talker, call.grant = user, max(grant, call.grant)
        if user in call.urgent:
            call.urgent.discard(user)
            call.setup = call.setup._replace(emergency=True)
        self._tell_members(call, Inform(Alert.TAKEN, user, 0, call.setup.emergency, grant), but=user)

    def _take_grant(self, call: VisitedCall, op: Grant, user: Aor, grant: int) -> None:
        """TC2-C 话权授权."""
        link = call.members.get(user)
        if link is None or not link.up or grant < call.grant or grant == call.released:
            self._confirm(call, op, taken=False)
            return
        self._confirm(call, op, taken=True)
        self._order(call, op)
        self._talks(call, user, grant)

    def _take_revoke(self, call: VisitedCall, op: Revoke, user: Aor) -> None:
        """Our 200 is the release; a release of our own that waits became pointless."""
        if call.uplink is not None:
            call.uplink.leg.drop(f"LetGo {user}")
        self._confirm(call, op, taken=True)
        self._order(call, op)
        if call.talker == user:
            call.talker = None

    def _take_inform(self, call: VisitedCall, op: Inform) -> None:
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

    def _silence(self, call: VisitedCall, user: Aor | None, grant: int) -> None:
        """A talker here whose revoke never came through: the master has gone on without him."""
        if user is not None:
            self._order(call, Revoke(user, grant, FloorCause.TIMEOUT))

    def _order(self, call: VisitedCall, op: Grant | Revoke) -> None:
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

    def _confirm(self, call: VisitedCall, op: Grant | Revoke, *, taken: bool) -> None:
        """TC2-C 话权授权响应."""
        if call.uplink is None:
            self._queue.append(Post(True, call.group, Confirmed(purpose(op), taken)))
        elif taken:
            call.uplink.confirm(self._ctx, op)
        else:
            call.uplink.refuse(self._ctx, 603)

    # --- to the master

    def up(self, call: VisitedCall, op: Operation) -> None:
        """Send an operation to the master."""
        if call.uplink is None:
            self._queue.append(Post(True, call.group, op))
        else:
            call.uplink.tell(self._ctx, op)
            self.watch(call, self._ctx.now)

    def _ask(self, call: VisitedCall, op: Ask) -> None:
        call.asking[op.user] = op
        if call.taken is not None and call.taken[0].user == op.user:
            call.taken = None
        if op.emergency:
            call.urgent.add(op.user)
        self.up(call, op)

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
            self.media.refused(call, happened.status)
        elif happened.purpose.startswith(Ask.__name__):
            user = Aor.parse(happened.purpose.partition(" ")[2])
            answer = wire_floor.read_answer(ext, uplink.leg.wire, user, happened.status)
            if user in call.withdrawn:
                self._answered_too_late(call, answer)
            else:
                self.deliver(call, answer)

    def _call_answered(self, call: VisitedCall, happened: Happened) -> None:
        caller = next(iter(call.asking))
        if happened.what is What.REFUSED:
            status = happened.status if happened.message is not None else 503
            self.refuse(call, status)
            return
        uplink = call.uplink
        assert uplink is not None
        assert happened.message is not None
        ext = uplink.read(happened.message)
        self.deliver(call, wire_floor.read_answer(ext, uplink.leg.wire, caller, happened.status))
        self.joined(call)

    def joined(self, call: VisitedCall) -> None:
        """The master took us in, and has answered who dialled."""
        self._step(call, VisitedInput.ACCEPTED)

    def join(self, call: VisitedCall, event: Event) -> None:
        """The others here are alerted, and who dialled meanwhile asks for the floor."""
        self.alert_all(call)
        for user in [user for user in call.joining if user not in call.asking]:
            self._ask(call, Ask(user))

    def refuse(self, call: VisitedCall, status: int) -> None:
        """The master refused our call."""
        self._step(call, VisitedInput.REFUSED, Event(status=status))

    def refuse_diallers(self, call: VisitedCall, event: Event) -> None:
        """The same status to each who dialled."""
        for link in call.members.values():
            link.refuse(self._ctx, event.status)
        self._forget(call, ReleaseCause.REJECTED)

    def _uplink_offered(self, call: VisitedCall, happened: Happened) -> None:
        uplink, incoming = call.uplink, happened.incoming
        assert uplink is not None
        assert incoming is not None
        op = read_downward(incoming)
        if op is not None:
            self.from_master(call, op)
            return
        try:
            if not self.media.offered(call, incoming):
                uplink.leg.answer_as_before(self._ctx)
        except RemoteError as error:
            uplink.refuse(self._ctx, error.status, error.text)

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
            case What.ANSWERED if happened.purpose == "":
                self._catch_up(call, user, link)
            case What.REFUSED if link.leg.state is LegState.ENDED:
                del call.members[user]
                call.hung_up.add(user)
                self.leave_if_empty(call, ReleaseCause.NORMAL)
            case What.OFFERED:
                self._member_offered(call, user, link, happened)
            case What.CANCELLED:
                link.cancelled(self._ctx, joining=user in call.joining)
                self._withdraw(call, user)
                self.media.withdrawn(call, user)
                if link.leg.state is LegState.ENDED:
                    self._member_gone(call, user)
            case What.ENDED:
                call.hung_up.add(user)
                self._member_gone(call, user)
            case What.LOST:
                link.end(self._ctx, happened.cause)
                self._member_gone(call, user)
            case What.INFORMED:
                assert happened.incoming is not None
                self._ctx.respond(happened.incoming, 200)
            case _:
                return

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
        except Decline as decline:
            link.refuse(self._ctx, decline.status, decline.text)
            return
        except RemoteError as error:
            link.refuse(self._ctx, error.status, error.text)
            return
        if isinstance(op, Ask) and call.talker == user and link.holds(incoming):
            op = LetGo(user)
        if isinstance(op, Ask) and call.state is VisitedState.UP:
            self._ask(call, self._allowed(op))
        elif isinstance(op, Calm) and call.state is VisitedState.UP:
            link.confirm(self._ctx, op)
            self.up(call, op)
        elif isinstance(op, LetGo):
            link.leg.drop(purpose(Grant(user, 0, call.grant)))
            link.confirm(self._ctx, op)
            grant = (call.grant or None) if call.talker == user else None
            if call.talker == user:
                call.talker, call.released = None, call.grant
            self.up(call, LetGo(user, op.grant if op.grant is not None else grant))
        else:
            link.describe_again(self._ctx, talks=call.talker == user)

    def _allowed(self, op: Ask) -> Ask:
        """A user of ours gets no better priority than his subscription allows."""
        subscriber = self._ctx.directory.subscriber(op.user)
        return op if subscriber is None else op._replace(priority=max(op.priority, subscriber.priority))

    def _member_gone(self, call: VisitedCall, user: Aor) -> None:
        call.members.pop(user, None)
        call.joining.discard(user)
        if call.talker == user:
            call.talker = None
        if not self.leave_if_empty(call, ReleaseCause.NORMAL):
            self.up(call, Left(user))

    def remove(self, call: VisitedCall, user: Aor, cause: ReleaseCause) -> None:
        """A member is taken out: he leaves this TCF, or the group."""
        link = call.members.get(user)
        if link is not None:
            link.end(self._ctx, cause)
            self._member_gone(call, user)

    def hand_over(self, call: VisitedCall, user: Aor) -> None:
        """He moved on with this call: the master, who is not told, ends our leg when nobody is left (profile 4.6)."""
        link = call.members.pop(user, None)
        if link is not None:
            call.joining.discard(user)
            link.end(self._ctx, ReleaseCause.HANDOVER)
            if not call.members:
                self._ctx.start(self._ctx.durations.tho, Owner(NAME, call.key, HANDED_OVER))

    def leave_if_empty(self, call: VisitedCall, cause: ReleaseCause) -> bool:
        """BYE towards the master when no member of the call remains here."""
        if call.members:
            return False
        self._step(call, VisitedInput.EMPTY, Event(cause=cause))
        return True

    def leave(self, call: VisitedCall, event: Event) -> None:
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

    def _catch_up(self, call: VisitedCall, user: Aor, link: Link) -> None:
        """He answered; who talks may have changed since he was called. That it was he is taken back."""
        if call.talker not in (link.told, user):
            if link.told == user:
                self._order(call, Revoke(user, call.grant, FloorCause.TIMEOUT))
            alert = Alert.IDLE if call.talker is None else Alert.TAKEN
            link.tell(self._ctx, Inform(alert, call.talker, 0, call.setup.emergency, call.grant))
        self.media.catch_up(call, user, link)

    def probe(self, call: VisitedCall) -> None:
        """The master is back: does it still know our leg? 481 ends it, else it stands."""
        uplink = call.uplink
        if uplink is not None and uplink.up and call.doubtful:
            call.doubtful = False
            leg = uplink.leg
            leg.want(self._ctx, Wish(Rank.REFRESH, "refresh", leg.carry, leg.local_sdp))

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
        self._give_back(call)
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
            call.taken = LetGo(call.talker, call.grant, FloorCause.GONE), since
            call.talker = None
            self._give_back(call)

    def _give_back(self, call: VisitedCall) -> None:
        """The master, back with its store, believes that he still talks: it is told as soon as it is heard again."""
        if call.taken is None or call.uplink is None:
            return
        op, since = call.taken
        if call.uplink.heard_since(self._ctx, since):
            call.taken = None
            self.up(call, op)
        else:
            self._ctx.start(self._ctx.durations.t1, Owner(NAME, str(call.group), CUT_OFF))

    def _give_up(self, call: VisitedCall, user: Aor, link: Link) -> None:
        """A request of his that waits for the master would keep the revoke waiting too."""
        if user in call.asking:
            self._withdraw(call, user)
            link.answer(self._ctx, Refused(user, FloorCause.TIMEOUT))

    def _forget(self, call: VisitedCall, cause: ReleaseCause) -> None:
        accounting.over(self._ctx, call.key, cause)
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
        I.EMPTY: (S.ENDED, Visits.leave),
        I.RELEASED: (S.ENDED, Visits.release_members),
    },
    S.UP: {
        I.DIALLED: (S.UP, Visits.ask_for_floor),
        I.INVITED: (S.UP, Visits.take_uplink),
        I.CROSSED: (S.UP, Visits.decline_crossing),
        I.EMPTY: (S.ENDED, Visits.leave),
        I.RELEASED: (S.ENDED, Visits.release_members),
    },
    S.ENDED: {},
}
"""Inputs that a state does not name change nothing there."""
