"""What systemd is told of a node that runs as `Type=notify` (sd_notify(3)): READY, WATCHDOG, RELOADING, STOPPING.

The watchdog is fed by the event loop that turns the node, so it notices a node that hangs, not only one that died.
"""

import asyncio
import socket
from collections.abc import Mapping
from time import monotonic_ns


class Notify:
    """Without `NOTIFY_SOCKET` in `environment` nobody wants to know, and nothing is said."""

    def __init__(self, environment: Mapping[str, str], pid: int) -> None:
        where = environment.get("NOTIFY_SOCKET", "")
        self._where = "\0" + where[1:] if where.startswith("@") else where
        watched = environment.get("WATCHDOG_PID", str(pid)) == str(pid)
        self._interval = int(environment.get("WATCHDOG_USEC", "0")) / 2e6 if watched else 0.0
        self._timer: asyncio.TimerHandle | None = None

    def ready(self, status: str) -> None:
        """It serves; from now on the watchdog is fed twice as often as it asks for."""
        self._say("READY=1", f"STATUS={status}")
        if self._interval and self._timer is None:
            self._feed()

    def reloading(self) -> None:
        """It reads its configuration again; `ready` says when that is done."""
        self._say("RELOADING=1", f"MONOTONIC_USEC={monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """It leaves; the watchdog is fed until `close`."""
        self._say("STOPPING=1")

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _feed(self) -> None:
        self._say("WATCHDOG=1")
        self._timer = asyncio.get_running_loop().call_later(self._interval, self._feed)

    def _say(self, *lines: str) -> None:
        """A service manager that is gone must not end the node."""
        if not self._where:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.setblocking(False)
            try:
                out.sendto("\n".join(lines).encode(), self._where)
            except OSError:
                return
