"""Files of call records: CSV or JSON lines, one record a line, a new file by size or day."""

import csv
import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from time import time
from typing import Any

from opentcf.model.account import CallRecord

ENDINGS = (".csv", ".jsonl")
TIMES = ("start", "answer", "end")
_AT = CallRecord._fields.index("end") + 1
COLUMNS = (*CallRecord._fields[:_AT], "duration", *CallRecord._fields[_AT:])
"""Of a line, in their order. `duration` is from answer to end, in seconds."""
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RecordFiles:
    """Which files, when a new one begins, and how many old ones are kept (0: all)."""

    files: tuple[Path, ...]
    rotate_bytes: int
    rotate_daily: bool
    keep: int


class RecordFile:
    """One of them. It is opened for each batch, so that others may move it away meanwhile."""

    def __init__(self, path: Path, settings: RecordFiles) -> None:
        self.path = path
        self._settings = settings
        self._is_csv = path.suffix == ".csv"
        self._is_read = False

    def write(self, rows: Sequence[Row]) -> None:
        """All of them, on disk when this returns; OSError when they are not, and then none is in the file."""
        self._rotate(time())
        with open(self.path, "ab", buffering=0, opener=_private) as file:
            begin = _whole_lines(self.path, file.tell())
            file.truncate(begin)
            try:
                _write(file, (self._head() if begin == 0 else b"") + b"".join(map(self._line, rows)))
            except OSError as error:
                file.truncate(begin)
                raise OSError(error.errno, error.strerror, str(self.path)) from None

    def _head(self) -> bytes:
        return _csv(COLUMNS) if self._is_csv else b""

    def _line(self, row: Row) -> bytes:
        line = readable(row)
        return _csv(tuple(line.values())) if self._is_csv else json.dumps(line).encode() + b"\n"

    def _rotate(self, now: float) -> None:
        """Move the file away when it is full, was written to on another day (UTC), or has other columns than ours."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return
        another_day = self._settings.rotate_daily and _utc(status.st_mtime).date() != _utc(now).date()
        full = status.st_size >= self._settings.rotate_bytes
        if status.st_size and (another_day or full or self._has_other_columns()):
            stamp = _utc(now).strftime("%Y%m%dT%H%M%S.%fZ")
            self.path.rename(self.path.with_name(f"{self.path.stem}-{stamp}{self.path.suffix}"))
            self._prune()

    def _has_other_columns(self) -> bool:
        """Did another version begin it? That is so at the first look or not at all."""
        if not self._is_csv or self._is_read:
            return False
        self._is_read = True
        with self.path.open("rb") as file:
            return file.readline() != self._head()

    def _prune(self) -> None:
        pattern = f"{self.path.stem}-[0-9]*T[0-9]*Z{self.path.suffix}"
        old = sorted(self.path.parent.glob(pattern))
        for path in old[: -self._settings.keep] if self._settings.keep else ():
            path.unlink(missing_ok=True)


def readable(row: Row) -> dict[str, Any]:
    """A record as its line tells it: times in ISO 8601, UTC. An older version's row may lack the newest columns."""
    row = {**CallRecord._field_defaults, **row}
    line = {name: row.get(name) for name in COLUMNS}
    answer = row["answer"]
    line["duration"] = round(row["end"] - answer, 3) if answer is not None else 0.0
    return line | {name: _iso(row[name]) for name in TIMES}


def _whole_lines(path: Path, size: int) -> int:
    """Where the last whole line ends: a crash may have torn the one behind it, which is written anew."""
    with path.open("rb") as file:
        begin = size
        while begin > 0:
            step = max(0, begin - 4096)
            file.seek(step)
            found = file.read(begin - step).rfind(b"\n")
            if found >= 0:
                return step + found + 1
            begin = step
    return 0


def _private(path: str, flags: int) -> int:
    """Who spoke with whom is not everybody's business."""
    return os.open(path, flags, 0o640)


def _write(file: FileIO, data: bytes) -> None:
    """All of it, on disk when this returns."""
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]
    os.fsync(file.fileno())


def _csv(values: Sequence[object]) -> bytes:
    text = io.StringIO()
    cells = [str(value).lower() if isinstance(value, bool) else value for value in values]
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()


def _iso(when: float | None) -> str | None:
    return None if when is None else _utc(when).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _utc(when: float) -> datetime:
    return datetime.fromtimestamp(when, UTC)
