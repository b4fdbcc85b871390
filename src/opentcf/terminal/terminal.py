"""The terminal: registers, calls, answers, hangs up. Same rules as the node: no I/O, no clock, no chance."""

from typing import NamedTuple

from opentcf.btrunc import call as wire_call
from opentcf.btrunc import extension as wire_extension
from opentcf.btrunc import floor as wire_floor
from opentcf.btrunc import registration as wire_registration
from opentcf.btrunc.data import BINARY, UTF_8, encode
from opentcf.btrunc.extension import Params
from opentcf.btrunc.wire import Alert, Package, Param, Token, Wire
from opentcf.model.call import CallSetup, CallType
from opentcf.model.cause import ReleaseCause
from opentcf.model.numbers import Aor
from opentcf.model.registration import RegType
from opentcf.model.subscriber import LOWEST_PRIORITY, UserState
from opentcf.sip import digest
from opentcf.sip.dialog import Dialog
from opentcf.sip.errors import RemoteError
from opentcf.sip.headers import NameAddr
from opentcf.sip.ids import Ids
from opentcf.sip.message import Message, Request, Response
from opentcf.sip.meters import Meters
from opentcf.sip.outbox import Flow, Outbox, Send
from opentcf.sip.parse import parse
from opentcf.sip.sdp import direction_of, reverse
from opentcf.sip.timers import Timer, Timers
from opentcf.sip.transaction import Layer, Outcome, Owner, ServerTransaction, TransactionTimers
from opentcf.sip.transaction.layer import TransactionAlarm, stamp_via
from opentcf.sip.transaction.machines import Result
from opentcf.sip.uri import join_host_port
from opentcf.terminal import messages, subscriptions
from opentcf.terminal.call import Call, CallState
from opentcf.terminal.control import Control, Order
from opentcf.terminal.event import Behaviour, Event, Page, warning
from opentcf.terminal.watch import Watch

ALLOW = "INVITE, ACK, BYE, CANCEL, INFO, MESSAGE, OPTIONS"
REFRESH = "refresh"
ARRIVES_WITHIN = 8.0
"""Seconds that a call may be without a dialog during a handover."""
STREAMS: dict[CallType, tuple[str, ...]] = {
    CallType.PRIVATE_AUDIO_VIDEO: ("audio", "video"),
    CallType.GROUP_AUDIO: ("audio",),
    CallType.GROUP_AUDIO_VIDEO: ("audio", "video"),
    CallType.PRIVATE_VIDEO: ("video",),
    CallType.VIDEO_PULL: ("video",),
    CallType.VIDEO_PUSH: ("video",),
    CallType.VIDEO_MULTICAST: ("video",),
}
"""What a call of a type consists of, unless it is audio alone."""
DIRECTIONS: dict[CallType, str] = {
    CallType.AMBIENCE: "recvonly",
    CallType.VIDEO_PULL: "recvonly",
    CallType.VIDEO_PUSH: "sendonly",
}
"""In which direction a call's media go as its caller sees it, unless in both."""
RINGS_FOR = 180.0
"""Seconds until a terminal stops ringing by itself: nothing can cancel a call none of whose 180s arrived."""


class Crossed(NamedTuple):
    """An offer of ours that crossed one of theirs."""

    call: Call
    invite: Request


