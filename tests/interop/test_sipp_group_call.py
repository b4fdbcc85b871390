"""Group calls with TCFs of somebody else, played by sipp: three V-TCFs around a real master, and a real V-TCF below a
foreign master. Tokens and headers are compared as text: this is the interface that another vendor reads.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.interop.foreign import ForeignTcf
from tests.interop.network import Core, PeerEntry, User, build, new_host
from tests.interop.programs import wait_until
from tests.interop.scenario import Scenario
from tests.interop.sipp import Message

pytestmark = pytest.mark.interop
GROUPS = """\
[[group]]
number = "8001"
members = ["sip:1151@core1.example", "sip:1152@core1.example", "sip:1153@core1.example", "sip:7003@foreign3.example"]
talk_time = 1.0
hang_time = 2.0

[[group]]
number = "8002"
members = ["sip:1154@core1.example", "sip:1155@core1.example"]
setup = "confirmed"

[[group]]
number = "8003"
members = ["sip:1156@core1.example", "sip:1157@core1.example", "sip:1158@core1.example"]
queue_length = 1
hang_time = 1.0
"""
HOME = "core1.example"
BROKEN = "v=7\no=- 1 1 IN IP4 192.0.2.1"
NO_AUDIO = "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\nm=audio 20000 XXX/XXX 8"
ALWAYS = "heartbeat = 600.0\nshare_ha1 = false"
Three = Callable[[int], ForeignTcf]


@pytest.fixture(scope="module", params=["udp", "tcp"])
def master(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Core, dict[int, str], str]]:
    """A real master whose peers are three foreign TCFs; one of them is home to a member."""
    transport, folder = request.param, tmp_path_factory.mktemp("master")
    hosts = {n: new_host() for n in (1, 2, 3)}
    network = build(folder, 1)
    core = network[1]
    core.more = GROUPS
    core.peers = [PeerEntry(f"foreign{n}.example", f"{transport}:{hosts[n]}:5060", ALWAYS) for n in hosts]
    foreign = {n: ForeignTcf(core, folder, hosts[n], transport, f"foreign{n}.example") for n in hosts}
    try:
        agreeing = [foreign[n].expect("tc2_any", calls=2 if n == 3 else 1) for n in hosts]
        core.start()
        told = [run.finish() for run in agreeing][2].received("MESSAGE ")[0]
        check_membership(told)
        wait_until(lambda: all(core.peer_state(tcf.domain) == "up" for tcf in foreign.values()), "all are up")
        yield core, hosts, transport
    finally:
        for tcf in foreign.values():
            tcf.stop()
        network.stop()


def check_membership(told: Message) -> None:
    """G tells the home of a foreign member."""
    assert told.first == "MESSAGE sip:7003@foreign3.example SIP/2.0"
    assert told.header("To") == "<sip:7003@foreign3.example>"
    assert re.fullmatch(r"pttgroupupdate;version=\d+", told.header("Ptt-Extension"))
    assert told.header("Content-Type") == "application/pttmembershipinfo+xml"
    assert '<pttmembershipinfo udn="7003@foreign3.example">' in told.body
    assert f'<group gdn="8001" domain="{HOME}"' in told.body


@pytest.fixture
def core(master: tuple[Core, dict[int, str], str]) -> Core:
    return master[0]


@pytest.fixture
def v(master: tuple[Core, dict[int, str], str], tmp_path: Path) -> Iterator[Three]:
    """The foreign TCFs, by number."""
    core, hosts, transport = master
    made = {n: ForeignTcf(core, tmp_path, hosts[n], transport, f"foreign{n}.example") for n in hosts}
    yield lambda n: made[n]
    for tcf in made.values():
        tcf.stop()


def user(number: str) -> User:
    return User(number, HOME)


def locate(tcf: ForeignTcf, member: str, group: str) -> None:
    """A foreign home tells the master where its user is."""
    extension = f'pttregister;GDN={group};UDN="{member}"'
    number, home = member.split("@")
    keys = {"number": number, "home": home, "visited": tcf.domain, "to": HOME, "extension": extension}
    tcf.start("tc2_locate", tcf.core.tc2, keys).finish()


def extensions(messages: list[Message]) -> list[str]:
    return [message.header("Ptt-Extension") for message in messages]


def direction(message: Message) -> str:
    found = re.search(r"a=(sendrecv|sendonly|recvonly|inactive)", message.body)
    return found[1] if found else ""


def answers(messages: list[Message], method: str = "INVITE") -> list[tuple[str, str]]:
    """Extension and direction of the 200s to a method."""
    return [
        (m.header("Ptt-Extension"), direction(m)) for m in messages if m.header("CSeq").endswith(f" {method}")
    ]


def in_dialog(messages: list[Message]) -> list[Message]:
    return [message for message in messages if ";tag=" in message.header("To")]


def setup(number: str, caller: str, more: str = "") -> str:
    return f"pttcall;calltype=4;{more}callerUDN={caller};OnlineCallID=made-by-foreign-{number}"


# --- the foreign TCFs as V


def test_three_v_tcfs_pass_the_floor_around(core: Core, v: Three) -> None:
    """Granted at once, revoked after T2, queued, granted later, released; a member leaves, V-TCFs leave, hang time."""
    for tcf, number in ((v(1), "1151"), (v(2), "1152"), (v(2), "1153")):
        tcf.register(user(number))
    locate(v(3), "7003@foreign3.example", "8001")
    third = '"7003@foreign3.example"'
    waiter = Scenario().hear("INVITE").answer(200, "", "recvonly").hear("ACK").inform(2)
    waiter.say("INVITE", f"pttrequest;UDN={third};PrioAttribute=255", "sendrecv").hear(200).ack()
    waiter.hear("INVITE").answer(200, "", "sendonly").hear("ACK")
    waiter.say("INVITE", f"pttreleasefloor;UDN={third};cause=normal;grant=3", "recvonly").hear(200).ack()
    waiter.inform().hear("BYE").answer(200)
    talker = Scenario().hear("INVITE").answer(200, "", "recvonly").hear("ACK").inform()
    talker.say("INVITE", "pttrequest;UDN=1152;PrioAttribute=255", "sendrecv").hear(200).ack()
    talker.hear("INVITE").answer(200, "", "recvonly").hear("ACK").inform(2)
    talker.say("INFO", "pttinfo;Alerttype=left;UDN=1153").hear(200)
    talker.say("BYE", "pttrelease;cause=16", reason="SIP;cause=200").hear(200)
    caller = Scenario().invite(f"8001@{HOME}", f"1151@{HOME}", setup("1", "1151")).hear(200).ack()
    caller.hear("INVITE").answer(200, "", "recvonly").hear("ACK").inform(4)
    caller.say("BYE", "pttrelease;cause=16", reason="SIP;cause=200").hear(200)
    called = [v(2).play(talker), v(3).play(waiter)]
    calling = v(1).play(caller).finish()
    for run in called:
        run.finish()

    for run in called:
        invite = run.received("INVITE ")[0]
        assert invite.first == f"INVITE sip:8001@{HOME} SIP/2.0"
        assert invite.header("To") == f"<sip:8001@{HOME}>"
        assert re.fullmatch(rf"<sip:1151@{HOME}>;tag=\S+", invite.header("From"))
        assert invite.header("P-Asserted-Identity") == f"<sip:1151@{HOME}>"
        assert invite.header("Ptt-Extension") == setup("1", "1151")
        assert direction(invite) == "sendonly"
    assert calling.received("SIP/2.0 100"), "100 at once"
    assert answers(calling.received("SIP/2.0 200")) == [("pttaccept;UDN=1151;duration=1;grant=1", "recvonly")]
    talked, waited = called
    assert answers(talked.received("SIP/2.0 200")) == [("pttaccept;UDN=1152;duration=1;grant=2", "recvonly")]
    assert answers(waited.received("SIP/2.0 200")) == [
        ("pttwaiting;position=1", "sendonly"),
        ("", "sendonly"),
    ]
    for run, number, grant_number in ((calling, "1151", 1), (talked, "1152", 2)):
        revoke = in_dialog(run.received("INVITE "))[0]
        assert revoke.header("Ptt-Extension") == (
            f"pttreleasefloor;UDN={number};cause=timeout;grant={grant_number}"
        )
        assert direction(revoke) == "sendonly"
    grant = in_dialog(waited.received("INVITE "))[0]
    assert grant.header("Ptt-Extension") == f"pttaccept;UDN={third};duration=1;grant=3"
    assert direction(grant) == "recvonly"
    idle, taken = "pttinfo;Alerttype=idle;grant={}", "pttinfo;Alerttype=taken;UDN={};grant={}"
    assert extensions(calling.received("INFO ")) == [
        idle.format(1), taken.format("1152", 2), taken.format(third, 3), idle.format(3),
    ]  # fmt: skip
    assert extensions(talked.received("INFO ")) == [idle.format(1), taken.format(third, 3), idle.format(3)]
    assert extensions(waited.received("INFO ")) == [idle.format(1), taken.format("1152", 2), idle.format(3)]
    bye = waited.received("BYE ")[0]
    assert bye.header("Ptt-Extension") == "pttrelease;cause=16"
    assert bye.header("Reason") == "SIP;cause=200"
    core.wait_quiet()


def test_queue_full_and_an_emergency(core: Core, v: Three) -> None:
    """1158 dials in: no place in the queue. In emergency he is granted, ends it, and releases to who waits."""
    for tcf, number in ((v(1), "1156"), (v(2), "1157")):
        tcf.register(user(number))
    waiter = Scenario().hear("INVITE").answer(200, "", "recvonly").hear("ACK")
    waiter.say("INVITE", "pttrequest;UDN=1157;PrioAttribute=255", "sendrecv").hear(200).ack()
    waiter.informed_until("INVITE").answer(200, "", "sendonly").hear("ACK")
    waiter.say("INVITE", "pttreleasefloor;UDN=1157;cause=normal;grant=3", "recvonly").hear(200).ack()
    waiter.informed_until("BYE").answer(200)
    caller = Scenario().invite(f"8003@{HOME}", f"1156@{HOME}", setup("2", "1156")).hear(200).ack()
    caller.hear("INVITE").answer(200, "", "recvonly").hear("ACK").informed_until("BYE").answer(200)
    waiting, calling = v(2).play(waiter), v(1).play(caller)
    queue = [f"1157@{HOME}"]
    wait_until(lambda: [row["queue"] for row in core.items("floors")] == [queue], "1157 waits")
    urgent = Scenario().hear("INVITE").answer(200, "", "recvonly").hear("ACK")
    urgent.say("INVITE", "pttrequest;UDN=1158;PrioAttribute=255", "sendrecv").hear(486).ack(refused=True)
    urgent.say("INVITE", "pttrequest;UDN=1158;PrioAttribute=255;emergency=1", "sendrecv").hear(200).ack()
    urgent.hear("INVITE").answer(200, "", "sendonly").hear("ACK")
    urgent.say("INVITE", "pttcall;emergency=0;callerUDN=1158", "recvonly").hear(200).ack().inform()
    urgent.say("INVITE", "pttreleasefloor;UDN=1158;cause=normal;grant=2", "recvonly").hear(200).ack()
    urgent.informed_until("BYE").answer(200)
    urging = v(3).play(urgent)
    elsewhere = v(3).beside()  # the call comes at once, to where the scenario listens
    elsewhere.register(user("1158"))
    for run in (urging, waiting, calling):
        run.finish()
    assert answers(urging.received("SIP/2.0 200")) == [
        ("pttwaiting;position=1", "sendonly"),
        ("", "sendonly"),
        ("", "sendonly"),
    ]
    denied = urging.received("SIP/2.0 486")[0]
    assert denied.header("Ptt-Extension") == "pttreleasefloor;cause=queuefull"
    revoke, grant = in_dialog(calling.received("INVITE "))[0], in_dialog(urging.received("INVITE "))[0]
    assert revoke.header("Ptt-Extension") == "pttreleasefloor;UDN=1156;cause=preempted;grant=1"
    assert grant.header("Ptt-Extension") == "pttaccept;UDN=1158;duration=60;grant=2"
    later = in_dialog(waiting.received("INVITE "))[0]
    assert later.header("Ptt-Extension") == "pttaccept;UDN=1157;duration=60;grant=3"
    taken = "pttinfo;Alerttype=taken;UDN={};grant={}"
    told = extensions(calling.received("INFO "))
    assert told[0] == "pttinfo;Alerttype=taken;UDN=1158;emergency=1;grant=2"
    assert told[-2:] == [taken.format("1157", 3), "pttinfo;Alerttype=idle;grant=3"]
    assert taken.format("1158", 2) in extensions(urging.received("INFO ")), "the emergency is over"
    core.wait_quiet()


def test_confirmed_setup(core: Core, v: Three) -> None:
    """The caller's 200 waits for that of the other V-TCF."""
    v(1).register(user("1154"))
    v(2).register(user("1155"))
    called = (
        Scenario().hear("INVITE").answer(200, "", "recvonly").hear("ACK").informed_until("BYE").answer(200)
    )
    caller = Scenario().invite(f"8002@{HOME}", f"1154@{HOME}", setup("3", "1154")).hear(200).ack()
    caller.say("BYE", "pttrelease;cause=16", reason="SIP;cause=200").hear(200)
    answering, calling = v(2).play(called), v(1).play(caller)
    wait_until(lambda: answering.received("ACK "), "the other V-TCF is in")
    assert answering.received("INVITE ")[0].header("Ptt-Extension") == setup("3", "1154")
    answer = calling.finish().received("SIP/2.0 200")[0]
    accepted = re.fullmatch(r"pttaccept;UDN=1154;duration=(\d+);grant=1", answer.header("Ptt-Extension"))
    assert accepted is not None
    assert 0 < int(accepted[1]) <= 60
    core.post(f"/api/v1/calls/{core.items('calls')[0]['id']}/release")
    bye = answering.finish().received("BYE ")[0]
    assert bye.header("Ptt-Extension") == "pttrelease;cause=64"
    assert bye.header("Reason") == "SIP;cause=403"
    core.wait_quiet()


