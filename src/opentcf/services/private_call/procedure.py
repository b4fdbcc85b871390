"""The private call (单呼): one incoming and one outgoing leg, joined hop by hop."""

from __future__ import annotations

from collections.abc import Callable

from opentcf.btrunc import call as wire_call
from opentcf.btrunc import control as wire_control
from opentcf.btrunc.wire import Param, Token
from opentcf.model.account import About
from opentcf.model.call import CallSetup, CallType
from opentcf.model.cause import Decline, ReleaseCause
from opentcf.model.facts import (
    CallDismantled,
    CallEnded,
    CallReleased,
    CallsWatched,
    FloorPreempted,
    HandoverPrepared,
    HandoverWanted,
    MediaChanged,
    PeerDown,
    PeerLostState,
    PeerUp,
    UserAttached,
    UserBound,
    UserLeaving,
    UserStunned,
    VideoSource,
    VideoSourceAsked,
)
from opentcf.model.numbers import Aor
from opentcf.model.registration import Attachment
from opentcf.services import accounting, mandate, path
from opentcf.services.context import NONE, Context, Facts, Incoming, peer_flow
from opentcf.services.leg import Happened, Leg, LegState, Rank, What, Wish
from opentcf.services.path import Hop
from opentcf.services.private_call import checks, moves, records
from opentcf.services.private_call.call import FOLLOW, NAME, Input, PrivateCall, State, classify
from opentcf.services.private_call.half_duplex import TIMERS
from opentcf.services.private_call.moves import AGAIN, ARRIVE
from opentcf.services.private_call.relay import Relay, pass_body
from opentcf.sip.headers import Headers, NameAddr
from opentcf.sip.message import Request
from opentcf.sip.outbox import Flow, Value
from opentcf.sip.render import render_fields
from opentcf.sip.sdp import shows
from opentcf.sip.timers import Timer
from opentcf.sip.transaction import Outcome, Owner
from opentcf.sip.uri import Uri

RING, DOWN = "ring", "down"
RENEWALS = (Input.OFFER_ANSWER, Input.ARRIVED)
"""What may change what the parties show."""
ENDING = (State.CANCELLING, State.RELEASING)
PACE = 0.02
"""Seconds from one leg to the next when legs are checked."""


