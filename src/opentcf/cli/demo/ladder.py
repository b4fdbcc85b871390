"""The ladder diagram: one line a message, drawn for the width at hand."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from opentcf.cli.demo.feed import Column, Line, Note
from opentcf.cli.demo.network import CORES
from opentcf.cli.demo.procedure import Procedure

TIME_WIDTH = 8
TEXT_WIDTH = 36
"""What the words beside the ladder want; on a narrow screen the ladder gives way, down to `NARROWEST`."""
NARROWEST, WIDEST = 6, 14
_REQUEST, _GOOD, _BAD, _QUIET = "cyan", "green", "red", "bright_black"


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
        self._words = max(12, width - TIME_WIDTH - self._step * len(self._columns) - 2)

    def head(self) -> list[Text]:
        """Names and roles above the lifelines."""
        names = Text(" " * TIME_WIDTH, style="bold")
        roles = Text(" " * TIME_WIDTH)
        for column in self._columns:
            is_core = isinstance(column, int)
            names.append(
                self._centred(f"TCF {column}" if is_core else str(column)),
                "bold" if is_core else "bold magenta",
            )
            role = self._roles.get(column, "") if isinstance(column, int) else "UE"
            roles.append(self._centred(role), _QUIET)
        return [names, roles] if roles.plain.strip() else [names]

    def message(self, line: Line, began: float) -> Text | None:
        """A message as an arrow between two lifelines; None when one end has no column here."""
        if line.source not in self._columns or line.target not in self._columns:
            return None
        style = _style(line)
        text = _timed(line.time - began)
        self._arrow(text, line, style)
        text.append("  ")
        words = Text(no_wrap=True)
        words.append(f"{line.named.label:<8} ", style if line.again else f"bold {style}")
        words.append(line.named.english, _QUIET if line.again else "")
        if line.again:
            words.append(" (again)", _QUIET)
        if line.lost:
            words.append(" lost", _BAD)
        if cell_len(words.plain) + 1 + cell_len(line.named.chinese) <= self._words:
            words.append(f" {line.named.chinese}", _QUIET)
        words.truncate(self._words, overflow="ellipsis")
        return text.append_text(words)

    def note(self, note: Note, began: float) -> Text:
        """A remark, on the lifelines."""
        text = _timed(note.time - began)
        words = Text(f"▸ {note.english} ", style="bold yellow")
        words.append(note.chinese, "yellow")
        return text.append_text(words)

    # --- inside

    def _centred(self, word: str) -> str:
        """A word of at most one step, its middle where the lifeline is."""
        room = self._step
        word = word[: room - 1]
        left = max(0, self._step // 2 - cell_len(word) // 2)
        return " " * left + word + " " * max(0, room - left - cell_len(word))

    def _arrow(self, text: Text, line: Line, style: str) -> None:
        places = [n * self._step + self._step // 2 for n in range(len(self._columns))]
        a, b = places[self._columns.index(line.source)], places[self._columns.index(line.target)]
        low, high = min(a, b), max(a, b)
        stroke = "─" if line.named.ok is None else "╌"
        for place in range(self._step * len(self._columns)):
            if low < place < high:
                tip = place == (b - 1 if b > a else b + 1)
                text.append(("✕" if line.lost else "▶" if b > a else "◀") if tip else stroke, style)
            else:
                text.append("│" if place in places else " ", _QUIET)


def _timed(seconds: float) -> Text:
    text = Text(no_wrap=True, overflow="crop")
    return text.append(f"{max(0.0, seconds):7.3f} ", _QUIET)


def _style(line: Line) -> str:
    if line.again:
        return _QUIET
    if line.named.ok is None:
        return _REQUEST
    return _GOOD if line.named.ok else ("yellow" if line.named.label == "401" else _BAD)
