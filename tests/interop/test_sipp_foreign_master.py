"""A real V-TCF, with `opentcf ue` as its terminals, below a group master of somebody else, played by sipp."""

import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.interop.foreign import FOREIGN, ForeignTcf
from tests.interop.network import Core, PeerEntry, build, new_host
from tests.interop.programs import wait_until
from tests.interop.radio import Radio
from tests.interop.scenario import Scenario
from tests.interop.sipp import Message, Sipp

pytestmark = pytest.mark.interop
_groups = itertools.count(8901)


@pytest.fixture(scope="module", params=["udp", "tcp"])
def meeting(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Core, str, str]]:
    """One real node, and where its only peer is."""
    transport, host, folder = request.param, new_host(), tmp_path_factory.mktemp("visited")
    network = build(folder, 1)
    core = network[1]
    core.peers = [PeerEntry(FOREIGN, f"{transport}:{host}:5060", "heartbeat = 600.0\nshare_ha1 = false")]
    foreign = ForeignTcf(core, folder, host, transport)
    try:
        first = foreign.expect("tc2_any")
        core.start()
        first.finish()
        wait_until(lambda: core.peer_state(FOREIGN) == "up", "the foreign TCF is up")
        yield core, host, transport
    finally:
        foreign.stop()
        network.stop()


@pytest.fixture
def core(meeting: tuple[Core, str, str]) -> Core:
    return meeting[0]


@pytest.fixture
def master(meeting: tuple[Core, str, str], tmp_path: Path) -> Iterator[ForeignTcf]:
    core, host, transport = meeting
    tcf = ForeignTcf(core, tmp_path, host, transport)
    yield tcf
    tcf.stop()


@pytest.fixture
def group() -> str:
    """A group of the foreign core network, without its domain."""
    return str(next(_groups))


Maker = Callable[[str], tuple[Radio, Message]]


@pytest.fixture
def radio(core: Core, master: ForeignTcf, tmp_path: Path) -> Iterator[Maker]:
    """A registered member of a group: his terminal, and the group location that the master got."""
    made: list[Radio] = []

    def make(group: str) -> tuple[Radio, Message]:
        user = core.user()
        body = f'<pttmembershipinfo udn="{user.aor}"><group gdn="{group}" domain="{FOREIGN}"/></pttmembershipinfo>'
        told = Scenario().message(
            user.aor,
            f"{group}@{FOREIGN}",
            "pttgroupupdate;version=1",
            "application/pttmembershipinfo+xml",
            body,
        )
        master.play(told.hear(200)).finish()
        located = master.expect("tc2_any")
        made.append(Radio(tmp_path, core, user))
        made[-1].type("register")
        made[-1].hear("registered")
        return made[-1], located.finish().received("REGISTER ")[0]

    yield make
    for one in made:
        one.program.kill()
    core.wait_quiet()


def shape(message: Message) -> tuple[str, str]:
    """Extension and direction."""
    found = re.search(r"a=(sendrecv|sendonly|recvonly|inactive)", message.body)
    return message.header("Ptt-Extension"), found[1] if found else ""


def asked(run: Sipp) -> list[tuple[str, str]]:
    """The INVITEs that the master got."""
    return [shape(message) for message in run.received("INVITE ")]


def test_a_home_tells_the_master_where_its_member_is(radio: Maker, core: Core, group: str) -> None:
    member, register = radio(group)
    user = member.user
    assert register.first == f"REGISTER sip:{FOREIGN} SIP/2.0"
    assert register.header("To") == f"<sip:{user.aor}>"
    extension = register.header("Ptt-Extension")
    assert extension.startswith(f'pttregister;GDN="{group}@{FOREIGN}";UDN={user.number}'), extension
    assert register.header("P-Visited-Network-ID") == core.domain
    assert register.header("Expires") == "600"


