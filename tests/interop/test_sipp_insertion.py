"""Forced insertion and discreet listening by a dispatcher of somebody else's TCF, played by sipp, into real calls."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.interop.foreign import FOREIGN, ForeignTcf, Meeting, meet
from tests.interop.network import Core, User
from tests.interop.programs import wait_until
from tests.interop.radio import Radio
from tests.interop.scenario import Scenario
from tests.interop.sipp import Message

pytestmark = pytest.mark.interop
GROUP = """
[[group]]
number = "8001"
name = "Fire 1"
members = ["sip:1001@core1.example", "sip:1002@core1.example"]
"""
BOSS = f"9005@{FOREIGN}"
Pair = tuple[Radio, Radio]


@pytest.fixture(scope="module")
def meeting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Meeting]:
    with meet(tmp_path_factory.mktemp("insertion"), "udp", control=True, more=GROUP) as met:
        yield met


@pytest.fixture
def core(meeting: Meeting) -> Core:
    return meeting.core


@pytest.fixture
def foreign(meeting: Meeting, tmp_path: Path) -> Iterator[ForeignTcf]:
    tcf = meeting.foreign(tmp_path)
    yield tcf
    tcf.stop()


@pytest.fixture(scope="module")
def members(meeting: Meeting, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two registered members of the group."""
    folder, core = tmp_path_factory.mktemp("members"), meeting.core
    made = [Radio(folder, core, User(number, core.domain)) for number in ("1001", "1002")]
    for one in made:
        one.type("register")
        one.hear("registered")
    yield made[0], made[1]
    for one in made:
        one.program.kill()


@pytest.fixture
def pair(core: Core, members: Pair) -> Iterator[Pair]:
    """The same with nothing heard yet; no test leaves a call behind."""
    for one in members:
        one.skip()
    yield members
    for row in core.items("calls"):
        core.post(f"/api/v1/calls/{row['id']}/release")
    core.wait_quiet()


def call_of(core: Core) -> str:
    (call,) = wait_until(
        lambda: [row for row in core.items("calls") if row["state"] == "up"], "the call stands"
    )
    return str(call["id"])


def enter(core: Core, token: str, party: str) -> Scenario:
    """His INVITE to the group or a party of the one call."""
    number, _, domain = party.partition("@")
    extension = f'{token};OnlineCallID={call_of(core)};UDN="{number}@{domain}"'
    return Scenario().invite(party, BOSS, extension)


def leave(scenario: Scenario) -> Scenario:
    return scenario.say("BYE", "pttrelease;cause=16", reason="SIP;cause=200").hear(200)


def said(message: Message) -> str:
    return message.header("Ptt-Extension")


def test_forced_insertion_into_a_group_call(core: Core, foreign: ForeignTcf, pair: Pair) -> None:
    """He waits for the silenced talker only, and leaves the floor idle."""
    talker, listener = pair
    talker.type("group 8001")
    talker.hear("granted")
    listener.hear("up")
    entering = enter(core, "pttinsert", f"8001@{core.domain}").hear(200).ack().informed_until("INVITE")
    run = foreign.play(leave(entering.answer(200, "", "sendonly").hear("ACK")))
    assert talker.hear("revoked")["text"] == "forced"
    assert listener.hear("floor")["text"] == f"taken {BOSS}"
    assert listener.hear("floor")["text"] == "idle"
    answer = run.finish().received("SIP/2.0 200")[0]
    assert said(answer) == "pttwaiting;position=1"
    (grant,) = run.received("INVITE ")
    assert said(grant).startswith(f"pttaccept;UDN={BOSS.partition('@')[0]};")
    assert "a=recvonly" in grant.body


def test_discreet_listening_to_a_group_call(core: Core, foreign: ForeignTcf, pair: Pair) -> None:
    """He is told who talks; nobody is told of him."""
    talker, listener = pair
    talker.type("group 8001")
    talker.hear("granted")
    listener.hear("up")
    run = foreign.play(leave(enter(core, "pttDL", f"8001@{core.domain}").hear(200).ack().inform()))
    answer = run.finish().received("SIP/2.0 200")[0]
    assert said(answer) == "pttreleasefloor;cause=receiveonly"
    assert "a=sendonly" in answer.body
    assert said(run.received("INFO ")[0]).startswith("pttinfo;Alerttype=taken;UDN=")
    talker.type("release")
    assert listener.hear("floor")["text"] == "idle", "the first that he hears"


def test_forced_insertion_into_a_full_duplex_call(core: Core, foreign: ForeignTcf, pair: Pair) -> None:
    """Both are offered his stream; it is closed when he leaves."""
    one, two = pair
    one.type("call 1002")
    one.hear("up")
    entering = enter(core, "pttinsert", one.user.aor).hear(200).ack()
    run = foreign.play(leave(entering)).finish()
    assert "m=audio" in run.received("SIP/2.0 200")[0].body
    for party in pair:
        streams = [party.hear("offer")["streams"], party.hear("offer")["streams"]]
        assert streams == [["audio", "audio"], ["audio"]]
    two.type("hangup")
    core.wait_quiet()


def test_forced_insertion_into_a_half_duplex_call(core: Core, foreign: ForeignTcf, pair: Pair) -> None:
    one, two = pair
    one.type("call 1002 half")
    one.hear("up")
    entering = enter(core, "pttinsert", two.user.aor).hear(200).ack().informed_until("INVITE")
    run = foreign.play(leave(entering.answer(200, "", "sendonly").hear("ACK")))
    assert one.hear("revoked")["text"] == "forced"
    run.finish()
    two.type("press")
    two.hear("granted")


@pytest.mark.parametrize(("party", "status"), [("8001@core1.example", 481), ("1001@core1.example", 481)])
def test_there_is_no_such_call(core: Core, foreign: ForeignTcf, party: str, status: int) -> None:
    extension = f'pttinsert;OnlineCallID=none;UDN="{party}"'
    foreign.play(Scenario().invite(party, BOSS, extension).hear(status).ack(refused=True)).finish()