def test_confirmed_setup_that_nobody_takes(core: Core, v: Three) -> None:
    v(1).register(user("1154"))
    v(2).register(user("1155"))
    called = Scenario().hear("INVITE").answer(480).hear("ACK")
    caller = Scenario().invite(f"8002@{HOME}", f"1154@{HOME}", setup("4", "1154")).hear(480).ack(refused=True)
    refusing = v(2).play(called)
    v(1).play(caller).finish()
    refusing.finish()
    core.wait_quiet()


def test_cancel_of_a_confirmed_setup(core: Core, v: Three) -> None:
    """It ends the whole call, on every leg."""
    v(1).register(user("1154"))
    v(2).register(user("1155"))
    called = Scenario().hear("INVITE").answer(100).hear("CANCEL").answer_cancelled()
    caller = Scenario().invite(f"8002@{HOME}", f"1154@{HOME}", setup("5", "1154")).trying()
    caller.cancel(f"8002@{HOME}", "pttrelease;cause=16;optype=pttcall").hear(200, 487).ack(refused=True)
    ringing = v(2).play(called)
    cancelling = v(1).play(caller).finish()
    cancelled = "pttrelease;cause=16;optype=pttcall"
    for status in ("200", "487"):
        assert cancelling.received(f"SIP/2.0 {status}")[0].header("Ptt-Extension") == cancelled
    assert cancelling.received("SIP/2.0 487")[0].header("Reason") == "SIP;cause=487"
    cancel = ringing.finish().received("CANCEL ")[0]
    assert cancel.header("Ptt-Extension") == cancelled
    assert cancel.header("Reason")
    core.wait_quiet()


