"""The wall time that a node is loaded with: deadlines are stored by it, and a clock that was set must not move them."""

from time import time

import structlog

from opentcf.node.orders import Save, Snapshot

KIND, KEY = "clock", "boot"
NOTEWORTHY = 5.0
"""Seconds by which clocks may part without a word."""
_BOOT = "/proc/sys/kernel/random/boot_id"

_log = structlog.get_logger()


def boot_id() -> str:
    """What names this boot of the machine, within which monotonic time goes on; empty where there is no such thing."""
    try:
        with open(_BOOT, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def settle_clock(snapshot: Snapshot, now: float, boot: str, wall: float | None = None) -> tuple[float, Save]:
    """The wall time at `now`, and what is to be stored of it.

    As long as the machine was not booted anew, monotonic time tells how long a node was away, whatever became of the
    clock (`wall`) meanwhile. After a boot the clock is all there is.
    """
    wall = time() if wall is None else wall
    before, offset = snapshot.get(KIND, {}).get(KEY) or ("", 0.0)
    if boot and before == boot:
        jump = wall - (now + offset)
        if abs(jump) > NOTEWORTHY:
            _log.warning("the clock was set; deadlines stay where they were", seconds=round(jump, 1))
        wall = now + offset
    return wall, Save(KIND, KEY, [boot, wall - now])
