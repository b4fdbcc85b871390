"""Memory of calls that stand: what one more of them costs a TCF."""

import shutil
import time
from pathlib import Path

from bench import sipp
from bench.calls import prepare
from bench.processes import SIPP_CORE, Program
from bench.servers import CALLED_AT, CALLER_AT, OpenTcf

LINGER = 36.0
"""Seconds after which the transactions of a call's set-up are gone (64·T1 and a bit)."""
RATE = 150.0


def measure(folder: Path, calls: int, batches: int = 3) -> list[int]:
    """Resident bytes of one hop without calls, and with 1, 2, … batches of standing calls.

    The first batch fills what is bounded (trace, pools); each batch is measured when its transactions are gone.
    """
    shutil.rmtree(folder, ignore_errors=True)
    servers = OpenTcf(folder, 1)
    running: list[Program] = []
    try:
        prepare(servers, folder)
        running.append(sipp.answering(folder, CALLED_AT))
        (node,) = servers.programs
        found = [node.memory()]
        for batch in range(batches):
            # One port for each sipp: TC2 knows a peer by its address, answers go by Via.
            command = sipp.command("call_standing", CALLER_AT, sipp.PORT + batch)
            command += ["-inf", str(folder / "users.csv"), "-r", f"{RATE:g}", "-m", str(calls)]
            command += ["-l", str(calls), "-d", "600000", servers.entry]
            running.append(Program(f"standing{batch}", command, folder, SIPP_CORE, {"TERM": "dumb"}))
            time.sleep(calls / RATE + LINGER)
            standing = node.output.count("state=up") - node.output.count("state=ended")
            if standing != calls * (batch + 1):
                raise RuntimeError(
                    f"{standing} calls stand, not {calls * (batch + 1)}: {running[-1].output[-1000:]}"
                )
            found.append(node.memory())
        return found
    finally:
        for program in (*running, *servers.programs):
            program.stop()
