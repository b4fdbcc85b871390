"""The terminal: registers, calls, answers, hangs up. Same rules as the node: no I/O, no clock, no chance."""

from opentcf.btrunc import extension as wire_extension
from opentcf.btrunc import registration as wire_registration
from opentcf.btrunc.control import STATES
from opentcf.btrunc.data import UTF_8
from opentcf.btrunc.extension import Params
from opentcf.btrunc.wire import Package, Token
from opentcf.model.call import CallSetup
from opentcf.model.numbers import Aor
from opentcf.model.registration import RegType
from opentcf.model.subscriber import LOWEST_PRIORITY, UserState
from opentcf.sip.errors import RemoteError
from opentcf.sip.headers import Via
from opentcf.sip.ids import Ids
from opentcf.sip.message import Request, Response
from opentcf.sip.outbox import Flow, Send
from opentcf.sip.parse import parse
from opentcf.sip.transaction import Outcome, ServerTransaction
from opentcf.sip.transaction.layer import TransactionAlarm, stamp_via
from opentcf.sip.transaction.machines import Result
from opentcf.terminal import messages, subscriptions
from opentcf.terminal.answers import Answers, Crossed
from opentcf.terminal.call import Call
from opentcf.terminal.calls import ALLOW, Calls
from opentcf.terminal.control import Control, Order
from opentcf.terminal.event import Behaviour, Event
from opentcf.terminal.incoming import Incoming
from opentcf.terminal.line import Line, Open, Party
from opentcf.terminal.pages import PURPOSE, Pages
from opentcf.terminal.registration import Registration
from opentcf.terminal.subscriptions import Watches
from opentcf.terminal.watch import Watch


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
        self.behaviour = behaviour
        self.line = Line(user, password, proxy, host, port, ids, plain=plain)
        self.control = Control(user, self.line.wire)
        self.registration = Registration(self.line)
        self._calls = Calls(self.line, self.control)
        self._answers = Answers(self.line, self._calls)
        self._incoming = Incoming(self.line, self._calls)
        self._watches = Watches(self.line, self.control)
        self._pages = Pages(self.line, self.control)
        self.user, self.host, self.port, self.plain = user, host, port, plain
        self.calls = self._calls.running
        self.watches = self._watches.running

    @property
    def events(self) -> list[Event]:
        """What happened and was not taken yet, oldest first."""
        return self.line.events

    @events.setter
    def events(self, events: list[Event]) -> None:
        self.line.events = events

    @property
    def proxy(self) -> Flow:
        """The TCF that it is attached to."""
        return self.line.proxy

    @property
    def registered(self) -> bool:
        """As far as we know."""
        return self.registration.active

    # --- the verbs of the core

    def receive(self, data: bytes, source: Flow, now: float) -> None:
        """A message from the TCF."""
        self.line.now = now
        try:
            message = parse(data)
            if isinstance(message, Response):
                _, result = self.line.layer.receive_response(message, source, now)
                self._result(result)
            else:
                self._request(message, source)
        except RemoteError:
            return

    def wake(self, now: float) -> None:
        """Everything that is due."""
        self.line.now = now
        while (target := self.line.timers.due(now)) is not None:
            if isinstance(target, TransactionAlarm):
                self._result(self.line.layer.fire(target, now))
            elif isinstance(target, Call):
                self._incoming.due(target)
            elif isinstance(target, Watch):
                self._watches.subscribe(target)
            elif isinstance(target, Crossed):
                self._answers.offer_again(target)
            else:
                self.registration.refresh()

    def deadline(self) -> float | None:
        """When `wake` is wanted."""
        return self.line.timers.deadline()

    def drain(self) -> list[Send]:
        """What is to be sent."""
        return self.line.outbox.drain().sends

    def quiet(self) -> bool:
        """Is no transaction open?"""
        return not self.line.layer.open_transactions()

    # --- what the person does

    def register(
        self, now: float, expires: int = 600, reg_type: RegType | None = RegType.INITIAL, call: str = ""
    ) -> None:
        """Register, refresh, or (expires 0) de-register; by handover with the identity of the call that comes along."""
        self.line.now = now
        self.registration.register(expires, reg_type, call)

    def move(
        self, proxy: Flow, now: float, reg_type: RegType = RegType.INITIAL, call: Call | None = None
    ) -> None:
        """Attach to another TCF: the old one is told by the home. By handover a call may come along."""
        self.line.now = now
        self.registration.move(proxy, reg_type, call.id if call is not None else "")

    def prepare(self, call: Call, target: str, now: float) -> None:
        """Say that we are about to move to the TCF of a domain; the event `handover` says that we may go."""
        self.line.now = now
        self._calls.prepare(call, target)

    def call(self, number: str, now: float, setup: CallSetup | None = None, sdp: bytes | None = None) -> Call:
        """Call a number, or `number@domain`; an empty `sdp` makes a late offer."""
        self.line.now = now
        return self._calls.call(number, setup, sdp)

    def enter(self, party: Aor, call_id: str, now: float, operation: Token = Token.INSERT) -> Call:
        """Enter a call of others by force, or (`Token.LISTEN`) only to listen: by its OnlineCallID, which `party` has,
        a group or one of two."""
        self.line.now = now
        return self._calls.enter(party, call_id, operation)

    def answer(self, call: Call, now: float) -> None:
        """Take an incoming call."""
        self.line.now = now
        self._calls.answer(call)

    def reject(self, call: Call, now: float, status: int = 603) -> None:
        """Refuse an incoming call."""
        self.line.now = now
        self._calls.reject(call, status)

    def hang_up(self, call: Call, now: float) -> None:
        """End a call in whatever state it is: BYE, CANCEL or 603."""
        self.line.now = now
        self._calls.hang_up(call)

    def change(self, call: Call, direction: str, now: float) -> None:
        """Hold (`sendonly`, `inactive`) or resume (`sendrecv`)."""
        self.line.now = now
        self._calls.change(call, direction)

    def become(self, call: Call, setup: CallSetup, direction: str, now: float) -> None:
        """媒体变更: the call is to be of another type, with the streams of that type, in another direction."""
        self.line.now = now
        self._calls.become(call, setup, direction)

    def press(
        self, call: Call, now: float, *, priority: int = LOWEST_PRIORITY, emergency: bool = False
    ) -> None:
        """Press to talk: ask for the floor. A softphone does it by resuming."""
        self.line.now = now
        self._calls.ask(call, priority, emergency=emergency)

    def let_go(self, call: Call, now: float) -> None:
        """Release to listen: give the floor, or the place in the queue, back. A softphone does it by holding."""
        self.line.now = now
        self._calls.let_go(call)

    def withdraw(self, call: Call, now: float) -> None:
        """Cancel a request for the floor that is not answered yet; the call stays."""
        self.line.now = now
        self._calls.withdraw(call)

    def calm(self, call: Call, now: float) -> None:
        """End the emergency of a group call: its originator or a dispatcher may."""
        self.line.now = now
        self._calls.calm(call)

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
        self.line.now = now
        return self._pages.short_data(to, content, msgid, group=group, charset=charset)

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
        self.line.now = now
        return self._pages.send(uri, token, params, body, content_type, key)

    def dispatch(self, order: Order, now: float) -> str:
        """Give an order of a dispatcher; the answer comes as that to a `page`, results of a regroup as `regrouped`
        that bear the same key as their msgid."""
        self.line.now = now
        return self._pages.order(order)

    def addresses(self, now: float) -> str:
        """Ask for the address book; it comes as MESSAGEs."""
        return self.page(f"sip:{self.user.domain}", Token.GET_ADDRESSES, (), now)

    def watch(self, package: Package, now: float, number: str = "", expires: int = 600) -> Watch:
        """Subscribe to an event of a number, or of all at home; it is refreshed until `unwatch`."""
        self.line.now = now
        return self._watches.begin(package, number, expires)

    def watch_again(self, watch: Watch, now: float) -> None:
        """Refresh a subscription: everything is told once more."""
        self.line.now = now
        self._watches.subscribe(watch)

    def unwatch(self, watch: Watch, now: float) -> None:
        """End it; everything is told a last time."""
        self.line.now, watch.expires = now, 0
        self._watches.subscribe(watch)

    # --- responses

    def _result(self, result: Result) -> None:
        if not isinstance(result, Outcome):
            call = self.calls.get(result.owner.key) if result is not None else None
            if call is not None:
                self._calls.hang_up(call)
            return
        opened = self.line.find(result.branch)
        if opened is None or result.owner.purpose == "cancel":
            return
        if result.status >= 200:
            self.line.close(result.branch)
        if opened.request.method == "REGISTER" and not self.registration.is_current(opened.request):
            return  # from a TCF that we left since
        if isinstance(opened.party, Call) and not opened.party.has_sent(opened.request):
            return  # from a dialog that the call left by handover
        response = result.response
        if response is not None and self.line.is_challenge(opened, response):
            self._challenged(opened, response, result.owner.purpose)
        else:
            self._answered(opened.party, result)

    def _challenged(self, opened: Open, response: Response, purpose: str) -> None:
        party = opened.party
        self.line.learn_challenge(response)
        if isinstance(party, Call) and party.cancelled and not party.provisional:
            self._calls.end(party, "ended", 487)
        elif opened.request.method == "REGISTER":
            self.line.send_again(opened, purpose, self.registration)
        else:
            self.line.send_again(opened, purpose, party.dialog if party is not None else None)

    def _answered(self, party: Party, result: Outcome) -> None:
        purpose = result.owner.purpose
        if purpose == "invite" and isinstance(party, Call):
            self._answers.take(party, result)
        elif result.status < 200:
            return
        elif purpose in ("register", "unregister"):
            self._learn_state(self.registration.answered(result))
        elif isinstance(party, Watch):
            self._watches.answered(party, result)
        elif purpose.startswith(PURPOSE):
            self._pages.answered(result)

    def _learn_state(self, response: Response | None) -> None:
        """The 200 to a REGISTER says whether we are stunned (profile 7)."""
        ext = wire_extension.read(response, self.line.wire) if response is not None else None
        if ext is None or ext.token is not Token.REGISTER:
            return
        stunned, _ = wire_registration.read_home_answer(ext, self.line.wire)
        event = self.control.become(UserState.STUNNED if stunned else UserState.NORMAL)
        if event is not None:
            self._obey(event)

    # --- requests of theirs

    def _request(self, request: Request, source: Flow) -> None:
        layer, now = self.line.layer, self.line.now
        via = request.via()
        stamp_via(request, via, source)
        txn = layer.match(request, via)
        if request.method == "ACK":
            self._incoming.acknowledged(request, self.calls.get(request.to_tag() or ""))
        if txn is not None:
            layer.repeated(txn, request, now)
        elif request.method == "CANCEL":
            cancelled = layer.cancelled(via)
            status = 200 if cancelled is not None and cancelled.owner is not None else 481
            layer.respond(
                layer.accept(request, via, source, now), request.respond(status, self.line.ids.token()), now
            )
            self._incoming.cancelled(cancelled)
        elif request.method != "ACK":
            self._accept(request, via, source)

    def _accept(self, request: Request, via: Via, source: Flow) -> None:
        try:
            txn = self.line.layer.accept(request, via, source, self.line.now)
        except RemoteError as error:
            answer = request.respond(error.status, self.line.ids.token())
            self.line.layer.respond_once(request, via, source, answer)
        else:
            self._serve(request, txn, source)

    def _serve(self, request: Request, txn: ServerTransaction, source: Flow) -> None:
        tag = request.to_tag()
        call, watch = self.calls.get(tag or ""), self.watches.get(tag or "")
        if request.method == "NOTIFY" and watch is not None:
            self._watches.notified(watch, request, txn)
        elif call is not None:
            self._incoming.within(call, request, txn)
        elif tag is not None:
            self.line.layer.respond(txn, request.respond(481), self.line.now)
        elif request.method == "INVITE":
            self._incoming.called(request, txn, self.behaviour)
        else:
            self._other(request, txn, source)

    def _other(self, request: Request, txn: ServerTransaction, source: Flow) -> None:
        wire, is_message = self.line.wire, request.method == "MESSAGE"
        status = 200 if is_message or request.method == "OPTIONS" else 405
        response = request.respond(status, self.line.ids.token())
        response.headers.set("Allow", ALLOW)
        ext = wire_extension.read(request, wire)
        ordered = None
        if is_message and self.line.is_proxy(source):
            ordered = self.control.obey(ext, response)
        self.line.layer.respond(txn, response, self.line.now)
        if ordered is not None:
            self._obey(ordered)
        elif ext is not None and ext.token is Token.KICK_OFF:
            self.registration.kicked(wire_registration.read_kick(ext, wire).cause.value, source)
        elif ext is not None and ext.token is Token.PUSH_ADDRESSES:
            self.events.append(subscriptions.addresses(request, wire))
        elif is_message and not (ext is not None and ext.token in STATES):
            shown = self.control.heard(ext, messages.received(request, ext, wire))
            self.events += [shown] if shown is not None else []

    def _obey(self, event: Event) -> None:
        """Stunned or killed: whatever goes on ends."""
        self.events.append(event)
        if self.control.barred:
            for call in list(self.calls.values()):
                self._calls.hang_up(call)
