"""The ladder diagram: one line a message, drawn for the width at hand."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from opentcf.cli.demo.feed import Column, Line, Note
from opentcf.cli.demo.network import CORES
from opentcf.cli.demo.procedure import Procedure
from opentcf.cli.lifelines import QUIET, Lifelines

TIME_WIDTH = 8
TEXT_WIDTH = 36
"""What the words beside the ladder want; on a narrow screen the ladder gives way, down to `NARROWEST`."""
NARROWEST, WIDEST = 6, 14
_REQUEST, _GOOD, _BAD = "cyan", "green", "red"


def columns(procedure: Procedure) -> list[Column]:
    """The TCFs in order; a terminal that stands left comes before all of them, another behind its own."""
    found: list[Column] = [actor.user for actor in procedure.actors if actor.left]
    for core in CORES:
        found.append(core)
        found += [
            actor.user for actor in procedure.actors if not actor.left and (actor.at or actor.near) == core
        ]
    return found


class Ladder:
    """Draws the lines of one procedure."""

    def __init__(self, procedure: Procedure, width: int) -> None:
        self._columns: Sequence[Column] = columns(procedure)
        self._roles = procedure.roles
        room = (width - TIME_WIDTH - TEXT_WIDTH) // len(self._columns)
        self._step = max(NARROWEST, min(WIDEST, room))
        self._lines = Lifelines(len(self._columns), self._step)
        self._words = max(12, width - TIME_WIDTH - self._step * len(self._columns) - 2)

    def head(self) -> list[Text]:
        """Names and roles above the lifelines."""
        names = Text(" " * TIME_WIDTH, style="bold")
        roles = Text(" " * TIME_WIDTH)
        for column in self._columns:
            is_core = isinstance(column, int)
            names.append(
                self._lines.centred(f"TCF {column}" if is_core else str(column)),
                "bold" if is_core else "bold magenta",
            )
            role = self._roles.get(column, "") if isinstance(column, int) else "UE"
            roles.append(self._lines.centred(role), QUIET)
        return [names, roles] if roles.plain.strip() else [names]

    def message(self, line: Line, began: float) -> Text | None:
        """A message as an arrow between two lifelines; None when one end has no column here."""
        if line.source not in self._columns or line.target not in self._columns:
            return None
        style = _style(line)
        text = _timed(line.time - began)
        source, target = self._columns.index(line.source), self._columns.index(line.target)
        self._lines.arrow(text, source, target, style, answer=line.named.ok is not None, lost=line.lost)
        text.append("  ")
        words = Text(no_wrap=True)
        words.append(f"{line.named.label:<8} ", style if line.again else f"bold {style}")
        words.append(line.named.english, QUIET if line.again else "")
        if line.again:
            words.append(" (again)", QUIET)
        if line.lost:
            words.append(" lost", _BAD)
        if cell_len(words.plain) + 1 + cell_len(line.named.chinese) <= self._words:
            words.append(f" {line.named.chinese}", QUIET)
        words.truncate(self._words, overflow="ellipsis")
        return text.append_text(words)

    def note(self, note: Note, began: float) -> Text:
        """A remark, on the lifelines."""
        text = _timed(note.time - began)
        words = Text(f"▸ {note.english} ", style="bold yellow")
        words.append(note.chinese, "yellow")
        return text.append_text(words)


def _timed(seconds: float) -> Text:
    text = Text(no_wrap=True, overflow="crop")
    return text.append(f"{max(0.0, seconds):7.3f} ", QUIET)


def _style(line: Line) -> str:
    if line.again:
        return QUIET
    if line.named.ok is None:
        return _REQUEST
    return _GOOD if line.named.ok else ("yellow" if line.named.label == "401" else _BAD)
