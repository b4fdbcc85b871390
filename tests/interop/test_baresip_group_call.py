"""baresip takes part in a group call as a plain phone: it knows nothing of `Ptt-Extension`."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.interop.baresip import Baresip
from tests.interop.network import Core, Network, User, build
from tests.interop.programs import need, wait_until
from tests.interop.radio import Radio

pytestmark = pytest.mark.interop
GROUP = """\
[[group]]
number = "8001"
members = ["sip:1151@core1.example", "sip:2151@core2.example"]
"""
CALLED = "8001@core1.example"
RADIO, PHONE = User("1151", "core1.example"), User("2151", "core2.example")


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """Core 1 is the master; the phone is at home in core 2."""
    two = build(tmp_path_factory.mktemp("group"), 2)
    two[1].more = GROUP
    try:
        two.start()
        yield two
    finally:
        two.stop()


@pytest.fixture
def radio(network: Network, tmp_path: Path) -> Iterator[Radio]:
    """A member who speaks the extension, registered."""
    made = Radio(tmp_path, network[1], RADIO)
    made.type("register")
    made.hear("registered")
    yield made
    made.type("quit")
    made.hear("unregistered")
    made.program.stop()


@pytest.fixture
def phone(network: Network, tmp_path: Path, radio: Radio) -> Iterator[Baresip]:
    need("baresip")
    made = Baresip(tmp_path, PHONE, network[2])
    yield made
    made.stop()
    for row in network[1].items("calls"):
        network[1].post(f"/api/v1/calls/{row['id']}/release")
    network[1].wait_quiet()


def talker(core: Core) -> str | None:
    """Who has the floor."""
    return next((row["talker"] for row in core.items("floors")), None)


def wait_talker(core: Core, user: User | None) -> None:
    wait_until(lambda: core.items("floors") and talker(core) == (user.aor if user else None), f"{user} talks")


def test_it_dials_the_group_and_talks(network: Network, phone: Baresip, radio: Radio) -> None:
    phone.do("dial", f"sip:{CALLED}")
    phone.wait("CALL_ESTABLISHED")
    assert radio.hear("incoming")["talker"] == PHONE.aor
    wait_talker(network[1], PHONE)
    phone.do("hangup")
    phone.wait("CALL_CLOSED")
    assert radio.hear("floor")["text"] == "idle"


def test_hold_gives_the_floor_back_and_resume_asks(network: Network, phone: Baresip, radio: Radio) -> None:
    phone.do("dial", f"sip:{CALLED}")
    phone.wait("CALL_ESTABLISHED")
    wait_talker(network[1], PHONE)
    phone.do("hold")
    wait_talker(network[1], None)
    phone.program.wait_for(r"^a=inactive")
    assert radio.hear("floor")["text"] == "idle"
    phone.do("resume")
    wait_talker(network[1], PHONE)
    assert radio.hear("floor")["text"] == f"taken {PHONE.aor}"


def test_a_denied_resume_leaves_the_call_as_it_is(network: Network, phone: Baresip, radio: Radio) -> None:
    phone.do("dial", f"sip:{CALLED}")
    phone.wait("CALL_ESTABLISHED")
    wait_talker(network[1], PHONE)
    phone.do("hold")
    assert radio.hear("floor")["text"] == "idle"
    radio.type("press")
    radio.hear("granted")
    phone.do("resume")
    phone.program.wait_for(r"SIP/2.0 486")
    wait_talker(network[1], RADIO)
    assert not phone.seen("CALL_CLOSED")
    radio.type("release")
    wait_talker(network[1], None)


def test_it_is_called_and_listens(network: Network, phone: Baresip, radio: Radio) -> None:
    radio.type(f"group {CALLED}")
    assert phone.wait("CALL_ESTABLISHED")["peeruri"] == f"sip:{CALLED}"
    radio.hear("granted")
    phone.do("hangup")
    phone.wait("CALL_CLOSED")
    phone.do("dial", f"sip:{CALLED}")
    phone.wait("CALL_ESTABLISHED", 2)
    assert talker(network[1]) == RADIO.aor, "who joins while another talks listens"
    radio.type("hangup")
    radio.hear("ended")
