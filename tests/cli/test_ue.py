"""The terminal at the prompt, against a real node."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.process import CONFIG, Running, opentcf, running
from tests.cli.prompt import Prompt

MORE = """\
[[subscriber]]
number = "1002"
password = "other"
[[subscriber]]
number = "1003"
password = "third"
[[subscriber]]
number = "1009"
password = "desk"
role = "dispatcher"
rights = ["events", "stun", "kill", "release", "regroup"]
[[group]]
number = "8001"
members = ["sip:1001@core1.example", "sip:1002@core1.example", "sip:1003@core1.example"]
owner_release = true
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    path = tmp_path_factory.mktemp("ue") / "core1.toml"
    path.write_text(CONFIG + MORE)
    with running(path) as process:
        yield process


@pytest.fixture
def prompt(node: Running) -> Iterator:
    made: list[Prompt] = []

    def make(number: str, password: str, *options: str) -> Prompt:
        made.append(Prompt(node, number, password, *options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_two_terminals_call_each_other(prompt, node):
    alice, bob = prompt("1001", "secret"), prompt("1002", "other", "--ring")
    for one in (alice, bob):
        one.type("register")
        assert one.hear("registered")["status"] == 200

    alice.type("call 1002")
    assert bob.hear("incoming")["remote"] == "1001@core1.example"
    assert alice.hear("ringing")["remote"] == "1002@core1.example"
    bob.type("answer")
    up = alice.hear("up")
    assert bob.hear("up")["call"] == 1
    assert [row["id"] for row in node.client.items("calls")] == [up["id"]]

    alice.type("hold")
    assert bob.hear("offer")["text"] == "recvonly"
    alice.hear("changed")
    alice.type("resume")
    assert bob.hear("offer")["text"] == "sendrecv"
    alice.hear("changed")
    bob.type("hangup")
    assert alice.hear("ended")["text"] == "normal"

    bob.hear("ended")
    bob.type("call 1001@core1.example")
    assert alice.hear("incoming")["call"] == 2
    alice.hear("up")
    bob.hear("up")
    assert (alice.leave(), bob.leave()) == (0, 0)
    assert list(node.client.items("calls")) == []
    assert list(node.client.items("registrations")) == []


def test_three_talk_in_a_group(prompt, node):
    """Press and release to talk; who waits, is granted, revoked, and who talks is told."""
    alice, bob, carol = prompt("1001", "secret"), prompt("1002", "other"), prompt("1003", "third")
    for one in (alice, bob, carol):
        one.type("register")
        one.hear("registered")

    alice.type("group 8001")
    assert alice.hear("granted")["text"] == "1"
    for one in (bob, carol):
        assert one.hear("incoming")["talker"] == "1001@core1.example"
        one.hear("up")
    bob.type("press")
    assert bob.hear("queued")["text"] == "1"
    carol.type("press")
    assert carol.hear("queued")["text"] == "2"
    bob.type("calls")
    assert "up, 1001@core1.example talks, place 1" in bob.hear("text")["text"]

    alice.type("release")
    assert bob.hear("granted")["talker"] == "1002@core1.example"
    assert carol.hear("floor")["text"] == "taken 1002@core1.example"
    assert carol.hear("floor")["text"] == "queue 1"
    assert alice.hear("floor")["text"] == "taken 1002@core1.example"
    node.client.act("floors", "8001", "revoke")
    assert bob.hear("revoked")["text"] == "forced"
    carol.hear("granted")

    alice.type("press emergency")
    assert carol.hear("revoked")["text"] == "preempted"
    assert carol.hear("floor")["text"] == "taken 1001@core1.example emergency"
    alice.type("wait talking")
    alice.type("release")
    for text in ("taken 1003@core1.example", "taken 1001@core1.example emergency", "idle emergency"):
        assert bob.hear("floor")["text"] == text
    alice.type("calm")
    assert bob.hear("floor")["text"] == "idle"
    alice.type("hangup")
    assert bob.hear("ended")["text"] == "normal"
    assert carol.hear("ended")["text"] == "normal"
    assert [one.leave() for one in (alice, bob, carol)] == [0, 0, 0]


def test_press_to_talk_from_a_script(prompt):
    bob = prompt("1002", "other", "--script", "register; wait listening; wait idle; press; wait ended; quit")
    bob.hear("registered")
    script = "register; group 8001; wait talking; sleep 0.1; release; wait listening; press; wait queued; hangup; quit"
    alice = prompt("1001", "secret", "--script", script)
    assert alice.hear("queued")["text"] == "1"
    assert bob.hear("granted")["talker"] == "1002@core1.example"
    alice.hear("unregistered")
    bob.hear("unregistered")
    assert (alice.process.wait(20), bob.process.wait(20)) == (0, 0)


def test_floor_for_people(node):
    where = ("--password", "secret", "--proxy", f"udp:127.0.0.1:{node.ports['d/udp']}")
    script = "register; group 8001; wait talking; calls; release; wait idle; hangup; group 8999; wait up"
    finished = opentcf("ue", "1001@core1.example", *where, "--script", script)
    lines = finished.stdout.splitlines()
    assert "● call 1 with 8001@core1.example: granted (grant 1)" in lines
    assert any(line.startswith("call 1 with 8001@core1.example: up, you talk") for line in lines)
    assert "● call 1 with 8001@core1.example: floor (idle)" in lines
    assert "the call ended: 404 Not Found" in lines
    assert finished.returncode == 1


@pytest.mark.parametrize(("how", "status"), [("--busy", 486), ("--decline", 603)])
def test_one_who_does_not_want(prompt, node, how, status):
    bob = prompt("1002", "other", how)
    bob.type("register")
    bob.hear("registered")
    alice = prompt("1001", "secret", "--script", "register; call 1002; wait up; hangup; quit")
    assert alice.hear("ended")["status"] == status
    assert alice.hear("error")["text"].startswith(f"the call ended: {status}")
    alice.hear("unregistered")
    assert alice.process.wait(20) == 1
    assert bob.leave() == 0


@pytest.mark.parametrize("more", ["quit", "wait ended; quit", "wait up; quit"])
def test_a_refused_call_fails_the_script(node, more):
    where = ("--password", "secret", "--proxy", f"udp:127.0.0.1:{node.ports['d/udp']}")
    finished = opentcf("ue", "1001@core1.example", *where, "--script", f"register; call 1003; {more}")
    assert "the call ended: 480 Temporarily Unavailable" in finished.stdout.splitlines()
    assert finished.returncode == 1


def test_a_call_that_is_refused_while_it_rings_fails_the_script(prompt):
    bob = prompt("1002", "other", "--ring")
    bob.type("register")
    bob.hear("registered")
    alice = prompt("1001", "secret", "--script", "register; call 1002; wait ended; quit")
    bob.hear("incoming")
    bob.type("reject 603")
    assert alice.hear("error")["text"] == "the call ended: 603 Decline"
    alice.hear("unregistered")
    assert alice.process.wait(20) == 1
    assert bob.leave() == 0


def test_plain_phones_from_scripts(prompt):
    bob = prompt("1002", "other", "--plain", "--script", "register; wait up; wait ended; quit")
    bob.hear("registered")
    alice = prompt("1001", "secret", "--plain", "--script", "register; call 1002; wait up; hangup; quit")
    alice.hear("unregistered")
    bob.hear("unregistered")
    assert (alice.process.wait(20), bob.process.wait(20)) == (0, 0)


def test_cancel_while_it_rings(prompt):
    bob = prompt("1002", "other", "--ring")
    bob.type("register")
    bob.hear("registered")
    alice = prompt(
        "1001", "secret", "--script", "register; call 1002; wait ringing; hangup; wait ended; quit"
    )
    assert bob.hear("ended")["status"] == 487
    assert alice.hear("ended")["status"] == 487
    alice.hear("unregistered")
    assert alice.process.wait(20) == 0
    assert bob.leave() == 0


def test_for_people(node, tmp_path: Path):
    """Lines without JSON; commands from a file; the script stops at what goes wrong."""
    where = ("--password", "secret", "--proxy", f"udp:127.0.0.1:{node.ports['d/udp']}")
    commands = tmp_path / "commands"
    commands.write_text("register\ncalls\nhelp\nregistr\nregister\n")
    with commands.open() as stdin:
        finished = opentcf("ue", "1001@core1.example", *where, stdin=stdin)
    lines = finished.stdout.splitlines()
    assert lines[:2] == ["● registered 200 OK", "no calls"]
    assert "  hangup [CALL]                     release or cancel a call" in lines
    assert "  call NUMBER[@DOMAIN] [audio+video|video] [half] [emergency]" in lines
    assert lines[-2:] == ["there is no 'registr'; did you mean 'register'?", "● unregistered 200 OK"]
    assert finished.returncode == 1


def test_a_wrong_password(node):
    where = ("--password", "wrong", "--proxy", f"udp:127.0.0.1:{node.ports['d/udp']}")
    finished = opentcf("ue", "1001@core1.example", *where, "--script", "register; call 1002")
    assert finished.returncode == 1
    assert finished.stdout.startswith("● refused 403 Forbidden")
    assert "not registered" in finished.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("1001", "--proxy", "udp:127.0.0.1:5070"), "'1001' is not number@domain"),
        (("1001@core1.example", "--proxy", "tcp:127.0.0.1:5070"), "speaks UDP only"),
        (("1001@core1.example", "--proxy", "127.0.0.1:5070"), "is not udp:HOST:PORT"),
    ],
)
def test_wrong_usage(arguments, says):
    finished = opentcf("ue", *arguments, "--password", "x", "--script", "quit")
    assert finished.returncode == 2
    assert says in finished.stderr
    assert finished.stderr.count("\n") == 1


