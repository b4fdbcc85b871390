"""One connection: TCP or TLS, accepted or dialled."""

import asyncio
from collections.abc import Iterator
from typing import NamedTuple, Protocol, cast

from opentcf.sip.errors import RemoteError
from opentcf.sip.framing import Framer
from opentcf.sip.outbox import Flow, Send
from opentcf.transport.alive import Beat, KeepAlive
from opentcf.transport.interface import Local, Reports
from opentcf.transport.tls import certificate_names

Key = tuple[str, str, str, int]
"""Side, transport, host and port of the other end."""


class StreamLimits(NamedTuple):
    """What a connection may take; times in seconds, sizes in bytes."""

    dial: float = 5.0
    """A connection that is not up by then has failed."""
    patience: float = 30.0
    """How long it may take to bring the next whole message once that began, or its first."""
    sweep: float = 5.0
    """How often that is looked at."""
    silence: float = 30.0
    """A connection that we opened and that brought nothing for so long is asked whether it lives."""
    pong: float = 10.0
    """It is cut where nothing comes within this (RFC 5626 §4.4.1)."""
    most_waiting: int = 2**20
    """What may wait for a slow reader before his connection is cut."""
    most_streams: int = 10_000
    """Connections at most, those that we dial not counted in."""
    most_of_one: int = 1_000
    """Of these from one address, so that nobody takes the place of all others."""


class Owner(Protocol):
    """Who keeps the streams."""

    reports: Reports
    limits: StreamLimits
    max_message: int
    numbers: Iterator[int]

    def time(self) -> float: ...
    def opened(self, stream: "Stream") -> None: ...
    def spoke(self, stream: "Stream", message: bytes) -> None: ...
    def gone(self, stream: "Stream") -> None: ...


class Stream(asyncio.Protocol):
    """One connection. Orders wait in it until it is up.

    `names` are what its other side proved to be: the verified certificate's, and the `name` that was asked for when
    it was dialled. `place` is the address that it takes a place of, where the other side opened it.
    """

    def __init__(
        self, owner: Owner, side: str, kind: str, dialled: Key | None = None, name: str | None = None
    ) -> None:
        self.number = next(owner.numbers)
        self.key: Key | None = dialled
        self.names: tuple[str, ...] = (name,) if name else ()
        self.alias: Key | None = None
        self.flow = Flow(side, kind, "", 0, self.number)
        self.waiting_since: float | None = None
        self.place = ""
        self._owner = owner
        self._keep_alive: KeepAlive | None = None
        self._has_spoken = False
        self._local: Local = ("", 0)
        self._framer = Framer(owner.max_message, asked=dialled is None)
        self._transport: asyncio.Transport | None = None
        self._orders: list[Send] = []
        self._waiting_bytes = 0

    # --- what asyncio tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is up (and, with TLS, proved)."""
        self._transport = up = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        remote, local = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        if not remote or not local:
            up.abort()
            return
        self.flow = self.flow._replace(host=remote[0], port=remote[1])
        self._local = (local[0], local[1])
        if self.key is None:
            self.key = (self.flow.side, self.flow.transport, self.flow.host, self.flow.port)
            self.waiting_since = self._owner.time()
        else:
            limits = self._owner.limits
            self._keep_alive = KeepAlive(limits.silence, limits.pong, self._owner.time())
        self._owner.opened(self)
        if self.flow.transport == "tls":
            proved = certificate_names(transport.get_extra_info("ssl_object"))
            self.names += proved
            self._owner.reports.proved(self.flow, proved)
        orders, self._orders = self._orders, []
        for order in orders:
            self.send(order)

    def data_received(self, data: bytes) -> None:
        """Whole messages go up; a stream that cannot be framed is answered and closed."""
        framer, came = self._framer, False
        if self._keep_alive is not None:
            self._keep_alive.heard(self._owner.time())
        try:
            while messages := framer.feed(data):
                for message in messages:
                    self._receive(message)
                data, came = b"", True
        except RemoteError:
            self._give_up()
            return
        if framer.pongs and self._transport is not None:
            self._write_pongs(self._transport, framer)
        if framer.begun:
            if came or self.waiting_since is None:
                self.waiting_since = self._owner.time()
        elif self._has_spoken:
            self.waiting_since = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Gone, for whatever reason."""
        self._owner.gone(self)

    def _receive(self, message: bytes) -> None:
        if not self._has_spoken:
            self._has_spoken = True
            self._owner.spoke(self, message)
        self._owner.reports.received(message, self.flow, self._local)

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
        elif self._transport.get_write_buffer_size() > self._owner.limits.most_waiting:
            self._owner.reports.failed(order, "the other side does not read")
            self._transport.abort()
        else:
            self._transport.write(order.data)
            self._owner.reports.sent(order.data, self.flow, self._local)

    def check(self, now: float) -> None:
        """Cut off who begins and does not go on; ask who is silent whether he lives (RFC 5626 §3.5.1)."""
        if self.waiting_since is not None and now - self.waiting_since > self._owner.limits.patience:
            self.abort()
        if self._keep_alive is None or self._transport is None:
            return
        beat = self._keep_alive.beat(now)
        if beat is Beat.PING:
            self._transport.write(b"\r\n\r\n")
        elif beat is Beat.DEAD:
            self.abort()

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

    def _write_pongs(self, transport: asyncio.Transport, framer: Framer) -> None:
        if transport.get_write_buffer_size() > self._owner.limits.most_waiting:
            transport.abort()
        else:
            transport.write(b"\r\n" * framer.pongs)
        framer.pongs = 0

    def _keep(self, order: Send) -> None:
        self._waiting_bytes += len(order.data)
        if self._waiting_bytes > self._owner.limits.most_waiting:
            self._owner.reports.failed(order, "too much waits for the connection")
        else:
            self._orders.append(order)

    def _give_up(self) -> None:
        assert self._transport is not None
        self._transport.pause_reading()
        if rest := self._framer.rest:
            self._owner.reports.received(rest, self.flow, self._local)
        asyncio.get_running_loop().call_soon(self.close)
