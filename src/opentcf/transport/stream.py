"""Connections: TCP and TLS, accepted and dialled, one per remote address of a side."""

import asyncio
import itertools
import socket
import ssl
from collections.abc import Iterator
from typing import cast

from opentcf.sip.errors import RemoteError
from opentcf.sip.framing import Framer
from opentcf.sip.outbox import Flow, Send
from opentcf.transport.interface import Local, Reports, reason
from opentcf.transport.tls import TlsContexts, certificate_names

Key = tuple[str, str, str, int]
"""Side, transport, host and port of the other end."""

DIAL_SECONDS = 5.0
"""A connection that is not up by then has failed."""

PATIENCE = 30.0
"""Seconds that a stream may take to bring the next whole message once it began, or its first."""

MOST_WAITING = 2**20
"""Bytes that may wait for a slow reader before his connection is cut."""

MOST_STREAMS = 10_000
_SWEEP = 5.0


class Stream(asyncio.Protocol):
    """One connection. Orders wait in it until it is up."""

    def __init__(self, owner: "Streams", side: str, kind: str, dialled: "Key | None" = None) -> None:
        self.number = next(owner.numbers)
        self.key: Key | None = dialled
        self.flow = Flow(side, kind, "", 0, self.number)
        self.waiting_since: float | None = None
        self._owner = owner
        self._local: Local = ("", 0)
        self._framer = Framer(owner.max_message)
        self._transport: asyncio.Transport | None = None
        self._orders: list[Send] = []
        self._waiting_bytes = 0

    # --- what asyncio tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is up (and, with TLS, proved)."""
        self._transport = up = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        remote, local = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        if not remote or not local or not self._owner.admits(self):
            up.abort()
            return
        self.flow = self.flow._replace(host=remote[0], port=remote[1])
        self._local = (local[0], local[1])
        if self.key is None:
            self.key = (self.flow.side, self.flow.transport, self.flow.host, self.flow.port)
            self.waiting_since = self._owner.time()
        self._owner.opened(self)
        if self.flow.transport == "tls":
            self._owner.reports.proved(self.flow, certificate_names(transport.get_extra_info("ssl_object")))
        orders, self._orders = self._orders, []
        for order in orders:
            self.send(order)

    def data_received(self, data: bytes) -> None:
        """Whole messages go up; a stream that cannot be framed is answered and closed."""
        framer, came = self._framer, False
        try:
            while messages := framer.feed(data):
                for message in messages:
                    self._owner.reports.received(message, self.flow, self._local)
                data, came = b"", True
        except RemoteError:
            self._give_up()
            return
        if framer.pongs and self._transport is not None:
            self._transport.write(b"\r\n" * framer.pongs)
            framer.pongs = 0
        if not framer.rest:
            self.waiting_since = None
        elif came or self.waiting_since is None:
            self.waiting_since = self._owner.time()

    def connection_lost(self, exc: Exception | None) -> None:
        """Gone, for whatever reason."""
        self._owner.gone(self)

    # --- what the owner asks

    @property
    def closing(self) -> bool:
        """Was up, and will not carry anything any more."""
        return self._transport is not None and self._transport.is_closing()

    def send(self, order: Send) -> None:
        """Write, or keep until the connection is up. Who does not read is cut off."""
        if self._transport is None:
            self._keep(order)
        elif self.closing:
            self._owner.reports.failed(order, "the connection is closing")
        elif self._transport.get_write_buffer_size() > MOST_WAITING:
            self._owner.reports.failed(order, "the other side does not read")
            self._transport.abort()
        else:
            self._transport.write(order.data)
            self._owner.reports.sent(order.data, self.flow, self._local)

    def fail(self, error: str) -> None:
        """The connection did not come up: nor will what waited for it."""
        orders, self._orders = self._orders, []
        for order in orders:
            self._owner.reports.failed(order, error)

    def close(self) -> None:
        """Flush and close."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close without flushing."""
        if self._transport is not None:
            self._transport.abort()

    def _keep(self, order: Send) -> None:
        self._waiting_bytes += len(order.data)
        if self._waiting_bytes > MOST_WAITING:
            self._owner.reports.failed(order, "too much waits for the connection")
        else:
            self._orders.append(order)

    def _give_up(self) -> None:
        assert self._transport is not None
        self._transport.pause_reading()
        if rest := self._framer.rest:
            self._owner.reports.received(rest, self.flow, self._local)
        asyncio.get_running_loop().call_soon(self.close)


