"""tshark reads everything that nodes and terminals said in a whole set of calls, and has nothing to complain of."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.interop.baresip import Baresip
from tests.interop.capture import Capture
from tests.interop.network import Network, User, build, new_host
from tests.interop.programs import need
from tests.interop.sipp import Phone

pytestmark = pytest.mark.interop
PhoneMaker = Callable[..., Phone]
PATHS = [((1, 1), (1, 1)), ((1, 1), (2, 2)), ((1, 1), (2, 3)), ((1, 3), (2, 4))]
CASES = [
    ("call", "answer"),
    ("call_and_wait", "answer_and_hang_up"),
    ("call_and_cancel", "ring"),
    ("call_refused", "busy"),
    ("call_refused", "decline"),
]


def test_a_bad_message_would_be_noticed(tmp_path: Path) -> None:
    """The check itself: a description and a header that are wrong."""
    capture = Capture(tmp_path)
    bad = "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nCSeq: x OPTIONS\r\n"
    bad += "Content-Type: application/sdp\r\n\r\nv=0\r\nm=\r\n"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(bad.encode(), (new_host(), 5070))
    capture.end()
    assert capture.complaints()


@pytest.mark.slow
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_whole_set_of_calls_is_well_formed(tmp_path: Path, phone: PhoneMaker, transport: str) -> None:
    need("tshark", "sipp")
    capture = Capture(tmp_path)
    network = build(tmp_path, 4, transport=transport)
    try:
        network.start()
        speak(network, phone)
        softphones(network, tmp_path)
    finally:
        network.stop()
    capture.end()
    methods = {row[0] for row in capture.read("sip.Method", "sip.Method")}
    assert methods >= {"REGISTER", "OPTIONS", "INVITE", "ACK", "BYE", "CANCEL"}
    codes = {row[0] for row in capture.read("sip.Status-Code", "sip.Status-Code")}
    assert codes >= {"100", "180", "200", "401", "404", "480", "486", "487", "603"}
    between = capture.read(f"sip && {transport}.port == 5060 && sip.Method == INVITE", "frame.number")
    assert len(between) >= 20, "the calls between the nodes are in the capture"
    assert capture.complaints() == []


def speak(network: Network, phone: PhoneMaker) -> None:
    """Every private call of sipp's, over one to four nodes, and what becomes of wrong ones."""
    for path in PATHS:
        caller, called = (phone(network[home].user(), network[visited]) for home, visited in path)
        caller.register()
        called.register()
        for calling, answering in CASES:
            waiting = called.answer(answering)
            caller.call(calling, called.user).finish()
            waiting.finish()
        caller.call("call_refused", network[2].user()).finish()
        caller.call("call_refused", User("9999", "core2.example")).finish()
        phone(called.user, network[1] if called.core is network[4] else network[4]).register()
        called.register(expires=0)


def softphones(network: Network, folder: Path) -> None:
    """Hold and resume."""
    need("baresip")
    caller, called = (
        Baresip(folder, network[1].user(), network[3]),
        Baresip(folder, network[2].user(), network[4]),
    )
    try:
        caller.do("dial", f"sip:{called.user.aor}")
        caller.wait("CALL_ESTABLISHED")
        caller.do("hold")
        caller.program.wait_for(r"^a=recvonly")
        caller.do("resume")
        called.program.wait_for(r"^a=sendonly(?:.|\n)*^a=sendrecv(?:.|\n)*^a=sendrecv")
        called.do("hangup")
        caller.wait("CALL_CLOSED")
    finally:
        caller.stop()
        called.stop()