def test_a_grant_that_is_refused(core: Core, v: Three) -> None:
    """The waiter has gone: his V-TCF refuses the grant with 603, and the floor is idle."""
    for tcf, number in ((v(1), "1151"), (v(2), "1152")):
        tcf.register(user(number))
    gone = Scenario().hear("INVITE").answer(200, "", "recvonly").hear("ACK")
    gone.say("INVITE", "pttrequest;UDN=1152;PrioAttribute=255", "sendrecv").hear(200).ack()
    gone.informed_until("INVITE").answer(603).hear("ACK").informed_until("BYE").answer(200)
    caller = Scenario().invite(f"8001@{HOME}", f"1151@{HOME}", setup("6", "1151")).hear(200).ack()
    caller.hear("INVITE").answer(200, "", "recvonly").hear("ACK").informed_until("BYE").answer(200)
    refusing, calling = v(2).play(gone), v(1).play(caller)
    for run in (refusing, calling):
        run.finish()
    assert extensions(calling.received("INFO "))[-1].startswith("pttinfo;Alerttype=idle")
    core.wait_quiet()


@pytest.mark.parametrize(
    ("group", "caller", "status"),
    [
        ("8001", "1160", 403),
        ("8999", "1151", 404),
        ("8002", "1156", 403),
    ],
    ids=["no member", "no such group", "member of another"],
)
def test_a_call_that_is_refused(core: Core, v: Three, group: str, caller: str, status: int) -> None:
    v(1).register(user(caller))
    call = Scenario().invite(f"{group}@{HOME}", f"{caller}@{HOME}", setup("7", caller)).hear(status)
    v(1).play(call.ack(refused=True)).finish()
    core.wait_quiet()


