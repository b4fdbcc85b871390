"""The wall clock of a real node is set by an hour while it runs, forward and back: nothing is lost, nothing moves."""

import signal
from collections.abc import Callable
from contextlib import closing
from glob import glob
from pathlib import Path

import pytest
from tests.cli.process import CONFIG, Running, Terminal, running
from tests.interop.programs import lacking

pytestmark = [pytest.mark.interop, pytest.mark.slow]
SetClock = Callable[[int], None]


@pytest.fixture
def set_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Sets the wall clock of the nodes of this test, those that run too; monotonic time goes on as it does."""
    libraries = glob("/usr/lib/*/faketime/libfaketime.so.1")
    if not libraries:
        lacking("libfaketime not installed (Debian: apt install libfaketime)")
    file = tmp_path / "clock"
    file.write_text("+0")
    monkeypatch.setenv("LD_PRELOAD", libraries[0])
    monkeypatch.setenv("FAKETIME_TIMESTAMP_FILE", str(file))
    for switch in (
        "FAKETIME_NO_CACHE",
        "DONT_FAKE_MONOTONIC",
        "FAKETIME_DONT_FAKE_MONOTONIC",
        "NO_FAKE_STAT",
    ):
        monkeypatch.setenv(switch, "1")

    def set_clock(seconds: int) -> None:
        file.write_text(f"{seconds:+}")

    return set_clock


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "node.toml"
    path.write_text(CONFIG)
    return path


def register(node: Running) -> int:
    with closing(Terminal(node.ports["d/udp"])) as terminal:
        return terminal.register()


def expiry(node: Running) -> int:
    """In how many seconds the only binding ends."""
    (row,) = node.client.items("registrations")
    return int(row["expires"])


def test_a_clock_that_is_set_moves_nothing_and_loses_nothing(config: Path, set_clock: SetClock):
    """An hour forward and, after a `kill -9`, an hour back: service goes on, and the restart says what it found."""
    left = 600
    for jump in (0, 3600, -3600):
        with running(config) as node:
            if jump:
                log = node.wait_for_log("the clock was set; deadlines stay where they were")
                assert f"seconds={jump}.0" in log
            else:
                assert register(node) == 200
            set_clock(3600 if not jump else -3600)
            assert left - 60 <= expiry(node) <= left
            assert register(node) == 200
            left = expiry(node)
            node.stop(signal.SIGKILL)
