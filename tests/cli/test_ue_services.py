"""The prompt's video, insertion, listening and handover, against real nodes."""

from collections.abc import Iterator

import pytest
from tests.cli.process import CONFIG, Running, opentcf, running
from tests.cli.prompt import Prompt

pytestmark = pytest.mark.timeout(60)
MORE = """\
[[subscriber]]
number = "1002"
password = "secret"
preemptible = "emergency"
[[subscriber]]
number = "1003"
password = "secret"
[[subscriber]]
number = "1009"
password = "secret"
role = "dispatcher"
rights = ["insert", "listen", "ambience", "forward"]
[[group]]
number = "8001"
members = ["sip:1001@core1.example", "sip:1002@core1.example", "sip:1003@core1.example"]
owner_release = true
[[group]]
number = "8002"
members = ["sip:1003@core1.example"]
owner_release = true
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    path = tmp_path_factory.mktemp("ue") / "core1.toml"
    path.write_text(CONFIG + MORE)
    with running(path) as process:
        yield process


@pytest.fixture(scope="module")
def registered(node: Running) -> Iterator[list[Prompt]]:
    """Three terminals and a dispatcher."""
    people = [Prompt(node, number, "secret") for number in ("1001", "1002", "1003", "1009")]
    for one in people:
        one.type("register")
    for one in people:
        one.hear("registered")
    yield people
    for one in people:
        one.close()


@pytest.fixture
def people(registered: list[Prompt]) -> Iterator[list[Prompt]]:
    """The same, and afterwards nobody has a call."""
    yield registered
    for one in registered:
        one.type("calls")
        assert one.hear("text")["text"] == "no calls"


def ends(call: Prompt, *others: Prompt) -> None:
    """One hangs up, and it is over for all."""
    call.type("hangup")
    for one in (call, *others):
        one.hear("ended")


def test_a_video_call_and_its_changes(people):
    alice, bob, *_ = people
    alice.type("call 1002 audio+video")
    called = bob.hear("incoming")
    assert (called["type"], called["streams"]) == (2, ["audio", "video"])
    assert alice.hear("up")["streams"] == ["audio", "video"]
    for line, streams, direction in (
        ("media audio", ["audio"], "sendrecv"),
        ("media audio+video sendonly", ["audio", "video"], "recvonly"),
        ("hold", ["audio", "video"], "recvonly"),
        ("resume", ["audio", "video"], "sendrecv"),
        ("media video", ["video"], "sendrecv"),
    ):
        alice.type(line)
        offered = bob.hear("offer")
        assert (offered["streams"], offered["text"]) == (streams, direction), line
        assert alice.hear("changed")["streams"] == streams, line
    alice.type("calls")
    assert "up, video  " in alice.hear("text")["text"]
    ends(alice, bob)
    alice.type("call 1002 video")
    assert bob.hear("incoming")["type"] == 3
    assert alice.hear("up")["streams"] == ["video"]
    ends(bob, alice)


def test_half_duplex(people):
    alice, bob, *_ = people
    alice.type("call 1002 half")
    alice.hear("granted")
    bob.hear("up")
    bob.type("press")
    bob.hear("queued")
    alice.type("release")
    assert bob.hear("granted")["talker"] == "1002@core1.example"
    ends(alice, bob)


def test_an_emergency_call_ends_another(people):
    alice, bob, carol, _ = people
    alice.type("call 1002")
    alice.hear("up")
    carol.type("call 1002 emergency")
    assert alice.hear("ended")["text"] == "preempted"
    bob.hear("ended")
    assert bob.hear("incoming")["emergency"]
    carol.hear("up")
    ends(carol, bob)


def test_push_and_pull(people):
    alice, bob, carol, desk = people
    alice.type("push 1002")
    assert bob.hear("incoming")["type"] == 23
    assert alice.hear("up")["streams"] == ["video"]
    bob.type("calls")
    assert "up, video, recvonly" in bob.hear("text")["text"]
    ends(alice, bob)
    alice.type("push group 8001")
    for one in (bob, carol):
        called = one.hear("incoming")
        assert (called["type"], called["streams"]) == (23, ["video"])
        one.hear("up")
    ends(alice, bob, carol)
    desk.type("pull 1001")
    assert alice.hear("incoming")["type"] == 20
    desk.hear("up")
    alice.type("calls")
    assert "up, video, sendonly" in alice.hear("text")["text"]
    ends(desk, alice)


def test_forward_and_terminate(people):
    alice, bob, carol, desk = people
    alice.type("push 1002")
    call = alice.hear("up")["id"]
    desk.type("forward 1001 any 1003 1004@core1.example")
    told = {desk.hear("forwarded")["text"] for _ in range(2)}
    assert told == {"1003@core1.example: success", "1004@core1.example: unknown"}
    assert carol.hear("incoming")["type"] == 23
    carol.hear("up")
    desk.type("terminate 1001 any")
    carol.hear("ended")
    desk.type(f"forward 1001 {call} group 8002")
    assert desk.hear("forwarded")["text"] == "8002@core1.example: success"
    carol.hear("up")
    desk.type(f"terminate 1001 {call}")
    carol.hear("ended")
    ends(alice, bob)


def test_insertion_into_a_group_call(people):
    alice, bob, carol, desk = people
    alice.type("group 8001")
    call = alice.hear("granted")["id"]
    for one in (bob, carol):
        one.hear("up")
    desk.type(f"listen 8001 {call}")
    desk.hear("up")
    ends(desk)
    desk.type(f"insert 8001 {call}")
    desk.hear("granted")
    assert alice.hear("revoked")["text"] == "forced"
    assert bob.hear("floor")["text"] == "taken 1009@core1.example"
    ends(desk)
    assert bob.hear("floor")["text"] == "idle"
    ends(alice, bob, carol)


def test_insertion_into_private_calls(people):
    alice, bob, _, desk = people
    alice.type("call 1002")
    call = alice.hear("up")["id"]
    desk.type(f"insert 1002 {call}")
    desk.hear("up")
    for one in (alice, bob):
        assert one.hear("offer")["streams"] == ["audio", "audio"]
    ends(desk)
    for one in (alice, bob):
        assert one.hear("offer")["streams"] == ["audio"]
    desk.type(f"listen 1001 {call}")
    desk.hear("up")
    ends(desk)
    ends(alice, bob)
    alice.type("call 1002 half")
    call = alice.hear("granted")["id"]
    desk.type(f"insert 1001 {call}")
    desk.hear("granted")
    assert alice.hear("revoked")["text"] == "forced"
    ends(desk)
    ends(alice, bob)


def test_ambience_listening(people):
    alice, *_, desk = people
    desk.type("ambience 1001")
    assert desk.hear("up")["type"] == 16
    alice.type("calls")
    assert "up, sendonly" in alice.hear("text")["text"]
    ends(desk, alice)


def test_who_has_no_right(people):
    alice, bob, carol, _ = people
    alice.type("call 1002")
    call = alice.hear("up")["id"]
    for line in (f"insert 1001 {call}", f"listen 1001 {call}", "ambience 1001"):
        carol.type(line)
        assert carol.hear("ended")["status"] == 403
    ends(alice, bob)


def test_an_order_that_is_refused_fails_the_script(node):
    where = ("--password", "secret", "--proxy", f"udp:127.0.0.1:{node.ports['d/udp']}")
    finished = opentcf(
        "ue", "1003@core1.example", *where, "--script", "register; forward 1001 any 1002; quit"
    )
    assert "refused 403 Forbidden" in finished.stdout
    assert "not forwarded" in finished.stdout.splitlines()
    assert finished.returncode == 1