class PrivateCalls:
    """The procedure."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._relay = Relay(ctx)
        self._calls: dict[str, PrivateCall] = {}
        self._homes: dict[str, int] = {}
        self._coming: dict[str, tuple[Incoming, str]] = {}
        """Calls whose INVITE goes to the called user when he does not talk in a group any more, by key."""
        self._down_timers: dict[str, Timer] = {}
        self._changed: dict[PrivateCall, None] = {}
        self._released: list[CallReleased] = []
        self._ended: list[str] = []
        self._renewed: dict[str, None] = {}

    # --- doorways

    def request(self, incoming: Incoming) -> Facts:
        """A new INVITE to a user. TC2-C 单呼."""
        ctx = self._ctx
        called = path.called(ctx, incoming)
        caller = path.asserted(incoming, ctx)
        setup = wire_call.read_setup(incoming.extension, incoming.wire, called.domain)
        setup = setup._replace(caller=caller, online_call_id=setup.online_call_id or ctx.ids.token())
        max_forwards = path.forwards(incoming)
        checks.check_offer(incoming)
        if caller == called:
            raise Decline(486, "a user cannot call his own number")
        role = path.entry(ctx, incoming, caller, called, known=setup.online_call_id in self._homes)
        hop = path.next_hop(ctx, role, caller, called)
        setup = checks.allowed(ctx, setup, hop, called)
        room = self._room(incoming, setup, hop, called)
        call = self._begin(incoming, setup, called, hop)
        return self._make_room(room, call, incoming, max_forwards)

    def enter(self, incoming: Incoming, hop: Hop) -> Facts:
        """强插, discreet listening: a dispatcher's INVITE on its way to the TCF that controls a call (profile 4.7)."""
        ctx = self._ctx
        called, who = path.called(ctx, incoming), path.asserted(incoming, ctx)
        operation, call_id = wire_control.read_entry(incoming.extension)
        checks.check_offer(incoming)
        setup = CallSetup(full_duplex=False, caller=who, online_call_id=call_id)
        max_forwards = path.forwards(incoming)
        room = self._room(incoming, setup, hop, called)
        call = self._begin(incoming, setup, called, hop, operation)
        return self._make_room(room, call, incoming, max_forwards)

    def entered(self, incoming: Incoming) -> Facts:
        """The same has reached the caller's home, which controls the call."""
        ctx = self._ctx
        who = path.asserted(incoming, ctx)
        operation, call_id = wire_control.read_entry(incoming.extension)
        action, listens = mandate.ENTRIES[operation][0], operation is Token.LISTEN
        with mandate.audited(ctx, who, action, call_id):
            call = self._controlled(call_id)
            checks.check_entry(incoming, call, who, listens=listens)
            leg = Leg.called(ctx, incoming, Owner(NAME, call.key), who)
        mandate.record(ctx, who, action, call_id)
        self._relay.guests.take_in(call, leg, listens=listens)
        records.save(ctx, call)
        return self.news()

    def _controlled(self, call_id: str) -> PrivateCall:
        for call in self._calls.values():
            if call.id == call_id and path.CALLER_HOME in call.roles and not call.enters:
                if call.state is not State.UP:
                    raise Decline(480, f"call {call_id} is {call.state.value}")
                return call
        raise Decline(481, f"there is no call {call_id} here")

    def happened(self, happened: Happened) -> Facts:
        """An event of one of the legs."""
        call = self._calls.get(happened.leg.call)
        if call is not None and self._concerns_guests(call, happened):
            return self.news()
        if call is not None and happened.what is What.INFORMED and (target := self._wants_to_move(happened)):
            return self._wanted(call, happened.leg.party, target)
        if call is not None:
            self._step(call, classify(call, happened), happened)
        return self.news()

    def _concerns_guests(self, call: PrivateCall, happened: Happened) -> bool:
        guest, guests = call.guest(happened.leg) if call.guests else None, self._relay.guests
        if guest is not None:
            guests.happened(call, guest, happened)
        elif not happened.purpose or not guests.settled(call, happened):
            return False
        self._settle(call)
        return True

    def _settle(self, call: PrivateCall) -> None:
        if call.over:
            self._forget(call)
        else:
            records.save(self._ctx, call)

    def _dismiss_guests(
        self, cause: ReleaseCause, *, user: Aor | None = None, peer: str | None = None
    ) -> None:
        """Who entered over a peer that is gone, or from a terminal here (`peer` None) that left."""
        for call in [call for call in self._calls.values() if call.guests]:
            for guest in list(call.guests):
                if guest.leg.peer == peer and user in (None, guest.leg.party):
                    self._relay.guests.dismiss(call, guest, cause)
                    self._settle(call)

    def _wants_to_move(self, happened: Happened) -> str:
        """INFO of a terminal that is about to move: the domain where it goes (profile 4.6)."""
        incoming = happened.incoming
        ext = incoming.extension if incoming is not None else None
        if incoming is None or incoming.peer is not None or ext is None or ext.token is not Token.HANDOVER:
            return ""
        target = (ext.get(Param.TARGET) or "").lower()
        path.to_peer(self._ctx, target)
        self._ctx.respond(incoming, 200)
        return target

    def outcome(self, outcome: Outcome) -> Facts:
        """Requests outside legs: there are none."""
        return NONE

    def timer(self, owner: Owner) -> Facts:
        """Nobody answered, or a peer stayed down."""
        if owner.purpose == DOWN:
            self._down_timers.pop(owner.key, None)
            self._dismiss_guests(ReleaseCause.PEER_DOWN, peer=owner.key)
            self._release_where(
                lambda call: owner.key in (call.up.peer, call.down.peer), ReleaseCause.PEER_DOWN
            )
            return self.news()
        if owner.purpose in TIMERS:
            self._floor_timer(owner)
            return self.news()
        if owner.purpose == ARRIVE:
            self._not_arrived(*owner.key.split(" "))
            return self.news()
        if owner.purpose == AGAIN:
            self._move_again(*owner.key.split(" "))
            return self.news()
        call = self._calls.get(owner.key)
        if call is not None:
            call.ring = None
            call.cause = ReleaseCause.NO_ANSWER
            self._step(call, Input.NO_ANSWER, None)
        return self.news()

    def _floor_timer(self, owner: Owner) -> None:
        call = self._calls.get(owner.key)
        if call is not None:
            self._relay.half_duplex.timer(call, owner.purpose)
            records.save(self._ctx, call)

    def _move_again(self, key: str, user: str, until: str) -> None:
        call = self._calls.get(key)
        if call is not None and all(str(move.user) != user for move in call.moves):
            moves.begin(self._ctx, call, Aor.parse(user), float(until))

    def _not_arrived(self, key: str, leg_key: str) -> None:
        """Tho: the terminal did not take its call at the target; the old leg keeps it."""
        call = self._calls.get(key)
        move = next((m for m in call.moves if m.new.key == leg_key), None) if call is not None else None
        if call is not None and move is not None:
            move.patience = None
            self._step(call, Input.NOT_ARRIVED, Happened(What.LOST, move.new))

    def release(self, online_call_id: str, cause: ReleaseCause) -> int:
        """By command: release every part of a call that this TCF has. Returns how many."""
        return self._release_where(lambda call: call.id == online_call_id, cause)

    def on_peer_down(self, fact: PeerDown) -> Facts:
        """Calls being set up over the peer fail now, running ones after Tdown."""
        owner = Owner(NAME, fact.domain, DOWN)
        self._down_timers.setdefault(fact.domain, self._ctx.start(self._ctx.durations.tdown, owner))
        for call in list(self._calls.values()):
            if call.down.peer == fact.domain and call.state in (State.SETUP, State.ALERTING):
                call.cause = ReleaseCause.PEER_DOWN
                self._step(call, Input.NO_ANSWER, None)
        return self.news()

    def on_peer_up(self, fact: PeerUp) -> Facts:
        """It came back in time, or we did; it may have dropped calls meanwhile."""
        timer = self._down_timers.pop(fact.domain, None)
        if timer is not None:
            timer.cancel()
        self._check_legs_to(fact.domain)
        return self.news()

    def on_peer_lost_state(self, fact: PeerLostState) -> Facts:
        """It does not know the calls any more."""
        self._check_legs_to(fact.domain)
        return self.news()

    def wanted(self, user: Aor, target: str) -> Facts:
        """V: a user served here is to move to another TCF with the newest call that he has; Decline 404 when he has
        none."""
        engaged = [call for key in self._ctx.directory.engagements(user) if (call := self._calls.get(key))]
        standing = [call for call in engaged if call.state is State.UP and not call.enters]
        if not standing:
            raise Decline(404, f"{user} has no private call here")
        return self._wanted(max(standing, key=lambda call: call.began), user, target)

    def _wanted(self, call: PrivateCall, user: Aor, target: str) -> Facts:
        if call.state is not State.UP or call.enters:
            return NONE
        far = call.down if user == call.caller else call.up
        return (HandoverWanted(user, call.id, target, far.remote_sdp),)

    def on_handover_prepared(self, fact: HandoverPrepared) -> Facts:
        """The terminal is told that it may go."""
        for key in self._ctx.directory.engagements(fact.user):
            call = self._calls.get(key)
            if call is not None and call.id == fact.call:
                leg = call.up if fact.user == call.caller else call.down
                if leg.ptt:
                    fields = Headers({leg.wire.extension: [wire_call.handover(leg.wire, fact.target)]})
                    leg.inform(self._ctx, "handover", render_fields(fields))
        return NONE

    def on_user_bound(self, fact: UserBound) -> Facts:
        """H: a user of ours moved and brought a call along (profile 4.6)."""
        if fact.call and fact.source:
            for call in list(self._calls.values()):
                if call.id == fact.call and not call.enters:
                    self._move(call, fact.user)
        return self.news()

    def _move(self, call: PrivateCall, user: Aor) -> None:
        before = next((move for move in call.moves if move.user == user), None)
        if before is not None:
            self._step(call, Input.NOT_ARRIVED, Happened(What.LOST, before.new))
        moves.begin(self._ctx, call, user)

    def _call_the_waiting(self, call: PrivateCall) -> None:
        """Whose handover a restart cut short is called anew, once the first attempt is over."""
        if call.waiting and all(leg.state is LegState.ENDED for leg in call.left):
            waiting, call.waiting = call.waiting, []
            for user in waiting:
                moves.begin(self._ctx, call, user)

    def on_user_leaving(self, fact: UserLeaving) -> Facts:
        """The calls of a user who leaves this V-TCF are released first (profile 4.1); one that moves along with him
        is ended by his home."""
        self._dismiss_guests(fact.cause, user=fact.user)
        for key in self._ctx.directory.engagements(fact.user):
            call = self._calls.get(key)
            if call is None:
                continue
            if fact.moving and call.id == fact.moving and not call.enters:
                self._doubt(call, fact.user)
            else:
                call.cause = fact.cause
                self._step(call, Input.RELEASE, None)
        return self.news()

    def _doubt(self, call: PrivateCall, user: Aor) -> None:
        """If he does not take it where he is now it stays here: then his terminal is asked whether it still has it."""
        for leg in call.legs:
            if leg.peer is None and leg.party == user:
                leg.refresh_after(self._ctx, 2 * self._ctx.durations.tho)

    def on_user_attached(self, fact: UserAttached) -> Facts:
        """V: a terminal that registers anew, or from elsewhere, may have lost its calls. It is asked: 481, or silence,
        ends them; who still has them keeps them (RFC 3261 §12.2.1.2)."""
        attachment = self._ctx.directory.attachment(fact.user)
        if attachment is None or not (fact.anew or fact.elsewhere):
            return NONE
        for call in self._engaged(fact.user):
            for leg in call.floor_legs.values():
                if leg.peer is None and leg.party == fact.user and leg.state is LegState.UP:
                    self._ask(call, leg, attachment if fact.elsewhere else None)
        return NONE

    def _ask(self, call: PrivateCall, leg: Leg, elsewhere: Attachment | None) -> None:
        """Has the terminal this call still?"""
        if elsewhere is not None:
            leg.follow(Flow(*elsewhere.flow), elsewhere.contact)
            records.save(self._ctx, call)
        if elsewhere is not None and leg in call.legs and call.setup.full_duplex:
            leg.drop(FOLLOW)
            leg.want(self._ctx, Wish(Rank.REFRESH, FOLLOW))
        else:
            leg.refresh(self._ctx)

    def _engaged(self, user: Aor) -> list[PrivateCall]:
        """The calls of a user served here, and those of others that he entered at this TCF."""
        keys = self._ctx.directory.engagements(user)
        entered = [key for key, call in self._calls.items() if call.guests and key not in keys]
        return [call for key in (*keys, *entered) if (call := self._calls.get(key))]

    def on_calls_watched(self, fact: CallsWatched) -> Facts:
        """Somebody watches from now on: every call is news."""
        self._changed.update(dict.fromkeys(call for call in self._calls.values() if not call.enters))
        return self.news()

    def news(self) -> Facts:
        """What changed since this was asked last."""
        if not (self._changed or self._released or self._ended or self._renewed):
            return NONE
        changed, self._changed = self._changed, {}
        released, self._released = self._released, []
        ended, self._ended = self._ended, []
        renewed, self._renewed = self._renewed, {}
        told = (call.told() for call in changed)
        return (
            *told,
            *released,
            *(MediaChanged(one) for one in renewed),
            *(CallEnded(one) for one in ended),
        )

    def on_video_source_asked(self, fact: VideoSourceAsked) -> Facts:
        """What a party of a call of ours shows; of two the one who was named, else the caller first."""
        for call in self._calls.values():
            if call.id == fact.call and path.CALLER_HOME in call.roles and not call.enters:
                parties = (call.caller, call.called) if fact.party is None else (fact.party,)
                legs = [leg for leg in call.legs if leg.party in parties and call.state is State.UP]
                shown = [leg.remote_sdp for leg in legs if shows(leg.remote_sdp)]
                return (VideoSource(fact.key, call.caller, shown[0] if shown else b""),)
        return NONE

    def on_user_stunned(self, fact: UserStunned) -> Facts:
        """His calls are released wherever they are known: at his V, at his home."""
        self._dismiss_guests(ReleaseCause.STUNNED, user=fact.user)
        self._release_where(lambda call: fact.user in (call.caller, call.called), ReleaseCause.STUNNED)
        return self.news()

    def on_call_dismantled(self, fact: CallDismantled) -> Facts:
        """强拆: every leg is released."""
        self.release(fact.call_id, ReleaseCause.FORCED)
        return self.news()

    def view(self) -> list[dict[str, Value]]:
        """For people: one row a call."""
        return [
            {
                "id": call.id,
                "type": int(call.setup.call_type),
                "state": call.state.value,
                "caller": str(call.caller),
                "called": str(call.called),
                "roles": [role.value for role in call.roles],
                "since": call.began,
                "legs": [
                    {"peer": leg.peer, "party": str(leg.party), "state": leg.state.value} for leg in call.legs
                ],
            }
            for call in self._calls.values()
        ]

    def floors(self) -> list[dict[str, Value]]:
        """For people: one row a floor that we arbitrate."""
        return [
            {
                "group": f"{call.caller} → {call.called}",
                "id": call.id,
                "state": call.floor.state.value,
                "talker": str(call.floor.talker.user) if call.floor.talker is not None else None,
                "grant": call.floor.grant,
                "queue": [str(waiter.request.user) for waiter in call.floor.queue],
            }
            for call in self._calls.values()
            if call.floor is not None
        ]

    def __len__(self) -> int:
        return len(self._calls)

    @property
    def keys(self) -> frozenset[str]:
        """Of the calls that go on."""
        return frozenset(self._calls)

    # --- setting up

    def _room(self, incoming: Incoming, setup: CallSetup, hop: Hop, called: Aor) -> list[PrivateCall]:
        """Limits of the caller, and at the called user's V the one call that a user may have (profile 4.2): what is to
        be released for this one. Decline 486 when it may not be.

        TC2-C 486.
        """
        ctx, caller = self._ctx, setup.caller
        assert caller is not None
        if hop.roles[0] is path.CALLER_VISITED:
            path.room_for(ctx, caller, emergency=setup.emergency)
        if hop.attachment is None:
            return []
        engaged = [call for key in ctx.directory.engagements(called) if (call := self._calls.get(key))]
        running = [call for call in engaged if call.state not in ENDING]
        rule = checks.preemptible(ctx, incoming, called)
        if any(not checks.may_preempt(rule, setup, call.setup) for call in running):
            raise Decline(486, f"{called} is in a call")
        for group, floor in ctx.directory.floors(called).items():
            if not checks.may_preempt(rule, setup, floor):
                raise Decline(486, f"{called} talks in {group}")
        return running

    def _make_room(
        self, room: list[PrivateCall], call: PrivateCall, incoming: Incoming, max_forwards: str
    ) -> Facts:
        """What is in the way is released, cause preempted, and then the called user is called."""
        for other in room:
            other.cause = ReleaseCause.PREEMPTED
            self._step(other, Input.RELEASE, None)
        if path.CALLED_VISITED in call.roles and self._ctx.directory.floors(call.called):
            self._coming[call.key] = incoming, max_forwards
            return (*self.news(), FloorPreempted(call.called, call.key))
        self._call(call, incoming, max_forwards)
        return self.news()

    def on_floor_preempted(self, fact: FloorPreempted) -> Facts:
        """He does not talk any more."""
        call, (incoming, max_forwards) = self._calls[fact.key], self._coming.pop(fact.key)
        self._call(call, incoming, max_forwards)
        return self.news()

    def _begin(
        self,
        incoming: Incoming,
        setup: CallSetup,
        called: Aor,
        hop: Hop,
        operation: Token = Token.CALL,
    ) -> PrivateCall:
        ctx, caller = self._ctx, setup.caller
        assert caller is not None
        key = ctx.ids.token()
        owner = Owner(NAME, key)
        up = Leg.called(ctx, incoming, owner, caller)
        down = self._leg_to(owner, incoming, hop, caller, called)
        call = PrivateCall(key, setup, caller, called, up, down)
        call.roles, call.operation = hop.roles, operation
        call.began = ctx.wall
        self._calls[key] = call
        self._enter(call)
        return call

    def _call(self, call: PrivateCall, incoming: Incoming, max_forwards: str) -> None:
        """TC2-C 呼叫建立."""
        ctx, caller, called = self._ctx, call.caller, call.called
        call.down.send_invite(ctx, self._invite(call, incoming, max_forwards))
        last = path.CALLED_VISITED in call.roles
        call.ring = ctx.start(ctx.durations.tring + (0.0 if last else 5.0), Owner(NAME, call.key, RING))
        records.save(self._ctx, call)
        self._account(call)
        self._note(call)
        ctx.notice("call", id=call.id, state="setup", caller=str(caller), called=str(called))

    def _leg_to(self, owner: Owner, incoming: Incoming, hop: Hop, caller: Aor, called: Aor) -> Leg:
        ctx = self._ctx
        display = incoming.request.from_().display
        from_ = str(NameAddr(Uri(caller.number, caller.domain), display))
        to = f"<{path.aor_uri(called)}>"
        if hop.attachment is not None:
            flow, peer = Flow(*hop.attachment.flow), None
        else:
            assert hop.peer is not None
            flow, peer = peer_flow(hop.peer), hop.peer.domain
        leg = Leg.calling(ctx, owner, flow, called, peer, hop.uri, from_, to)
        leg.ptt = leg.ptt or (hop.attachment is not None and hop.attachment.ptt)
        return leg

    def _invite(self, call: PrivateCall, incoming: Incoming, max_forwards: str) -> Request:
        down = call.down
        request = down.invite(self._ctx)
        headers = request.headers
        headers.set("Max-Forwards", max_forwards)
        headers.set("P-Asserted-Identity", f"<{path.aor_uri(call.caller)}>")
        if call.enters:
            wire_control.write_entry(request, down.wire, call.operation, call.id, call.called)
        else:
            wire_call.write_setup(request, down.wire, call.setup, call.called.domain)
        subscriber = self._ctx.directory.subscriber(call.called)
        if subscriber is not None and down.peer is not None and not call.enters:
            wire_call.write_preemptible(request, down.wire, subscriber.preemptible)
        pass_body(incoming.request, request)
        attachment = self._ctx.directory.attachment(call.called)
        arrives = attachment is not None and attachment.arriving == call.id
        if down.peer is None and call.setup.call_type is CallType.AMBIENCE:
            headers.set("Priv-Answer-Mode", "Auto")  # RFC 5373 §4.2: without alerting
        if down.peer is None and (arrives or not call.setup.full_duplex):
            moves.auto_answer(request, call.caller)
        carry = headers.get(down.wire.extension)
        down.carry = ((down.wire.extension, carry),) if carry else ()
        return request

    def _enter(self, call: PrivateCall) -> None:
        """Note who is engaged here, and whose caller's home we are for this call."""
        if path.CALLER_VISITED in call.roles:
            self._ctx.directory.engage(call.caller, call.key)
        if path.CALLED_VISITED in call.roles:
            self._ctx.directory.engage(call.called, call.key)
        if call.enters:
            return
        if path.CALLER_HOME in call.roles:
            self._homes[call.id] = self._homes.get(call.id, 0) + 1
        if path.CALLER_HOME in call.roles or path.CALLED_HOME in call.roles:
            self._ctx.directory.run_call(call.id, call.key, call.caller, call.called)

    def _step(self, call: PrivateCall, what: Input, event: Happened | None) -> None:
        before, setup = call.state, call.setup
        self._relay.step(call, what, event)
        if call.setup is not setup:
            self._account(call)
        if call.state is not before:
            if call.state is State.UP:
                accounting.up(self._ctx, call.key)
            self._note(call)
            moves.note_standing(self._ctx, call)
            self._record_entry(call, before, event)
            if before is State.UP:
                self._released += [CallReleased(user, call.id, call.cause) for user in moves.served(call)]
        self._call_the_waiting(call)
        if what in RENEWALS and path.CALLER_HOME in call.roles and call.state is State.UP:
            self._renewed[call.id] = None
        if call.over:
            self._forget(call)
        elif call.state not in (before, State.ALERTING) or _ends_leg(event):  # ALERTING ends as SETUP does
            records.save(self._ctx, call)

    def _note(self, call: PrivateCall) -> None:
        """Something about it is news, if anybody watches; who enters a call of others is not."""
        if self._ctx.watched and not call.enters:
            self._changed[call] = None

    def _account(self, call: PrivateCall) -> None:
        """For the call records; who enters a call of others has lines of his own on his way to it."""
        if self._ctx.accounted:
            role = ", ".join(role.value for role in call.roles)
            entry = accounting.ENTRIES.get(call.operation, "")
            about = About.of(call.setup, role, call.caller, call.called, group=False, entry=entry)
            accounting.note(self._ctx, call.key, about)

    def _record_entry(self, call: PrivateCall, before: State, event: Happened | None) -> None:
        """The dispatcher's home notes what came of it."""
        if not call.enters or path.CALLER_HOME not in call.roles:
            return
        if before not in (State.SETUP, State.ALERTING) or call.state is State.ALERTING:
            return
        code = event.status if event is not None else 0
        result = "done" if call.state is State.UP else f"{code or 503} says {call.down.peer}"
        mandate.record(self._ctx, call.caller, mandate.ENTRIES[call.operation][0], call.id, result)

    def _release_where(self, chosen: Callable[[PrivateCall], bool], cause: ReleaseCause) -> int:
        calls = [call for call in self._calls.values() if chosen(call)]
        for call in calls:
            call.cause = cause
            self._step(call, Input.RELEASE, None)
        return len(calls)

    def _forget(self, call: PrivateCall) -> None:
        call.state = State.ENDED
        self._note(call)
        call.stop_ringing()
        self._relay.half_duplex.end(call)
        self._calls.pop(call.key, None)
        self._ctx.directory.disengage(call.caller, call.key)
        self._ctx.directory.disengage(call.called, call.key)
        self._ctx.directory.end_call(call.id, call.key)
        if path.CALLER_HOME in call.roles and not call.enters:
            self._ended.append(call.id)
            self._homes[call.id] -= 1
            if not self._homes[call.id]:
                del self._homes[call.id]
        self._ctx.save(NAME, call.key, None)
        accounting.over(self._ctx, call.key, call.cause)
        self._ctx.notice("call", id=call.id, state="ended", cause=call.cause.name.lower())

    # --- calls that may be over elsewhere

    def _check_legs_to(self, domain: str | None) -> None:
        """Refresh the legs to a peer (None: to terminals), paced: a dialog that is over there is answered by 481."""
        legs = [
            leg for call in self._calls.values() for leg in call.floor_legs.values() if leg.peer == domain
        ]
        for number, leg in enumerate(legs):
            leg.refresh_after(self._ctx, number * PACE)

    # --- after a restart

    def load(self, rows: dict[str, Value]) -> None:
        """Go on from what the store held: calls go on, one that was being set up is ended cleanly on both sides."""
        for key, row in rows.items():
            call = records.read(self._ctx, key, row)
            self._relay.half_duplex.revive(call, row.get("timers", {}))
            self._revive(call)
        self._check_legs_to(None)

    def _release_again(self, call: PrivateCall) -> None:
        """What was being given up when we stopped is given up again."""
        for leg in (*call.legs, *call.left):
            if leg.state is LegState.RELEASING:
                leg.state = LegState.UP
                self._relay.bye(call, leg)
            elif leg in call.left:
                self._relay.leave(call, leg, call.cause)

    def _revive(self, call: PrivateCall) -> None:
        self._calls[call.key] = call
        self._enter(call)
        arriving = moves.revive(self._ctx, call)
        self._release_again(call)
        if call.down.state is LegState.EARLY and call.down.ours is None:
            call.down.end(self._ctx)
        if call.state in (State.SETUP, State.ALERTING):
            call.cause = ReleaseCause.PEER_DOWN
            self._step(call, Input.NO_ANSWER, None)
        elif call.state is State.CANCELLING:
            self._relay.cancel_down(call, call.cause)
        elif call.state is State.UP:
            self._relay.end_open_offers(call)
            self._relay.guests.revive(call)
            call.waiting = arriving
            moves.note_standing(self._ctx, call)
            self._call_the_waiting(call)
        if call.key not in self._calls:
            return
        if call.over:
            self._forget(call)
        else:
            records.save(self._ctx, call)


def _ends_leg(event: Happened | None) -> bool:
    """Did it end one of several legs? Such a leg is not released again after a restart."""
    return event is not None and event.leg.state is LegState.ENDED
