"""The transaction layer: matches messages to transactions (RFC 3261 §17.1.3, §17.2.3) and drives the machines."""

from collections.abc import Callable, Mapping

from opentcf.sip.errors import RemoteError
from opentcf.sip.grammar import render_parameters
from opentcf.sip.headers import Via, split_via
from opentcf.sip.ids import Ids
from opentcf.sip.message import Message, Request, Response
from opentcf.sip.meters import Meters, method_label
from opentcf.sip.outbox import Flow, Outbox, Send
from opentcf.sip.overload import OFFER, Feedback, Throttles
from opentcf.sip.render import render
from opentcf.sip.timers import Timers
from opentcf.sip.transaction.machines import (
    ACCEPTED,
    ACK,
    BROKEN,
    CALLING,
    CLIENT,
    FAILURE,
    INVITE_CLIENT,
    INVITE_SERVER,
    LINGER,
    PROCEEDING,
    PROVISIONAL,
    REQUEST,
    RETRANSMIT,
    SERVER,
    SUCCESS,
    TABLES,
    TERMINATED,
    TIMEOUT,
    TRYING,
    ClientTransaction,
    Input,
    Result,
    ServerTransaction,
    Transaction,
)
from opentcf.sip.transaction.outcome import Owner
from opentcf.sip.uri import join_host_port

COOKIE = "z9hG4bK"
WAITING = (CALLING, TRYING, PROCEEDING)
"""A final response has not come yet."""
INSISTS_FOR = 8
"""So many T1 (4 s) what could not be sent is tried again: as long as a restart of the other side takes."""
TCP_REFUSED_FOR = 600.0
"""How long we remember that the other side has no TCP (RFC 3261 §18.1.1 lets us fall back to UDP)."""


class TransactionTimers:
    """T1, T2 and T4 in seconds (RFC 3261 table 4).

    `answer`: how long an INVITE may ring, as timer C of a proxy (RFC 3261 §16.6), so that none waits for ever.
    """

    __slots__ = ("answer", "t1", "t2", "t4")

    def __init__(self, t1: float = 0.5, t2: float = 4.0, t4: float = 5.0, answer: float = 180.0) -> None:
        self.t1, self.t2, self.t4, self.answer = t1, t2, t4, answer


class TransactionAlarm:
    """A transaction's timer went off."""

    __slots__ = ("input", "transaction")

    def __init__(self, transaction: Transaction, what: Input) -> None:
        self.transaction = transaction
        self.input = what


