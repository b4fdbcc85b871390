"""The ladder of a trace at the prompt: one line a message."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.text import Text

from opentcf.cli.lifelines import QUIET, Lifelines

NARROWEST, WIDEST = 10, 22
_CLOCK, _WORDS = 14, 40
_COLOURS = (
    "cyan",
    "magenta",
    "blue",
    "yellow",
    "bright_cyan",
    "bright_magenta",
    "bright_blue",
    "bright_yellow",
)
"""Of requests, by their transaction; what was taken is green, what was refused red."""
Item = Mapping[str, Any]


class Drawing:
    """Draws what comes; the names stand above it anew whenever somebody else takes part."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._columns: list[str] = []
        self._lines = Lifelines(0, WIDEST)

    def lines(self, columns: Sequence[Item], items: Sequence[Item]) -> Iterator[Text]:
        """The next messages."""
        if items and (names := [column["name"] for column in columns]) != self._columns:
            self._columns = names
            step = (self._width - _CLOCK - _WORDS) // len(names)
            self._lines = Lifelines(len(names), max(NARROWEST, min(WIDEST, step)))
            yield self._head(columns)
        yield from map(self._line, items)

    def _head(self, columns: Sequence[Item]) -> Text:
        text = Text(" " * _CLOCK, no_wrap=True)
        for column in columns:
            style = "bold magenta" if column["kind"] == "terminal" else "bold"
            text.append(self._lines.centred(column["label"]), style)
        return text

    def _line(self, item: Item) -> Text:
        text, style = Text(no_wrap=True), _style(item)
        text.append(f"{_clock(item['time']):<{_CLOCK}}", QUIET)
        ends = self._columns.index(item["source"]), self._columns.index(item["target"])
        self._lines.arrow(text, *ends, style, answer=item["ok"] is not None)
        text.append(f"  {item['label']:<8} ", QUIET if item["again"] else f"bold {style}")
        text.append(item["english"]).append(f" {item['chinese']}", QUIET)
        if item["sdp"]:
            text.append(" SDP", QUIET)
        if item["again"]:
            text.append(" again 重发", "yellow")
        return text


def _clock(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).astimezone().strftime("%H:%M:%S.%f")[:-3]


def _style(item: Item) -> str:
    if item["again"]:
        return QUIET
    if item["ok"] is None:
        return _COLOURS[item["transaction"] % len(_COLOURS)]
    return "green" if item["ok"] else "yellow" if item["label"] in ("401", "407") else "red"
