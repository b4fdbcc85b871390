"""`kill -9` of real nodes: what was registered stays registered, and a call made afterwards arrives.

The tests share their nodes: each finds stores that have been through the restarts of the others.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.interop.baresip import Baresip
from tests.interop.network import Network
from tests.interop.programs import need, wait_until
from tests.interop.sipp import Phone

pytestmark = [pytest.mark.interop, pytest.mark.slow]
PhoneMaker = Callable[..., Phone]


def kill_and_restart(network: Network, *numbers: int) -> None:
    """`kill -9` and start again with the same store; the peers see each other up."""
    for number in numbers:
        network[number].kill()
    network.start(numbers)


def test_registrations_and_calls_after_every_node_was_killed(network: Network, phone: PhoneMaker) -> None:
    need("sipp")
    caller = phone(network[1].user(), network[3])
    called = phone(network[2].user(), network[4])
    at_home = phone(network[2].user(), network[2])
    for terminal in (caller, called, at_home):
        terminal.register()
    epochs = [core.get("/health")["epoch"] for core in network.cores]
    kill_and_restart(network, 1, 2, 3, 4)
    assert [core.get("/health")["epoch"] for core in network.cores] == epochs, "no state was lost"
    assert network[1].visited(caller.user) == network[3].visited(caller.user) == "core3.example"
    assert network[2].visited(called.user) == network[4].visited(called.user) == "core4.example"
    assert network[2].visited(at_home.user) == "core2.example"
    for target in (called, at_home):
        answering = target.answer("answer")
        caller.call("call", target.user).finish()
        answering.finish()
    for core in network.cores:
        core.wait_quiet()


@pytest.mark.parametrize("killed", [1, 2, 3, 4], ids=["caller's H", "called H", "caller's V", "called V"])
def test_call_after_one_node_was_killed(network: Network, phone: PhoneMaker, killed: int) -> None:
    need("sipp")
    caller = phone(network[1].user(), network[3])
    called = phone(network[2].user(), network[4])
    caller.register()
    called.register()
    kill_and_restart(network, killed)
    answering = called.answer("answer")
    caller.call("call", called.user).finish()
    answering.finish()
    for core in network.cores:
        core.wait_quiet()


@pytest.mark.parametrize("killed", [1, 2, 3, 4], ids=["caller's H", "called H", "caller's V", "called V"])
def test_running_call_goes_on_after_kill(network: Network, tmp_path: Path, killed: int) -> None:
    """Hanging up after the restart still releases the call end to end."""
    need("baresip")
    caller = Baresip(tmp_path, network[1].user(), network[3])
    called = Baresip(tmp_path, network[2].user(), network[4])
    try:
        caller.do("dial", f"sip:{called.user.aor}")
        caller.wait("CALL_ESTABLISHED")
        called.wait("CALL_ESTABLISHED")
        kill_and_restart(network, killed)
        assert not caller.seen("CALL_CLOSED")
        wait_until(lambda: len(network[killed].items("calls")) == 1, "the call is back")
        called.do("hangup")
        caller.wait("CALL_CLOSED")
        for core in network.cores:
            core.wait_quiet()
    finally:
        caller.stop()
        called.stop()
