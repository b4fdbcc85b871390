"""The way to the TCF: our requests with their credentials, what is still open, and what the person is told."""

from typing import NamedTuple, Protocol

from opentcf.btrunc.wire import Wire
from opentcf.model.numbers import Aor
from opentcf.sip import digest
from opentcf.sip.ids import Ids
from opentcf.sip.message import Request, Response
from opentcf.sip.meters import Meters
from opentcf.sip.outbox import Flow, Outbox
from opentcf.sip.timers import Timers
from opentcf.sip.transaction import Layer, Owner, TransactionTimers
from opentcf.sip.uri import join_host_port
from opentcf.terminal.call import Call
from opentcf.terminal.event import UNANSWERED, Event, warning
from opentcf.terminal.watch import Watch

Party = Call | Watch | None
"""What a request of ours belongs to; None: neither a call nor a subscription."""


class Numbered(Protocol):
    """Numbers its requests: a dialog, or the registration."""

    local_cseq: int


class Open(NamedTuple):
    """A request of ours whose final response is under way; `again`: it answers a challenge."""

    request: Request
    party: Party
    again: bool


class Line:
    """`proxy` is the TCF's D address, `host` and `port` our own. `plain`: never sends the extension."""

    def __init__(
        self, user: Aor, password: str, proxy: Flow, host: str, port: int, ids: Ids, *, plain: bool
    ) -> None:
        self.user, self.password = user, password
        self.proxy = proxy
        self.host, self.port = host, port
        self.plain = plain
        self.ids = ids
        self.wire = Wire()
        self.events: list[Event] = []
        self.now = 0.0
        self.outbox = Outbox()
        self.timers = Timers()
        local = join_host_port(host, port)
        sent_by = {(proxy.side, transport, ":" in host): local for transport in ("udp", "tcp", "tls")}
        self.layer = Layer(self.timers, self.outbox, ids, Meters(), TransactionTimers(), sent_by, 65_535)
        self._open: dict[str, Open] = {}
        self._challenge: digest.Challenge | None = None
        self._nonce_count = 0

    def tell(self, name: str, call: Call | None = None, status: int = 0, text: str = "") -> None:
        """Something that the person notices."""
        self.events.append(Event(name, call, status, text))

    def why(self, response: Response | None, party: Party = None) -> str:
        """Why a request (within `party`, where it was) went wrong; None is that nothing came, or could not be sent."""
        if response is not None:
            return warning(response)
        tcf = self.proxy if party is None else party.flow
        return f"{UNANSWERED}{tcf.transport}:{join_host_port(tcf.host, tcf.port)}"

    def contact(self) -> str:
        """Where we are reached."""
        transport = "" if self.proxy.transport == "udp" else f";transport={self.proxy.transport}"
        return f"sip:{self.user.number}@{join_host_port(self.host, self.port)}{transport}"

    def is_proxy(self, source: Flow) -> bool:
        """Does it come from the TCF that we are attached to?"""
        return (source.host, source.port) == (self.proxy.host, self.proxy.port)

    # --- requests of ours

    def new(self, method: str, uri: str, to: str) -> Request:
        """A request outside of dialogs."""
        request = Request(method, uri)
        fields = request.headers.fields
        fields["Via"] = [""]
        fields["Max-Forwards"] = ["70"]
        fields["From"] = [f"<sip:{self.user}>;tag={self.ids.token()}"]
        fields["To"] = [to]
        fields["Call-ID"] = [self.ids.token()]
        fields["CSeq"] = [f"1 {method}"]
        return request

    def send(self, request: Request, purpose: str, party: Party = None, *, again: bool = False) -> None:
        """Send a request; its outcome comes with the `purpose`."""
        self._authorize(request)
        owner = Owner("ue", party.key if party else "", purpose)
        txn = self.layer.request(request, self.hop(party), owner, self.now)
        self._open[txn.branch] = Open(request, party, again)
        if isinstance(party, Call) and purpose == "invite":
            party.branch = txn.branch

    def hop(self, party: Party) -> Flow:
        """Where to send what belongs to a party: to the route set of its dialog, or who it was made through."""
        if party is None:
            return self.proxy
        hop = party.dialog.next_hop()
        return party.flow if hop is None else party.flow._replace(host=hop.host, port=hop.port or 5060)

    def find(self, branch: str) -> Open | None:
        """The open request whose transaction it is."""
        return self._open.get(branch)

    def close(self, branch: str) -> None:
        """Its final response is there."""
        self._open.pop(branch, None)

    def abandon(self, method: str) -> None:
        """Neither repeat the open requests of a method nor wait for their answers any more."""
        for branch, (request, _, _) in list(self._open.items()):
            txn = self.layer.client(branch, method) if request.method == method else None
            if txn is not None:
                self.layer.forget(txn)
                del self._open[branch]

    # --- credentials

    def forget_challenge(self) -> None:
        """Another TCF will have one of its own."""
        self._challenge = None

    def is_challenge(self, opened: Open, response: Response) -> bool:
        """Is it to be answered? Once (RFC 3261 §22.2), and again when the nonce is stale."""
        if response.status != 401 or not opened.again:
            return response.status == 401
        challenge = digest.choose(response.headers.lines("WWW-Authenticate"))
        return challenge is not None and challenge.stale

    def learn_challenge(self, response: Response) -> None:
        """Every request from now on answers it."""
        self._challenge = digest.choose(response.headers.lines("WWW-Authenticate"))
        self._nonce_count = 0

    def send_again(self, opened: Open, purpose: str, numbered: Numbered | None) -> None:
        """With credentials: same request, next CSeq, new branch (RFC 3261 §22.2)."""
        number, method = opened.request.cseq()
        number = max(number, numbered.local_cseq if numbered else 0) + 1
        if numbered is not None:
            numbered.local_cseq = number
        opened.request.headers.set("CSeq", f"{number} {method}")
        self.send(opened.request, purpose, opened.party, again=True)

    def _authorize(self, request: Request) -> None:
        challenge = self._challenge
        if challenge is None:
            return
        self._nonce_count += 1
        name = self.user.number
        secret = digest.ha1(challenge.algorithm, name, challenge.realm, self.password)
        cnonce = self.ids.token()
        line = digest.authorize(
            challenge, name, secret, request.method, request.uri, cnonce, self._nonce_count
        )
        request.headers.set("Authorization", line)
