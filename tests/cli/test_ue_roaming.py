"""The prompt on the move between two real nodes: handover, and a request for the floor that is taken back."""

import signal
from collections.abc import Iterator

import pytest
from tests.cli.process import Running, running
from tests.cli.prompt import Prompt

pytestmark = pytest.mark.timeout(60)
CONFIG = """\
[tcf]
domain = "core{core}.example"
[tc2]
listen = ["udp:127.38.{core}.1:5060"]
[d]
listen = ["udp:127.0.0.1:0"]
[http]
listen = "127.0.0.1:0"
[store]
url = "memory:"
[[peer]]
domain = "core{other}.example"
address = "udp:127.38.{other}.1:5060"
[[subscriber]]
number = "{core}001"
password = "secret"
"""
GROUP = """
[[group]]
number = "8001"
members = ["sip:1001@core1.example", "sip:2001@core2.example"]
owner_release = true
"""


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Running]]:
    """The second is the master of the group."""
    folder = tmp_path_factory.mktemp("roaming")
    for core, other in ((1, 2), (2, 1)):
        text = CONFIG.format(core=core, other=other) + (GROUP if core == 2 else "")
        (folder / f"core{core}.toml").write_text(text)
    with running(folder / "core1.toml") as one, running(folder / "core2.toml") as two:
        yield one, two


@pytest.fixture
def people(nodes: tuple[Running, Running]) -> Iterator[list[Prompt]]:
    made = [Prompt(node, number, "secret") for node, number in zip(nodes, ("1001", "2001"), strict=True)]
    for one in made:
        one.type("register")
    for one in made:
        one.hear("registered")
    yield made
    for one in made:
        one.close()


def address(node: Running) -> str:
    return f"udp:127.0.0.1:{node.ports['d/udp']}"


def test_a_call_comes_along(people, nodes):
    (alice, bob), (one, two) = people, nodes
    alice.type("call 2001@core2.example")
    alice.hear("up")
    alice.type("prepare core2.example")
    assert alice.hear("handover")["text"] == "core2.example"
    alice.type(f"handover {address(two)}")
    alice.hear("registered")
    alice.hear("moved")
    visited = [row["visited"] for row in one.client.items("registrations") if row["user"].startswith("1001")]
    assert visited == ["core2.example"]
    bob.type("calls")
    bob.hear("text")
    assert "ended" not in [event["event"] for event in bob.events], "the far side hears no release"
    bob.type("hangup")
    assert alice.hear("ended")["text"] == "normal"
    alice.type(f"move {address(one)}")
    alice.hear("registered")
    alice.type(f"handover {address(two)}")
    alice.hear("registered")
    assert (alice.leave(), bob.leave()) == (0, 0)


def test_a_request_for_the_floor_is_taken_back(people, nodes):
    """Its master does not answer for a while."""
    (alice, bob), (_, two) = people, nodes
    bob.type("group 8001")
    bob.hear("granted")
    alice.hear("up")
    two.process.send_signal(signal.SIGSTOP)
    alice.type("press")
    alice.type("withdraw")
    assert alice.hear("failed")["status"] == 487
    two.process.send_signal(signal.SIGCONT)
    alice.type("press")
    alice.hear("queued")
    bob.type("release")
    assert alice.hear("granted")["talker"] == "1001@core1.example"
    bob.type("hangup")
    alice.hear("ended")
    assert (alice.leave(), bob.leave()) == (0, 0)
