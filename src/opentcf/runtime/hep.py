"""Copies of the trace for Homer, by HEP3 over UDP. Read from the ring a few times a second: SIP waits for none."""

import asyncio
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address

import structlog

from opentcf.runtime.mask import Mask
from opentcf.runtime.trace import Trace, Traced
from opentcf.transport.interface import reason

PORT = 9060
EVERY = 0.25
RETRY = 10.0
LONGEST = 65_507
"""What a datagram can carry; of a longer message the collector gets the beginning."""

_FAMILY, _PROTOCOL, _SOURCE_PORT, _TARGET_PORT, _SECONDS, _MICROSECONDS = 1, 2, 7, 8, 9, 10
_SOURCE, _TARGET = {4: 3, 6: 5}, {4: 4, 6: 6}
_KIND, _AGENT, _KEY, _PAYLOAD, _CORRELATION, _NODE = 11, 12, 14, 15, 17, 19
_FAMILIES = {4: 2, 6: 10}
_SIP = 1
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Homer:
    """Where a collector is; `agent` and `key` are how it knows this node."""

    host: str
    port: int = PORT
    agent: int = 1
    key: str = field(default="", repr=False)


def datagram(message: Traced, data: bytes, call: str, node: str, homer: Homer) -> bytes:
    """One message as HEP3; its correlation id is the OnlineCallID, so that Homer joins the legs of a call."""
    local, remote = message.local, (message.flow.host, message.flow.port)
    source, target = (remote, local) if message.incoming else (local, remote)
    from_, to = ip_address(source[0].partition("%")[0]), ip_address(target[0].partition("%")[0])
    seconds = int(message.time)
    chunks = [
        _chunk(_FAMILY, bytes([_FAMILIES[from_.version]])),
        _chunk(_PROTOCOL, bytes([17 if message.flow.transport == "udp" else 6])),
        _chunk(_SOURCE[from_.version], from_.packed),
        _chunk(_TARGET[to.version], to.packed),
        _chunk(_SOURCE_PORT, struct.pack("!H", source[1])),
        _chunk(_TARGET_PORT, struct.pack("!H", target[1])),
        _chunk(_SECONDS, struct.pack("!I", seconds)),
        _chunk(_MICROSECONDS, struct.pack("!I", int((message.time - seconds) * 1e6))),
        _chunk(_KIND, bytes([_SIP])),
        _chunk(_AGENT, struct.pack("!I", homer.agent)),
        _chunk(_NODE, node.encode()),
    ]
    chunks += [_chunk(_KEY, homer.key.encode())] if homer.key else []
    chunks += [_chunk(_CORRELATION, call.encode())] if call else []
    head = b"".join(chunks)
    body = head + _chunk(_PAYLOAD, data[: LONGEST - len(head) - 12])
    return b"HEP3" + struct.pack("!H", 6 + len(body)) + body


def _chunk(kind: int, value: bytes) -> bytes:
    """Vendor 0, type, length of the whole."""
    return struct.pack("!HHH", 0, kind, 6 + len(value)) + value


class HepSender(asyncio.DatagramProtocol):
    """Sends what is new in the ring until it is closed; a collector that is away costs nothing but its copies."""

    def __init__(self, homer: Homer, node: str, trace: Trace, mask: Mask) -> None:
        self._homer = homer
        self._node = node
        self._trace = trace
        self._mask = mask
        self._sent = 0
        self._transport: asyncio.DatagramTransport | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """From now on."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Send the rest, and stop."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if self._transport is not None:
            self.send()
            self._transport.close()

    def send(self) -> None:
        """What came since the last time."""
        assert self._transport is not None
        for message in self._trace.after(self._sent):
            self._sent = message.number
            call, data = self._trace.online(message), self._mask.in_place(message.data)
            self._transport.sendto(datagram(message, data, call, self._node, self._homer))

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there now."""

    async def _run(self) -> None:
        while self._transport is None:
            await self._open()
        while True:
            self.send()
            await asyncio.sleep(EVERY)

    async def _open(self) -> None:
        loop, homer = asyncio.get_running_loop(), self._homer
        try:
            self._transport, _ = await loop.create_datagram_endpoint(
                lambda: self, remote_addr=(homer.host, homer.port)
            )
        except OSError as error:
            _log.warning("no collector", host=homer.host, port=homer.port, error=reason(error))
            await asyncio.sleep(RETRY)
