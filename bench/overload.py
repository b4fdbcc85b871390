"""Five times as many calls as a node can carry, for a minute: what of its capacity is left, and when it is back."""

import csv
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import mean
from typing import NamedTuple

from bench import sipp
from bench.calls import prepare
from bench.processes import SIPP_CORE, Program
from bench.report import table
from bench.servers import CALLED_AT, CALLER_AT, OpenTcf

UNCONTROLLED = 3600.0
"""A `max_delay` that is never reached."""
STEADY, EMERGENCY = 0.2, 5.0
"""Of the peak, and calls a second: what goes on before, beside and after the flood."""
BEFORE, AFTER = 5.0, 15.0
FACTOR = 5
PEAK_SECONDS = 6.0
RATES = (200.0, 400.0, 600.0, 800.0, 1000.0, 1200.0, 1400.0)
_ports = iter(range(sipp.PORT, 60_000))


class Second(NamedTuple):
    """What one sipp saw in the second that ended at `at` (monotonic)."""

    at: float
    done: int
    refused: int


class Rate(NamedTuple):
    """Completed calls a second, and the share of a core that the node had for it."""

    calls: float
    cpu: float

    @property
    def per_cpu_second(self) -> float:
        """What is left of the figure when the machine has other work too."""
        return self.calls / self.cpu


class Flooded(NamedTuple):
    """One run. `worst` is the worst second of the flood, `back` the seconds from its end until all goes as before."""

    peak: Rate
    offered: float
    flood: Rate
    worst: int
    back: float | None
    emergencies: tuple[int, int]
    """Begun and completed, before, during and after the flood."""
    refused: int


class Caller:
    """A sipp that calls at a rate, and counts what became of it."""

    def __init__(
        self, folder: Path, target: str, rate: float, seconds: float, emergency: bool = False
    ) -> None:
        port = next(_ports)
        self.began = time.monotonic()
        self.place = folder / f"caller{port}"
        self.asked = int(rate * seconds)
        line = [
            *sipp.command("overload", CALLER_AT, port),
            "-inf",
            str(folder / "users.csv"),
            "-r",
            f"{rate:g}",
        ]
        line += ["-m", str(self.asked), "-l", str(int(rate * 10) + 100), "-timer_resol", "1"]
        line += [
            "-deadcall_wait",
            "0",
            "-trace_stat",
            "-stf",
            "stat.csv",
            "-fd",
            "1",
            "-recv_timeout",
            "8000",
        ]
        line += ["-key", "emergency", ";emergency=1" if emergency else "", "-key", "offer", ""]
        line += ["-default_behaviors", "all,-bye", target]
        self.program = Program(f"caller{port}", line, self.place, SIPP_CORE, {"TERM": "dumb"})

    def seconds(self) -> list[Second]:
        """Second by second, from its file; a line that it writes just now is left out."""
        with (self.place / "stat.csv").open() as lines:
            rows = [row for row in csv.DictReader(lines, delimiter=";") if row["refused(C)"]]
        return [
            Second(self.began + _elapsed(row), int(row["done(P)"]), int(row["refused(P)"]))
            for row in rows[1:]
        ]

    def total(self) -> int:
        """How many calls were completed."""
        return sum(second.done for second in self.seconds())


def _elapsed(row: dict[str, str]) -> float:
    hours, minutes, seconds = row["ElapsedTime(C)"].split(":")[:3]
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds)


def measure(folder: Path, seconds: float, note: Callable[[str], None]) -> dict[str, Flooded]:
    """The same flood on a node as it is, and on one that refuses nothing."""
    found: dict[str, Flooded] = {}
    for name, limits in (("with control", ""), ("without", f"max_delay = {UNCONTROLLED}")):
        with _running(folder / name.replace(" ", "-"), limits) as (servers, place):
            peak = found["with control"].peak if found else _peak(servers, place, note)
            note(f"flood, {name}, {FACTOR * peak.calls:.0f} calls/s")
            found[name] = _flood(servers, place, peak, seconds)
    return found


@contextmanager
def _running(folder: Path, limits: str) -> Iterator[tuple[OpenTcf, Path]]:
    """One hop that knows where the called users are, and sipp that answers for them."""
    shutil.rmtree(folder, ignore_errors=True)
    servers = OpenTcf(folder, 1, limits=limits)
    with ExitStack() as stack:
        stack.callback(servers.programs[0].stop)
        prepare(servers, folder)
        stack.callback(sipp.answering(folder, CALLED_AT).stop)
        yield servers, folder


