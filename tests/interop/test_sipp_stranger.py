"""sipp as a TCF that is no peer: it learns nothing, and never gets more than it sent."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.interop.foreign import ForeignTcf, Meeting, meet
from tests.interop.network import Core, new_host
from tests.interop.programs import wait_until

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module", params=["udp", "tcp"])
def meeting(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Meeting]:
    with meet(tmp_path_factory.mktemp("meeting"), request.param) as met:
        yield met


@pytest.fixture
def core(meeting: Meeting) -> Core:
    return meeting.core


@pytest.fixture
def stranger(meeting: Meeting, tmp_path: Path) -> Iterator[ForeignTcf]:
    tcf = ForeignTcf(meeting.core, tmp_path, new_host(), meeting.transport, "stranger.example")
    yield tcf
    tcf.stop()


def test_stranger_gets_403_and_no_challenge(core: Core, stranger: ForeignTcf) -> None:
    user, other = core.user(), core.user()
    assert stranger.register(user).first == "SIP/2.0 403 Forbidden"
    assert stranger.options("pttheartbeat;epoch=x").first == "SIP/2.0 403 Forbidden"
    call = stranger.call(
        "tc2_call_refused", f"sip:{other.aor}", user.aor, other.aor, "pttcall;calltype=1"
    ).finish()
    assert call.received("SIP/2.0 403")
    for run in stranger.runs:
        for question, answer in zip(run.messages("sent"), run.messages("received"), strict=False):
            assert not answer.header("WWW-Authenticate")
            assert len(answer) <= len(question)
    assert core.visited(user) is None


def test_stranger_never_gets_more_than_he_sent(core: Core, stranger: ForeignTcf) -> None:
    """The shortest request that can be answered would be answered with more bytes: it is not answered."""
    refused = refused_strangers(core)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as terse:
        terse.bind((stranger.host, 0))
        head = f"OPTIONS sip:a SIP/2.0\r\nv:SIP/2.0/UDP {stranger.host};branch=z9hG4bK1;rport\r\n"
        rest = "f:<sip:a>;tag=1\r\nt:<sip:a>\r\ni:1\r\nCSeq:1 OPTIONS\r\n\r\n"
        terse.sendto((head + rest).encode(), (core.host, core.tc2_port))
        wait_until(lambda: refused_strangers(core) > refused, "the node read it")
        terse.setblocking(False)
        with pytest.raises(BlockingIOError):
            terse.recv(2000)


def refused_strangers(core: Core) -> float:
    """What the node counts."""
    found = re.search(
        r'^opentcf_refused_total\{reason="not_a_peer"\} (\S+)$', core.text("/metrics"), re.MULTILINE
    )
    return float(found[1]) if found else 0.0
