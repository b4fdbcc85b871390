"""Nodes and hand-driven parties in one process: the five verbs, virtual time, every message seen.

Unlike the world of `tests.world`, the parties here do only what a test tells them, so that a test can be exact.
"""

import random
from collections.abc import Callable
from typing import Any, NamedTuple

from opentcf.model.group import Group
from opentcf.model.numbers import Aor
from opentcf.model.peer import Peer
from opentcf.model.subscriber import Subscriber
from opentcf.node.node import Node
from opentcf.node.orders import Command, Reply
from opentcf.node.settings import LimitSettings, Listener, Settings, Side, TimerSettings
from opentcf.sip import digest
from opentcf.sip.message import Request, Response
from opentcf.sip.outbox import Flow, Notice, Send
from opentcf.sip.parse import parse
from opentcf.sip.render import render

PASSWORD = "secret"
WALL = 1e9
SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
HELD = SDP.replace(b"- 1 1", b"- 1 2") + b"a=sendonly\r\n"
ANSWER = SDP.replace(b"192.0.2.1", b"192.0.2.2")


class Ids:
    """Seeded names; `uniform` gives the middle."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def token(self) -> str:
        return f"{self._random.getrandbits(64):016x}"

    def uniform(self, low: float, high: float) -> float:
        return (low + high) / 2


class Seen(NamedTuple):
    """A message on its way from host to host."""

    at: float
    source: str
    target: str
    message: Request | Response

    @property
    def what(self) -> str:
        message = self.message
        return message.method if isinstance(message, Request) else f"{message.status} {message.cseq()[1]}"


def core(number: int) -> str:
    return f"core{number}.example"


def tcf(number: int) -> str:
    return f"127.0.{number}.1"


def subscriber(number: str, domain: str, **values: Any) -> Subscriber:
    ha1 = {name: digest.ha1(name, number, domain, PASSWORD) for name in ("MD5", "SHA-256")}
    return Subscriber(Aor(number, domain), ha1=ha1, **values)


class Net:
    """The network. Core n is at 127.0.n.1 with users n001 to n004; `unreachable` hosts get nothing, and who sends
    to `refusing` ones is told so.
    """

    def __init__(
        self,
        cores: int = 4,
        timers: TimerSettings | None = None,
        limits: LimitSettings | None = None,
        subscribers: dict[str, dict[str, Any]] | None = None,
        peers: dict[int, dict[str, Any]] | None = None,
        groups: tuple[Group, ...] = (),
        foreign: tuple[int, ...] = (),
    ) -> None:
        self.now = 0.0
        self.nodes: dict[str, Node] = {}
        self.parties: dict[tuple[str, str, int], Party] = {}
        self.seen: list[Seen] = []
        self.notices: list[tuple[str, Notice]] = []
        self.replies: list[Reply] = []
        self.saved: dict[str, dict[str, dict[str, Any]]] = {}
        self.unreachable: set[str] = set()
        self.refusing: set[str] = set()
        self.lose: Callable[[Seen], bool] = lambda seen: False
        self.timers, self.limits = timers or TimerSettings(), limits or LimitSettings()
        self.special, self.peer_values, self.groups = subscribers or {}, peers or {}, groups
        self.cores = cores
        for number in range(1, cores + 1):
            if number not in foreign:
                self.start(number)
        self.pump()

    def settings(self, number: int) -> Settings:
        domain, host = core(number), tcf(number)
        peers = tuple(
            Peer(core(n), "udp", tcf(n), 5060, **self.peer_values.get(n, {}))
            for n in range(1, self.cores + 1)
            if n != number
        )
        users = tuple(
            subscriber(name, domain, **self.special.get(name, {}))
            for name in (f"{number}00{k}" for k in range(1, 5))
        )
        return Settings(
            domain,
            tc2=Side((Listener("udp", host, 5060), Listener("tcp", host, 5060))),
            d=Side((Listener("udp", host, 5070),)),
            peers=peers,
            subscribers=users,
            groups=tuple(group for group in self.groups if group.aor.domain == domain),
            timers=self.timers,
            limits=self.limits,
        )

    def start(self, number: int, *, keep: bool = False) -> Node:
        """Start a core, or start it again with (`keep`) or without what it had stored."""
        host = tcf(number)
        if not keep:
            self.saved[host] = {}
        node = Node(self.settings(number), Ids(f"{host} {self.now}"))
        snapshot = {kind: dict(rows) for kind, rows in self.saved[host].items()}
        self.nodes[host] = node
        node.load(snapshot, self.now, WALL + self.now)
        return node

    def node(self, number: int) -> Node:
        return self.nodes[tcf(number)]

    # --- traffic

    def pump(self) -> None:
        """Carry everything until nobody has anything more to say."""
        busy = True
        while busy:
            busy = False
            for host, node in list(self.nodes.items()):
                if host in self.unreachable:
                    continue
                batch = node.drain()
                for save in batch.saves:
                    rows = self.saved[host].setdefault(save.kind, {})
                    rows.pop(save.key, None) if save.value is None else rows.update({save.key: save.value})
                self.notices += [(host, notice) for notice in batch.notices]
                self.replies += batch.replies
                for order in batch.sends:
                    busy = True
                    self._carry(host, order)

    def _carry(self, host: str, order: Send) -> None:
        flow = order.flow
        message = parse(order.data, stream=flow.transport != "udp")
        seen = Seen(self.now, host, flow.host, message)
        if self.lose(seen):
            return
        self.seen.append(seen)
        if flow.host in self.refusing:
            self.nodes[host].failed(order, "connection refused", self.now)
            return
        if flow.host in self.unreachable:
            return
        port = 5060 if flow.side == "tc2" else 5070
        source = Flow(flow.side, flow.transport, host, port)
        party = self.parties.get((flow.side, flow.host, flow.port))
        if party is not None:
            party.take(message)
        elif flow.host in self.nodes and flow.side == "tc2":
            self.nodes[flow.host].receive(order.data, source, self.now)

    def deliver(self, seen: Seen) -> None:
        """Carry a message that was held back; what it leads to waits for `pump`."""
        source = Flow("tc2", "udp", seen.source, 5060)
        self.nodes[seen.target].receive(render(seen.message), source, self.now)

    def advance(self, seconds: float) -> None:
        """Let time go by."""
        until = self.now + seconds
        while True:
            due = [(when, host) for host, node in self.nodes.items() if (when := node.deadline()) is not None]
            due = [entry for entry in due if entry[1] not in self.unreachable]
            if not due or min(due)[0] > until:
                break
            when, host = min(due)
            self.now = max(self.now, when)
            self.nodes[host].wake(self.now)
            self.pump()
        self.now = until

    # --- looking

    def between(self, source: int, target: int) -> list[str]:
        """What core `source` said to core `target`, heartbeats left out."""
        return [
            seen.what
            for seen in self.seen
            if (seen.source, seen.target) == (tcf(source), tcf(target)) and not _heartbeat(seen.message)
        ]

    def last(self, what: str, source: str = "", target: str = "") -> Request | Response:
        """The newest message of a kind."""
        for seen in reversed(self.seen):
            if seen.what == what and source in ("", seen.source) and target in ("", seen.target):
                return seen.message
        raise AssertionError(f"no {what}")

    def count(self, what: str, source: str = "", target: str = "") -> int:
        return sum(
            seen.what == what and source in ("", seen.source) and target in ("", seen.target)
            for seen in self.seen
        )

    def noticed(self, name: str) -> list[dict[str, Any]]:
        return [dict(notice.fields) for _, notice in self.notices if notice.name == name]

    def command(self, core: int, name: str, /, **arguments: Any) -> Reply:
        """Give a command and return its reply."""
        ticket = self.node(core).command(Command(name, arguments), self.now)
        self.pump()
        return next(reply for reply in reversed(self.replies) if reply.ticket == ticket)

    def rows(self, number: int, name: str) -> list[dict[str, Any]]:
        """All rows of a listing command."""
        items: list[dict[str, Any]] = self.command(number, name).value["items"]
        return items

    def registered(self, number: int) -> dict[str, str]:
        """Users of a core and where they are, as their home sees it."""
        home = core(number)
        return {
            row["user"]: row["visited"] for row in self.rows(number, "registrations") if row["home"] == home
        }

    def attached(self, number: int) -> set[str]:
        """Who is attached at a core, as its store has it."""
        return set(self.saved[tcf(number)].get("attachment", {}))

    def calls(self) -> dict[int, list[str]]:
        """State of each call part, by core; those without are left out."""
        cores = [int(host.split(".")[2]) for host in self.nodes]
        found = {number: [row["state"] for row in self.rows(number, "calls")] for number in cores}
        return {number: states for number, states in found.items() if states}

    def peer_states(self, number: int) -> dict[str, str]:
        """What a core holds of its peers."""
        return {row["domain"]: row["state"] for row in self.rows(number, "peers")}

    def assert_quiet(self) -> None:
        """After a while nothing is left of any call, and nothing failed."""
        self.advance(70.0)
        assert self.calls() == {}
        for host, node in self.nodes.items():
            left = node.quiet()
            assert (left["legs"], left["calls"]) == (0, 0), host
            assert left["transactions"] <= 4 * self.cores, (host, left)
            assert not self.saved[host].get("private_call"), host
        self.assert_no_fault()

    def assert_no_fault(self) -> None:
        assert self.noticed("fault") == []


def _heartbeat(message: Request | Response) -> bool:
    return "pttheartbeat" in (message.headers.get("Ptt-Extension") or "")


class Party:
    """Somebody with an address who says what the test lets him say: a phone on D, or a foreign TCF on TC2."""

    def __init__(self, net: Net, at: int, side: str, host: str, port: int) -> None:
        self.net, self.side, self.host, self.port = net, side, host, port
        self.node_host = tcf(at)
        self.inbox: list[Request | Response] = []
        self.auto: Callable[[Request], int | None] = lambda request: None
        self.number = 0
        net.parties[side, host, port] = self

    # --- receiving

    def take(self, message: Request | Response) -> None:
        self.inbox.append(message)
        if isinstance(message, Request) and message.method != "ACK":
            status = self.auto(message)
            if status is not None:
                self.answer(message, status)

    def requests(self, method: str) -> list[Request]:
        return [m for m in self.inbox if isinstance(m, Request) and m.method == method]

    def request(self, method: str) -> Request:
        """The newest request of a method."""
        return self.requests(method)[-1]

    def statuses(self, method: str) -> list[int]:
        return [m.status for m in self.inbox if isinstance(m, Response) and m.cseq()[1] == method]

    def response(self, method: str) -> Response:
        """The newest response to a method."""
        return [m for m in self.inbox if isinstance(m, Response) and m.cseq()[1] == method][-1]

    # --- sending

    def send(self, message: Request | Response, *, pump: bool = True) -> None:
        node = self.net.nodes[self.node_host]
        node.receive(render(message), Flow(self.side, "udp", self.host, self.port), self.net.now)
        if pump:
            self.net.pump()

    def make(self, method: str, uri: str, from_: str, to: str, call_id: str = "", cseq: int = 1) -> Request:
        """A request with everything mandatory."""
        self.number += 1
        made = Request(method, uri)
        for name, value in {
            "Via": f"SIP/2.0/UDP {self.host}:{self.port};branch=z9hG4bK{self.port}x{self.number};rport",
            "Max-Forwards": "70",
            "From": from_,
            "To": to,
            "Call-ID": call_id or f"c{self.port}-{self.number}",
            "CSeq": f"{cseq} {method}",
            "Contact": f"<sip:{self.host}:{self.port}>",
        }.items():
            made.headers.set(name, value)
        return made

    def answer(self, request: Request, status: int, body: bytes = b"", **headers: str) -> None:
        made = request.respond(status, f"tag{self.port}")
        if request.method == "INVITE" and 100 < status < 300:
            made.headers.set("Contact", f"<sip:{self.host}:{self.port}>")
        set_fields(made, headers)
        if body:
            made.headers.set("Content-Type", "application/sdp")
            made.body = body
        self.send(made)


def set_fields(message: Request | Response, headers: dict[str, str]) -> None:
    for name, value in headers.items():
        message.headers.set(name.replace("_", "-"), value)


class Phone(Party):
    """A phone of one user at the D interface of one TCF. `ptt`: it speaks the extension."""

    def __init__(self, net: Net, user: str, at: int, *, ptt: bool = True, port: int = 0) -> None:
        super().__init__(net, at, "d", f"127.1.{at}.1", port or 6000 + int(user))
        self.user, self.home, self.ptt = user, core(int(user[0])), ptt
        self.cseq, self.nonce_count = 0, 0
        self.credentials: digest.Challenge | None = None

    @property
    def aor(self) -> str:
        return f"<sip:{self.user}@{self.home}>"

    def authorize(self, request: Request, password: str = PASSWORD) -> None:
        """Answer the newest challenge."""
        challenge = digest.choose(self.response(request.method).headers.lines("WWW-Authenticate"))
        assert challenge is not None
        self.credentials = challenge
        secret = digest.ha1(challenge.algorithm, self.user, challenge.realm, password)
        line = digest.authorize(challenge, self.user, secret, request.method, request.uri, "cnonce")
        request.headers.set("Authorization", line)

    def ask(self, request: Request, password: str = PASSWORD) -> Request:
        """Send; when challenged, send again with the answer. Returns what was sent last."""
        before = len(self.inbox)
        self.send(request)
        got = [
            m.status for m in self.inbox[before:] if isinstance(m, Response) and m.cseq()[1] == request.method
        ]
        if 401 not in got:
            return request
        challenged = self.response(request.method)
        if request.method == "INVITE":
            self.ack(request, challenged)
        again = Request(request.method, request.uri, body=request.body)
        again.headers.fields.update({name: list(lines) for name, lines in request.headers.fields.items()})
        self.number += 1
        again.headers.set(
            "Via", f"SIP/2.0/UDP {self.host}:{self.port};branch=z9hG4bK{self.port}x{self.number};rport"
        )
        again.headers.set("CSeq", f"{request.cseq()[0] + 1} {request.method}")
        self.cseq = max(self.cseq, request.cseq()[0] + 1)
        self.authorize(again, password)
        self.send(again)
        return again

    def register(self, expires: int = 3600, password: str = PASSWORD, **headers: str) -> int:
        """REGISTER; the status that came of it."""
        self.cseq += 1
        made = self.make(
            "REGISTER", f"sip:{self.home}", f"{self.aor};tag=r", self.aor, f"reg{self.port}", self.cseq
        )
        made.headers.set("Expires", str(expires))
        if self.ptt:
            made.headers.set("Ptt-Extension", "pttregister;regtype=initial")
        set_fields(made, headers)
        self.ask(made, password)
        return self.statuses("REGISTER")[-1]

    def invite(self, number: str, body: bytes = SDP, extension: str = "", **headers: str) -> Request:
        """Dial; returns the INVITE that is not challenged any more."""
        uri = f"sip:{number}@{core(int(number[0]))}" if "@" not in number else f"sip:{number}"
        self.cseq += 1
        made = self.make("INVITE", uri, f"{self.aor};tag=f{self.number}", f"<{uri}>", cseq=self.cseq)
        made.headers.set("Supported", "timer")
        if self.ptt or extension:
            made.headers.set("Ptt-Extension", extension or "pttcall;calltype=1")
        if body:
            made.headers.set("Content-Type", "application/sdp")
            made.body = body
        set_fields(made, headers)
        return self.ask(made)

    def ack(self, invite: Request, response: Response, body: bytes = b"") -> None:
        """ACK a final response: of a failure with the INVITE's branch, of a 2xx with its own."""
        ok = response.status < 300
        contact = response.contact() if ok else None
        made = self.make("ACK", str(contact.uri) if contact else invite.uri, "", "", cseq=invite.cseq()[0])
        for name in ("From", "Call-ID") if ok else ("Via", "From", "Call-ID"):
            made.headers.put(name, invite.headers.lines(name))
        made.headers.put("To", response.headers.lines("To"))
        if body:
            made.headers.set("Content-Type", "application/sdp")
            made.body = body
        self.send(made)

    def cancel(self, invite: Request, extension: str = "pttrelease;cause=16;optype=pttcall") -> None:
        made = self.make("CANCEL", invite.uri, "", "", cseq=invite.cseq()[0])
        for name in ("Via", "From", "To", "Call-ID"):
            made.headers.put(name, invite.headers.lines(name))
        if extension:
            made.headers.set("Ptt-Extension", extension)
        self.send(made)

    def within(self, method: str, invite: Request, response: Response | None, body: bytes = b"") -> Request:
        """A request in the dialog: of a call we made (`response` is what we got) or took (None)."""
        if response is not None:
            contact, from_, to = response.contact(), invite.headers.get("From"), response.headers.get("To")
            self.cseq = max(self.cseq, invite.cseq()[0]) + 1
        else:
            contact, to = invite.contact(), invite.headers.get("From")
            from_ = f"{invite.headers.get('To')};tag=tag{self.port}"
            self.cseq += 1
        assert contact is not None
        made = self.make(method, str(contact.uri), from_ or "", to or "", invite.call_id(), self.cseq)
        if body:
            made.headers.set("Content-Type", "application/sdp")
            made.body = body
        return made


