"""What happened in a run, as it looked from outside: what terminals did and heard, what was done to the nodes, and
what the nodes said when they were asked."""

import json
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple


class Kind(StrEnum):
    """DID: a terminal asked for something; HEARD: it was told something; FAULT: something was done to the nodes or
    their network, or undone; STATE: what a node said of itself; NOTE: about the run."""

    DID = "did"
    HEARD = "heard"
    FAULT = "fault"
    STATE = "state"
    NOTE = "note"


class Entry(NamedTuple):
    """`at` is in monotonic seconds since the run began; `who` a user, a node (`core2`) or a way (`core1-core2`)."""

    at: float
    kind: Kind
    who: str
    what: str
    about: Mapping[str, Any] = {}

    def line(self) -> str:
        """For people."""
        shown = " ".join(f"{key}={value}" for key, value in self.about.items() if value not in ("", None))
        return f"{self.at:9.3f}  {self.kind.value:<5}  {self.who:<20} {self.what} {shown}".rstrip()


class History:
    """Entries in the order of time."""

    def __init__(self, clock: Callable[[], float] = lambda: 0.0, entries: Iterable[Entry] = ()) -> None:
        self.entries: list[Entry] = list(entries)
        self._clock = clock

    @property
    def now(self) -> float:
        """Seconds since the run began."""
        return self._clock()

    def add(self, kind: Kind, who: str, what: str, **about: Any) -> None:
        """It happens now."""
        self.entries.append(Entry(self._clock(), kind, who, what, about))

    def save(self, path: Path) -> None:
        """One JSON object a line."""
        with path.open("w", encoding="utf-8") as file:
            for entry in self.entries:
                file.write(json.dumps(entry._asdict(), ensure_ascii=False) + "\n")


def load(path: Path) -> list[Entry]:
    """What was saved. ValueError names the first line that is no entry."""
    found = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            found.append(Entry(row["at"], Kind(row["kind"]), row["who"], row["what"], row["about"]))
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"{path}:{number}: is not an entry of a history") from None
    return found