def test_a_dispatcher_watches(prompt):
    desk, phone = prompt("1009", "desk"), prompt("1002", "other")
    desk.type("register")
    desk.hear("registered")
    desk.type("subscribe UERegisterStatus 1002")
    told = desk.hear("notified")
    assert (told["package"], told["number"], told["version"]) == ("UERegisterStatus", "1002", 0)
    assert "state=unregistered" in told["text"]
    phone.type("register")
    assert "state=registered" in desk.hear("notified")["text"]
    desk.type("unsubscribe UERegisterStatus 1002")
    desk.hear("notified")
    desk.type("subscribe Weather")
    assert "OnLineCallStatus" in desk.hear("error")["text"]


def test_who_has_no_right_watches_nothing(prompt):
    phone = prompt("1002", "other")
    phone.type("register")
    phone.hear("registered")
    phone.type("subscribe OnLineCallStatus")
    assert phone.hear("refused")["status"] == 403


def test_the_address_book(prompt):
    phone = prompt("1002", "other")
    phone.type("register")
    phone.hear("registered")
    phone.type("addresses")
    book = phone.hear("addresses")["text"]
    assert "user number=1009" in book
    assert "group number=8001" in book


def test_a_dispatcher_stuns_and_revives(prompt):
    desk, phone = prompt("1009", "desk"), prompt("1002", "other")
    for one in (desk, phone):
        one.type("register")
        one.hear("registered")
    desk.type("stun 1002")
    phone.hear("stunned")
    assert desk.hear("delivered")["text"] == "success"
    phone.type("call 1009")
    assert phone.hear("ended")["status"] == 403
    desk.type("revive 1002")
    phone.hear("revived")
    desk.type("kill 1003@core1.example")
    desk.hear("delivered")
    assert desk.hear("delivered")["text"] == "unreachable"
    desk.type("revive 1003")
    desk.hear("delivered")


def test_a_dispatcher_regroups_and_releases(prompt):
    desk, phone, other = prompt("1009", "desk"), prompt("1002", "other"), prompt("1001", "secret")
    for one in (desk, phone, other):
        one.type("register")
        one.hear("registered")
    desk.type("regroup create 8901 1001 1002 1999")
    assert {desk.hear("regrouped")["text"] for _ in range(3)} == {
        "1001@core1.example: success",
        "1002@core1.example: success",
        "1999@core1.example: unknown",
    }
    phone.type("group 8901")
    other.hear("up")
    call = phone.hear("up")["id"]
    desk.type(f"dismantle 8901 {call}")
    for one in (phone, other):
        assert one.hear("ended")["text"] == "forced"
    desk.type("regroup delete 8901")
    for _ in range(2):
        desk.hear("regrouped")


@pytest.mark.parametrize("line", ["stun 1001", "regroup create 8901 1001", "dismantle 8001 c1"])
def test_who_is_no_dispatcher_is_refused(prompt, line):
    phone = prompt("1002", "other")
    phone.type("register")
    phone.hear("registered")
    phone.type(line)
    assert phone.hear("refused")["status"] == 403
