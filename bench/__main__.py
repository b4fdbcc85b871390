"""`python -m bench`: measure, and print the tables of docs/performance.md."""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import (
    calls,
    console,
    core,
    groups,
    memory,
    messages,
    overload,
    profile,
    registrations,
    report,
    restart,
    rolling,
    soak,
    texts,
)
from bench.calls import Sample
from bench.processes import find
from bench.servers import Kamailio, OpenTcf, Servers, Sippy, missing_kamailio, missing_sippy
from opentcf import core as build

Make = Callable[[Path], Servers]
RATES = {
    "one hop": {
        "OpenTCF": (200.0, 400.0, 800.0, 1600.0),
        "Kamailio": (400.0, 800.0, 1600.0),
        "Sippy B2BUA": (50.0, 100.0, 200.0),
    },
    "chain of four": {
        "OpenTCF": (25.0, 50.0, 100.0, 200.0),
        "Kamailio": (100.0, 200.0, 400.0),
        "Sippy B2BUA": (10.0, 20.0, 40.0),
    },
}
"""Calls a second that are tried, each the double of the one before."""
HOPS = {"one hop": 1, "chain of four": 4}
REGISTRATIONS = 400.0
STANDING = 1500
"""Calls of a batch that stand."""
USUAL = ("calls", "registrations", "memory", "messages", "core", "profile")
"""What runs when nothing is said: under a quarter of an hour."""
PARTS = (*USUAL, "groups", "text", "console", "soak", "overload", "restart", "rolling")


def main() -> int:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="one round, short runs, no memory: to see that it works"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=1800.0,
        metavar="N",
        help="how long `soak` runs, half an hour by default",
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"only these: {', '.join(PARTS)}")
    options = parser.parse_args()
    parts = options.parts or [part for part in USUAL if not (options.quick and part == "memory")]
    if any(part not in PARTS for part in parts):
        parser.error(f"the parts are {', '.join(PARTS)}")
    if find("sipp") is None or find("taskset") is None or (os.cpu_count() or 1) < 2:
        print("bench: needs sipp, taskset and two cores", file=sys.stderr)
        return 1
    rounds, seconds = (1, 3.0) if options.quick else (3, 6.0)
    folder = Path(tempfile.mkdtemp(prefix="opentcf-bench-"))
    try:
        print(_machine(), f"{rounds} round(s).\n", flush=True)
        for part in parts:
            print(_part(part, folder, rounds, options.seconds if part == "soak" else seconds), flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _part(part: str, folder: Path, rounds: int, seconds: float) -> str:
    """One part of the report."""
    parts: dict[str, Callable[[], str]] = {
        "calls": lambda: "\n".join(_calls(path, folder, rounds, seconds) for path in RATES),
        "registrations": lambda: _registrations(folder, rounds),
        "text": lambda: _texts(folder, rounds, seconds),
        "memory": lambda: report.memory(memory.measure(folder / "memory", STANDING), STANDING),
        "messages": lambda: report.messages(messages.measure()),
        "core": lambda: report.core(core.measure(folder / "core")),
        "groups": lambda: groups.report(
            *groups.measure(folder / "groups", rounds, 10.0 if rounds > 1 else 5.0)
        ),
        "soak": lambda: soak.report(soak.measure(folder / "soak", seconds, _note)),
        "rolling": lambda: rolling.table(rolling.measure(folder / "rolling", rounds, _note)),
        "console": lambda: console.report(console.measure(folder / "console", rounds)),
        "profile": lambda: report.profile(
            profile.measure(folder / "profile", 400, 15.0 if rounds > 1 else 5.0)
        ),
        "overload": lambda: _overload(folder / "overload", 60.0 if rounds > 1 else 10.0),
        "restart": lambda: restart.report(restart.measure(folder / "restart", 2 * rounds - 1)),
    }
    return parts[part]()


def _texts(folder: Path, rounds: int, seconds: float) -> str:
    measured = {path: texts.measure(path, folder / "texts", rounds, seconds, _note) for path in texts.HOPS}
    return "\n".join(report.calls(path, *found, "text") for path, found in measured.items())


def _overload(folder: Path, seconds: float) -> str:
    return overload.report(overload.measure(folder, seconds, _note), seconds)


def _makers(path: str) -> tuple[dict[str, Make], list[str]]:
    """How to start each program, and why some are not measured."""
    hops = HOPS[path]
    makers: dict[str, Make] = {"OpenTCF": lambda place: OpenTcf(place, hops)}
    lacking = {"Kamailio": missing_kamailio(), "Sippy B2BUA": missing_sippy()}
    if not lacking["Kamailio"]:
        makers["Kamailio"] = lambda place: Kamailio(place, hops, hops > 1)
    if not lacking["Sippy B2BUA"]:
        makers["Sippy B2BUA"] = lambda place: Sippy(place, hops)
    return makers, [why for why in lacking.values() if why]


def _calls(path: str, folder: Path, rounds: int, seconds: float) -> str:
    makers, lacking = _makers(path)
    samples: dict[tuple[str, float], list[Sample]] = {}
    for number in range(rounds):
        for name, make in makers.items():
            with calls.running(make, folder / path.replace(" ", "-")) as servers:
                for rate in RATES[path][name]:
                    _note(f"{path}, {name}, {rate:g}/s, round {number + 1}")
                    samples.setdefault((name, rate), []).append(
                        calls.measure(servers, folder / path.replace(" ", "-"), rate, seconds)
                    )
    return report.calls(path, samples, lacking)


def _registrations(folder: Path, rounds: int) -> str:
    samples: dict[tuple[str, bool], list[Sample]] = {}
    for _ in range(rounds):
        for digest in (False, True):
            makers: dict[str, Make] = {"OpenTCF": registrations.opentcf}
            if not missing_kamailio():
                makers["Kamailio usrloc"] = registrations.kamailio(digest)
            for name, make in makers.items():
                _note(f"registrations, {name}, {'with' if digest else 'without'} digest")
                sample = registrations.measure(make, folder / "registrations", digest, REGISTRATIONS)
                samples.setdefault((name, digest), []).append(sample)
    return report.registrations(samples)


def _note(text: str) -> None:
    print(f"… {text}", file=sys.stderr, flush=True)


def _machine() -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    versions = [
        f"{build()} core",
        f"CPython {platform.python_version()}",
        f"Linux {platform.release().partition('-')[0]}",
    ]
    for name in ("kamailio", "sipp"):
        path = find(name)
        if path:
            text = subprocess.run([path, "-v"], capture_output=True, text=True, check=False).stdout.split()
            version = next((word.strip("v.") for word in text if word.strip("v")[:1].isdigit()), "")
            versions.append(f"{name} {version.partition('-')[0]}")
    return f"{os.cpu_count()} cores {model}, {', '.join(versions)}."


if __name__ == "__main__":
    sys.exit(main())