class Talk(NamedTuple):
    """A call that stands between two phones."""

    caller: Phone
    called: Phone
    invite: Request
    """What the caller sent."""
    ok: Response
    """The 200 that he got."""
    offered: Request
    """The INVITE that the called phone got."""

    def hang_up(self) -> None:
        self.caller.ask(self.caller.within("BYE", self.invite, self.ok))

    def hang_up_called(self) -> None:
        self.called.ask(self.called.within("BYE", self.offered, None))


def phones(
    net: Net, caller_at: int, called_at: int, caller: str = "1001", called: str = "4001"
) -> tuple[Phone, Phone]:
    """Two registered phones."""
    made = Phone(net, caller, caller_at), Phone(net, called, called_at)
    for phone in made:
        assert phone.register() == 200
        phone.auto = polite
    return made


def polite(request: Request) -> int | None:
    """BYE, CANCEL, INFO and OPTIONS are answered."""
    return 200 if request.method in ("BYE", "CANCEL", "INFO", "OPTIONS") else None


def talk(net: Net, caller: Phone, called: Phone, extension: str = "") -> Talk:
    """Make a call stand."""
    invite = caller.invite(called.user, extension=extension)
    offered = called.request("INVITE")
    called.answer(offered, 180)
    called.answer(offered, 200, ANSWER, Supported="timer")
    ok = caller.response("INVITE")
    assert ok.status == 200
    caller.ack(invite, ok)
    return Talk(caller, called, invite, ok, offered)
