"""sipp: the caller, the called side and the terminals of every measurement."""

import csv
import itertools
from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles
from typing import NamedTuple

from bench.processes import SIPP_CORE, Program, bound, wait_until

SCENARIOS = Path(__file__).parent / "scenarios"
PORT = 5060
_runs = itertools.count(1)


class Load(NamedTuple):
    """What one run of sipp saw. `seconds` is how long it took, latencies are milliseconds."""

    asked: int
    succeeded: int
    failed: int
    repeated: int
    seconds: float
    p50: float
    p99: float

    @property
    def failures(self) -> float:
        """The share of calls that failed."""
        return (self.asked - self.succeeded) / self.asked


def write_users(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    """The file of values, one line a call, from the beginning again after the last."""
    path.write_text("SEQUENTIAL\n" + "".join(";".join(row) + "\n" for row in rows))
    return path


def credentials(user: str, password: str) -> str:
    """What a line of values bears for sipp to compute its digest from."""
    return f"[authentication username={user} password={password}]"


def answering(folder: Path, at: str, scenario: str = "answer") -> Program:
    """sipp waits for calls at `at`."""
    line = [*command(scenario, at), "-deadcall_wait", "0", f"{at}:{PORT}"]
    program = Program(f"uas-{next(_runs)}", line, folder, SIPP_CORE, {"TERM": "dumb"})
    wait_until(lambda: bound(at, PORT), "sipp listens")
    return program


def load(
    folder: Path, at: str, scenario: str, target: str, users: Path, rate: float, count: int, limit: int = 0
) -> Load:
    """`count` calls (or registrations) at `rate` a second from `at` to `target`."""
    name = f"uac-{next(_runs)}"
    place = folder / name
    line = [*command(scenario, at), "-inf", str(users), "-r", f"{rate:g}", "-m", str(count)]
    line += ["-l", str(limit or max(1000, int(rate * 10))), "-timer_resol", "1", "-deadcall_wait", "0"]
    line += [
        "-trace_stat",
        "-stf",
        "stat.csv",
        "-fd",
        "1",
        "-trace_shortmsg",
        "-shortmessage_file",
        "short.csv",
    ]
    line += ["-recv_timeout", "15000", "-default_behaviors", "all,-bye", target]
    program = Program(name, line, place, SIPP_CORE, {"TERM": "dumb"})
    program.wait(count / rate + 60)
    with (place / "stat.csv").open() as lines:
        last = list(csv.DictReader(lines, delimiter=";"))[-1]
    times = _times(place)
    cuts = quantiles(times, n=100) if len(times) > 1 else [0.0] * 99
    return Load(
        count,
        int(last["SuccessfulCall(C)"]),
        int(last["FailedCall(C)"]),
        int(last["Retransmissions(C)"]),
        _seconds(last["ElapsedTime(C)"]),
        cuts[49],
        cuts[98],
    )


def command(scenario: str, at: str, port: int = PORT) -> list[str]:
    """What every run of sipp has in common."""
    line = ["sipp", "-sf", str(SCENARIOS / f"{scenario}.xml"), "-i", at, "-p", str(port), "-t", "u1"]
    return [*line, "-mi", at, "-nostdin", "-buff_size", "4194304"]


def _times(place: Path) -> list[float]:
    """Milliseconds from the first request of each call to its 200, from sipp's trace: its own clock ticks coarsely."""
    began: dict[str, float] = {}
    times = []
    for line in (place / "short.csv").read_text("utf-8", "replace").splitlines():
        fields = line.split("\t")
        if len(fields) < 6:
            continue
        stamp, way, call, message = (
            float(fields[2]),
            fields[3],
            fields[4],
            fields[6] if len(fields) > 6 else fields[5],
        )
        if way == "S":
            began.setdefault(call, stamp)
        elif message.startswith("SIP/2.0 200") and call in began and began[call]:
            times.append((stamp - began[call]) * 1000)
            began[call] = 0.0
    return times


def _seconds(text: str) -> float:
    hours, minutes, seconds = text.split(":")[:3]
    micro = text.split(":")[3] if text.count(":") == 3 else "0"
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds) + int(micro) / 1e6
