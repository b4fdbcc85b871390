"""`opentcf chaos`: random operations and faults over real nodes, and what the history must never show."""

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from opentcf.chaos.cast import Cast
from opentcf.chaos.check import check
from opentcf.chaos.check.verdict import Verdict
from opentcf.chaos.history import History, Kind, load
from opentcf.chaos.network import Loopback, Namespaces, Network, own_namespace
from opentcf.chaos.node import ChaosError
from opentcf.chaos.plan import Step, Wish, plan
from opentcf.chaos.player import Player
from opentcf.cli.errors import FAILED, INTERRUPTED, WRONG, fail

INSIDE = "OPENTCF_CHAOS_INSIDE"
"""Set in the process that has a network namespace of its own."""
SHOWN = 40
"""Lines of the history beside a violation, at most."""


class Outcome(NamedTuple):
    """A run that came to its end. `trouble` is why it did so before its time."""

    seed: int
    history: History
    verdicts: Sequence[Verdict]
    bugs: Sequence[str]
    trouble: str

    @property
    def failed(self) -> bool:
        """Was anything wrong?"""
        return bool(self.trouble or self.bugs or any(verdict.violations for verdict in self.verdicts))


@click.command()
@click.option("--seed", type=int, help="The schedule to run; without it one is drawn, and said.")
@click.option(
    "--runs", type=click.IntRange(min=1), default=1, show_default=True, help="So many seeds in turn."
)
@click.option(
    "--seconds", type=click.FloatRange(min=1.0), default=60.0, show_default=True, help="Of each run."
)
@click.option("--nodes", type=click.IntRange(2, 9), default=4, show_default=True, help="Core networks.")
@click.option(
    "--rate", type=click.FloatRange(min=0.0), default=6.0, show_default=True, help="Operations a second."
)
@click.option("--kills", type=click.IntRange(min=0), help="`kill -9` so often. [default: one in 8 s]")
@click.option("--faults", type=click.IntRange(min=0), help="Other faults. [default: one in 5 s]")
@click.option(
    "--drills", type=click.IntRange(min=0), help="Talkers cut off on purpose. [default: one in 15 s]"
)
@click.option("--namespaces", is_flag=True, help="Each node in a kernel namespace of its own (Linux).")
@click.option(
    "--dir", "folder", type=click.Path(path_type=Path, file_okay=False), help="Keep everything there."
)
@click.option(
    "--check",
    "recorded",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Check a history that was kept, and run nothing.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON, one object a line.")
@click.option("--no-color", is_flag=True, help="No colours.")
def chaos(
    seed: int | None, runs: int, seconds: float, nodes: int, rate: float, kills: int | None, faults: int | None,
    drills: int | None, namespaces: bool, folder: Path | None, recorded: Path | None, as_json: bool, no_color: bool,
) -> None:  # fmt: skip
    """Random operations and faults over several real nodes; a checker looks at the history from outside.

    Exits with 1 when an invariant was violated. The same seed gives the same schedule.
    """
    cast = Cast(cores=nodes)
    wish = Wish(
        seconds,
        rate,
        kills=round(seconds / 8) if kills is None else kills,
        faults=round(seconds / 5) if faults is None else faults,
        drills=max(1, round(seconds / 15)) if drills is None else drills,
    )
    show = Lines() if as_json else Screen(Console(no_color=no_color, highlight=False))
    if recorded is not None:
        sys.exit(_check(recorded, cast, show))
    if namespaces and INSIDE not in os.environ:
        _enter_namespace()
    first = secrets.randbelow(1_000_000) if seed is None else seed
    sys.exit(_runs(range(first, first + runs), cast, wish, show, folder, namespaces=namespaces))


def _enter_namespace() -> None:
    """Begin anew inside one."""
    try:
        words = own_namespace()
    except ChaosError as error:
        fail(str(error), WRONG)
    os.environ[INSIDE] = "1"
    os.execvp(words[0], [*words, sys.executable, "-m", "opentcf.cli", *sys.argv[1:]])


def _check(recorded: Path, cast: Cast, show: "Show") -> int:
    try:
        history = History(entries=load(recorded))
    except (OSError, ValueError) as error:
        fail(str(error), WRONG)
    outcome = Outcome(0, history, check(history.entries, cast), (), "")
    show.outcome(outcome)
    return FAILED if outcome.failed else 0


def _runs(
    seeds: Sequence[int], cast: Cast, wish: Wish, show: "Show", folder: Path | None, *, namespaces: bool
) -> int:
    ground = None
    failed = 0
    for seed in seeds:
        with _folder(folder, seed) as place:
            try:
                ground = ground or (Namespaces(cast.cores) if namespaces else Loopback(cast.cores))
                network = Network(cast, place, ground, seed)
                outcome = asyncio.run(_run(seed, cast, network, plan(seed, cast, wish), wish, show))
            except ChaosError as error:
                fail(str(error))
            except asyncio.CancelledError:
                return INTERRUPTED
            outcome.history.save(place / "history.jsonl")
            if outcome.failed and folder is None:
                show.kept(_keep(place))
        show.outcome(outcome)
        failed += outcome.failed
    return FAILED if failed else 0


def _keep(place: Path) -> Path:
    """History and logs of a run that failed outlive its folder."""
    kept = Path(tempfile.mkdtemp(prefix="opentcf-chaos-"))
    for file in (*place.glob("*.log"), place / "history.jsonl"):
        shutil.copy(file, kept)
    return kept


async def _run(
    seed: int, cast: Cast, network: Network, steps: Sequence[Step], wish: Wish, show: "Show"
) -> Outcome:
    """Whatever happens, the nodes are gone afterwards."""
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    player, trouble = Player(cast, network, show.at), ""
    show.begin(seed, wish)
    try:
        await player.play(steps)
    except (ChaosError, OSError) as error:
        trouble = str(error)
    finally:
        await network.end()
        show.end()
    bugs = [f"{node.name}: {line}" for node in network.nodes.values() for line in node.faults()]
    return Outcome(seed, player.history, check(player.history.entries, cast), bugs, trouble)


@contextlib.contextmanager
def _folder(folder: Path | None, seed: int) -> Iterator[Path]:
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="opentcf-chaos-") as temporary:
            yield Path(temporary)
        return
    place = folder / f"seed-{seed}"
    try:
        place.mkdir(parents=True, exist_ok=True)
        for old in place.iterdir():
            old.unlink()
    except OSError as error:
        fail(f"{place}: {(error.strerror or str(error)).lower()}", WRONG)
    yield place


