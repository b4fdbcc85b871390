"""Half an hour of everything at once over four nodes: does memory, a timer, a transaction, a descriptor stay?"""

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench.processes import SERVER_CORE, SIPP_CORE, Program, host, stopped_on_failure
from bench.servers import TC2, D, domain, number, password

CORES = (1, 2, 3, 4)
PEOPLE = 100
"""Of each core network; half of them are in a group."""
GROUPS = 2
RATE = 140.0
"""Deeds a second of the 400 people: four nodes then use about half a core, of which they could use one."""
HTTP = 8060
EVERY = 5.0
PARTS = 6
"""Of the run, each a row."""
WARM_UP = 2
"""Of them: what is bounded (trace, pools, what is remembered for five minutes) fills."""
REST = 60.0
"""Seconds without load, before and after: hang time, then 64·T1 in which transactions linger."""
GROWTH = 1.03
Note = Callable[[str], None]
SLACK = 24
"""Between two moments at rest: a heartbeat more between each two nodes, at both ends."""
NONE = {"opentcf_calls_active": "calls", "opentcf_faults_total": "faults"}
GAUGES = ("opentcf_timers", "opentcf_transactions", "opentcf_calls_active", "opentcf_registrations_active")
COUNTERS = ("opentcf_sip_requests_total", "opentcf_sip_responses_total", "opentcf_faults_total")


class Sample(NamedTuple):
    """All nodes at one moment. `memory` and `files` by node, the others in sum."""

    at: float
    memory: tuple[int, ...]
    files: tuple[int, ...]
    cpu: float
    metrics: Mapping[str, float]


class Soak(NamedTuple):
    """The samples at rest before, of each part of the run, and at rest after it; what the people heard."""

    before: Sample
    parts: list[list[Sample]]
    after: Sample
    heard: Mapping[str, int]


class Nodes:
    """Four nodes that are peers of each other, all that is not said by default, SQLite included."""

    def __init__(self, folder: Path) -> None:
        self.hosts = {core: host(core) for core in CORES}
        self.programs: list[Program] = []
        self._begin = time.monotonic()
        for core in CORES:
            place = folder / domain(core)
            place.mkdir(parents=True)
            (place / "node.toml").write_text(configuration(core, self.hosts))
            command = [sys.executable, "-m", "opentcf.cli", "run", "node.toml"]
            self.programs.append(Program(f"node{core}", command, place, SERVER_CORE, _path()))
        with stopped_on_failure(self.programs):
            for program in self.programs:
                program.wait_for("ready ")

    def sample(self) -> Sample:
        """Now."""
        metrics = [self._metrics(core) for core in CORES]
        return Sample(
            time.monotonic() - self._begin,
            tuple(program.memory() for program in self.programs),
            tuple(len(os.listdir(f"/proc/{program.process.pid}/fd")) for program in self.programs),
            sum(program.cpu() for program in self.programs),
            {name: sum(one[name] for one in metrics) for name in (*GAUGES, *COUNTERS)},
        )

    def _metrics(self, core: int) -> dict[str, float]:
        """The sum of the samples of each metric."""
        connection = HTTPConnection(self.hosts[core], HTTP, timeout=20)
        try:
            connection.request("GET", "/metrics")
            lines = connection.getresponse().read().decode().splitlines()
        finally:
            connection.close()
        found = dict.fromkeys((*GAUGES, *COUNTERS), 0.0)
        for line in lines:
            name = line.partition("{")[0].partition(" ")[0]
            if name in found:
                found[name] += float(line.rpartition(" ")[2])
        return found

    def stop(self) -> None:
        """End all."""
        for program in self.programs:
            program.stop()


