"""TLS with baresip on D, and mutual TLS between the nodes: nothing of the call is sent in the clear."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.interop.baresip import Baresip
from tests.interop.network import Network, build
from tests.interop.programs import need

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> Iterator[Network]:
    """Two core networks that see each other up over mutual TLS."""
    network = build(tmp_path_factory.mktemp("secure"), 2, transport="tls", certificates=certificates)
    try:
        network.start()
        yield network
    finally:
        network.stop()


@pytest.fixture
def pair(secure: Network, tmp_path: Path, certificates: Path) -> Iterator[tuple[Baresip, Baresip]]:
    """Two phones over TLS, the second one a visitor at the core of the first."""
    need("baresip")
    phones: list[Baresip] = []
    try:
        for home, visited in ((1, 1), (2, 1)):
            user, core = secure[home].user(), secure[visited]
            phones.append(Baresip(tmp_path, user, core, transport="tls", authority=certificates / "ca.pem"))
        yield phones[0], phones[1]
    finally:
        for phone in phones:
            phone.stop()


def test_call_hold_and_hang_up_over_tls(secure: Network, pair: tuple[Baresip, Baresip]) -> None:
    caller, called = pair
    caller.do("dial", f"sip:{called.user.aor}")
    caller.wait("CALL_ESTABLISHED")
    called.wait("CALL_ESTABLISHED")
    assert all(len(core.items("calls")) >= 1 for core in secure.cores), (
        "by the home of the called user and back"
    )
    caller.do("hold")
    called.program.wait_for(r"^a=sendonly")
    caller.program.wait_for(r"^a=recvonly")
    called.do("hangup")
    caller.wait("CALL_CLOSED")
    for core in secure.cores:
        core.wait_quiet()
        assert {message["transport"] for message in core.trace()} == {"tls"}
