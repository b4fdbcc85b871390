"""A test bed: one transaction layer with virtual time, its outbox and the messages that it is fed."""

import random
from typing import NamedTuple

from opentcf.sip.message import Request, Response
from opentcf.sip.meters import Meters
from opentcf.sip.outbox import Flow, Outbox, Send
from opentcf.sip.parse import parse
from opentcf.sip.timers import Timers
from opentcf.sip.transaction import (
    ClientTransaction,
    Layer,
    Outcome,
    Owner,
    ServerTransaction,
    TransactionTimers,
    Unacknowledged,
)
from opentcf.sip.transaction.layer import TransactionAlarm

OWNER = Owner("test", "key", "purpose")
SENT_BY = {
    ("tc2", transport, False): f"127.0.0.1:{port}"
    for transport, port in (("udp", 5060), ("tcp", 5060), ("tls", 5061))
}


class Ids:
    """Seeded names."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)

    def token(self) -> str:
        return f"{self._random.getrandbits(64):016x}"

    def uniform(self, low: float, high: float) -> float:
        return self._random.uniform(low, high)


class Sent(NamedTuple):
    """What left, and when. `what` is the method or the status."""

    at: float
    what: str
    transport: str


def flow(transport: str = "udp", port: int = 5060) -> Flow:
    return Flow("tc2", transport, "127.0.0.2", port)


def request(
    method: str, branch: str = "z9hG4bKtheirs", sent_by: str = "127.0.0.2:5060", body: bytes = b""
) -> Request:
    made = Request(method, "sip:2001@core2.example", body=body)
    headers = made.headers
    headers.set("Via", f"SIP/2.0/UDP {sent_by};branch={branch};rport")
    headers.set("Max-Forwards", "70")
    headers.set("From", "<sip:1001@core1.example>;tag=theirs")
    headers.set("To", "<sip:2001@core2.example>")
    headers.set("Call-ID", "call")
    headers.set("CSeq", f"1 {'INVITE' if method in ('ACK', 'CANCEL') else method}".replace("INVITE", method))
    return made


class Bed:
    """The layer and everything around it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers = Timers()
        self.outbox = Outbox()
        self.layer = Layer(self.timers, self.outbox, Ids(), Meters(), TransactionTimers(answer=65.0), SENT_BY)
        self.sent: list[Sent] = []
        self.orders: list[Send] = []
        self.results: list[tuple[float, Outcome | Unacknowledged]] = []

    # --- what the test does

    def ask(self, method: str = "INVITE", transport: str = "udp", body: bytes = b"") -> ClientTransaction:
        txn = self.layer.request(request(method, body=body), flow(transport), OWNER, self.now)
        self.collect()
        return txn

    def answer(self, txn: ClientTransaction, status: int, tag: str = "to") -> bool:
        method = txn.key.removeprefix(txn.branch)
        of = request(method, txn.branch, "127.0.0.1:5060")
        known, result = self.layer.receive_response(of.respond(status, tag), txn.flow, self.now)
        self.took(result)
        self.collect()
        return known

    def asked(
        self, method: str = "INVITE", transport: str = "udp", branch: str = "z9hG4bKtheirs"
    ) -> ServerTransaction:
        of = request(method, branch)
        of.headers.set("Call-ID", f"of-{branch}")
        txn = self.layer.accept(of, of.via(), flow(transport), self.now)
        txn.owner = OWNER
        return txn

    def respond(self, txn: ServerTransaction, status: int) -> None:
        method = txn.key.rpartition("|")[2]
        self.layer.respond(txn, request(method).respond(status, "ours"), self.now)
        self.collect()

    def repeat(self, txn: ServerTransaction, method: str = "") -> None:
        self.layer.repeated(txn, request(method or txn.key.rpartition("|")[2]), self.now)
        self.collect()

    def acknowledge(self, txn: ServerTransaction) -> None:
        self.layer.acknowledged(txn, self.now)
        self.collect()

    def fail(self, order: Send) -> None:
        self.took(self.layer.failed(order, self.now))
        self.collect()

    def advance(self, seconds: float) -> None:
        """Let time go by, every timer at its own instant."""
        until = self.now + seconds
        while (due := self.timers.deadline()) is not None and due <= until:
            self.now = due
            while (alarm := self.timers.due(due)) is not None:
                assert isinstance(alarm, TransactionAlarm)
                self.took(self.layer.fire(alarm, due))
                self.collect()
        self.now = until

    # --- what came of it

    def took(self, result: Outcome | Unacknowledged | None) -> None:
        if result is not None:
            self.results.append((self.now, result))

    def collect(self) -> None:
        for order in self.outbox.drain().sends:
            self.orders.append(order)
            self.sent.append(Sent(self.now, name(order.data), order.flow.transport))

    def times(self, what: str) -> list[float]:
        return [sent.at for sent in self.sent if sent.what == what]

    def statuses(self) -> list[int | str]:
        return [r.status if isinstance(r, Outcome) else "unacknowledged" for _, r in self.results]

    @property
    def empty(self) -> bool:
        """Is nothing left: no transaction, no timer?"""
        return len(self.layer) == 0 and len(self.timers) == 0


def name(data: bytes) -> str:
    message = parse(data, stream=True)
    return str(message.status) if isinstance(message, Response) else message.method


def read(order: Send) -> Request:
    message = parse(order.data, stream=True)
    assert isinstance(message, Request)
    return message