class Layer:
    """All transactions of a node.

    `sent_by` maps (side, transport, is IPv6) to what our Via says; `udp_message` is the size above which a request
    goes by TCP; `label` names a flow's peer for the counters; on the sides of `offers` requests offer overload control.
    """

    __slots__ = (
        "_clients", "_ids", "_meters", "_no_tcp", "_opened", "_origins", "_outbox", "_servers", "_timers", "feedback",
        "label", "offers", "sent_by", "throttles", "udp_message", "values",
    )  # fmt: skip

    def __init__(
        self,
        timers: Timers,
        outbox: Outbox,
        ids: Ids,
        meters: Meters,
        values: TransactionTimers,
        sent_by: Mapping[tuple[str, str, bool], str],
        udp_message: int = 1300,
        label: Callable[[Flow], str] = lambda flow: "",
    ) -> None:
        self._timers = timers
        self._outbox = outbox
        self._ids = ids
        self._meters = meters
        self.values = values
        self.sent_by = sent_by
        self.udp_message = udp_message
        self.label = label
        self.offers: frozenset[str] = frozenset()
        self.feedback = Feedback()
        self.throttles = Throttles()
        self._clients: dict[str, ClientTransaction] = {}
        self._servers: dict[str, ServerTransaction] = {}
        self._origins: set[str] = set()
        self._no_tcp: dict[tuple[str, int], float] = {}
        self._opened: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._clients) + len(self._servers)

    def open_transactions(self, but: str = "") -> int:
        """How many still wait for a final response, ours or theirs; those of the procedure `but` do not count."""
        return sum(
            txn.state in WAITING and (txn.owner is None or txn.owner.procedure != but)
            for table in (self._clients, self._servers)
            for txn in table.values()
        )

    # --- requests of theirs

    def match(self, request: Request, via: Via) -> ServerTransaction | None:
        """The transaction that this request is a copy, an ACK or (for CANCEL: see `cancelled`) a part of."""
        method = "INVITE" if request.method == "ACK" else request.method
        return self._servers.get(_server_key(via, method))

    def repeated(self, txn: ServerTransaction, request: Request, now: float) -> None:
        """A copy of a known request, or the ACK of our failure response."""
        if request.method != "ACK":
            self._count_again(txn)
            self._step(txn, REQUEST, None, now)
        elif txn.state is not ACCEPTED:
            self._step(txn, ACK, None, now)

    def opened_by(self, opener: str) -> int:
        """How many requests of one opener wait for our final response."""
        return self._opened.get(opener, 0)

    def accept(
        self, request: Request, via: Via, flow: Flow, now: float, opener: str = ""
    ) -> ServerTransaction:
        """Begin a server transaction. The caller has checked that there is none yet.

        RemoteError 482 when the same request has come by another way (RFC 3261 §8.2.2.2).
        """
        origin = _origin(request)
        if origin in self._origins:
            raise RemoteError(482, "this request has come by another way already")
        kind = INVITE_SERVER if request.method == "INVITE" else SERVER
        key = _server_key(via, request.method)
        txn = ServerTransaction(kind, key, request, response_flow(via, flow))
        self._servers[key] = txn
        if origin:
            txn.origin = origin
            self._origins.add(origin)
        if opener:
            txn.opener = opener
            self._opened[opener] = self._opened.get(opener, 0) + 1
        return txn

    def cancelled(self, via: Via) -> ServerTransaction | None:
        """The INVITE that a CANCEL with this Via means (RFC 3261 §9.2)."""
        return self._servers.get(_server_key(via, "INVITE"))

    def respond(self, txn: ServerTransaction, response: Response, now: float) -> None:
        """Send a response within a transaction; one that the machine does not allow any more is dropped."""
        self._step(txn, _kind_of(response.status), response, now)

    def acknowledged(self, txn: ServerTransaction, now: float) -> None:
        """The ACK of our 2xx came (its own transaction, RFC 3261 §17): stop repeating."""
        self._step(txn, ACK, None, now)

    def respond_once(self, request: Request, via: Via, flow: Flow, response: Response) -> None:
        """Send a response without keeping anything (RFC 3261 §8.2.7)."""
        self.feedback.fill(response)
        self._outbox.sends.append(Send(render(response), response_flow(via, flow)))
        self._count_response("out", flow, response, request.method)

    # --- requests of ours

    def request(
        self,
        request: Request,
        flow: Flow,
        owner: Owner,
        now: float,
        timeout: float | None = None,
        branch: str = "",
        *,
        held: bool = False,
        insist: bool = False,
    ) -> ClientTransaction:
        """Send a request; `timeout` replaces 64·T1. A CANCEL is sent with the INVITE's `branch` (RFC 3261 §9.1).

        A request that is `held` back for overload does not leave: its outcome is 503 at the next wake. `insist`: a
        transport that cannot send is no failure yet, but tried again for 8·T1.
        """
        branch = branch or COOKIE + self._ids.token()
        wanted, (flow, data) = flow, self._fit(request, flow, branch, now)
        kind = INVITE_CLIENT if request.method == "INVITE" else CLIENT
        txn = ClientTransaction(kind, branch + request.method, branch, request, flow, owner)
        txn.last, txn.began = data, now
        txn.by_size = flow is not wanted
        txn.insists = insist
        self._clients[txn.key] = txn
        self.throttles.asked(flow, now)
        if held:
            txn.linger = self._timers.start(now, TransactionAlarm(txn, BROKEN))
            return txn
        self._outbox.sends.append(Send(data, flow, txn.key))
        self._meters.count("opentcf_sip_requests_total", flow.side, self.label(flow), request.method, "out")
        if flow.transport == "udp":
            txn.wait = self.values.t1
            self.arm_repeat(txn, now)
        self.arm_timeout(txn, now, 64 * self.values.t1 if timeout is None else timeout)
        return txn

    def send_once(self, request: Request, flow: Flow, now: float, for_branch: str = "") -> None:
        """Send an ACK for a 2xx; copies of that 2xx, which answered `for_branch`, get the same bytes again."""
        wanted, (flow, data) = flow, self._fit(request, flow, COOKIE + self._ids.token(), now)
        txn = self._clients.get(for_branch + "INVITE")
        if txn is None or txn.state is not ACCEPTED:
            self._outbox.sends.append(Send(data, flow))
        else:
            txn.last, txn.flow, txn.by_size = data, flow, flow is not wanted
            txn.request = request if txn.by_size else None
            self.repeat(txn)
        self._meters.count("opentcf_sip_requests_total", flow.side, self.label(flow), request.method, "out")

    def bound(self, txn: ClientTransaction, now: float) -> None:
        """A cancelled INVITE is over after 64·T1, answered or not (RFC 3261 §9.1)."""
        self.arm_timeout(txn, now, 64 * self.values.t1)

    def abandon(self, branch: str) -> None:
        """Nobody waits for this INVITE any more: if nothing answered it yet it is not repeated."""
        txn = self._clients.get(branch + "INVITE")
        if txn is not None and txn.state is CALLING:
            self.forget(txn)

    def client(self, branch: str, method: str = "INVITE") -> ClientTransaction | None:
        """A running request of ours."""
        return self._clients.get(branch + method)

    def receive_response(self, response: Response, flow: Flow, now: float) -> tuple[bool, Result]:
        """Match a response (RFC 3261 §17.1.3): was there a transaction, and what is to be handed up."""
        via = response.via()
        _, method = response.cseq()
        label = self._count_response("in", flow, response, method)
        txn = self._clients.get((via.branch or "") + method)
        if txn is None:
            return False, None
        if via.parameters.get("oc") and txn.flow.side in self.offers:
            self.throttles.learn(via, txn.flow, now)
        if response.status >= 200 and txn.state in WAITING:
            self._meters.observe("opentcf_request_seconds", now - txn.began, flow.side, label, method)
        return True, self._step(txn, _kind_of(response.status), response, now)

    # --- after a restart

    def revive(self, request: Request, flow: Flow, owner: Owner, branch: str, now: float) -> None:
        """Go on waiting for the outcome of an INVITE that was given up, or open before a restart, for 64·T1; nothing is
        sent."""
        txn = ClientTransaction(INVITE_CLIENT, branch + "INVITE", branch, request, flow, owner)
        txn.state, txn.began = PROCEEDING, now
        self._clients[txn.key] = txn
        self.bound(txn, now)

    def revive_answer(self, key: str, data: bytes, flow: Flow, owner: Owner, now: float) -> ServerTransaction:
        """Go on repeating a 2xx to an INVITE that was not acknowledged, beginning now."""
        txn = ServerTransaction(INVITE_SERVER, key, Request("INVITE", ""), flow)
        txn.request = None
        txn.state, txn.last, txn.owner, txn.wait = ACCEPTED, data, owner, self.values.t1
        self._servers[key] = txn
        self.repeat(txn)
        self.arm_repeat(txn, now)
        self.arm_linger(txn, now, 64 * self.values.t1)
        return txn

    # --- time and trouble

    def fire(self, alarm: TransactionAlarm, now: float) -> Result:
        """A timer went off."""
        txn = alarm.transaction
        if alarm.input is RETRANSMIT:
            self._count_again(txn)
        return self._step(txn, alarm.input, None, now)

    def failed(self, order: Send, now: float) -> Result:
        """An order could not be carried out. What went by TCP only for its size is tried again by UDP, and an answer
        whose connection is gone by a new one."""
        if order.transaction is None:
            self._answer_anew(order)
            return None
        txn = self._clients.get(order.transaction) if isinstance(order.transaction, str) else None
        if txn is None or txn.request is None:
            return None
        if txn.by_size:
            self._again_by_udp(txn, txn.request, now)
            return None
        if self._is_tried_again(txn, now):
            return None
        return self._step(txn, BROKEN, None, now)

    def closed(self, flow: Flow, now: float) -> None:
        """A connection is gone: what was written to it and not answered may not have arrived, and is sent again."""
        for txn in self._clients.values():
            if (txn.flow.side, txn.flow.transport, txn.flow.host) == (flow.side, flow.transport, flow.host):
                self._is_tried_again(txn, now)

    def reroute(self, old: Flow, new: Flow, now: float) -> None:
        """Who was at `old` is reached at `new` now: what waits for his answer is sent there, and so are our answers."""
        for txn in list(self._clients.values()):
            if _same_place(txn.flow, old):
                self._move(txn, new, now)
        for answer in self._servers.values():
            if answer.flow == old:
                answer.flow = new

    # --- what the machines do to the world

    def repeat(self, txn: Transaction) -> None:
        """Send the same bytes again."""
        self._outbox.sends.append(
            Send(txn.last, txn.flow, txn.key if isinstance(txn, ClientTransaction) else None)
        )

    def reply(self, txn: Transaction, response: Response) -> None:
        """Send and remember a response."""
        assert isinstance(txn, ServerTransaction)
        self.feedback.fill(response)
        txn.last = render(response)
        self._outbox.sends.append(Send(txn.last, txn.flow))
        method = response.headers.fields["CSeq"][0].rpartition(" ")[2]
        self._count_response("out", txn.flow, response, method)
        if response.status >= 200:
            txn.request = None
            self._closed(txn)

    def acknowledge_failure(self, txn: ClientTransaction, response: Response) -> None:
        """The ACK that belongs to the INVITE's own transaction (RFC 3261 §17.1.1.3)."""
        invite, txn.request = txn.request, None
        assert invite is not None
        fields = invite.headers.fields
        ack = Request("ACK", invite.uri)
        for name in ("Via", "Max-Forwards", "From"):
            ack.headers.put(name, fields[name][:1])
        ack.headers.put("To", response.headers.lines("To"))
        ack.headers.put("Call-ID", fields["Call-ID"])
        ack.headers.set("CSeq", f"{invite.cseq()[0]} ACK")
        ack.headers.put("Route", invite.headers.lines("Route"))
        txn.last = render(ack)
        self.repeat(txn)

    def arm_repeat(self, txn: Transaction, now: float) -> None:
        """Start the retransmission timer with the transaction's interval."""
        txn.repeat = self._timers.start(now + txn.wait, TransactionAlarm(txn, RETRANSMIT))

    def arm_timeout(self, txn: Transaction, now: float, delay: float) -> None:
        """Start timer B, F or H."""
        self.disarm(txn)
        txn.linger = self._timers.start(now + delay, TransactionAlarm(txn, TIMEOUT))

    def arm_linger(self, txn: Transaction, now: float, delay: float) -> None:
        """Start timer D, I, J, K, L or M in place of the time-out; a delay of 0 ends the transaction at once."""
        self.disarm(txn)
        if delay:
            txn.linger = self._timers.start(now + delay, TransactionAlarm(txn, LINGER))
        else:
            self.forget(txn)

    def disarm(self, txn: Transaction) -> None:
        """Stop the long timer."""
        if txn.linger is not None:
            txn.linger.cancel()
            txn.linger = None

    def forget(self, txn: Transaction) -> None:
        """Let a transaction go."""
        txn.stop()
        self.disarm(txn)
        txn.state = TERMINATED
        if isinstance(txn, ServerTransaction):
            self._closed(txn)
            self._origins.discard(txn.origin)
        table: dict[str, ClientTransaction] | dict[str, ServerTransaction]
        table = self._clients if isinstance(txn, ClientTransaction) else self._servers
        table.pop(txn.key, None)

    # --- inside

    def _closed(self, txn: ServerTransaction) -> None:
        if txn.opener:
            self._opened[txn.opener] -= 1
            txn.opener = ""

    def _step(self, txn: Transaction, what: Input, message: Message | None, now: float) -> Result:
        row = TABLES[txn.kind].get(txn.state, {}).get(what)
        if row is None:
            return None
        txn.state, deed = row
        return deed(self, txn, message, now)

    def _fit(self, request: Request, flow: Flow, branch: str, now: float) -> tuple[Flow, bytes]:
        """Write the Via and choose the transport: above `udp_message` TCP is a must (RFC 3261 §18.1.1)."""
        data = self._render(request, flow, branch)
        if len(data) > self.udp_message and flow.transport == "udp":
            by_tcp = flow._replace(transport="tcp")
            if self._no_tcp.get((flow.host, flow.port), now) <= now and self._sent_by(by_tcp):
                return by_tcp, self._render(request, by_tcp, branch)
        return flow, data

    def _render(self, request: Request, flow: Flow, branch: str) -> bytes:
        via = f"SIP/2.0/{flow.transport.upper()} {self._sent_by(flow)};branch={branch};rport"
        if flow.transport == "tls" and not flow.connection:
            via += ";alias"  # RFC 5923 §8.1: on the connection that we open we take their requests too
        if flow.side in self.offers:
            via += OFFER
        request.headers.set("Via", via)
        return render(request)

    def _answer_anew(self, order: Send) -> None:
        """RFC 3261 §18.2.2: to the address that the request came from, at the port of its Via."""
        if not order.flow.connection or not order.data.startswith(b"SIP/2.0 "):
            return
        line = order.data.partition(b"\r\nVia: ")[2].partition(b"\r\n")[0]
        via = Via.parse(line.decode("utf-8", "surrogateescape"))
        port = via.port or (5061 if order.flow.transport == "tls" else 5060)
        self._outbox.sends.append(Send(order.data, order.flow._replace(port=port, connection=0)))

    def _is_tried_again(self, txn: ClientTransaction, now: float) -> bool:
        """Nothing of it reached the other side, so it may be sent again like what a network lost."""
        if not txn.insists or txn.state not in (CALLING, TRYING):
            return False
        if now >= txn.began + INSISTS_FOR * self.values.t1:
            return False
        if txn.reliable:
            txn.stop()
            txn.wait = txn.wait or self.values.t1
            self.arm_repeat(txn, now)
        return True

    def _move(self, txn: ClientTransaction, new: Flow, now: float) -> None:
        by_size = txn.by_size and new.transport == "udp"
        txn.flow = new._replace(transport="tcp") if by_size else new
        if txn.state not in WAITING or txn.request is None:
            return
        txn.last = self._render(txn.request, txn.flow, txn.branch)
        if txn.state is not PROCEEDING:
            self.repeat(txn)
            txn.stop()
            if not txn.reliable:
                txn.wait = self.values.t1
                self.arm_repeat(txn, now)

    def _again_by_udp(self, txn: ClientTransaction, request: Request, now: float) -> None:
        txn.by_size = False
        self._no_tcp[txn.flow.host, txn.flow.port] = now + TCP_REFUSED_FOR
        txn.flow = txn.flow._replace(transport="udp")
        if txn.state is ACCEPTED:  # it was the ACK, which only copies of the 2xx repeat
            txn.request, txn.last = None, self._render(request, txn.flow, COOKIE + self._ids.token())
            self.repeat(txn)
            return
        txn.last = self._render(request, txn.flow, txn.branch)
        self.repeat(txn)
        txn.wait = self.values.t1
        txn.stop()
        self.arm_repeat(txn, now)

    def _sent_by(self, flow: Flow) -> str:
        return self.sent_by.get((flow.side, flow.transport, ":" in flow.host), "")

    def _count_response(self, direction: str, flow: Flow, response: Response, method: str) -> str:
        name, label, status = "opentcf_sip_responses_total", self.label(flow), str(response.status)
        self._meters.count(name, flow.side, label, method_label(method), direction, status)
        return label

    def _count_again(self, txn: Transaction) -> None:
        self._meters.count("opentcf_sip_retransmissions_total", txn.flow.side, self.label(txn.flow))


