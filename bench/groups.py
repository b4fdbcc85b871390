"""Group calls: one over N V-TCFs, beside a generator that only sends; and many groups at once."""

import json
import shutil
import sys
from pathlib import Path
from statistics import median
from typing import Any

from bench.processes import SERVER_CORE, SIPP_CORE, Program, bound, host, wait_until
from bench.servers import TC2
from bench.vtcfs import domain

LEGS = (10, 100, 1000)
MANY, MANY_PEERS = 500, 4
FIRST = 10_000
Found = dict[str, Any]
HEAD = (
    "| legs | set-up, ms | generator, ms | ratio, median | request→200, ms | request→last INFO, ms | generator, ms "
    "| CPU a leg, µs: set-up / floor change / release | memory a leg, kB |"
)


def configuration(at: str, peers_at: str, peers: int, groups: list[str]) -> str:
    """One TCF with `peers` peers at one address, each with a member in every group. Heartbeats do not disturb."""
    members = ", ".join(f'"1001@{domain(peer)}"' for peer in range(peers))
    tables = [
        f'[tcf]\ndomain = "core1.example"\n[tc2]\nlisten = ["udp:{at}:{TC2}"]\n[d]\nlisten = ["udp:{at}:5070"]',
        *(
            f'[[peer]]\ndomain = "{domain(peer)}"\naddress = "udp:{peers_at}:{FIRST + peer}"\nheartbeat = 3600.0'
            for peer in range(peers)
        ),
        *(
            f'[[group]]\nnumber = "{group}"\nname = "G"\nowner_release = true\nmembers = [{members}]'
            for group in groups
        ),
    ]
    return "\n".join(tables) + "\n"


def run(folder: Path, peers: int, groups: list[str], *, real: bool, seconds: float = 10.0) -> Found:
    """Against the real master, or (`real` False) the generator."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    at, peers_at, go = host(1), host(2), folder / "go"
    plan = {
        "host": peers_at, "first": FIRST, "peers": peers, "target": at, "groups": groups, "go": str(go),
        "settle": 2.0 + peers / 500 if real else 0.5, "locate": real, "seconds": seconds,
    }  # fmt: skip
    vtcfs = Program(
        "vtcfs", [sys.executable, "-m", "bench.vtcfs", json.dumps(plan)], folder, SIPP_CORE, _path()
    )
    master = None
    try:
        vtcfs.wait_for("ready")
        master = (
            _node(folder, at, peers_at, peers, groups) if real else _generator(folder, at, peers_at, peers)
        )
        partial = go.with_suffix(".new")
        partial.write_text(str(master.process.pid))
        partial.rename(go)
        vtcfs.wait(120.0)
        line = next((line for line in vtcfs.output.splitlines() if line.startswith("found ")), "")
        if not line:
            raise RuntimeError(vtcfs.output[-2000:] + master.output[-1000:])
        found: Found = json.loads(line[6:])
        return found
    finally:
        for program in (vtcfs, master):
            if program is not None:
                program.stop()


def _path() -> dict[str, str]:
    """So that the program finds this package."""
    return {"PYTHONPATH": ":".join(filter(None, sys.path))}


def _node(folder: Path, at: str, peers_at: str, peers: int, groups: list[str]) -> Program:
    (folder / "node.toml").write_text(configuration(at, peers_at, peers, groups))
    node = Program(
        "node", [sys.executable, "-m", "opentcf.cli", "run", "node.toml"], folder, SERVER_CORE, _path()
    )
    node.wait_for("ready ")
    return node


def _generator(folder: Path, at: str, peers_at: str, peers: int) -> Program:
    line = [sys.executable, "-m", "bench.generator", at, peers_at, str(FIRST), str(peers)]
    generator = Program("generator", line, folder, SERVER_CORE, _path())
    wait_until(lambda: bound(at, TC2), "the generator listens")
    return generator


def measure(
    folder: Path, rounds: int, seconds: float
) -> tuple[dict[int, list[tuple[Found, Found]]], list[Found]]:
    """One group over N legs and the generator beside it, in turns; then many groups."""
    legs: dict[int, list[tuple[Found, Found]]] = {count: [] for count in LEGS}
    for _ in range(rounds):
        for count, found in legs.items():
            ours = run(folder, count + 1, ["8001"], real=True)
            found.append((ours, run(folder, count + 1, ["8001"], real=False)))
    groups = [str(8001 + number) for number in range(MANY)]
    many = [run(folder, MANY_PEERS, groups, real=True, seconds=seconds) for _ in range(rounds)]
    return legs, many


def report(legs: dict[int, list[tuple[Found, Found]]], many: list[Found]) -> str:
    """The tables."""
    lines = [
        HEAD,
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for count, rounds in legs.items():
        ours = {key: min(one[key] for one, _ in rounds) for key in rounds[0][0]}
        limit = {key: min(one[key] for _, one in rounds) for key in rounds[0][1]}
        ratio = median(one["set-up"] / other["set-up"] for one, other in rounds)
        spent = " / ".join(
            f"{ours[part] / count * 1e6:.0f}" for part in ("set-up cpu", "floor cpu", "release cpu")
        )
        lines.append(
            f"| {count} | {ours['set-up'] * 1e3:.1f} | {limit['set-up'] * 1e3:.1f} "
            f"| {ratio:.1f} | {ours['request'] * 1e3:.2f} | {ours['last INFO'] * 1e3:.1f} "
            f"| {limit['last INFO'] * 1e3:.1f} | {spent} | {ours['memory'] / count:.1f} |"
        )
    lines += [
        "",
        f"| {MANY} groups | changes/s | CPU | request→200 p50 / p99, ms | OPTIONS p50 / p99, ms | ratio of p99 |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name in ("full", "half"):
        rows = [found[name] for found in many if name in found]
        if rows:
            best = min(rows, key=lambda row: float(row["p99"] / row["options p99"]))
            lines.append(
                f"| {'one change a second each' if name == 'full' else 'half load'} | {best['rate'] * MANY:.0f} "
                f"| {best['load']:.0%} | {best['p50'] * 1e3:.2f} / {best['p99'] * 1e3:.2f} "
                f"| {best['options p50'] * 1e3:.2f} / {best['options p99'] * 1e3:.2f} "
                f"| {best['p99'] / best['options p99']:.1f} |"
            )
    return "\n".join(lines) + "\n"