def configuration(core: int, hosts: Mapping[int, str]) -> str:
    """The configuration of one of the nodes at `hosts`."""
    at = hosts[core]
    tables = [
        f'[tcf]\ndomain = "{domain(core)}"',
        f'[tc2]\nlisten = ["udp:{at}:{TC2}"]',
        f'[d]\nlisten = ["udp:{at}:{D}"]',
        f'[http]\nlisten = "{at}:{HTTP}"',
        # All people speak from one address.
        "[limits]\nmax_rate_per_source = 1000000.0",
        *(f'[[peer]]\ndomain = "{domain(o)}"\naddress = "udp:{hosts[o]}:{TC2}"' for o in hosts if o != core),
    ]
    for index in range(1, PEOPLE + 1):
        user = number(core, index)
        tables.append(f'[[subscriber]]\nnumber = "{user}"\npassword = "{password(user)}"')
    for group, members in groups().items():
        own, _, home = group.partition("@")
        if home == domain(core):
            uris = json.dumps([f"sip:{member}" for member in members])
            tables.append(
                f'[[group]]\nnumber = "{own}"\nmembers = {uris}\npreemption = true\nhang_time = 10.0'
            )
    return "\n\n".join(tables) + "\n"


def groups() -> dict[str, list[str]]:
    """Two groups of each core network, with members of every one."""
    found: dict[str, list[str]] = {}
    for core in CORES:
        for which in range(GROUPS):
            first = (core - 1) * GROUPS + which + 1
            indices = range(first, PEOPLE // 2, CORES[-1] * GROUPS)
            found[f"8{core}{which}@{domain(core)}"] = [
                f"{number(each, index)}@{domain(each)}" for each in CORES for index in indices
            ]
    return found


def _plan(hosts: Mapping[int, str], seconds: float, rest: float) -> str:
    people = [
        (number(core, index), domain(core), password(number(core, index)))
        for index in range(1, PEOPLE + 1)
        for core in CORES
    ]
    return json.dumps({
        "seed": 1, "cores": {domain(core): f"{at}:{D}" for core, at in hosts.items()}, "groups": groups(),
        "people": people, "rate": RATE, "seconds": seconds, "rest": rest,
    })  # fmt: skip


def measure(folder: Path, seconds: float, note: Note) -> Soak:
    """Run the crowd for so long. RuntimeError when it ends before."""
    shutil.rmtree(folder, ignore_errors=True)
    rest = min(REST, seconds)
    nodes = Nodes(folder)
    command = [sys.executable, "-m", "bench.crowd", _plan(nodes.hosts, seconds, rest)]
    crowd = Program("crowd", command, folder, SIPP_CORE, _path())
    try:
        crowd.wait_for("ready\n")
        time.sleep(max(rest - EVERY, 0.0))
        before = nodes.sample()
        parts = [
            _watch(nodes, crowd, seconds / PARTS, f"part {n + 1} of {PARTS}", note) for n in range(PARTS)
        ]
        crowd.wait(rest + 60.0)
        return Soak(before, parts, nodes.sample(), _heard(crowd))
    finally:
        crowd.stop()
        nodes.stop()


def _watch(nodes: Nodes, crowd: Program, seconds: float, name: str, note: Note) -> list[Sample]:
    found, end = [nodes.sample()], time.monotonic() + seconds
    while time.monotonic() < end:
        if crowd.process.poll() is not None:
            raise RuntimeError(f"the crowd ended: {crowd.output[-2000:]}")
        time.sleep(min(EVERY, max(end - time.monotonic(), 0.0)))
        found.append(nodes.sample())
    note(" | ".join(_row(name, found)))
    return found


def _heard(crowd: Program) -> dict[str, int]:
    line = next((line for line in crowd.output.splitlines() if line.startswith("heard ")), "")
    if not line:
        raise RuntimeError(f"the crowd said nothing: {crowd.output[-2000:]}")
    heard: dict[str, int] = json.loads(line[6:])
    return heard


def _path() -> dict[str, str]:
    """So that the program finds this package."""
    return {"PYTHONPATH": ":".join(filter(None, sys.path))}


# --- what it says


def growth(soak: Soak) -> list[float]:
    """Of each node's memory: the last part by the first after the warm-up, medians."""
    first, last = soak.parts[WARM_UP], soak.parts[-1]
    return [
        median(sample.memory[node] for sample in last) / median(sample.memory[node] for sample in first)
        for node in range(len(CORES))
    ]


def left(soak: Soak) -> list[str]:
    """What grew or stayed behind, in words; empty when all is well."""
    found = [
        f"the memory of node {node} grew by {ratio - 1:.1%}"
        for node, ratio in zip(CORES, growth(soak), strict=True)
        if ratio > GROWTH
    ]
    after, before = soak.after, soak.before
    found += [f"{_transactions(after)} transactions"] * (_transactions(after) > _transactions(before) + SLACK)
    found += [f"{_timers(after) - _timers(before):.0f} timers"] * (_timers(after) > _timers(before) + SLACK)
    found += [f"{sum(after.files)} descriptors"] * (sum(after.files) > sum(before.files))
    found += [f"{after.metrics[name]:.0f} {what}" for name, what in NONE.items() if after.metrics[name]]
    return found


def _transactions(sample: Sample) -> float:
    return sample.metrics["opentcf_transactions"]


def _timers(sample: Sample) -> float:
    """Those of transactions left out."""
    return sample.metrics["opentcf_timers"] - _transactions(sample)


def report(soak: Soak) -> str:
    """The table."""
    head = ("", "memory of the four, MB", "descriptors", "calls", "transactions", "timers", "registrations",
            "messages/s", "CPU of the four")  # fmt: skip
    rows = [_row("at rest, before", [soak.before])]
    minutes = (soak.parts[0][-1].at - soak.parts[0][0].at) / 60
    for part, samples in enumerate(soak.parts):
        name = f"minute {part * minutes:.0f} to {(part + 1) * minutes:.0f}"
        rows.append(_row(name, samples))
    rows.append(_row("at rest, after", [soak.after]))
    lines = ["| " + " | ".join(row) + " |" for row in (head, *rows)]
    lines.insert(1, "| --- |" + " ---: |" * (len(head) - 1))
    grown = " / ".join(f"{ratio - 1:+.1%}" for ratio in growth(soak))
    did = {name[4:]: count for name, count in soak.heard.items() if name.startswith("did ")}
    rest = {name: count for name, count in soak.heard.items() if not name.startswith("did ")}
    lines += [
        "",
        f"Memory, last row under load by the third: {grown}. Stayed behind: {', '.join(left(soak)) or 'nothing'}.",
        "",
        f"People did: {_counts(did)}. They noticed: {_counts(rest)}.",
    ]
    return "\n".join(lines) + "\n"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items(), key=lambda item: -item[1]))


def _row(name: str, samples: list[Sample]) -> tuple[str, ...]:
    """Medians; messages and CPU over the whole of it."""
    memory = " / ".join(
        f"{median(sample.memory[node] for sample in samples) / 2**20:.1f}" for node in range(len(CORES))
    )
    return (
        name,
        memory,
        _middle(sum(sample.files) for sample in samples),
        *(
            _middle(sample.metrics[gauge] for sample in samples)
            for gauge in ("opentcf_calls_active", *GAUGES[1::-1], GAUGES[3])
        ),
        f"{_messages(samples):.0f}",
        f"{_cpu(samples):.0%}",
    )


def _middle(values: Iterable[float]) -> str:
    return f"{median(values):.0f}"


def _seconds(samples: list[Sample]) -> float:
    return samples[-1].at - samples[0].at or 1.0


def _messages(samples: list[Sample]) -> float:
    """Received and sent, by all four, a second."""
    said = [sum(sample.metrics[name] for name in COUNTERS[:2]) for sample in (samples[0], samples[-1])]
    return (said[1] - said[0]) / _seconds(samples)


def _cpu(samples: list[Sample]) -> float:
    return (samples[-1].cpu - samples[0].cpu) / _seconds(samples)
