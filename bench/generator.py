"""The limit: a master that only sends. Every message lies rendered, nothing is parsed, kept, timed or repeated.

`python -m bench.generator HOST PEERS_HOST FIRST COUNT`. The first INVITE of a caller brings a 200 and an INVITE to each
leg, whose 200 brings the ACK; a floor message brings a 200 and INFOs; a BYE brings BYEs. Sends are sliced: after each
slice what came is read.
"""

import select
import socket
import sys
from collections import deque
from contextlib import suppress

from bench.vtcfs import BUFFER, BUFFERS, SDP, field

SLICE = 32
HEAD = (
    "{method} sip:8001@core1.example SIP/2.0\r\nVia: SIP/2.0/UDP {at}:5060;branch=z9hG4bK{method}{leg};rport\r\n"
    "Max-Forwards: 70\r\nFrom: <sip:8001@core1.example>;tag=0123456789abcdef{leg}\r\n"
    "To: <sip:8001@core1.example>{tag}\r\nCall-ID: 0123456789abcdef{leg}\r\nCSeq: 1 {method}\r\n"
)
MORE = {
    "INVITE": "Contact: <sip:{at}:5060>\r\nAllow: INVITE, ACK, BYE, CANCEL, INFO, MESSAGE, OPTIONS, REGISTER\r\n"
    "Supported: timer\r\nSession-Expires: 1800\r\nMin-SE: 90\r\nP-Asserted-Identity: <sip:1001@p0.example>\r\n"
    'Ptt-Extension: pttcall;calltype=4;callerUDN="1001@p0.example";OnlineCallID=bench-8001\r\n'
    "Content-Type: application/sdp\r\n",
    "INFO": 'Ptt-Extension: pttinfo;Alerttype=taken;UDN="1001@p0.example";grant=2\r\n',
    "BYE": "Ptt-Extension: pttrelease;cause=16\r\nReason: SIP;cause=200\r\n",
    "ACK": "",
}


def rendered(method: str, at: str, leg: int) -> bytes:
    """One message to one leg."""
    body = SDP % (1, b"sendonly") if method == "INVITE" else b""
    tag = "" if method == "INVITE" else f";tag=t{leg}"
    head = (HEAD + MORE[method]).format(method=method, at=at, leg=leg, tag=tag)
    return head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body


class Generator:
    """`count` legs at the ports from `first` on; the caller's is the first."""

    def __init__(self, at: str, legs_at: str, first: int, count: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for option in BUFFERS:
            with suppress(OSError):
                self.socket.setsockopt(socket.SOL_SOCKET, option, BUFFER)
        self.socket.bind((at, 5060))
        self.socket.setblocking(False)
        self.at, self.first = at, first
        self.targets = [(legs_at, first + leg) for leg in range(count)]
        self.messages = {method: [rendered(method, at, leg) for leg in range(count)] for method in MORE}
        self.queue: deque[tuple[bytes, tuple[str, int]]] = deque()

    def run(self) -> None:
        """For ever."""
        poll = select.epoll()
        poll.register(self.socket, select.EPOLLIN)
        queue, send = self.queue, self.socket.sendto
        while True:
            for _ in range(min(SLICE, len(queue))):
                send(*queue.popleft())
            if not queue:
                poll.poll()
            self.read()

    def read(self) -> None:
        """What is there."""
        acks, first = self.messages["ACK"], self.first
        while True:
            try:
                data, address = self.socket.recvfrom(65_535)
            except BlockingIOError:
                return
            if data.startswith(b"SIP/2.0 200"):
                if b" INVITE\r\n" in data:
                    self.socket.sendto(acks[address[1] - first], address)
            elif not data.startswith(b"ACK"):
                self.answer(data, address)

    def answer(self, data: bytes, address: tuple[str, int]) -> None:
        """200, and what follows from it."""
        to = field(data, b"To")
        new = b";tag=" not in to
        lines = b"".join(
            b"%s: %s\r\n" % (name, field(data, name)) for name in (b"Via", b"From", b"Call-ID", b"CSeq")
        )
        tag = b";tag=g" if new else b""
        contact = b"Contact: <sip:%s:5060>\r\n" % self.at.encode()
        self.socket.sendto(
            b"SIP/2.0 200 OK\r\n%sTo: %s%s\r\n%sContent-Length: 0\r\n\r\n" % (lines, to, tag, contact),
            address,
        )
        method = "BYE" if data.startswith(b"BYE") else "INVITE" if new else "INFO"
        but = address[1] if b"pttreleasefloor" not in data else 0
        rows = zip(self.messages[method], self.targets, strict=True)
        self.queue.extend(row for row in rows if row[1][1] != but)


if __name__ == "__main__":
    Generator(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])).run()
