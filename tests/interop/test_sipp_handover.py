"""Handover with a TCF of somebody else as the source, the target or the home, played by sipp; the others are real."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.interop.conftest import PhoneMaker
from tests.interop.foreign import FOREIGN, ForeignTcf
from tests.interop.network import Core, Network, PeerEntry, User, build, new_host
from tests.interop.programs import wait_until
from tests.interop.radio import Radio
from tests.interop.scenario import Scenario
from tests.interop.sipp import SCENARIOS, Message
from tests.interop.sockets import free_port

pytestmark = pytest.mark.interop
RadioMaker = Callable[[User, Core], Radio]


class Two(NamedTuple):
    """Two real nodes, and where the foreign TCF is, a peer of both."""

    network: Network
    host: str


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    host, folder = new_host(), tmp_path_factory.mktemp("handover")
    network = build(folder, 2)
    foreign = ForeignTcf(network[1], folder, host, "udp")
    for core in network.cores:
        core.peers.append(PeerEntry(FOREIGN, f"udp:{host}:5060", "heartbeat = 600.0\nshare_ha1 = false"))
    try:
        first = foreign.expect("tc2_any", calls=2)
        network.start()
        first.finish()
        up = ["up"] * len(network.cores)
        wait_until(
            lambda: [core.peer_state(FOREIGN) for core in network.cores] == up, "the foreign TCF is up"
        )
        yield Two(network, host)
    finally:
        foreign.stop()
        network.stop()


@pytest.fixture
def foreign(two: Two, tmp_path: Path) -> Iterator[Callable[..., ForeignTcf]]:
    """The foreign TCF as it speaks to one of the nodes; `aside`: from another port, while the first is waiting."""
    made: list[ForeignTcf] = []

    def make(core: Core, *, aside: bool = False) -> ForeignTcf:
        port = free_port(two.host) if aside else 5060
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(ForeignTcf(core, folder, two.host, "udp", port=port))
        return made[-1]

    yield make
    for tcf in made:
        tcf.stop()


@pytest.fixture
def radio(two: Two, tmp_path: Path) -> Iterator[RadioMaker]:
    """A registered terminal of the prompt."""
    made: list[Radio] = []

    def make(user: User, core: Core) -> Radio:
        made.append(Radio(tmp_path, core, user))
        made[-1].type("register")
        made[-1].hear("registered")
        return made[-1]

    yield make
    for one in made:
        one.program.kill()


@pytest.fixture(autouse=True)
def quiet(two: Two) -> Iterator[None]:
    """No test leaves a call behind."""
    yield
    for core in two.network.cores:
        for row in core.items("calls"):
            core.post(f"/api/v1/calls/{row['id']}/release")


def call_of(core: Core) -> str:
    """The OnlineCallID of the one call that stands."""
    (call,) = wait_until(
        lambda: [row for row in core.items("calls") if row["state"] == "up"], "the call stands"
    )
    return str(call["id"])


def extensions(messages: list[Message]) -> list[str]:
    return [message.header("Ptt-Extension") for message in messages]


def setup(call: str, caller: str) -> str:
    return f'pttcall;calltype=1;callerUDN="{caller}";OnlineCallID={call}'


# --- as the target


@pytest.mark.parametrize("prepared", [True, False], ids=["prepared", "unprepared"])
def test_target(two: Two, foreign: Callable[..., ForeignTcf], radio: RadioMaker, prepared: bool) -> None:
    """Home and source are one real node; the far side is at another and hears one offer."""
    home, far = two.network[1], two.network[2]
    mover, other = radio(home.user(), home), radio(far.user(), far)
    target = foreign(home)
    mover.type(f"call {other.user.aor}")
    mover.hear("up")
    call = call_of(home)
    taking = Scenario().hear("INVITE").answer(200, "", "sendrecv").hear("ACK").hear("BYE").answer(200)
    run = target.play(taking, calls=2 if prepared else 1)
    if prepared:
        mover.type(f"prepare {FOREIGN}")
        mover.hear("handover")
        (reservation,) = run.received("INVITE ")
        assert reservation.first == f"INVITE sip:{mover.user.aor} SIP/2.0"
        assert (
            reservation.header("Ptt-Extension") == f"ptthandover;OnlineCallID={call};UDN={mover.user.number}"
        )
        assert "m=audio" in reservation.body
    arrival = foreign(home, aside=True)
    answer = arrival.register(mover.user, extension=f"pttregister;regtype=handover;OnlineCallID={call}")
    assert answer.first.startswith("SIP/2.0 200")
    invite = run.wait_received("INVITE ", 2 if prepared else 1)
    assert invite.first == f"INVITE {arrival.contact(mover.user)} SIP/2.0"
    assert invite.header("Ptt-Extension").startswith(setup(call, other.user.aor))
    assert other.hear("offer")
    assert mover.hear("kicked")["text"] == "moved"
    other.type("hangup")
    byes = run.finish().received("BYE ")
    causes = ["pttrelease;cause=65", "pttrelease;cause=16"] if prepared else ["pttrelease;cause=16"]
    assert extensions(byes) == causes
    for core in two.network.cores:
        core.wait_quiet()


def test_a_target_that_refuses(two: Two, foreign: Callable[..., ForeignTcf], radio: RadioMaker) -> None:
    """The old leg keeps the call."""
    home, far = two.network[1], two.network[2]
    mover, other = radio(home.user(), home), radio(far.user(), far)
    mover.type(f"call {other.user.aor}")
    mover.hear("up")
    call = call_of(home)
    run = foreign(home).play(Scenario().hear("INVITE").answer(486).hear("ACK"))
    foreign(home, aside=True).register(
        mover.user, extension=f"pttregister;regtype=handover;OnlineCallID={call}"
    )
    run.finish()
    assert call_of(home) == call
    other.type("hangup")
    assert mover.hear("ended")["text"] == "normal"
    for core in two.network.cores:
        core.wait_quiet()


# --- as the source


@pytest.mark.parametrize("prepared", [True, False], ids=["prepared", "unprepared"])
def test_source(
    two: Two, foreign: Callable[..., ForeignTcf], radio: RadioMaker, phone: PhoneMaker, prepared: bool
) -> None:
    """A visitor of the foreign TCF goes on to a real target; his home is real, too."""
    home, target = two.network[1], two.network[2]
    user, other = home.user(), radio(home.user(), home)
    source = foreign(home)
    assert source.register(user).first.startswith("SIP/2.0 200")
    serving = Scenario().hear("INVITE").answer(200, "", "sendrecv").hear("ACK").hear("BYE").answer(200)
    run = source.play(serving, "-aa", calls=0)
    other.type(f"call {user.aor}")
    other.hear("up")
    call = call_of(home)
    reserving = []
    if prepared:
        extension = f"ptthandover;OnlineCallID={call};UDN={user.number}"
        asking = Scenario().invite(user.aor, user.aor, extension).hear(200).ack().pause(1000)
        asking.say("BYE", "pttrelease;cause=65", reason="SIP;cause=200").hear(200)
        reserving.append(foreign(target, aside=True).play(asking))
        assert "m=audio" in reserving[0].wait_received("SIP/2.0 200").body
    arrived = phone(user, target)
    answering = ("-oocsf", str(SCENARIOS / "answer.xml"))
    moved = arrived.start(
        "register_moved", target.d, arrived.keys(moving=call), *arrived.options(), *answering
    )
    invite = moved.wait_received("INVITE ")
    assert invite.header("Answer-Mode") == "Auto"
    assert invite.header("Ptt-Extension").startswith("pttcall;calltype=1")
    bye = run.wait_received("BYE ")
    assert bye.header("Ptt-Extension") == "pttrelease;cause=65"
    kick = run.wait_received("OPTIONS ")
    assert kick.header("Ptt-Extension").startswith("pttkickoff;Cause=moved;")
    assert f"OnlineCallID={call}" in kick.header("Ptt-Extension")
    assert other.hear("offer")
    for asked in reserving:
        asked.finish()
    other.type("hangup")
    moved.wait_received("BYE ")
    for core in two.network.cores:
        core.wait_quiet()


# --- as the home


@pytest.mark.parametrize("prepared", [True, False], ids=["prepared", "unprepared"])
def test_home(two: Two, foreign: Callable[..., ForeignTcf], radio: RadioMaker, prepared: bool) -> None:
    """Source and target are real; the foreign home calls the target with the running call and ends the old leg."""
    source, target = two.network[1], two.network[2]
    user, call = User("7001" if prepared else "7002", FOREIGN), f"of-the-home-{prepared}"
    far = f"7009@{FOREIGN}"
    registrar = foreign(source).expect("tc2_home", calls=2)
    mover = radio(user, source)
    contact = registrar.wait_received("REGISTER ").header("Contact").split("<")[1].split(">")[0]
    calling = Scenario().invite(user.aor, far, setup(call, far), uri=contact).hear(180, 200).ack().pause(1000)
    calling.say("BYE", "pttrelease;cause=65", reason="SIP;cause=200").hear(200)
    old = foreign(source, aside=True).play(calling)
    mover.hear("up")
    if prepared:
        mover.type(f"prepare {target.domain}")
        mover.hear("handover")
    mover.type(f"handover udp:{target.d}")
    moved = registrar.wait_received("REGISTER ", 2)
    assert moved.header("Ptt-Extension").startswith("pttregister;regtype=handover;")
    assert f"OnlineCallID={call}" in moved.header("Ptt-Extension")
    assert moved.header("P-Visited-Network-ID") == target.domain
    registrar.finish()
    contact = moved.header("Contact").split("<")[1].split(">")[0]
    renewing = Scenario().invite(user.aor, far, setup(call, far), uri=contact).hear(200).ack()
    renewing.say("INFO", "pttinfo;Alerttype=idle").hear(200)
    renewing.say("BYE", "pttrelease;cause=16", reason="SIP;cause=200").hear(200)
    foreign(target, aside=True).play(renewing).finish()
    old.finish()
    for core in two.network.cores:
        core.wait_quiet()
