"""Kamailio as an ordinary SIP proxy: on the TC2 path between two TCFs, and in front of D."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.interop.baresip import Baresip
from tests.interop.kamailio import Kamailio, between, need_tls, to_host
from tests.interop.network import Core, Network, PeerEntry, build, new_host
from tests.interop.programs import need, wait_until
from tests.interop.sipp import Phone
from tests.interop.sockets import is_bound

pytestmark = pytest.mark.interop
PhoneMaker = Callable[..., Phone]
CASES = [
    ("call", "answer"),
    ("call_and_wait", "answer_and_hang_up"),
    ("call_and_cancel", "ring"),
    ("call_refused", "busy"),
    ("call_refused", "decline"),
]


def run_proxy(folder: Path, host: str, routes: str, certificates: Path | None = None) -> Kamailio:
    """Start the proxy; it listens when this returns."""
    sockets = [("udp", 5060), ("tcp", 5060), *([("tls", 5061)] if certificates else [])]
    listen = [f"{transport}:{host}:{port}" for transport, port in sockets]
    proxy = Kamailio(folder, listen, routes, certificates)

    def ready() -> bool:
        return all(
            is_bound("udp" if transport == "udp" else "tcp", host, port) for transport, port in sockets
        )

    wait_until(ready, f"kamailio listens: {proxy.program.output}")
    return proxy


TRANSPORTS = ["udp udp", "tcp tcp", "tls tls", "udp tcp"]
"""On the two sides of the proxy; where they differ it records two routes."""


@pytest.fixture(scope="module", params=TRANSPORTS)
def proxied(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, certificates: Path
) -> Iterator[tuple[Network, Kamailio]]:
    """Two core networks; each knows the other only by the address of the proxy between them, and by its certificate."""
    need("kamailio", "sipp")
    transports, folder = request.param.split(), tmp_path_factory.mktemp("proxied")
    network, host = build(folder, 2), new_host()
    more = "heartbeat = 2.0"
    if "tls" in transports:
        need_tls()
        more += '\ntls = {name = "proxy.example"}'
        for core in network.cores:
            core.certificates = certificates
    ends = []
    for core, transport, other in zip(
        network.cores, transports, ("core2.example", "core1.example"), strict=True
    ):
        address = f"{transport}:{host}:{5061 if transport == 'tls' else 5060}"
        core.peers = [PeerEntry(other, address, more)]
        ends.append(f"{transport}:{core.address('tc2', transport)}")
    proxy = run_proxy(folder, host, between(*ends), network[1].certificates)
    try:
        network.start()
        yield network, proxy
    finally:
        network.stop()
        proxy.stop()


@pytest.mark.parametrize(("calling", "answering"), CASES)
@pytest.mark.parametrize(
    "visited", [1, 2], ids=["called user at home", "called user a visitor at the caller's core"]
)
def test_call_through_the_proxy(
    proxied: tuple[Network, Kamailio], phone: PhoneMaker, calling: str, answering: str, visited: int
) -> None:
    network, proxy = proxied
    caller = phone(network[1].user(), network[1])
    called = phone(network[2].user(), network[3 - visited])
    caller.register()
    called.register()
    assert network[2].visited(called.user) == called.core.domain
    before = {method: proxy.passed(method) for method in ("INVITE", "ACK", "BYE", "CANCEL")}
    waiting = called.answer(answering)
    caller.call(calling, called.user).finish()
    waiting.finish()
    for core in network.cores:
        core.wait_quiet()
    hops = 1 if visited == 1 else 2
    since = {method: proxy.passed(method) - count for method, count in before.items()}
    assert since["INVITE"] == hops
    assert since["ACK"] >= hops
    if calling in ("call", "call_and_wait"):
        assert since["BYE"] == hops, "the BYE keeps to the recorded route"
    if calling == "call_and_cancel":
        assert since["CANCEL"] == hops


def test_hold_and_resume_through_the_proxy(proxied: tuple[Network, Kamailio], tmp_path: Path) -> None:
    need("baresip")
    network, proxy = proxied
    caller, called = (
        Baresip(tmp_path, network[1].user(), network[1]),
        Baresip(tmp_path, network[2].user(), network[2]),
    )
    try:
        before = proxy.passed("INVITE"), proxy.passed("BYE")
        caller.do("dial", f"sip:{called.user.aor}")
        caller.wait("CALL_ESTABLISHED")
        caller.do("hold")
        caller.program.wait_for(r"^a=recvonly")
        caller.do("resume")
        called.program.wait_for(r"^a=sendonly(?:.|\n)*^a=sendrecv(?:.|\n)*^a=sendrecv")
        called.do("hangup")
        caller.wait("CALL_CLOSED")
        assert (proxy.passed("INVITE") - before[0], proxy.passed("BYE") - before[1]) == (3, 1)
    finally:
        caller.stop()
        called.stop()


@pytest.fixture
def front(network: Network, tmp_path: Path) -> Iterator[Callable[[Core], Core]]:
    """A proxy in front of D of a core: what a terminal is told is the address of that core."""
    need("kamailio", "sipp")
    proxies: list[Kamailio] = []
    numbers = itertools.count(1)

    def make(core: Core) -> Core:
        host = new_host()
        folder = tmp_path / f"front{next(numbers)}"
        folder.mkdir()
        ours = {domain.domain: f"sip:{core.d}" for domain in network.cores}
        proxies.append(run_proxy(folder, host, to_host(ours)))
        return Core(core.domain, host, core.folder, core.digit, d_port=5060)

    yield make
    for proxy in proxies:
        proxy.stop()


@pytest.mark.parametrize("behind", ["caller", "called user", "both"])
@pytest.mark.parametrize(("calling", "answering"), CASES)
def test_terminals_behind_a_proxy(
    network: Network,
    phone: PhoneMaker,
    front: Callable[[Core], Core],
    calling: str,
    answering: str,
    behind: str,
) -> None:
    """A call to such a terminal goes the way its registration came: by the proxy."""
    caller = phone(network[1].user(), network[3] if behind == "called user" else front(network[3]))
    called = phone(network[2].user(), network[4] if behind == "caller" else front(network[4]))
    caller.register()
    called.register()
    assert network[1].visited(caller.user) == "core3.example"
    assert network[2].visited(called.user) == "core4.example"
    waiting = called.answer(answering)
    caller.call(calling, called.user).finish()
    waiting.finish()
    for core in network.cores:
        core.wait_quiet()
