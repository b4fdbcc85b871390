"""The tick loop: hand the node what came, drain it once, make its records last, then let its messages out.

Rule: nothing leaves before the records of its batch are in the store. If they cannot be stored, the node stops.
"""

import asyncio
import traceback
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, Protocol

import structlog

from opentcf.btrunc.urgency import URGENT, Rank
from opentcf.node.orders import Batch, Command, Flow, Notice, Reply, Send, Value
from opentcf.runtime.inbox import Inbox
from opentcf.runtime.trace import Trace
from opentcf.store import Store, StoreError
from opentcf.transport.interface import Local, Sender

ANSWER_SECONDS = 10.0
"""A command that is not answered by then is answered 504."""

SLICE = 0.005
"""Seconds after which a tick ends with messages left over, so that sockets are read while much waits here: what waits
in the kernel has no rank, and is lost when there is too much of it."""

_SHORTEST = 0.001
"""uvloop rounds timers to milliseconds; a shorter one would fire before it is due."""

_log = structlog.get_logger()


class Core(Protocol):
    """The part of a node that the loop turns."""

    def rank(self, data: bytes) -> Rank: ...
    def receive(self, data: bytes, source: Flow, now: float) -> None: ...
    def offer(self, data: bytes, source: Flow, waited: float, now: float) -> None: ...
    def command(self, command: Command, now: float) -> int: ...
    def wake(self, now: float) -> None: ...
    def deadline(self) -> float | None: ...
    def drain(self) -> Batch: ...
    def failed(self, order: Send, error: str, now: float) -> None: ...
    def closed(self, flow: Flow, now: float) -> None: ...
    def proved(self, flow: Flow, names: tuple[str, ...], now: float) -> None: ...


class TickLoop:
    """What the transports report goes into an inbox; one tick a turn of the event loop empties it, or takes a slice.

    `stopped` gets the reason when the loop cannot go on.
    """

    def __init__(
        self,
        core: Core,
        store: Store,
        sender: Sender,
        trace: Trace,
        notice: Callable[[Notice], None],
        at_most: float = SLICE,
    ) -> None:
        self._core = core
        self._store = store
        self._sender = sender
        self._trace = trace
        self._notice = notice
        self._at_most = at_most
        self._loop = asyncio.get_running_loop()
        self._inbox = Inbox()
        self._scheduled = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._asked: dict[int, asyncio.Future[Reply]] = {}
        self.stopped: asyncio.Future[str] = self._loop.create_future()

    # --- what transports report

    def received(self, data: bytes, flow: Flow, local: Local) -> None:
        """A message came in."""
        self._trace.add(True, data, flow, local)
        rank = self._core.rank(data)
        if rank is URGENT:
            self._inbox.put_in_line(rank, self._core.receive, (data, flow))
        else:
            self._inbox.put_in_line(rank, self._offer, (data, flow, monotonic()))
        self._wake()

    def sent(self, data: bytes, flow: Flow, local: Local) -> None:
        """A message went out."""
        self._trace.add(False, data, flow, local)

    def failed(self, order: Send, error: str) -> None:
        """A message did not go out."""
        _log.debug("not sent", to=f"{order.flow.transport}:{order.flow.host}:{order.flow.port}", error=error)
        self._put(self._core.failed, order, error)

    def proved(self, flow: Flow, names: tuple[str, ...]) -> None:
        """A TLS connection is up."""
        self._put(self._core.proved, flow, names)

    def closed(self, flow: Flow) -> None:
        """A stream went away."""
        self._put(self._core.closed, flow)

    def _offer(self, data: bytes, flow: Flow, came: float, now: float) -> None:
        self._core.offer(data, flow, max(now - came, 0.0), now)

    # --- what people and programs ask

    async def ask(
        self,
        name: str,
        arguments: Mapping[str, Value] | None = None,
        seconds: float = ANSWER_SECONDS,
        who: str = "node",
    ) -> Reply:
        """The node's reply to a command, once it is true; `who` asked it, see `Context.audit`."""
        future: asyncio.Future[Reply] = self._loop.create_future()
        self._put(self._command, Command(name, arguments or {}, who), future)
        try:
            async with asyncio.timeout(seconds):
                return await future
        except TimeoutError:
            return Reply(0, None, f"the node did not finish {name!r} within {seconds:g} s", 504)

    def _command(self, command: Command, future: asyncio.Future[Reply], now: float) -> None:
        self._asked[self._core.command(command, now)] = future

    # --- ticks

    def begin(self) -> None:
        """Carry out what the node ordered by itself, and what comes from now on."""
        self._schedule()

    def end(self) -> None:
        """No more ticks."""
        if self._timer is not None:
            self._timer.cancel()
        if not self.stopped.done():
            self.stopped.set_result("")

    def _put(self, deed: Callable[..., None], *arguments: Any) -> None:
        self._inbox.put(deed, arguments)
        self._wake()

    def _wake(self) -> None:
        if not self._scheduled:
            self._schedule()

    def _schedule(self) -> None:
        self._scheduled = True
        self._loop.call_soon(self._tick)

    def _tick(self) -> None:
        self._scheduled = False
        if self.stopped.done():
            return
        try:
            self._turn(monotonic())
        except StoreError as error:
            self._stop(str(error))
        except Exception as error:  # noqa: BLE001 - a bug outside any message: say so and stop rather than limp
            _log.error("bug", trace="".join(traceback.format_exception(error)))
            self._stop(f"a bug: {type(error).__name__}")

    def _turn(self, now: float) -> None:
        core = self._core
        inbox, until = self._inbox, now + self._at_most
        while (entry := inbox.take()) is not None:
            deed, arguments = entry
            deed(*arguments, now)
            if monotonic() > until:
                break
        deadline = core.deadline()
        if deadline is not None and deadline <= now:
            core.wake(now)
        saves, sends, notices, replies = core.drain()
        if saves:
            self._store.commit(saves)
        send = self._sender.send
        for order in sends:
            send(order)
        for notice in notices:
            self._notice(notice)
        for reply in replies:
            self._answer(reply)
        self._arm(now)
        if inbox:
            self._wake()

    def _arm(self, now: float) -> None:
        """A timer that fires too early does no harm; one that fires too late would."""
        deadline = self._core.deadline()
        if deadline is None or (self._timer is not None and self._timer_at <= deadline):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = deadline
        self._timer = self._loop.call_later(max(deadline - now, _SHORTEST), self._due)

    def _due(self) -> None:
        self._timer = None
        if not self._scheduled:
            self._tick()

    def _answer(self, reply: Reply) -> None:
        future = self._asked.pop(reply.ticket, None)
        if future is not None and not future.done():
            future.set_result(reply)

    def _stop(self, reason: str) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.stopped.set_result(reason)