def _same_place(flow: Flow, other: Flow) -> bool:
    return (flow.side, flow.host, flow.port) == (other.side, other.host, other.port)


def _server_key(via: Via, method: str) -> str:
    branch = via.branch
    if branch is None or not branch.startswith(COOKIE):
        raise RemoteError(400, "the Via has no RFC 3261 branch")
    return f"{branch}|{via.host}:{via.port}|{method}"


def _origin(request: Request) -> str:
    """Whence a request outside a dialog comes, whatever its way. A REGISTER is harmless twice (RFC 3261 §10.3)."""
    fields = request.headers.fields
    if request.method == "REGISTER" or request.to_tag() is not None:
        return ""
    return f"{fields['Call-ID'][0]} {fields['CSeq'][0]} {request.from_tag()}"


def _kind_of(status: int) -> Input:
    if status < 200:
        return PROVISIONAL
    return SUCCESS if status < 300 else FAILURE


def response_flow(via: Via, flow: Flow) -> Flow:
    """Where a response goes (RFC 3261 §18.2.2, RFC 3581 §4)."""
    if flow.transport != "udp" or "rport" in via.parameters:
        return flow
    return flow._replace(port=via.port or 5060)


def stamp_via(request: Request, via: Via, flow: Flow) -> None:
    """Note in the topmost Via where the request really came from (RFC 3261 §18.2.1, RFC 3581 §4)."""
    if "rport" in via.parameters:
        via.parameters["rport"] = str(flow.port)
        via.parameters["received"] = flow.host
    elif via.host != flow.host:
        via.parameters["received"] = flow.host
    else:
        return
    lines = list(request.headers.fields["Via"])
    if '"' in lines[0]:
        tail = render_parameters(via.parameters)
    else:
        tail = "".join([f";{k}" if v is None else f";{k}={v}" for k, v in via.parameters.items()])
    others = split_via(lines[0])[1]
    lines[0] = f"SIP/2.0/{via.transport.upper()} {join_host_port(via.host, via.port)}{tail}{others}"
    request.headers.fields["Via"] = lines
