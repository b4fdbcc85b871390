"""Lifelines and the arrows between them, in a terminal."""

from rich.cells import cell_len
from rich.text import Text

QUIET = "bright_black"


class Lifelines:
    """So many columns, each `step` cells wide."""

    def __init__(self, columns: int, step: int) -> None:
        self._step = step
        self._places = [n * step + step // 2 for n in range(columns)]

    def centred(self, word: str) -> str:
        """A word of at most one step, its middle where the lifeline is."""
        room = self._step
        word = word[: room - 1]
        left = max(0, room // 2 - cell_len(word) // 2)
        return " " * left + word + " " * max(0, room - left - cell_len(word))

    def arrow(
        self, text: Text, source: int, target: int, style: str, *, answer: bool, lost: bool = False
    ) -> None:
        """From one column to another, across all lifelines; what is lost does not arrive."""
        begin, end = self._places[source], self._places[target]
        low, high = min(begin, end), max(begin, end)
        tip, stroke = (end - 1, "▶") if end > begin else (end + 1, "◀"), "╌" if answer else "─"
        for place in range(self._step * len(self._places)):
            if low < place < high:
                text.append(("✕" if lost else tip[1]) if place == tip[0] else stroke, style)
            else:
                text.append("│" if place in self._places else " ", QUIET)
