"""The terminal at the prompt, against a real node."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.process import CONFIG, Running, opentcf, running

MORE = """\
[[subscriber]]
number = "1002"
password = "other"
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    path = tmp_path_factory.mktemp("ue") / "core1.toml"
    path.write_text(CONFIG + MORE)
    with running(path) as process:
        yield process


class Prompt:
    """A `ue` process; events come as JSON lines, commands go in as text."""

    def __init__(self, node: Running, number: str, password: str, *options: str) -> None:
        command = [
            sys.executable,
            "-m",
            "opentcf.cli",
            "ue",
            f"sip:{number}@core1.example",
            "--json",
            *options,
        ]
        command += ["--password", password, "--proxy", f"udp:127.0.0.1:{node.ports['d/udp']}"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.events: list[dict] = []

    def type(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self, name: str) -> dict:
        """The next event of that name."""
        assert self.process.stdout
        for line in self.process.stdout:
            event = json.loads(line)
            self.events.append(event)
            if event["event"] == name:
                return event
        raise AssertionError(f"ended without {name}: {self.events}")

    def leave(self) -> int:
        self.type("quit")
        assert self.process.stdout
        self.process.stdout.read()
        return self.process.wait(20)


@pytest.fixture
def prompt(node: Running) -> Iterator:
    made: list[Prompt] = []

    def make(number: str, password: str, *options: str) -> Prompt:
        made.append(Prompt(node, number, password, *options))
        return made[-1]

    yield make
    for one in made:
        one.process.kill()
        one.process.wait()
        for pipe in (one.process.stdin, one.process.stdout):
            if pipe:
                pipe.close()


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
    assert "  hangup [CALL]                    release or cancel a call" in lines
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