def _peak(servers: OpenTcf, folder: Path, note: Callable[[str], None]) -> Rate:
    """The most calls that it completes in a second, whatever is asked."""
    (node,) = servers.programs
    best = Rate(0.0, 0.0)
    for rate in RATES:
        note(f"peak, {rate:g} calls/s")
        cpu, began = node.cpu(), time.monotonic()
        caller = Caller(folder, servers.entry, rate, PEAK_SECONDS)
        time.sleep(PEAK_SECONDS)
        share = (node.cpu() - cpu) / (time.monotonic() - began)
        caller.program.wait(90)
        done = mean(second.done for second in caller.seconds()[1 : int(PEAK_SECONDS)])
        best = max(best, Rate(done, share))
        if done < 0.8 * rate:
            break
    return best


def _flood(servers: OpenTcf, folder: Path, peak: Rate, seconds: float) -> Flooded:
    (node,) = servers.programs
    whole = BEFORE + seconds + AFTER
    with ExitStack() as stack:
        steady = Caller(folder, servers.entry, STEADY * peak.calls, whole)
        emergency = Caller(folder, servers.entry, EMERGENCY, whole, emergency=True)
        stack.callback(steady.program.stop)
        stack.callback(emergency.program.stop)
        time.sleep(BEFORE)
        cpu, began = node.cpu(), time.monotonic()
        flood = Caller(folder, servers.entry, FACTOR * peak.calls, seconds)
        stack.callback(flood.program.stop)
        time.sleep(seconds)
        cpu, ended = node.cpu() - cpu, time.monotonic()
        for caller in (steady, emergency):
            caller.program.wait(whole + 60)
        seen = [second for caller in (steady, emergency, flood) for second in caller.seconds()]
    during = _by_second(seen, began + 1.0, ended)
    return Flooded(
        peak, FACTOR * peak.calls, Rate(mean(during), cpu / (ended - began)), min(during),
        _back(steady, ended, STEADY * peak.calls), (emergency.asked, emergency.total()),
        sum(second.refused for second in seen),
    )  # fmt: skip


def _by_second(seen: Sequence[Second], began: float, ended: float) -> list[int]:
    """Completed calls of all callers together, in each second."""
    return [
        sum(second.done for second in seen if at <= second.at < at + 1)
        for at in (began + number for number in range(int(ended - began)))
    ]


def _back(steady: Caller, ended: float, rate: float) -> float | None:
    """Seconds from the end of the flood to that of the first second in which the steady calls go as before."""
    for second in steady.seconds():
        if second.at - 1 > ended and not second.refused and second.done >= 0.9 * rate:
            return second.at - ended
    return None


def report(found: dict[str, Flooded], seconds: float) -> str:
    """One line a node."""
    head = (
        "node", "calls/s offered", "calls/s completed", "of the peak", "calls/CPU-s, of the peak's", "worst second",
        "CPU of a core", "refused", "emergency calls completed", "back after, s",
    )  # fmt: skip
    rows = [_row(name, flooded) for name, flooded in found.items()]
    peak = found["with control"].peak
    return (
        f"### {FACTOR} times the capacity for {seconds:.0f} s\n\n"
        f"Peak: {peak.calls:.0f} calls/s with {peak.cpu:.0%} of a core, {peak.per_cpu_second:.0f} a CPU-second.\n\n"
        + table(head, rows)
    )


def _row(name: str, seen: Flooded) -> tuple[str, ...]:
    begun, completed = seen.emergencies
    return (
        name,
        f"{seen.offered:.0f}",
        f"{seen.flood.calls:.0f}",
        f"{seen.flood.calls / seen.peak.calls:.2f}",
        f"{seen.flood.per_cpu_second:.0f}, {seen.flood.per_cpu_second / seen.peak.per_cpu_second:.2f}",
        str(seen.worst),
        f"{seen.flood.cpu:.0%}",
        f"{seen.refused:,}",
        f"{completed} of {begun}",
        "not" if seen.back is None else f"{seen.back:.1f}",
    )
