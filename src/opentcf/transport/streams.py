"""All connections of a node: one per remote address of a side, dialled where there is none."""

import asyncio
import itertools
import random
import socket
import ssl
from collections.abc import Callable, Coroutine, Iterator

from opentcf.sip.outbox import Send
from opentcf.transport.alive import BackOff
from opentcf.transport.interface import Reports, reason
from opentcf.transport.reuse import alias
from opentcf.transport.stream import Key, Stream, StreamLimits
from opentcf.transport.tls import TlsContexts

ACCEPT_PAUSE = 0.1
"""Seconds before the next try when a connection could not be accepted."""


class Streams:
    """The connections, and the rules by which they are shared. `chance` (0 to 1) spreads what is tried again."""

    def __init__(
        self,
        reports: Reports,
        max_message: int,
        tls: TlsContexts | None = None,
        limits: StreamLimits = StreamLimits(),  # noqa: B008 - immutable
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.reports = reports
        self.limits = limits
        self.max_message = max_message
        self.numbers: Iterator[int] = itertools.count(1)
        self._tls = tls
        self._back_off = BackOff(chance)
        self._open: dict[int, Stream] = {}
        self._accepted = 0
        self._from: dict[str, int] = {}
        self._by_address: dict[Key, Stream] = {}
        self._aliases: dict[Key, Stream] = {}
        self._listening: list[socket.socket] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._sweeping = asyncio.get_running_loop().call_later(limits.sweep, self._sweep)

    def serve(self, side: str, kind: str, sock: socket.socket) -> None:
        """Accept connections on a listening socket, which is ours from now on."""
        self._listening.append(sock)
        self._begin(self._accept(side, kind, sock))

    def renew(self, tls: TlsContexts) -> None:
        """Use other certificates for what connects from now on. No connection is cut."""
        self._tls = tls

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
            stream = self._usable(key, name)
            if stream is None:
                wait = self._back_off.wait(key, self.time())
                if wait:
                    self.reports.failed(order, f"could not be reached, is tried again in {wait:.1f} s")
                    return
                stream = self._dial(key, source, name)
        stream.send(order)

    def _usable(self, key: Key, name: str | None) -> Stream | None:
        """A connection to that address, by whomever it was opened, whose other side proved to bear `name`."""
        for found in (self._by_address.get(key), self._aliases.get(key)):
            if found is not None and not found.closing and (name is None or name in found.names):
                return found
        return None

    async def close(self) -> None:
        """Stop listening, flush and close what is open; what does not go at once is cut off."""
        self._sweeping.cancel()
        for task in self._tasks:
            task.cancel()
        for stream in list(self._open.values()):
            stream.close()
        await asyncio.sleep(0)
        for stream in list(self._open.values()):
            stream.abort()
        for sock in self._listening:
            sock.close()

    # --- what a stream tells

    def time(self) -> float:
        """The loop's clock."""
        return asyncio.get_running_loop().time()

    def opened(self, stream: Stream) -> None:
        """From now on the stream can be found."""
        assert stream.key is not None
        self._open[stream.number] = stream
        self._by_address.setdefault(stream.key, stream)

    def spoke(self, stream: Stream, message: bytes) -> None:
        """The first message of a connection. Where who opened it proved himself and takes requests on it, it carries
        ours to him (RFC 5923 §8.2, §9.2); over plain TCP anybody could say so."""
        flow = stream.flow
        port = alias(message) if stream.names and flow.transport == "tls" else None
        if port is not None:
            stream.alias = (flow.side, flow.transport, flow.host, port)
            self._aliases[stream.alias] = stream

    def gone(self, stream: Stream) -> None:
        """It cannot be found any more."""
        if self._open.pop(stream.number, None) is not None:
            self._forget(stream)
            self._give_back(stream.place)
            self.reports.closed(stream.flow)

    # --- accepting

    async def _accept(self, side: str, kind: str, sock: socket.socket) -> None:
        while True:
            try:
                connection, address = await asyncio.get_running_loop().sock_accept(sock)
            except OSError:  # it is gone already, or no descriptor is left
                await asyncio.sleep(ACCEPT_PAUSE)
                continue
            host = str(address[0])
            if self._takes_place(host):
                self._begin(self._welcome(Stream(self, side, kind), connection, host))
            else:
                connection.close()

    async def _welcome(self, stream: Stream, connection: socket.socket, host: str) -> None:
        """With TLS by the certificates of this moment."""
        side, kind = stream.flow.side, stream.flow.transport
        try:
            context = self._server_context(side) if kind == "tls" else None
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: stream,
                connection,
                ssl=context,
                ssl_handshake_timeout=None if context is None else self.limits.patience,
            )
        except (OSError, ValueError):
            connection.close()
        finally:
            if stream.number in self._open:
                stream.place = host
            else:
                self._give_back(host)

    def _takes_place(self, host: str) -> bool:
        """Is there room for one more that this address opens? It is taken from now on, handshake included."""
        from_there = self._from.get(host, 0)
        if self._accepted >= self.limits.most_streams or from_there >= self.limits.most_of_one:
            return False
        self._accepted += 1
        self._from[host] = from_there + 1
        return True

    def _give_back(self, host: str) -> None:
        if host:
            self._accepted -= 1
            self._from[host] -= 1
            if not self._from[host]:
                del self._from[host]

    def _server_context(self, side: str) -> ssl.SSLContext:
        context = self._tls and (self._tls.tc2 if side == "tc2" else self._tls.d)
        if context is None:
            raise ValueError("there is no certificate for this listener")
        return context

    def _begin(self, deed: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(deed)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- dialling

    def _dial(self, key: Key, source: str | None, name: str | None) -> Stream:
        stream = self._by_address[key] = Stream(self, key[0], key[1], key, name)
        self._begin(self._connect(stream, key, source, name))
        return stream

    async def _connect(self, stream: Stream, key: Key, source: str | None, name: str | None) -> None:
        _, kind, host, port = key
        error = "the connection closed at once"
        try:
            context, name = self._client_tls(name) if kind == "tls" else (None, None)
            local = (source, 0) if source else None
            async with asyncio.timeout(self.limits.dial):
                await asyncio.get_running_loop().create_connection(
                    lambda: stream, host, port, ssl=context, server_hostname=name, local_addr=local
                )
            self._back_off.reached(key)
        except (OSError, ValueError, OverflowError) as problem:
            error = reason(problem)
            self._back_off.failed(key, self.time())
        if stream.number not in self._open:
            self._forget(stream)
        stream.fail(error)

    def _client_tls(self, name: str | None) -> tuple[ssl.SSLContext, str]:
        if self._tls is None or self._tls.dial is None or name is None:
            raise ValueError("no certificate is known for that address")
        return self._tls.dial, name

    def _forget(self, stream: Stream) -> None:
        for table, key in ((self._by_address, stream.key), (self._aliases, stream.alias)):
            if key is not None and table.get(key) is stream:
                del table[key]

    def _sweep(self) -> None:
        now = self.time()
        for stream in list(self._open.values()):
            stream.check(now)
        self._sweeping = asyncio.get_running_loop().call_later(self.limits.sweep, self._sweep)
