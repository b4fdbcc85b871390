"""How long a node with its registrations and calls takes from exec to the `ready` line."""

import asyncio
import shutil
import statistics
import sys
import time
from pathlib import Path
from typing import NamedTuple

from bench.core import AT_ONCE, Drive
from bench.processes import SERVER_CORE, Program

BINDINGS, CALLS = 10_000, 1_000


class Restart(NamedTuple):
    """Seconds from exec to `ready`, by the clock and of CPU."""

    wall: float
    cpu: float


def measure(folder: Path, rounds: int) -> list[Restart]:
    """Start again and again on copies of one store, as after a `kill -9`."""
    shutil.rmtree(folder, ignore_errors=True)
    made = folder / "made"
    asyncio.run(_fill(made))
    return [_start(made, folder / f"run{number}") for number in range(rounds)]


async def _fill(folder: Path) -> None:
    drive = Drive(folder, BINDINGS)
    await drive.register(BINDINGS)
    for _ in range(CALLS // AT_ONCE):
        await drive.set_up(BINDINGS)
    kinds = drive.store.load()
    have = (len(kinds["binding"]), len(kinds["private_call"]))
    drive.store.close()
    if have != (BINDINGS, CALLS):
        raise RuntimeError(f"{have[0]} bindings and {have[1]} calls are in the store")


def _start(made: Path, folder: Path) -> Restart:
    shutil.copytree(made, folder)
    began = time.monotonic()
    node = Program("node", [sys.executable, "-m", "opentcf.cli", "run", "node.toml"], folder, SERVER_CORE)
    try:
        node.wait_for("ready ")
        return Restart(time.monotonic() - began, node.cpu())
    finally:
        node.stop()


def report(found: list[Restart]) -> str:
    """Median and range."""
    wall = sorted(one.wall for one in found)
    cpu = statistics.median(one.cpu for one in found)
    return (
        f"### Restart with {BINDINGS:,} bindings and {CALLS:,} calls\n\n"
        f"{statistics.median(wall):.2f} s from exec to ready ({wall[0]:.2f} to {wall[-1]:.2f}), {cpu:.2f} s of CPU.\n"
    )