class Terminal:
    """One user's equipment at the D interface of one TCF.

    `proxy` is the TCF's D address, `host` and `port` our own. `plain` makes it a softphone that never sends the
    extension. Events are taken from `events`.
    """

    def __init__(
        self,
        user: Aor,
        password: str,
        proxy: Flow,
        host: str,
        port: int,
        ids: Ids,
        *,
        plain: bool = False,
        behaviour: Behaviour = Behaviour.ANSWER,
    ) -> None:
        self.user = user
        self.password = password
        self.proxy = proxy
        self.host, self.port = host, port
        self.plain = plain
        self.behaviour = behaviour
        self.registered = False
        self.calls: dict[str, Call] = {}
        self.watches: dict[str, Watch] = {}
        self.events: list[Event] = []
        self._ids = ids
        self._wire = Wire()
        self.control = Control(user, self._wire)
        self._outbox = Outbox()
        self._timers = Timers()
        local = join_host_port(host, port)
        sent_by = {(proxy.side, transport, ":" in host): local for transport in ("udp", "tcp", "tls")}
        self._layer = Layer(self._timers, self._outbox, ids, Meters(), TransactionTimers(), sent_by, 65_535)
        self._open: dict[str, tuple[Request, Call | Watch | None, bool]] = {}
        self._challenge: digest.Challenge | None = None
        self._nonce_count = 0
        self._register_call_id = ids.token()
        self._register_cseq = 0
        self._expires = 600
        self._refresh: Timer | None = None
        self._now = 0.0

    # --- the verbs of the core

    def receive(self, data: bytes, source: Flow, now: float) -> None:
        """A message from the TCF."""
        self._now = now
        try:
            message = parse(data)
            if isinstance(message, Response):
                _, result = self._layer.receive_response(message, source, now)
                self._result(result)
            else:
                self._request(message, source)
        except RemoteError:
            return

    def wake(self, now: float) -> None:
        """Everything that is due."""
        self._now = now
        while (target := self._timers.due(now)) is not None:
            if isinstance(target, TransactionAlarm):
                self._result(self._layer.fire(target, now))
            elif isinstance(target, Call):
                if target.state is CallState.INCOMING:
                    self.reject(target, now, 480)
                elif target.between:
                    self._end(target, "ended", 408)
            elif isinstance(target, Watch):
                self.watch_again(target, now)
            elif isinstance(target, Crossed):
                self._offer_again(target)
            elif self.registered:
                self.register(now, self._expires, RegType.REFRESH)

    def deadline(self) -> float | None:
        """When `wake` is wanted."""
        return self._timers.deadline()

    def drain(self) -> list[Send]:
        """What is to be sent."""
        return self._outbox.drain().sends

    def quiet(self) -> bool:
        """Is no transaction open?"""
        return not self._layer.open_transactions()

    # --- what the person does

    def register(
        self, now: float, expires: int = 600, reg_type: RegType | None = RegType.INITIAL, call: str = ""
    ) -> None:
        """Register, refresh, or (expires 0) de-register; by handover with the identity of the call that comes along."""
        self._now = now
        self._stop_refresh()
        self._expires = expires or self._expires
        self._register_cseq += 1
        aor = f"<sip:{self.user}>"
        request = self._new("REGISTER", f"sip:{self.user.domain}", aor)
        request.headers.set("Call-ID", self._register_call_id)
        request.headers.set("CSeq", f"{self._register_cseq} REGISTER")
        request.headers.set("Contact", f"<{self._contact()}>")
        request.headers.set("Expires", str(expires))
        if not self.plain:
            wire_registration.write_register(request, self._wire, reg_type if expires else None, None, call)
        self._send(request, "register" if expires else "unregister", None)

    def prepare(self, call: Call, target: str, now: float) -> None:
        """Say that we are about to move to the TCF of a domain; the event `handover` says that we may go."""
        self._now = now
        request = call.dialog.request("INFO")
        request.headers.set(self._wire.extension, wire_call.handover(self._wire, target))
        self._send(request, "info", call)

    def move(
        self, proxy: Flow, now: float, reg_type: RegType = RegType.INITIAL, call: Call | None = None
    ) -> None:
        """Attach to another TCF: the old one is told by the home. By handover a call may come along."""
        self.proxy = proxy
        self.registered = False
        self._challenge = None
        self._abandon_registering()
        self._register_call_id, self._register_cseq = self._ids.token(), 0
        self.register(now, self._expires, reg_type, call.id if call is not None else "")

    def _abandon_registering(self) -> None:
        """RFC 3261 §10.2: no new registration beside an open one; a repeated REGISTER would bind us where we were."""
        for branch, (request, _, _) in list(self._open.items()):
            txn = self._layer.client(branch, "REGISTER") if request.method == "REGISTER" else None
            if txn is not None:
                self._layer.forget(txn)
                del self._open[branch]

    def call(self, number: str, now: float, setup: CallSetup | None = None, sdp: bytes | None = None) -> Call:
        """Call a number, or `number@domain`; an empty `sdp` makes a late offer."""
        self._now = now
        remote = number if "@" in number else f"{number}@{self.user.domain}"
        dialog = Dialog(
            self._ids.token(), self._ids.token(), f"<sip:{self.user}>", f"<sip:{remote}>", f"sip:{remote}"
        )
        call = Call(dialog.local_tag, dialog, remote)
        call.outgoing = True
        self.calls[call.key] = call
        call.setup = setup or call.setup
        kind = call.setup.call_type
        call.streams, call.direction = STREAMS.get(kind, call.streams), DIRECTIONS.get(kind, call.direction)
        if sdp != b"":
            call.sdp = sdp or self._describe(call)
        return self._begin(call)

    def enter(self, party: Aor, call_id: str, now: float, operation: Token = Token.INSERT) -> Call:
        """Enter a call of others by force, or (`Token.LISTEN`) only to listen: by its OnlineCallID, which `party` has,
        a group or one of two."""
        self._now = now
        local, remote = f"<sip:{self.user}>", f"sip:{party}"
        dialog = Dialog(self._ids.token(), self._ids.token(), local, f"<{remote}>", remote)
        call = Call(dialog.local_tag, dialog, str(party))
        call.outgoing = True
        call.direction = "recvonly" if operation is Token.LISTEN else "sendrecv"
        about = ((Param.CALL_ID, call_id), (Param.UDN, party.number))
        call.operation = wire_extension.render(self._wire, operation, *about)
        self.calls[call.key] = call
        call.sdp = self._describe(call)
        return self._begin(call)

    def _begin(self, call: Call) -> Call:
        if self.control.barred:
            self._end(call, "ended", 403, self.control.state.value)
        else:
            self._invite(call, call.setup, call.operation)
        return call

    def answer(self, call: Call, now: float, event: str = "up") -> None:
        """Take an incoming call; `event` is what the person hears of it."""
        self._now = now
        txn = call.incoming
        if txn is None or txn.request is None:
            return
        response = txn.request.respond(200, call.key)
        response.headers.put("Record-Route", txn.request.headers.lines("Record-Route"))
        self._describe_into(call, response)
        call.state = CallState.UP
        call.unacknowledged[txn.request.cseq()[0]] = txn
        self._layer.respond(txn, response, now)
        self._event(event, call)

    def reject(self, call: Call, now: float, status: int = 603) -> None:
        """Refuse an incoming call."""
        self._now = now
        txn = call.incoming
        if txn is not None and txn.request is not None:
            self._layer.respond(txn, txn.request.respond(status, call.key), now)
            self._end(call, "ended", status)

    def hang_up(self, call: Call, now: float) -> None:
        """End a call in whatever state it is: BYE, CANCEL or 603."""
        self._now = now
        if call.state is CallState.UP:
            request = call.dialog.request("BYE")
            self._mark_release(request)
            self._send(request, "bye", call)
            self._end(call, "ended", 0)
        elif call.state in (CallState.CALLING, CallState.RINGING):
            call.cancelled = True
            if call.provisional:
                self._cancel(call)
        elif call.state is CallState.INCOMING:
            self.reject(call, now)

    def change(self, call: Call, direction: str, now: float) -> None:
        """Hold (`sendonly`, `inactive`) or resume (`sendrecv`)."""
        self._offer(call, call.setup, direction, now)

    def become(self, call: Call, setup: CallSetup, direction: str, now: float) -> None:
        """媒体变更: the call is to be of another type, with the streams that it has, in another direction."""
        call.streams = _with(call.streams, STREAMS.get(setup.call_type, ("audio",)))
        call.setup = call.setup._replace(call_type=setup.call_type)
        self._offer(call, setup, direction, now)

    def _offer(self, call: Call, setup: CallSetup, direction: str, now: float) -> None:
        self._now = now
        call.direction = direction
        call.sdp = self._describe(call)
        self._invite(call, setup)

    def press(
        self, call: Call, now: float, *, priority: int = LOWEST_PRIORITY, emergency: bool = False
    ) -> None:
        """Press to talk: ask for the floor. A softphone does it by resuming."""
        self._floor(call, wire_floor.Ask(self.user, priority, emergency), "sendrecv", now)

    def let_go(self, call: Call, now: float) -> None:
        """Release to listen: give the floor, or the place in the queue, back. A softphone does it by holding."""
        call.talking, call.position = False, 0
        self._floor(call, wire_floor.LetGo(self.user), "recvonly", now)

    def withdraw(self, call: Call, now: float) -> None:
        """Cancel a request for the floor that is not answered yet; the call stays."""
        self._now = now
        self._cancel(call, Token.REQUEST)

    def calm(self, call: Call, now: float) -> None:
        """End the emergency of a group call: its originator or a dispatcher may."""
        self._floor(call, wire_floor.Calm(self.user), call.direction, now)

    def _floor(
        self, call: Call, op: wire_floor.Ask | wire_floor.LetGo | wire_floor.Calm, direction: str, now: float
    ) -> None:
        self._now = now
        call.direction = direction
        call.sdp = self._describe(call)
        extension = (
            ""
            if self.plain
            else wire_floor.render(op, self._wire, NameAddr.parse(call.dialog.remote).uri.host)
        )
        self._invite(call, CallSetup(), extension)

    def message(
        self,
        to: str,
        content: str | bytes,
        now: float,
        *,
        msgid: str = "",
        group: bool = False,
        charset: str = UTF_8,
    ) -> str:
        """Send short data to a user, or to a `group`; returns its msgid, which the result's `page` has as its key."""
        uri, msgid = messages.uri_of(to, self.user.domain), msgid or self._ids.token()
        kind, body = (BINARY, content) if isinstance(content, bytes) else encode(content, charset)
        params = messages.short_data(self._wire, msgid, group=group)
        return self.page(uri, Token.MESSAGE, params, now, body, kind, key=msgid)

    def page(
        self,
        uri: str,
        token: Token,
        params: Params,
        now: float,
        body: bytes = b"",
        content_type: str = "",
        key: str = "",
    ) -> str:
        """Send any MESSAGE; its result is an event `delivered` or `refused` whose `page` has the key returned."""
        self._now, key = now, key or self._ids.token()
        if self.control.barred:
            self.events.append(
                Event("refused", None, 403, self.control.state.value, Page(key=key, msgid=key))
            )
            return key
        request = self._new("MESSAGE", uri, f"<{uri}>")
        extension = "" if self.plain else wire_extension.render(self._wire, token, *params)
        messages.fill(request, extension, self._wire, body, content_type)
        self._send(request, f"page {key}", None)
        return key

    def dispatch(self, order: Order, now: float) -> str:
        """Give an order of a dispatcher; the answer comes as that to a `page`, results of a regroup as `regrouped`
        that bear the same key as their msgid."""
        key = self._ids.token()
        named = ((Param.MESSAGE_ID, key),) if order.token in (Token.REGROUP, Token.VIDEO_FORWARD) else ()
        params = (*order.params, *named)
        return self.page(order.uri, order.token, params, now, order.body, order.content_type, key)

    def watch(self, package: Package, now: float, number: str = "", expires: int = 600) -> Watch:
        """Subscribe to an event of a number, or of all at home; it is refreshed until `unwatch`."""
        self._now = now
        uri = messages.uri_of(number, self.user.domain) if number else f"sip:{self.user.domain}"
        dialog = Dialog(self._ids.token(), self._ids.token(), f"<sip:{self.user}>", f"<{uri}>", uri)
        watch = Watch(dialog, package, number, expires)
        if self.control.barred:
            watch.over = True
            self.events.append(Event("refused", None, 403, self.control.state.value, watch=watch))
        else:
            self.watches[watch.key] = watch
            self._subscribe(watch)
        return watch

    def watch_again(self, watch: Watch, now: float) -> None:
        """Refresh a subscription: everything is told once more."""
        self._now = now
        self._subscribe(watch)

    def unwatch(self, watch: Watch, now: float) -> None:
        """End it; everything is told a last time."""
        self._now, watch.expires = now, 0
        self._subscribe(watch)

    def addresses(self, now: float) -> str:
        """Ask for the address book; it comes as MESSAGEs."""
        return self.page(f"sip:{self.user.domain}", Token.GET_ADDRESSES, (), now)

    # --- requests of ours

    def _subscribe(self, watch: Watch) -> None:
        watch.stop()
        request = subscriptions.subscribe(watch, self._wire, self._contact())
        if not self.plain:
            wire_extension.write(request, self._wire, Token.SUBSCRIBE)
        self._send(request, "subscribe", watch)

    def _new(self, method: str, uri: str, to: str) -> Request:
        request = Request(method, uri)
        fields = request.headers.fields
        fields["Via"] = [""]
        fields["Max-Forwards"] = ["70"]
        fields["From"] = [f"<sip:{self.user}>;tag={self._ids.token()}"]
        fields["To"] = [to]
        fields["Call-ID"] = [self._ids.token()]
        fields["CSeq"] = [f"1 {method}"]
        return request

    def _invite(self, call: Call, setup: CallSetup, extension: str = "") -> None:
        request = call.dialog.request("INVITE")
        request.headers.set("Contact", f"<{self._contact()}>")
        request.headers.set("Allow", ALLOW)
        if not self.plain:
            wire_call.write_setup(request, self._wire, setup, self.user.domain)
        if extension:
            request.headers.set(self._wire.extension, extension)
        if call.sdp:
            request.headers.set("Content-Type", "application/sdp")
            request.body = call.sdp
        call.invite = request
        self._send(request, "invite", call)

    def _send(
        self, request: Request, purpose: str, call: Call | Watch | None, *, again: bool = False
    ) -> None:
        self._authorize(request)
        txn = self._layer.request(
            request, self._hop(call), Owner("ue", call.key if call else "", purpose), self._now
        )
        self._open[txn.branch] = (request, call, again)
        if isinstance(call, Call) and purpose == "invite":
            call.branch = txn.branch

    def _hop(self, call: Call | Watch | None) -> Flow:
        hop = call.dialog.next_hop() if call is not None else None
        return self.proxy if hop is None else self.proxy._replace(host=hop.host, port=hop.port or 5060)

    def _authorize(self, request: Request) -> None:
        challenge = self._challenge
        if challenge is None:
            return
        self._nonce_count += 1
        secret = digest.ha1(challenge.algorithm, self.user.number, challenge.realm, self.password)
        line = digest.authorize(
            challenge,
            self.user.number,
            secret,
            request.method,
            request.uri,
            self._ids.token(),
            self._nonce_count,
        )
        request.headers.set("Authorization", line)

    def _challenged(
        self, request: Request, response: Response, purpose: str, call: Call | Watch | None
    ) -> None:
        """Answer a 401 once (RFC 3261 §22.2): same request, next CSeq, new branch."""
        self._challenge = digest.choose(response.headers.lines("WWW-Authenticate"))
        self._nonce_count = 0
        if isinstance(call, Call) and call.cancelled and not call.provisional:
            self._end(call, "ended", 487)
            return
        number, method = request.cseq()
        if request.method == "REGISTER":
            self._register_cseq = number = max(number, self._register_cseq) + 1
        elif call is not None:
            call.dialog.local_cseq = number = max(number, call.dialog.local_cseq) + 1
        else:
            number += 1
        request.headers.set("CSeq", f"{number} {method}")
        self._send(request, purpose, call, again=True)

    def _cancel(self, call: Call, operation: Token = Token.CALL) -> None:
        invite = call.invite
        if invite is None or self._layer.client(call.branch, "CANCEL") is not None:
            return
        cancel = Request("CANCEL", invite.uri)
        for name in ("Via", "Route", "Max-Forwards", "From", "To", "Call-ID"):
            cancel.headers.put(name, invite.headers.lines(name))
        cancel.headers.set("CSeq", f"{invite.cseq()[0]} CANCEL")
        self._mark_release(cancel, operation)
        self._layer.request(
            cancel, self._hop(call), Owner("ue", call.key, "cancel"), self._now, branch=call.branch
        )

    def _mark_release(self, request: Request, operation: Token | None = None) -> None:
        if not self.plain:
            wire_call.write_release(request, self._wire, ReleaseCause.NORMAL, operation)

    # --- responses

    def _result(self, result: Result) -> None:
        if not isinstance(result, Outcome):
            call = self.calls.get(result.owner.key) if result is not None else None
            if call is not None:
                self.hang_up(call, self._now)
            return
        request, party, again = self._open.get(result.branch, (None, None, False))
        if request is None or result.owner.purpose == "cancel":
            return
        if result.status >= 200:
            self._open.pop(result.branch, None)
        if request.method == "REGISTER" and request.call_id() != self._register_call_id:
            return  # from a TCF that we left since
        response = result.response
        if result.status == 401 and response is not None and (not again or self._is_stale(response)):
            self._challenged(request, response, result.owner.purpose, party)
        else:
            self._answered(party, result)

    def _answered(self, party: Call | Watch | None, result: Outcome) -> None:
        purpose = result.owner.purpose
        if purpose in ("register", "unregister"):
            self._registration(purpose, result)
        elif purpose == "invite" and isinstance(party, Call):
            self._invited(party, result)
        elif isinstance(party, Watch) and result.status >= 200:
            self._subscribed(party, result)
        elif purpose.startswith("page ") and result.status >= 200:
            self.events.append(messages.result(result, purpose.partition(" ")[2], self._wire))

    def _subscribed(self, watch: Watch, result: Outcome) -> None:
        event = subscriptions.answered(watch, result)
        if event is not None:
            self.events.append(event)
        elif watch.expires and not watch.over:
            watch.stop()
            watch.refresh = self._timers.start(self._now + max(watch.expires / 2, 1.0), watch)
        self._forget_over(watch)

    def _forget_over(self, watch: Watch) -> None:
        if watch.over:
            watch.stop()
            self.watches.pop(watch.key, None)

    def _is_stale(self, response: Response) -> bool:
        challenge = digest.choose(response.headers.lines("WWW-Authenticate"))
        return challenge is not None and challenge.stale

    def _registration(self, purpose: str, result: Outcome) -> None:
        if result.status < 200:
            return
        if purpose == "unregister":
            self.registered = False
            self._event("unregistered" if result.status < 300 else "failed", None, result.status)
        elif result.response is not None and result.status < 300:
            granted = wire_registration.granted_expiry(result.response, self._expires)
            self._event("refreshed" if self.registered else "registered", None, result.status)
            self.registered = True
            self._stop_refresh()
            self._refresh = self._timers.start(self._now + max(granted / 2, 1.0), REFRESH)
            self._learn_state(result.response)
        else:
            self.registered = False
            self._event("refused", None, result.status, warning(result.response))

    def _learn_state(self, response: Response) -> None:
        """The 200 to a REGISTER says whether we are stunned (profile 7)."""
        ext = wire_extension.read(response, self._wire)
        if ext is None or ext.token is not Token.REGISTER:
            return
        stunned, _ = wire_registration.read_home_answer(ext, self._wire)
        event = self.control.become(UserState.STUNNED if stunned else UserState.NORMAL)
        if event is not None:
            self._obey(event)

    def _stop_refresh(self) -> None:
        if self._refresh is not None:
            self._refresh.cancel()
            self._refresh = None

    def _invited(self, call: Call, result: Outcome) -> None:
        response = result.response
        if result.status < 200:
            call.provisional = True
            if call.cancelled:
                self._cancel(call)
            elif result.status > 100 and call.state is CallState.CALLING:
                call.state = CallState.RINGING
                self._learn_id(call, response)
                self._event("ringing", call, result.status)
            return
        call.status = result.status
        if response is None or result.status >= 300:
            if response is not None:
                self._learn_floor(call, response, "denied")
            if call.state is CallState.UP and result.status == 408:
                self.hang_up(call, self._now)
            elif call.state is CallState.UP and result.status == 491 and call.invite is not None:
                wait = self._ids.uniform(2.1, 4.0) if call.outgoing else self._ids.uniform(0.0, 2.0)
                self._timers.start(self._now + wait, Crossed(call, call.invite))
            elif call.state is CallState.UP and result.status != 481:
                self._event("failed", call, result.status, warning(response))
            else:
                self._end(call, "ended", result.status, warning(response))
            return
        self._accepted(call, result, response)

    def _offer_again(self, crossed: "Crossed") -> None:
        """RFC 3261 §14.1: after 491 and its wait, unless the person has gone on to something else."""
        call, before = crossed
        if call.state is not CallState.UP or call.invite is not before:
            return
        request = call.dialog.request("INVITE")
        for name in ("Contact", "Allow", self._wire.extension, "Content-Type"):
            request.headers.put(name, before.headers.lines(name))
        request.body = before.body
        call.invite = request
        self._send(request, "invite", call)

    def _accepted(self, call: Call, result: Outcome, response: Response) -> None:
        """2xx: acknowledge; when we hung up in the meantime, a BYE follows (RFC 3261 §15)."""
        first = call.state in (CallState.CALLING, CallState.RINGING)
        if first:
            call.dialog.confirm(response)
        call.remote_sdp = response.body
        self._learn_id(call, response)
        ack = call.dialog.request("ACK", response.cseq()[0])
        if not call.sdp:
            self._describe_into(call, ack)
        self._layer.send_once(ack, self._hop(call), self._now, result.branch)
        if call.state is CallState.ENDED:
            return
        call.state = CallState.UP
        if call.cancelled:
            self.hang_up(call, self._now)
        else:
            self._event("up" if first else "changed", call, result.status)
            if self._lets_go(call):
                call.talking = False
            self._learn_floor(call, response, "denied")

    def _lets_go(self, call: Call) -> bool:
        """Was our last INVITE a release? A grant that crossed it is void (profile 7)."""
        ext = wire_extension.read(call.invite, self._wire) if call.invite is not None else None
        return ext is not None and ext.token is Token.RELEASE_FLOOR

    def _learn_floor(self, call: Call, message: Message, taken_away: str) -> None:
        """What a message says of the floor; `taken_away` is what a release from the other side means there."""
        ext = wire_extension.read(message, self._wire)
        if ext is None:
            return
        if ext.token is Token.ACCEPT:
            call.talking, call.talker, call.position = True, str(self.user), 0
            self._event("granted", call, 0, ext.get(Param.GRANT) or "")
        elif ext.token is Token.WAITING:
            call.position = ext.number(Param.POSITION) or 1
            self._event("queued", call, 0, ext.get(Param.POSITION) or "")
        elif ext.token is Token.RELEASE_FLOOR:
            call.talking, call.position = False, 0
            self._event(taken_away, call, 0, ext.get(Param.CAUSE) or "")
        elif ext.token is Token.HANDOVER:
            self._event("handover", call, 0, ext.get(Param.TARGET) or "")
        elif ext.token is Token.INFO:
            told = wire_floor.read_info(ext, self._wire, self.user.domain)
            if isinstance(told, wire_floor.Inform) and told.alert is Alert.QUEUE:
                call.position = told.position
            elif isinstance(told, wire_floor.Inform):
                call.talker = str(told.user) if told.user is not None else ""
            self._event("floor", call, 0, _floor_words(told, ext))

    def _learn_id(self, call: Call, message: Message | None) -> None:
        ext = wire_extension.read(message, self._wire) if message is not None else None
        call.id = (ext.get(Param.CALL_ID) if ext is not None else None) or call.id

    def _learn_setup(self, call: Call, request: Request) -> None:
        """What kind of call it is, and who talks in a group that calls us."""
        ext = wire_extension.read(request, self._wire)
        said = wire_call.read_setup(ext, self._wire, self.user.domain)
        call.setup = said._replace(caller=None, extra=())
        if ext is not None and call.setup.call_type.is_group:
            talker = ext.identity(Param.CALLER, self.user.domain)
            call.talker = str(talker) if talker is not None else ""

    # --- requests of theirs

    def _request(self, request: Request, source: Flow) -> None:
        via = request.via()
        stamp_via(request, via, source)
        txn = self._layer.match(request, via)
        if txn is not None and request.method != "ACK":
            self._layer.repeated(txn, request, self._now)
            return
        call = self.calls.get(request.to_tag() or "")
        if request.method == "ACK":
            self._acknowledged(request, call)
            if txn is not None:
                self._layer.repeated(txn, request, self._now)
            return
        cancelled = self._layer.cancelled(via) if request.method == "CANCEL" else None
        txn = self._layer.accept(request, via, source, self._now)
        if request.method == "CANCEL":
            found = cancelled.owner if cancelled is not None else None
            self._layer.respond(txn, request.respond(200 if found else 481, self._ids.token()), self._now)
            call = self.calls.get(found.key) if found else None
            if call is not None and call.state is CallState.INCOMING:
                self.reject(call, self._now, 487)
        elif request.method == "NOTIFY" and (watch := self.watches.get(request.to_tag() or "")) is not None:
            self._notified(watch, request, txn)
        elif request.to_tag() is not None and call is None:
            self._layer.respond(txn, request.respond(481), self._now)
        elif call is not None:
            self._in_dialog(call, request, txn)
        elif request.method == "INVITE":
            self._incoming(request, txn)
        else:
            self._other(request, txn, source)

    def _notified(self, watch: Watch, request: Request, txn: ServerTransaction) -> None:
        status, event = (481, None)
        if watch.dialog.belongs(request, request.from_tag()):
            status, event = subscriptions.notified(watch, request, self._wire)
        self._layer.respond(txn, request.respond(status, watch.key), self._now)
        self.events += [event] if event is not None else []
        self._forget_over(watch)

    def _acknowledged(self, request: Request, call: Call | None) -> None:
        txn = call.unacknowledged.pop(request.cseq()[0], None) if call is not None else None
        if call is not None and txn is not None:
            self._layer.acknowledged(txn, self._now)
            call.remote_sdp = request.body or call.remote_sdp

    def _incoming(self, request: Request, txn: ServerTransaction) -> None:
        dialog = Dialog.from_invite(request, self._ids.token())
        uri = NameAddr.parse(dialog.remote).uri
        call = Call(dialog.local_tag, dialog, f"{uri.user}@{uri.host}")
        self._learn_id(call, request)
        self._learn_setup(call, request)
        call.state = CallState.INCOMING
        call.remote_sdp = request.body
        call.direction = reverse(direction_of(request.body)) if request.body else call.direction
        call.incoming = txn
        txn.owner = Owner("ue", call.key, "answer")
        before = next((c for c in self.calls.values() if c.id and c.id == call.id), None)
        self.calls[call.key] = call
        if before is not None and before.state is CallState.UP:
            self._rejoin(before, call, request)
            return
        self._event("incoming", call, 0, call.talker)
        if self.behaviour is Behaviour.BUSY:
            self.reject(call, self._now, 486)
        elif self.behaviour is Behaviour.DECLINE:
            self.reject(call, self._now, 603)
        elif _answers_itself(request) and self.behaviour is not Behaviour.IGNORE:
            self.answer(call, self._now)
        else:
            ringing = request.respond(180, call.key)
            ringing.headers.put("Record-Route", request.headers.lines("Record-Route"))
            ringing.headers.set("Contact", f"<{self._contact()}>")
            self._layer.respond(txn, ringing, self._now)
            self._timers.start(self._now + RINGS_FOR, call)
            if self.behaviour is Behaviour.ANSWER:
                self.answer(call, self._now)

    def _rejoin(self, before: Call, call: Call, request: Request) -> None:
        """A call that came along by handover goes on in a new dialog; whoever talked still talks."""
        ext = wire_extension.read(request, self._wire)
        talker = ext.identity(Param.CALLER, self.user.domain) if ext is not None else None
        self.calls.pop(before.key, None)
        before.key, before.dialog, before.incoming = call.key, call.dialog, call.incoming
        before.remote_sdp, before.between = call.remote_sdp, False
        before.unacknowledged.clear()
        before.talking = before.talking and talker == self.user
        self.calls[call.key] = before
        self.answer(before, self._now, "moved")

    def _in_dialog(self, call: Call, request: Request, txn: ServerTransaction) -> None:
        if not call.dialog.take_cseq(request):
            self._layer.respond(txn, request.respond(500, call.key), self._now)
        elif request.method == "BYE":
            self._layer.respond(txn, request.respond(200, call.key), self._now)
            self._released(call, wire_call.read_release(request, self._wire))
        elif request.method == "INVITE":
            self._offered(call, request, txn)
        else:
            self._layer.respond(txn, request.respond(200, call.key), self._now)
            self._learn_floor(call, request, "revoked")

    def _released(self, call: Call, cause: ReleaseCause) -> None:
        """A call that the TCF we left ends because of our handover goes on: the INVITE of the new one follows."""
        if cause is ReleaseCause.HANDOVER:
            call.between = True
            self._timers.start(self._now + ARRIVES_WITHIN, call)
        else:
            self._end(call, "ended", 0, cause.name.lower())

    def _offered(self, call: Call, request: Request, txn: ServerTransaction) -> None:
        call.dialog.refresh(request)
        call.incoming = txn
        txn.owner = Owner("ue", call.key, "answer")
        before = call.remote_sdp
        if request.body:
            call.remote_sdp = request.body
            call.direction = reverse(direction_of(request.body))
        response = request.respond(200, call.key)
        self._describe_into(call, response)
        call.unacknowledged[request.cseq()[0]] = txn
        self._layer.respond(txn, response, self._now)
        if call.remote_sdp != before:
            self._event("offer", call, 0, call.direction)
        self._learn_floor(call, request, "revoked")

    def _other(self, request: Request, txn: ServerTransaction, source: Flow) -> None:
        status = 200 if request.method in ("OPTIONS", "MESSAGE") else 405
        response = request.respond(status, self._ids.token())
        response.headers.set("Allow", ALLOW)
        ext = wire_extension.read(request, self._wire)
        ordered = None
        if request.method == "MESSAGE" and self._is_from_proxy(source):
            ordered = self.control.obey(ext, response)
        self._layer.respond(txn, response, self._now)
        if ordered is not None:
            self._obey(ordered)
        elif ext is not None and ext.token is Token.KICK_OFF:
            self._kicked(wire_registration.read_kick(ext, self._wire).cause.value, source)
        elif ext is not None and ext.token is Token.PUSH_ADDRESSES:
            self.events.append(subscriptions.addresses(request, self._wire))
        elif request.method == "MESSAGE":
            shown = self.control.heard(ext, messages.received(request, ext, self._wire))
            self.events += [shown] if shown is not None else []

    def _obey(self, event: Event) -> None:
        """Stunned or killed: whatever goes on ends."""
        self.events.append(event)
        if self.control.barred:
            for call in list(self.calls.values()):
                self.hang_up(call, self._now)

    def _is_from_proxy(self, source: Flow) -> bool:
        return (source.host, source.port) == (self.proxy.host, self.proxy.port)

    def _kicked(self, cause: str, source: Flow) -> None:
        """A TCF that we left lets go of us, or ours ends the registration."""
        if not self._is_from_proxy(source):
            self._event("moved_on", None, 0, cause)
            return
        self.registered = False
        self._stop_refresh()
        self._event("kicked", None, 0, cause)

    # --- small things

    def _contact(self) -> str:
        transport = "" if self.proxy.transport == "udp" else f";transport={self.proxy.transport}"
        return f"sip:{self.user.number}@{join_host_port(self.host, self.port)}{transport}"

    def _describe(self, call: Call) -> bytes:
        return call.describe(self.host, self.port)

    def _describe_into(self, call: Call, message: Message) -> None:
        call.take_streams(call.remote_sdp)
        call.sdp = self._describe(call)
        message.headers.set("Contact", f"<{self._contact()}>")
        message.headers.set("Content-Type", "application/sdp")
        message.body = call.sdp

    def _end(self, call: Call, name: str, status: int, text: str = "") -> None:
        if call.state is not CallState.ENDED:
            call.state = CallState.ENDED
            call.status = status or call.status
            self.calls.pop(call.key, None)
            self._event(name, call, status, text)

    def _event(self, name: str, call: Call | None = None, status: int = 0, text: str = "") -> None:
        self.events.append(Event(name, call, status, text))


def _with(before: tuple[str, ...], wanted: tuple[str, ...]) -> tuple[str, ...]:
    """The streams of a call that changes its type: what is not wanted any more is closed, a line once there stays."""
    if not wanted:
        return before
    kept = tuple(kind if kind in wanted else "" for kind in before)
    return (*kept, *(kind for kind in wanted if kind not in before))


def _answers_itself(request: Request) -> bool:
    """RFC 5373: no ringing, as in a group call."""
    modes = (request.headers.get(name) or "" for name in ("Answer-Mode", "Priv-Answer-Mode"))
    return any(mode.lower().startswith("auto") for mode in modes)


def _floor_words(told: wire_floor.Inform | wire_floor.Left | None, ext: wire_extension.Extension) -> str:
    """A floor information for people: what, who or which place, and whether it is an emergency."""
    if not isinstance(told, wire_floor.Inform):
        return ext.get(Param.ALERT_TYPE) or ""
    place = str(told.position) if told.alert is Alert.QUEUE else str(told.user or "")
    return " ".join(filter(None, (told.alert.value, place, "emergency" if told.emergency else "")))
