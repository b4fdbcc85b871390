"""A terminal on a real UDP socket: what `opentcf ue`, the demonstration and `opentcf chaos` carry around."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from opentcf.model.numbers import Aor
from opentcf.runtime.ids import SystemIds
from opentcf.sip.outbox import Flow
from opentcf.terminal import Behaviour, Event, Terminal

Listener = Callable[[Event], None]
Tap = Callable[[bytes], None]


class Radio(asyncio.DatagramProtocol):
    """Carries out what the terminal orders. After anything that was done to `terminal`, call `pump`.

    `listener` gets each event once; `heard` keeps them all, oldest first. `tap` gets each message that comes, before
    the terminal does.
    """

    def __init__(self, terminal: Terminal, listener: Listener | None = None, tap: Tap | None = None) -> None:
        self.terminal = terminal
        self.heard: list[Event] = []
        self.listener = listener
        self._tap = tap
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.DatagramTransport | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def now(self) -> float:
        """The clock that the terminal is told."""
        return self._loop.time()

    def pump(self) -> None:
        """Send, report, and set the alarm for what is due next."""
        if self._transport is None or self._transport.is_closing():
            return
        for order in self.terminal.drain():
            self._transport.sendto(order.data, (order.flow.host, order.flow.port))
        events, self.terminal.events = self.terminal.events, []
        self.heard += events
        if self.listener is not None:
            for event in events:
                self.listener(event)
        self._arm()

    def close(self) -> None:
        """Let go of the socket."""
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.close()

    # --- what asyncio calls

    def connection_made(self, transport: Any) -> None:
        """The socket is ready."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        """A message came in."""
        if self._tap is not None:
            self._tap(data)
        self.terminal.receive(data, Flow("d", "udp", addr[0], addr[1]), self.now)
        self.pump()

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there just now; the transaction's own timers deal with it."""

    # --- inside

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self.terminal.deadline()
        if deadline is not None:
            self._timer = self._loop.call_at(deadline, self._due)

    def _due(self) -> None:
        self._timer = None
        self.terminal.wake(self.now)
        self.pump()


async def open_radio(
    user: Aor,
    password: str,
    proxy: tuple[str, int],
    *,
    plain: bool = False,
    behaviour: Behaviour = Behaviour.RING,
    listener: Listener | None = None,
    tap: Tap | None = None,
) -> Radio:
    """A terminal on a free port of the address from which `proxy` is reached. OSError when there is none."""
    sock = _socket_towards(*proxy)
    host, port = sock.getsockname()[:2]
    flow = Flow("d", "udp", *proxy)
    terminal = Terminal(user, password, flow, host, port, SystemIds(), plain=plain, behaviour=behaviour)
    radio = Radio(terminal, listener, tap)
    await asyncio.get_running_loop().create_datagram_endpoint(lambda: radio, sock=sock)
    return radio


def _socket_towards(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((host, port))
        own = probe.getsockname()[0]
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.bind((own, 0))
    sock.setblocking(False)
    return sock
