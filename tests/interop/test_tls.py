"""TLS with baresip on D, and mutual TLS between the nodes: nothing of the call is sent in the clear."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.interop.baresip import Baresip
from tests.interop.network import Core, Network, build
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


def s_client(core: Core, side: str, home: Path, *arguments: str) -> int:
    """The exit code of openssl's client: 0 when both sides took each other."""
    command = ["openssl", "s_client", "-connect", core.address(side, "tls"), "-CAfile", f"{home}/ca.pem"]
    command += ["-brief", "-verify_return_error", *arguments]
    done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, timeout=20)
    return done.returncode


def shows(home: Path, name: str) -> list[str]:
    """Whom openssl says it is."""
    return ["-cert", f"{home}/{name}.pem", "-key", f"{home}/{name}.key"]


@pytest.mark.parametrize(
    ("name", "arguments", "taken"),
    [
        ("core2", ["-tls1_2", "-verify_hostname", "core1.example"], True),
        ("core2", ["-tls1_3", "-verify_hostname", "core1.example"], True),
        ("core2", ["-tls1_2", "-verify_hostname", "core9.example"], False),
        ("core2", ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], False),
        ("expired", ["-tls1_2"], False),
        ("stranger", ["-tls1_2"], False),
        ("", ["-tls1_2"], False),
    ],
    ids=["1.2", "1.3", "wrong name", "TLS 1.1", "expired", "stranger", "no certificate"],
)
def test_whom_a_node_takes_on_tc2(
    secure: Network, certificates: Path, name: str, arguments: list[str], taken: bool
) -> None:
    need("openssl")
    mine = shows(certificates, name) if name else []
    assert (s_client(secure[1], "tc2", certificates, *mine, *arguments) == 0) is taken


def test_terminals_need_no_certificate_but_tls_1_2(secure: Network, certificates: Path) -> None:
    need("openssl")
    assert s_client(secure[1], "d", certificates, "-tls1_2") == 0
    assert s_client(secure[1], "d", certificates, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0") != 0


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