def test_the_master_calls_and_arbitrates(radio: Maker, master: ForeignTcf, group: str) -> None:
    """Queued, granted later, given back, denied: each is answered, and reaches the terminal."""
    member, _ = radio(group)
    udn = f'UDN="{member.user.aor}"'
    calling = Scenario().invite(
        f"{group}@{FOREIGN}",
        f"7001@{FOREIGN}",
        "pttcall;calltype=4;callerUDN=7001;OnlineCallID=sea-1",
        "sendonly",
    )
    calling.hear(200).ack().say("INFO", "pttinfo;Alerttype=idle;grant=1").hear(200)
    calling.hear("INVITE").answer(200, "pttwaiting;position=1", "sendonly").hear("ACK")
    calling.say("INVITE", f"pttaccept;{udn};duration=5;grant=2", "recvonly").hear(200).ack()
    calling.hear("INVITE").answer(200, "", "sendonly").hear("ACK")
    calling.say("INFO", "pttinfo;Alerttype=taken;UDN=7001;grant=3").hear(200)
    calling.hear("INVITE").answer(486, "pttreleasefloor;cause=queuefull").hear("ACK")
    calling.say("BYE", "pttrelease;cause=16", reason="SIP;cause=200").hear(200)
    run = master.play(calling)
    assert member.hear("incoming")["talker"] == f"7001@{FOREIGN}"
    assert member.hear("floor")["text"] == "idle"
    member.type("press")
    assert member.hear("queued")["text"] == "1"
    assert member.hear("granted")["text"] == "2"
    member.type("release")
    assert member.hear("floor")["text"] == f"taken 7001@{FOREIGN}"
    member.type("press")
    assert member.hear("denied")["text"] == "queuefull"
    assert member.hear("ended")["text"] == "normal"
    request, back = f"pttrequest;{udn}", f"pttreleasefloor;{udn};cause=normal;grant=2"
    asking = (request, "sendrecv")
    assert asked(run.finish()) == [asking, (back, "recvonly"), asking], "the lowest priority is the default"
    answers = [shape(m) for m in run.received("SIP/2.0 200") if m.header("CSeq").endswith("INVITE")]
    assert answers == [("", "recvonly"), ("", "sendonly")], "joined, granted"


def test_a_member_calls_talks_and_leaves(radio: Maker, core: Core, master: ForeignTcf, group: str) -> None:
    member, _ = radio(group)
    udn = f'UDN="{member.user.aor}"'
    answering = (
        Scenario().hear("INVITE").answer(200, f"pttaccept;{udn};duration=30;grant=7", "recvonly").hear("ACK")
    )
    answering.hear("INVITE").answer(200, "", "sendonly").hear("ACK")
    answering.say("INFO", "pttinfo;Alerttype=idle;grant=7").hear(200).hear("BYE").answer(200)
    run = master.play(answering)
    member.type(f"group {group}@{FOREIGN}")
    assert member.hear("granted")["text"] == "7"
    member.type("release")
    assert member.hear("floor")["text"] == "idle"
    member.type("hangup")
    invite, bye = run.finish().received("INVITE ")[0], run.received("BYE ")[0]
    assert invite.first == f"INVITE sip:{group}@{FOREIGN} SIP/2.0"
    assert invite.header("To") == f"<sip:{group}@{FOREIGN}>"
    assert re.fullmatch(rf"<sip:{member.user.aor}>;tag=\S+", invite.header("From"))
    assert invite.header("P-Asserted-Identity") == f"<sip:{member.user.aor}>"
    setup, release = asked(run)
    assert re.fullmatch(
        rf'pttcall;calltype=4;callerUDN="{member.user.aor}";OnlineCallID=[\w.!%*+`\'~-]+', setup[0]
    )
    assert setup[1] == "sendrecv"
    assert release == (f"pttreleasefloor;{udn};cause=normal;grant=7", "recvonly")
    assert bye.header("Ptt-Extension") == "pttrelease;cause=16"
    assert bye.header("Reason") == "SIP;cause=200"


def test_two_members_share_one_leg(radio: Maker, master: ForeignTcf, group: str) -> None:
    """The second asks in the leg that stands; that the first has left is told; the last one ends it."""
    (first, _), (second, _) = radio(group), radio(group)
    answering = Scenario().hear("INVITE")
    answering.answer(200, f'pttaccept;UDN="{first.user.aor}";duration=30;grant=1', "recvonly").hear("ACK")
    answering.hear("INVITE").answer(200, "pttwaiting;position=1", "sendonly").hear("ACK")
    answering.hear("INFO").answer(200).hear("BYE").answer(200)
    run = master.play(answering)
    first.type(f"group {group}@{FOREIGN}")
    first.hear("granted")
    second.hear("up")
    second.type("press")
    assert second.hear("queued")["text"] == "1"
    first.type("hangup")
    run.wait_received("INFO ")
    second.type("hangup")
    assert run.finish().received("INFO ")[0].header("Ptt-Extension") == (
        f'pttinfo;Alerttype=left;UDN="{first.user.aor}"'
    )
    assert asked(run)[1] == (f'pttrequest;UDN="{second.user.aor}"', "sendrecv")


