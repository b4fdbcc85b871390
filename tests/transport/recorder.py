"""What the transport tests look at: everything that a transport reports, in order."""

import asyncio
from contextlib import asynccontextmanager
from typing import NamedTuple

from opentcf.node.settings import Listener
from opentcf.sip.outbox import Flow, Send
from opentcf.transport.interface import Local
from opentcf.transport.resolve import Resolver
from opentcf.transport.sockets import Sockets
from opentcf.transport.stream import StreamLimits


class Event(NamedTuple):
    kind: str
    data: bytes = b""
    flow: Flow = Flow("", "", "", 0)
    detail: object = None


class Recorder:
    def __init__(self) -> None:
        self.events: list[Event] = []
        self.sent_messages: list[tuple[bytes, Flow, Local]] = []
        self.answer: bytes = b""
        self.sockets: Sockets | None = None
        self._news = asyncio.Event()

    def received(self, data: bytes, flow: Flow, local: Local) -> None:
        self._add(Event("received", data, flow, local))
        if self.answer and self.sockets:
            asyncio.get_running_loop().call_soon(self.sockets.send, Send(self.answer, flow))

    def sent(self, data: bytes, flow: Flow, local: Local) -> None:
        self.sent_messages.append((data, flow, local))

    def failed(self, order: Send, error: str) -> None:
        self._add(Event("failed", order.data, order.flow, error))

    def proved(self, flow: Flow, names: tuple[str, ...]) -> None:
        self._add(Event("proved", b"", flow, names))

    def closed(self, flow: Flow) -> None:
        self._add(Event("closed", b"", flow))

    def _add(self, event: Event) -> None:
        self.events.append(event)
        self._news.set()

    async def next(self, kind: str) -> Event:
        """Wait for an event of this kind and take it out."""
        while not any(event.kind == kind for event in self.events):
            self._news.clear()
            await self._news.wait()
        event = next(event for event in self.events if event.kind == kind)
        self.events.remove(event)
        return event


class Ends:
    """`async with ends.open(...) as (sockets, recorder, ports)`: sockets bound to free ports, reading.

    `limits` are those of streams.
    """

    @asynccontextmanager
    async def open(
        self, *listen: str, side: str = "tc2", tls=None, resolver=None, max_message: int = 65_535, **limits
    ):
        recorder = Recorder()
        sockets = Sockets(resolver or Resolver(), max_message, tls, StreamLimits(**limits))
        recorder.sockets = sockets
        ports = []
        for where in listen:
            transport, _, host = where.partition(":")
            ports.append(sockets.bind(side, Listener(transport, host, 0)).port)
        await sockets.start(recorder)
        try:
            yield sockets, recorder, ports
        finally:
            await sockets.close()


def flow(transport: str, port: int, host: str = "127.0.0.1", connection: int = 0, side: str = "tc2") -> Flow:
    return Flow(side, transport, host, port, connection)


def message(body: bytes = b"", start: bytes = b"OPTIONS sip:x SIP/2.0") -> bytes:
    return start + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body