def test_a_v_tcf_asks_for_whom_it_does_not_serve(core: Core, v: Three) -> None:
    """403, and the floor stays where it is; a request that is no request gets 400."""
    v(1).register(user("1151"))
    v(2).register(user("1152"))
    liar = Scenario().hear("INVITE").answer(200, "", "recvonly").hear("ACK")
    for udn in ("1151", "1160", '"7003@foreign3.example"'):
        liar.say("INVITE", f"pttrequest;UDN={udn};PrioAttribute=255", "sendrecv").hear(403).ack(refused=True)
    liar.say("INVITE", "pttrequest;PrioAttribute=255", "sendrecv").hear(400).ack(refused=True)
    liar.say("INVITE", "pttrequest;UDN=1152;PrioAttribute=x", "sendrecv").hear(400).ack(refused=True)
    for body, status in ((BROKEN, 400), (NO_AUDIO, 488)):
        liar.say("INVITE", "pttrequest;UDN=1152", body=body).hear(status).ack(refused=True)
    liar.informed_until("BYE").answer(200)
    caller = Scenario().invite(f"8001@{HOME}", f"1151@{HOME}", setup("8", "1151")).hear(200).ack()
    caller.hear("INVITE").answer(200, "", "recvonly").hear("ACK").informed_until("BYE").answer(200)
    lying, calling = v(2).play(liar), v(1).play(caller)
    for run in (lying, calling):
        run.finish()
    assert all("taken" not in extension for extension in extensions(calling.received("INFO ")))
    core.wait_quiet()


