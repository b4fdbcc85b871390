"""What the demonstration looks like: on a screen, and as JSON lines."""

import json
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import click
from rich.console import Console
from rich.panel import Panel
from rich.status import Status
from rich.table import Table
from rich.text import Text

from opentcf.cli.demo.feed import Line, Note
from opentcf.cli.demo.ladder import Ladder, columns
from opentcf.cli.demo.network import CORES, D_PORT, HTTP_PORT, TC2_PORT, domain, host
from opentcf.cli.demo.procedure import Procedure


class Outcome(NamedTuple):
    """How a procedure went. `failure` is empty, or says what did not come true."""

    procedure: Procedure
    failure: str
    messages: int
    seconds: float


class Show(Protocol):
    """Where everything is shown."""

    def opening(self, *, web: bool, join: str) -> None: ...
    def chapter(self, clock: str, english: str, chinese: str) -> None: ...
    def begin(self, number: int, count: int, procedure: Procedure) -> None: ...
    def entry(self, entry: Line | Note, began: float) -> None: ...
    def busy(self, with_what: str) -> None: ...
    def end(self, outcome: Outcome) -> None: ...
    def table(self, outcomes: Sequence[Outcome]) -> None: ...
    def close(self) -> None: ...


class Screen:
    """For people."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
        self._ladder: Ladder | None = None
        self._head = ""

    def opening(self, *, web: bool, join: str) -> None:
        """The four core networks, and (when not empty) where to join in."""
        self.close()
        grid = Table.grid(padding=(0, 2, 0, 0))
        for core in CORES:
            row = [f"[bold]TCF {core}[/]", domain(core), host(core), f"TC2 :{TC2_PORT}", f"D :{D_PORT}"]
            if web:
                row.append(f"http://{host(core)}:{HTTP_PORT}")
            grid.add_row(*row)
        if join:
            grid.add_row("[bold]Join in[/]", "加入演示", "", "", "", join)
        title = "[bold]OpenTCF[/] four core networks 四个集群核心网"
        self._console.print(Panel(grid, title=title, title_align="left", expand=False, border_style="blue"))

    def chapter(self, clock: str, english: str, chinese: str) -> None:
        """A time of the day."""
        self._console.print()
        text = Text.assemble((f"{clock}  ", "bold cyan"), (english, "bold"), f"  {chinese}")
        self._console.print(Panel(text, border_style="cyan"))

    def begin(self, number: int, count: int, procedure: Procedure) -> None:
        """The head of a ladder."""
        self._head = f"{number}/{count} {procedure.title}"
        console = self._console
        self._ladder = Ladder(procedure, console.width)
        console.print()
        console.rule(
            Text.assemble((f"{number}/{count}  {procedure.title} ", "bold"), (procedure.chinese, "yellow")),
            style="blue",
            align="left",
        )
        for line in self._ladder.head():
            console.print(line, no_wrap=True, crop=True)

    def entry(self, entry: Line | Note, began: float) -> None:
        """A message or a remark."""
        assert self._ladder is not None
        drawn = (
            self._ladder.note(entry, began) if isinstance(entry, Note) else self._ladder.message(entry, began)
        )
        if drawn is not None:
            self._console.print(drawn, no_wrap=True, overflow="crop", crop=True)

    def busy(self, with_what: str) -> None:
        """What is waited for; a moving line on a terminal, nothing elsewhere."""
        if not self._console.is_terminal:
            return
        text = Text.assemble(
            (f"{self._head}  ", "bold"),
            (f"waits until {with_what}" if self._head else with_what, "bright_black"),
        )
        if self._status is None:
            self._status = self._console.status(text)
            self._status.start()
        else:
            self._status.update(text)

    def end(self, outcome: Outcome) -> None:
        """The verdict."""
        self.close()
        self._head = ""
        verdict = Text(
            "  ✗ failed " if outcome.failure else "  ✓ passed ",
            "bold red" if outcome.failure else "bold green",
        )
        verdict.append(f"{outcome.messages} messages, {outcome.seconds:.2f} s", "bright_black")
        self._console.print(verdict)
        if outcome.failure:
            self._console.print(Text(f"  {outcome.failure}", "red"))

    def table(self, outcomes: Sequence[Outcome]) -> None:
        """All verdicts."""
        self.close()
        table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column("procedure")
        table.add_column("流程", style="yellow")
        table.add_column("verdict")
        table.add_column("messages", justify="right")
        table.add_column("time", justify="right")
        for outcome in outcomes:
            table.add_row(
                outcome.procedure.title,
                outcome.procedure.chinese,
                "[red]✗ failed[/]" if outcome.failure else "[green]✓ passed[/]",
                str(outcome.messages),
                f"{outcome.seconds:.2f} s",
            )
        failed = sum(1 for outcome in outcomes if outcome.failure)
        total = f"{len(outcomes) - failed} of {len(outcomes)} passed"
        table.add_section()
        table.add_row(
            Text(total, "bold red" if failed else "bold green"), "", "",
            str(sum(outcome.messages for outcome in outcomes)), f"{sum(outcome.seconds for outcome in outcomes):.2f} s",
            style="bold",
        )  # fmt: skip
        self._console.print()
        self._console.print(table)

    def close(self) -> None:
        """Take the moving line away."""
        if self._status is not None:
            self._status.stop()
            self._status = None


class Lines:
    """For programs: one JSON object a line, `type` says what it is."""

    def __init__(self) -> None:
        self._procedure: Procedure | None = None

    def opening(self, *, web: bool, join: str) -> None:
        """Where the core networks are, and where to join in."""
        if join:
            self._write("join", url=join)
        for core in CORES:
            self._write(
                "core", domain=domain(core), tc2=f"{host(core)}:{TC2_PORT}", d=f"{host(core)}:{D_PORT}"
            )

    def chapter(self, clock: str, english: str, chinese: str) -> None:
        """A time of the day."""
        self._write("chapter", clock=clock, text=english, chinese=chinese)

    def begin(self, number: int, count: int, procedure: Procedure) -> None:
        """A procedure begins."""
        self._procedure = procedure
        names = [f"TCF {column}" if isinstance(column, int) else column for column in columns(procedure)]
        self._write(
            "procedure", key=procedure.key, title=procedure.title, chinese=procedure.chinese, columns=names
        )

    def entry(self, entry: Line | Note, began: float) -> None:
        """A message or a remark."""
        when = round(max(0.0, entry.time - began), 4)
        if isinstance(entry, Note):
            self._write("note", time=when, text=entry.english, chinese=entry.chinese)
            return
        ends = [f"TCF {end}" if isinstance(end, int) else end for end in (entry.source, entry.target)]
        self._write(
            "message", time=when, source=ends[0], target=ends[1], message=entry.named.label,
            text=entry.named.english, chinese=entry.named.chinese, lost=entry.lost, again=entry.again,
        )  # fmt: skip

    def busy(self, with_what: str) -> None:
        """Programs do not want to know."""

    def end(self, outcome: Outcome) -> None:
        """The verdict."""
        self._write(
            "result", key=outcome.procedure.key, verdict="failed" if outcome.failure else "passed",
            reason=outcome.failure or None, messages=outcome.messages, seconds=round(outcome.seconds, 3),
        )  # fmt: skip

    def table(self, outcomes: Sequence[Outcome]) -> None:
        """How many passed."""
        failed = sum(1 for outcome in outcomes if outcome.failure)
        self._write("summary", passed=len(outcomes) - failed, failed=failed)

    def close(self) -> None:
        """Nothing is left open."""

    def _write(self, kind: str, **fields: object) -> None:
        click.echo(json.dumps({"type": kind, **fields}, ensure_ascii=False))