def test_a_member_cancels(radio: Maker, master: ForeignTcf, group: str) -> None:
    member, _ = radio(group)
    run = master.play(Scenario().hear("INVITE").answer(100).hear("CANCEL").answer_cancelled())
    member.type(f"group {group}@{FOREIGN}")
    run.wait_received("INVITE ")
    member.type("hangup")
    cancel = run.finish().received("CANCEL ")[0]
    assert cancel.header("Ptt-Extension") == "pttrelease;cause=16;optype=pttcall"
    assert cancel.header("Reason")
    assert member.hear("ended")["status"] == 487


def idle_call(group: str, number: str) -> Scenario:
    """The master calls; nobody talks."""
    setup = f"pttcall;calltype=4;OnlineCallID=sea-{number}"
    calling = Scenario().invite(f"{group}@{FOREIGN}", f"{group}@{FOREIGN}", setup, "sendonly")
    return calling.hear(200).ack()


def test_a_member_takes_a_floor_request_back(radio: Maker, master: ForeignTcf, group: str) -> None:
    """487 with the operation that was cancelled; the call goes on, and he may ask again."""
    member, _ = radio(group)
    udn = f'UDN="{member.user.aor}"'
    calling = idle_call(group, "11").hear("INVITE").answer(100).hear("CANCEL").answer_cancelled()
    calling.hear("INVITE").answer(200, f"pttaccept;{udn};duration=5;grant=2", "recvonly").hear("ACK")
    calling.say("BYE", "pttrelease;cause=16", reason="SIP;cause=200").hear(200)
    run = master.play(calling)
    member.hear("up")
    member.type("press")
    run.wait_received("INVITE ")
    member.type("withdraw")
    assert member.hear("failed")["status"] == 487
    member.type("press")
    assert member.hear("granted")["text"] == "2"
    cancel = run.finish().received("CANCEL ")[0]
    assert cancel.header("Ptt-Extension") == "pttrelease;cause=16;optype=pttrequest"
    assert cancel.header("CSeq").split()[0] == run.received("INVITE ")[0].header("CSeq").split()[0]


def test_a_request_that_crosses_an_invite_of_the_master(radio: Maker, master: ForeignTcf, group: str) -> None:
    """491, and the same request again after the wait of RFC 3261 14.1; the terminal hears of nothing but its grant."""
    member, _ = radio(group)
    udn = f'UDN="{member.user.aor}"'
    calling = idle_call(group, "12").hear("INVITE").answer(491).hear("ACK")
    calling.hear("INVITE").answer(200, f"pttaccept;{udn};duration=5;grant=2", "recvonly").hear("ACK")
    calling.say("INVITE", f"pttreleasefloor;{udn};cause=timeout;grant=2", "sendonly").hear(200).ack()
    calling.hear("INVITE").answer(486, "pttreleasefloor;cause=queuefull").hear("ACK")
    calling.say("BYE", "pttrelease;cause=16", reason="SIP;cause=200").hear(200)
    run = master.play(calling)
    member.hear("up")
    member.type("press")
    assert member.hear("granted")["text"] == "2"
    assert member.hear("revoked")["text"] == "timeout"
    member.type("press")
    assert member.hear("denied")["text"] == "queuefull"
    first, again, refused = run.finish().received("INVITE ")
    assert shape(first)[0] == shape(again)[0] == shape(refused)[0] == f"pttrequest;{udn}"
    assert int(again.header("CSeq").split()[0]) > int(first.header("CSeq").split()[0])


@pytest.mark.parametrize("status", [403, 404, 480])
def test_what_the_master_refuses_reaches_the_terminal(
    radio: Maker, master: ForeignTcf, group: str, status: int
) -> None:
    member, _ = radio(group)
    run = master.play(Scenario().hear("INVITE").answer(status).hear("ACK"))
    member.type(f"group {group}@{FOREIGN}")
    assert member.hear("ended")["status"] == status
    run.finish()


@pytest.mark.parametrize(("domain", "status"), [(FOREIGN, 480), ("other.example", 403)])
def test_a_call_that_v_cannot_serve(
    core: Core, master: ForeignTcf, group: str, domain: str, status: int
) -> None:
    """No member is attached here; or the caller is not the group's master."""
    called = f"{group}@{domain}"
    call = Scenario().invite(called, f"7001@{FOREIGN}", "pttcall;calltype=4;OnlineCallID=sea-2", "sendonly")
    master.play(call.hear(status).ack(refused=True)).finish()
    core.wait_quiet()
