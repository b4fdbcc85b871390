"""From the node to files and spans: call records are written beside the tick loop, which waits for none.

A record is in the store until all that want it have it: a crash loses none, and a disk that is full only delays them.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

import structlog

from opentcf.node.orders import Notice
from opentcf.transport.interface import reason

RECORD = "call_record"
"""The name of the notice, and the kind of the row in the store."""
RETRY = 10.0
WAITING = 50_000
"""Records that wait in memory for a disk that is full; more of them wait in the store for the next start."""

Row = Mapping[str, Any]
_log = structlog.get_logger()


class Sink(Protocol):
    """Somebody who wants records."""

    def write(self, rows: Sequence[Row]) -> None:
        """Take all of them, in a thread; OSError: none was taken, and they come again."""
        ...


class CallRecords:
    """`forget` takes records out of the store, by their names."""

    def __init__(
        self, sinks: Sequence[Sink], forget: Callable[[Iterable[str]], None], retry: float = RETRY
    ) -> None:
        self._sinks = sinks
        self._forget = forget
        self._retry = retry
        self._waiting: list[Row] = []
        self._left: list[Sink] = []
        self._batch: list[Row] = []
        self._something = asyncio.Event()
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def add(self, notice: Notice) -> None:
        """Take a record; other notices are none of ours."""
        if notice.name == RECORD and len(self._waiting) < WAITING:
            self._waiting.append(_printable(notice.fields))
            self._something.set()

    def start(self, rows: Mapping[str, Row]) -> None:
        """Begin with those that an earlier run left in the store, by their names."""
        self._waiting += [_printable(row) for _, row in sorted(rows.items())]
        if self._waiting:
            self._something.set()
        self._task = asyncio.create_task(self._run())

    def gauge(self) -> float:
        """How many wait in memory."""
        return float(len(self._waiting) + len(self._batch))

    async def close(self) -> None:
        """Write what waits, once; what cannot be written stays in the store."""
        self._closing.set()
        self._something.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        failing = False
        while not self._closing.is_set():
            if not failing:
                await self._something.wait()
            failing = await self._round(failing)
            if failing:
                await self._pause()
        await self._round(failing)

    async def _round(self, failing: bool) -> bool:
        """Write what there is; was it in vain?"""
        if not self._left:
            self._something.clear()
            self._batch, self._waiting = self._waiting, []
            self._left = list(self._sinks)
        error = await asyncio.to_thread(self._write) if self._batch else None
        if error is None:
            self._forget([row["record"] for row in self._batch])
            self._batch, self._left = [], []
        if (error is not None) != failing:
            self._tell(error)
        return error is not None

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._retry):
                await self._closing.wait()

    def _write(self) -> OSError | None:
        """In a thread: for each that has not taken the batch yet."""
        failed: OSError | None = None
        for sink in list(self._left):
            try:
                sink.write(self._batch)
                self._left.remove(sink)
            except OSError as error:
                failed = error
        return failed

    def _tell(self, error: OSError | None) -> None:
        if error is None:
            _log.info("call records are written again")
            return
        _log.error(
            "call records cannot be written; they wait in the store", file=error.filename or "",
            error=reason(error), retry=self._retry,
        )  # fmt: skip


def _printable(row: Row) -> Row:
    """Octets of a message that are no UTF-8 become `\\udcff` and the like: no sink could write them as they are."""
    return {
        name: value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
        for name, value in row.items()
    }