def _counts(history: History) -> dict[str, int]:
    """What happened, in numbers."""
    entries = history.entries
    return {
        "operations": sum(entry.kind is Kind.DID for entry in entries),
        "events": sum(entry.kind is Kind.HEARD for entry in entries),
        "kills": sum(entry.kind is Kind.FAULT and entry.what == "kill" for entry in entries),
        "other faults": sum(
            entry.kind is Kind.FAULT and entry.what in ("freeze", "part", "isolate", "impair")
            for entry in entries
        ),
    }


def _settled(history: History) -> float | None:
    found = [entry.about["seconds"] for entry in history.entries if entry.what == "settled"]
    return float(found[-1]) if found else None


class Show:
    """Where a run is shown."""

    def begin(self, seed: int, wish: Wish) -> None: ...
    def at(self, seconds: float) -> None: ...
    def end(self) -> None: ...
    def kept(self, folder: Path) -> None: ...
    def outcome(self, outcome: Outcome) -> None: ...


class Screen(Show):
    """For people."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar: Progress | None = None

    def begin(self, seed: int, wish: Wish) -> None:
        """What will be done, and how far it is."""
        self._console.print(
            f"[bold]seed {seed}[/]: {wish.seconds:g} s, {wish.kills} kills, {wish.faults} other faults, "
            f"{wish.drills} talkers cut off"
        )
        if self._console.is_terminal:
            columns = (TextColumn("chaos"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=self._console, transient=True)
            self._bar.add_task("", total=wish.seconds)
            self._bar.start()

    def at(self, seconds: float) -> None:
        """So much of it is over."""
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=seconds)

    def end(self) -> None:
        """The run is over."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def kept(self, folder: Path) -> None:
        """Where to look."""
        self._console.print(f"[red]history and logs are in {folder}[/]", soft_wrap=True)

    def outcome(self, outcome: Outcome) -> None:
        """A table of the invariants, and what violates them."""
        table = Table("invariant", "judged", "violated", box=None, header_style="bold")
        for verdict in outcome.verdicts:
            bad = len(verdict.violations)
            mark = Text(str(bad), "bold red") if bad else Text("✓" if verdict.judged else "–", "green")
            table.add_row(verdict.invariant, str(verdict.judged), mark)
        self._console.print(table)
        counts = ", ".join(f"{number} {what}" for what, number in _counts(outcome.history).items())
        settled = _settled(outcome.history)
        self._console.print(
            counts + (f"; everything together again after {settled:.1f} s" if settled else "")
        )
        for verdict in outcome.verdicts:
            for violation in verdict.violations[:5]:
                self._console.print(Text(f"✗ {verdict.invariant}: {violation.text}", "bold red"))
                for entry in violation.about[-SHOWN:]:
                    self._console.print(Text(f"    {entry.line()}"), soft_wrap=True)
        for line in (*outcome.bugs, outcome.trouble):
            if line:
                self._console.print(Text(f"✗ {line}", "bold red"), soft_wrap=True)


class Lines(Show):
    """One JSON object a line."""

    def kept(self, folder: Path) -> None:
        """Where to look."""
        click.echo(f"opentcf: history and logs are in {folder}", err=True)

    def outcome(self, outcome: Outcome) -> None:
        """Violations, and a summary."""
        for verdict in outcome.verdicts:
            for violation in verdict.violations:
                rows = [entry._asdict() for entry in violation.about]
                self._say(type="violation", invariant=verdict.invariant, text=violation.text, history=rows)
        judged = {verdict.invariant: verdict.judged for verdict in outcome.verdicts}
        violated = {v.invariant: len(v.violations) for v in outcome.verdicts if v.violations}
        self._say(
            type="summary", seed=outcome.seed, **_counts(outcome.history), settled=_settled(outcome.history),
            judged=judged, violated=violated, bugs=list(outcome.bugs), trouble=outcome.trouble,
        )  # fmt: skip

    def _say(self, **row: object) -> None:
        click.echo(json.dumps(row, ensure_ascii=False))
