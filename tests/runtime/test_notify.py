"""systemd's side of `Type=notify`, with a real datagram socket and a real process."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.cli.process import CONFIG, running

from opentcf.runtime.notify import Notify


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path) -> Iterator[tuple[socket.socket, str]]:
    """What systemd listens on, and its name in NOTIFY_SOCKET."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@opentcf-{os.getpid()}"
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as heard:
        heard.settimeout(20.0)
        heard.bind(name.replace("@", "\0", 1) if name.startswith("@") else name)
        yield heard, name


def wait(heard: socket.socket, for_: str) -> list[str]:
    """The lines of the datagram that has that line; what comes before it is not of interest."""
    while True:
        lines = heard.recv(4096).decode().split("\n")
        if for_ in lines:
            return lines


def config(tmp_path: Path) -> Path:
    path = tmp_path / "core1.toml"
    path.write_text(CONFIG)
    return path


def test_a_node_says_that_it_serves_lives_reloads_and_leaves(manager, tmp_path, monkeypatch):
    heard, name = manager
    monkeypatch.setenv("NOTIFY_SOCKET", name)
    monkeypatch.setenv("WATCHDOG_USEC", "100000")
    with running(config(tmp_path)) as node:
        assert f"STATUS={node.ready}" in wait(heard, "READY=1")
        for _ in range(3):
            wait(heard, "WATCHDOG=1")
        node.process.send_signal(signal.SIGHUP)
        assert any(line.startswith("MONOTONIC_USEC=") for line in wait(heard, "RELOADING=1"))
        wait(heard, "READY=1")
        node.process.send_signal(signal.SIGTERM)
        wait(heard, "STOPPING=1")
        assert node.process.wait() == 0


def test_a_manager_that_is_gone_does_not_end_the_node(tmp_path, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    monkeypatch.setenv("WATCHDOG_USEC", "100000")
    with running(config(tmp_path)) as node:
        assert node.stop() == 0


@pytest.mark.parametrize(
    ("environment", "fed"),
    [
        ({}, False),
        ({"WATCHDOG_USEC": "100000"}, True),
        ({"WATCHDOG_USEC": "100000", "WATCHDOG_PID": "7"}, True),
        ({"WATCHDOG_USEC": "100000", "WATCHDOG_PID": "8"}, False),
    ],
    ids=["nobody asks", "asked", "asked of us", "asked of another process"],
)
async def test_who_feeds_the_watchdog(tmp_path, environment, fed):
    heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    with closing(heard):
        heard.setblocking(False)
        heard.bind(str(tmp_path / "notify"))
        notify = Notify({**environment, "NOTIFY_SOCKET": str(tmp_path / "notify")}, 7)
        notify.ready("here")
        notify.close()
        said = [heard.recv(4096).decode() for _ in range(1 + fed)]
        assert said == ["READY=1\nSTATUS=here", "WATCHDOG=1"][: 1 + fed]
        with pytest.raises(BlockingIOError):
            heard.recv(4096)