class Streams:
    """All connections of a node."""

    def __init__(self, reports: Reports, max_message: int, tls: TlsContexts | None = None) -> None:
        self.reports = reports
        self.max_message = max_message
        self.numbers: Iterator[int] = itertools.count(1)
        self._tls = tls
        self._open: dict[int, Stream] = {}
        self._by_address: dict[Key, Stream] = {}
        self._servers: list[asyncio.Server] = []
        self._dials: set[asyncio.Task[None]] = set()
        self._sweeping: asyncio.TimerHandle | None = None

    async def serve(self, side: str, kind: str, sock: socket.socket) -> None:
        """Accept connections on a listening socket."""
        loop = asyncio.get_running_loop()
        context = self._server_context(side) if kind == "tls" else None
        server = await loop.create_server(
            lambda: Stream(self, side, kind), sock=sock, ssl=context, backlog=1024
        )
        self._servers.append(server)
        if self._sweeping is None:
            self._sweep()

    def send(self, order: Send, source: str | None, name: str | None) -> None:
        """Send on the flow's own stream, or on the one to its address.

        Where there is none it is dialled, from the local address `source`; with TLS the certificate must bear `name`.
        """
        flow = order.flow
        if flow.connection:
            stream = self._open.get(flow.connection)
            if stream is None:
                self.reports.failed(order, "the connection is closed")
                return
        else:
            key = (flow.side, flow.transport, flow.host, flow.port)
            stream = self._by_address.get(key)
            if stream is None or stream.closing:
                stream = self._dial(key, source, name)
        stream.send(order)

    async def close(self) -> None:
        """Stop listening, flush and close what is open; what does not go at once is cut off."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        for server in self._servers:
            server.close()
        for dial in self._dials:
            dial.cancel()
        for stream in list(self._open.values()):
            stream.close()
        await asyncio.sleep(0)
        for stream in list(self._open.values()):
            stream.abort()

    # --- what a stream tells

    def time(self) -> float:
        """The loop's clock."""
        return asyncio.get_running_loop().time()

    def admits(self, stream: Stream) -> bool:
        """Is there room for one more?"""
        return len(self._open) < MOST_STREAMS

    def opened(self, stream: Stream) -> None:
        """From now on the stream can be found."""
        assert stream.key is not None
        self._open[stream.number] = stream
        self._by_address.setdefault(stream.key, stream)

    def gone(self, stream: Stream) -> None:
        """It cannot be found any more."""
        if self._open.pop(stream.number, None) is not None:
            self._forget(stream)
            self.reports.closed(stream.flow)

    # --- dialling

    def _dial(self, key: Key, source: str | None, name: str | None) -> Stream:
        stream = self._by_address[key] = Stream(self, key[0], key[1], key)
        dial = asyncio.get_running_loop().create_task(self._connect(stream, key, source, name))
        self._dials.add(dial)
        dial.add_done_callback(self._dials.discard)
        return stream

    async def _connect(self, stream: Stream, key: Key, source: str | None, name: str | None) -> None:
        _, kind, host, port = key
        error = "the connection closed at once"
        try:
            context, name = self._client_tls(name) if kind == "tls" else (None, None)
            local = (source, 0) if source else None
            async with asyncio.timeout(DIAL_SECONDS):
                await asyncio.get_running_loop().create_connection(
                    lambda: stream, host, port, ssl=context, server_hostname=name, local_addr=local
                )
        except (OSError, ValueError, OverflowError) as problem:
            error = reason(problem)
        if stream.number not in self._open:
            self._forget(stream)
        stream.fail(error)

    def _client_tls(self, name: str | None) -> tuple[ssl.SSLContext, str]:
        if self._tls is None or self._tls.dial is None or name is None:
            raise ValueError("no certificate is known for that address")
        return self._tls.dial, name

    def _server_context(self, side: str) -> ssl.SSLContext | None:
        if self._tls is None:
            return None
        return self._tls.tc2 if side == "tc2" else self._tls.d

    def _forget(self, stream: Stream) -> None:
        if stream.key is not None and self._by_address.get(stream.key) is stream:
            del self._by_address[stream.key]

    def _sweep(self) -> None:
        """Cut off who opens streams or messages and does not go on."""
        loop = asyncio.get_running_loop()
        limit = loop.time() - PATIENCE
        for stream in list(self._open.values()):
            if stream.waiting_since is not None and stream.waiting_since < limit:
                stream.abort()
        self._sweeping = loop.call_later(_SWEEP, self._sweep)
