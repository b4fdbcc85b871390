"""`opentcf run`: a runtime, its signals and its exit code."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import structlog

from opentcf import __version__, core
from opentcf.runtime.config import Config
from opentcf.runtime.notify import Notify
from opentcf.runtime.runtime import Runtime
from opentcf.transport.interface import Sender

Companion = Callable[[Runtime], AbstractAsyncContextManager[str]]
"""What runs beside the node for as long as it serves; it says what the ready line is to add."""

Wrap = Callable[[Sender], Sender]
"""A decorator of `transport.wrap` around what sends."""

Signals = asyncio.Queue[signal.Signals]

_log = structlog.get_logger()


def run(
    config: Config, companion: Companion, announce: Callable[[str], None], wrap: Wrap = lambda inner: inner
) -> int:
    """Run a node until it is told to leave; `announce` gets the ready line. Returns the exit code.

    StoreError and ListenError say that it could not start.
    """
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_serve(config, companion, announce, wrap))


async def _serve(config: Config, companion: Companion, announce: Callable[[str], None], wrap: Wrap) -> int:
    signals: Signals = asyncio.Queue()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_log_exception)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, signals.put_nowait, number)
    runtime, notify = Runtime(config, wrap=wrap), Notify(os.environ, os.getpid())
    await runtime.start()
    try:
        async with companion(runtime) as beside:
            status = " ".join(filter(None, ("ready", config.settings.domain, runtime.where(), beside)))
            _log.info("serving", version=__version__, core=core())
            announce(status)
            return await _attend(runtime, signals, notify, status)
    finally:
        notify.close()
        await runtime.close()


async def _attend(runtime: Runtime, signals: Signals, notify: Notify, status: str) -> int:
    """Until the node fails (1) or is told to leave (0)."""
    while True:
        notify.ready(status)
        number = await _first(runtime, signals)
        if number is None:
            return _failed(runtime)
        if number is not signal.SIGHUP:
            notify.stopping()
            return await _leave(runtime, signals)
        notify.reloading()
        await runtime.reload()


async def _leave(runtime: Runtime, signals: Signals) -> int:
    """Drain; a second signal does not wait for that."""
    _log.info("leaving")
    leaving = asyncio.create_task(runtime.leave())
    hurry = asyncio.create_task(_second(signals))
    done, pending = await asyncio.wait(
        (leaving, hurry, runtime.loop.stopped), return_when=asyncio.FIRST_COMPLETED
    )
    for task in pending:
        if task is not runtime.loop.stopped:
            task.cancel()
    if runtime.loop.stopped in done:
        return _failed(runtime)
    return 130 if hurry in done and leaving not in done else 0


async def _second(signals: Signals) -> None:
    while await signals.get() is signal.SIGHUP:
        pass


async def _first(runtime: Runtime, signals: Signals) -> signal.Signals | None:
    """The next signal, or None when the node stopped by itself."""
    waiting = asyncio.create_task(signals.get())
    await asyncio.wait((waiting, runtime.loop.stopped), return_when=asyncio.FIRST_COMPLETED)
    if runtime.loop.stopped.done():
        waiting.cancel()
        return None
    return waiting.result()


def _failed(runtime: Runtime) -> int:
    _log.error("stopped", reason=runtime.loop.stopped.result())
    return 1


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop  # noqa: PLC0415 - an extra
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def _log_exception(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """What asyncio has to say, in one line."""
    _log.warning("event loop", text=context.get("message"), error=repr(context.get("exception")))
