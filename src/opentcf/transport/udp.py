"""Datagrams. A readable socket is drained (bounded) in one go: a wake-up is paid once for many datagrams."""

import asyncio
import socket
from collections import deque

from opentcf.sip.outbox import Flow, Send
from opentcf.transport.interface import Local, Reports, reason

BURST = 256
"""Datagrams read per wake-up, so that other sockets and timers get their turn under load; more than come in a tick."""

_LONGEST = 65_535
_KEEP_ALIVE = 4
_BUFFER = 4 * 2**20
_FORCE_RECEIVE_BUFFER = 33  # SO_RCVBUFFORCE of Linux: beyond rmem_max, for who may
_MOST_WAITING = 10_000


class UdpPort:
    """One bound socket of a side. `heard`, where there is one, learns which port a remote address last spoke to."""

    def __init__(self, side: str, sock: socket.socket) -> None:
        host, port = sock.getsockname()[:2]
        self.local: Local = (host, port)
        self.heard: dict[Local, UdpPort] | None = None
        self._side = side
        self._socket = sock
        self._waiting: deque[Send] = deque()
        self._buffer = memoryview(bytearray(_LONGEST))
        self._reports: Reports
        self._loop: asyncio.AbstractEventLoop | None = None
        _enlarge_buffers(sock)

    def start(self, reports: Reports) -> None:
        """Begin to read, and allow to send."""
        self._reports = reports
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._read)

    def close(self) -> None:
        """Stop; what could not be sent yet is forgotten."""
        if self._loop is not None:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
        self._socket.close()

    def send(self, order: Send) -> None:
        """Send to the address literal in the order's flow."""
        if self._waiting:
            self._wait(order)
            return
        flow = order.flow
        try:
            self._socket.sendto(order.data, (flow.host, flow.port))
        except BlockingIOError:
            self._wait(order)
        except (OSError, OverflowError) as error:
            self._reports.failed(order, reason(error))
        else:
            self._reports.sent(order.data, flow, self.local)

    def _read(self) -> None:
        """Each datagram is a copy of its own size: `recvfrom` would ask the heap for 64 KB, and one that is kept leave
        the rest of it as a hole."""
        receive, buffer, side, local = self._socket.recvfrom_into, self._buffer, self._side, self.local
        received = self._reports.received
        for _ in range(BURST):
            try:
                size, address = receive(buffer)
            except OSError:
                return
            data = bytes(buffer[:size])
            if len(data) <= _KEEP_ALIVE and not data.strip(b"\r\n\0"):
                continue
            if self.heard is not None:
                self.heard[address[:2]] = self
            received(data, Flow(side, "udp", address[0], address[1]), local)

    def _wait(self, order: Send) -> None:
        if len(self._waiting) >= _MOST_WAITING or self._loop is None:
            self._reports.failed(order, "too many datagrams wait for the network")
            return
        self._waiting.append(order)
        self._loop.add_writer(self._socket, self._write)

    def _write(self) -> None:
        """The kernel has room again."""
        waiting, self._waiting = self._waiting, deque()
        for order in waiting:
            self.send(order)
        if not self._waiting and self._loop is not None:
            self._loop.remove_writer(self._socket)


def _enlarge_buffers(sock: socket.socket) -> None:
    """A pause of some milliseconds must not lose datagrams; the kernel's default holds about 200."""
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF, _FORCE_RECEIVE_BUFFER):
        try:
            sock.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
        except OSError:
            continue
