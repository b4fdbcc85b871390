"""Every torture message thrown at a running node, over UDP and TCP: the answer, and that the node lives on."""

import socket
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from tests.interop.network import Core, PeerEntry, new_host
from tests.sip.decode import OK, Verdict
from tests.torture.case import Case
from tests.torture.test_torture import NUMBERED

from opentcf.sip.framing import Framer
from opentcf.sip.message import Request, Response
from opentcf.sip.parse import parse

PATIENCE = 10.0
_numbers = count(1)


class Stranger:
    """A peer's host that speaks whatever bytes it is given, to a node that heard none of them before."""

    def __init__(self, core: Core, host: str, transport: str) -> None:
        self.transport = transport
        self.core = core
        self.host = host
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind((host, core.tc2_port))
        self.datagrams.settimeout(PATIENCE)

    def options(self, transport: str, call_id: str) -> bytes:
        """A plain heartbeat-like request, the fence behind a torture message."""
        lines = (
            f"OPTIONS sip:{self.core.domain} SIP/2.0",
            f"Via: SIP/2.0/{transport} {self.host}:{self.core.tc2_port};branch=z9hG4bK{call_id}",
            "Max-Forwards: 70",
            "From: <sip:peer.example>;tag=fence",
            f"To: <sip:{self.core.domain}>",
            f"Call-ID: {call_id}",
            "CSeq: 1 OPTIONS",
            "Content-Length: 0",
        )
        return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"

    def by_datagram(self, data: bytes) -> list[int]:
        """Statuses that answer it before the fence is answered."""
        fence = f"fence-{next(_numbers)}"
        there = (self.core.host, self.core.tc2_port)
        self.datagrams.sendto(data, there)
        self.datagrams.sendto(self.options("UDP", fence), there)
        statuses: list[int] = []
        while True:
            found = parse(self.datagrams.recv(65_535))
            if not isinstance(found, Response):
                continue
            if found.call_id() == fence:
                assert found.status == 200
                return statuses
            statuses += _status(found, data)

    def by_stream(self, data: bytes, *, answered: bool) -> list[int]:
        """Statuses that answer it on a connection of its own, until a final one (when it is `answered`) or the end."""
        framer = Framer()
        statuses: list[int] = []
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream:
            stream.bind((self.host, 0))
            stream.settimeout(PATIENCE)
            stream.connect((self.core.host, self.core.tc2_port))
            stream.sendall(data)
            if not answered:
                stream.shutdown(socket.SHUT_WR)
            while not any(status >= 200 for status in statuses) and (chunk := _received(stream)):
                for message in framer.feed(chunk):
                    statuses += _status(parse(message), data)
        return statuses


def _status(found: Request | Response, asked: bytes) -> list[int]:
    """The status of a response to what was asked; earlier requests may still be answered again."""
    ours = isinstance(found, Response) and found.call_id().encode("utf-8", "surrogateescape") in asked
    return [found.status] if isinstance(found, Response) and ours else []


def _received(stream: socket.socket) -> bytes:
    try:
        return stream.recv(65_535)
    except ConnectionResetError:
        return b""


@pytest.fixture(scope="module", params=["udp", "tcp"])
def stranger(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stranger]:
    host, peer = new_host(), new_host()
    folder: Path = tmp_path_factory.mktemp("torture")
    core = Core("core1.example", host, folder, "1", peers=[PeerEntry("core2.example", f"udp:{peer}:5060")])
    found = Stranger(core, peer, request.param)
    core.start()
    yield found
    assert core.program is not None
    core.program.stop()
    found.datagrams.close()


def expected(statuses: list[int], answers: tuple[Verdict, ...]) -> bool:
    """Is what came back one of the verdicts? OK leaves the answer to the request itself."""
    final = [status for status in statuses if status >= 200]
    if OK in answers:
        return True
    return final[0] in answers if final else None in answers


@NUMBERED
def test_answer(case: Case, stranger: Stranger):
    if stranger.transport == "udp":
        statuses, answers = stranger.by_datagram(case.data), case.answers
    else:
        answered = None not in case.stream and OK not in case.stream
        statuses, answers = stranger.by_stream(case.data, answered=answered), case.stream
    assert expected(statuses, answers), statuses
    assert stranger.by_datagram(b"") == []


def test_no_fault_was_counted(stranger: Stranger):
    assert not stranger.core.faults()
