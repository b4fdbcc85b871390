"""The private call over IPv6. All nodes share ::1, so that peers are told apart by their ports."""

from collections.abc import Callable, Iterator

import pytest
from tests.interop.network import Network, PeerEntry, User, build
from tests.interop.sipp import Phone
from tests.interop.sockets import free_port, has_ipv6

pytestmark = [pytest.mark.interop, pytest.mark.skipif(not has_ipv6(), reason="no ::1 here")]
PhoneMaker = Callable[..., Phone]
CASES = [
    ("call", "answer"),
    ("call_and_wait", "answer_and_hang_up"),
    ("call_and_cancel", "ring"),
    ("call_refused", "busy"),
    ("call_refused", "decline"),
    ("call_and_change_media", "answer_media_changes"),
]


@pytest.fixture(scope="module", params=["udp", "tcp"])
def network6(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """Four core networks on ::1, peers over UDP or TCP."""
    network = build(tmp_path_factory.mktemp("network6"), 4, peering=False)
    for core in network.cores:
        core.host = "::1"
        core.tc2_port, core.d_port, core.http_port = (free_port("::1") for _ in range(3))
    for core in network.cores:
        others = (other for other in network.cores if other is not core)
        core.peers = [PeerEntry(other.domain, f"{request.param}:{other.tc2}") for other in others]
    try:
        network.start()
        yield network
    finally:
        network.stop()


paths = pytest.mark.parametrize("path", [((1, 1), (1, 1)), ((1, 3), (2, 4))], ids=["one TCF", "four TCFs"])
transports = pytest.mark.parametrize("transport", ["udp", "tcp"])
"""Of the terminals."""


@pytest.mark.parametrize(("calling", "answering"), CASES)
@paths
@transports
def test_call(
    network6: Network,
    phone: PhoneMaker,
    path: tuple[tuple[int, int], tuple[int, int]],
    transport: str,
    calling: str,
    answering: str,
) -> None:
    caller, called = (phone(network6[home].user(), network6[visited], transport) for home, visited in path)
    caller.register()
    if transport == "udp":
        called.register()
    waiting = called.answer(answering)
    caller.call(calling, called.user).finish()
    waiting.finish()
    for core in network6.cores:
        core.wait_quiet()


@transports
def test_not_registered_and_unknown(network6: Network, phone: PhoneMaker, transport: str) -> None:
    caller = phone(network6[1].user(), network6[3], transport)
    caller.register()
    assert caller.call("call_refused", network6[2].user()).finish().received("SIP/2.0 480")
    assert caller.call("call_refused", User("9999", "core2.example")).finish().received("SIP/2.0 404")