def test_a_request_on_a_dialog_that_is_gone(core: Core, v: Three) -> None:
    """481 there; the other dialogs, and the floor, stay as they are."""
    v(1).register(user("1151"))
    v(2).register(user("1152"))
    gone = Scenario().hear("INVITE").answer(200, "", "recvonly").hear("ACK")
    gone.say("BYE", "pttrelease;cause=16", reason="SIP;cause=200").hear(200)
    gone.say("INVITE", "pttrequest;UDN=1152", "sendrecv").hear(481).ack(refused=True)
    gone.say("INFO", "pttinfo;Alerttype=left;UDN=1152").hear(481)
    caller = Scenario().invite(f"8001@{HOME}", f"1151@{HOME}", setup("9", "1151")).hear(200).ack()
    caller.hear("INVITE").answer(200, "", "recvonly").hear("ACK").informed_until("BYE").answer(200)
    leaving, calling = v(2).play(gone), v(1).play(caller)
    for run in (leaving, calling):
        run.finish()
    revoke = in_dialog(calling.received("INVITE "))[0]
    assert revoke.header("Ptt-Extension") == "pttreleasefloor;UDN=1151;cause=timeout;grant=1"
    assert all("taken" not in extension for extension in extensions(calling.received("INFO ")))
    core.wait_quiet()
