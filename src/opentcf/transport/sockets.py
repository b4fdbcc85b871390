"""All sockets of a node: the listeners of both sides, and the way of each order to one of them."""

import asyncio
import socket
from collections.abc import Mapping

from opentcf.node.settings import Listener
from opentcf.sip.outbox import Flow, Send
from opentcf.sip.uri import join_host_port
from opentcf.transport.interface import ListenError, Local, Reports, reason
from opentcf.transport.literal import is_literal, is_wildcard
from opentcf.transport.resolve import ResolveError, Resolver
from opentcf.transport.route import Routes
from opentcf.transport.stream import StreamLimits
from opentcf.transport.streams import Streams
from opentcf.transport.tls import TlsContexts
from opentcf.transport.udp import UdpPort

_MOST_LITERALS = 10_000
_MOST_HEARD = 100_000


class Sockets:
    """Bind first, then `start` in the event loop. After that it is the innermost `Sender`."""

    def __init__(
        self,
        resolver: Resolver,
        max_message: int = 65_535,
        tls: TlsContexts | None = None,
        limits: StreamLimits = StreamLimits(),  # noqa: B008 - immutable
    ) -> None:
        self._resolver = resolver
        self._max_message = max_message
        self._tls = tls
        self._limits = limits
        self._reports: Reports
        self._streams: Streams | None = None
        self._ports: dict[tuple[str, bool], list[UdpPort]] = {}
        self._sources: dict[tuple[str, bool], list[str]] = {}
        self._routes = Routes()
        self._listening: list[tuple[str, str, socket.socket]] = []
        self._literals: dict[str, bool] = {}
        self._names: Mapping[tuple[str, int], str] = {}
        self._searches: set[asyncio.Task[None]] = set()

    def bind(self, side: str, listener: Listener) -> Listener:
        """Take a local address; what comes back names the port that was taken where 0 was asked."""
        sock = _bound(listener)
        host, port = sock.getsockname()[:2]
        six = ":" in host
        if listener.transport == "udp":
            ports = self._ports.setdefault((side, six), [])
            ports.append(UdpPort(side, sock))
        else:
            self._listening.append((side, listener.transport, sock))
        if not is_wildcard(host):
            self._sources.setdefault((side, six), []).append(host)
        return Listener(listener.transport, host, port)

    def expect(self, names: Mapping[tuple[str, int], str]) -> None:
        """Which name a certificate must bear, by the (host, port) that is dialled."""
        self._names = names

    async def start(self, reports: Reports) -> None:
        """Begin to read and to accept."""
        self._reports = reports
        self._streams = Streams(reports, self._max_message, self._tls, self._limits)
        for ports in self._ports.values():
            heard: dict[Local, UdpPort] | None = {} if len(ports) > 1 else None
            for port in ports:
                port.heard = heard
                port.start(reports)
        while self._listening:
            self._streams.serve(*self._listening.pop(0))

    def renew(self, tls: TlsContexts) -> None:
        """Use other certificates from now on; connections that stand are not touched."""
        self._tls = tls
        if self._streams is not None:
            self._streams.renew(tls)

    async def close(self) -> None:
        """Close everything; what streams have not taken yet is flushed as far as it goes at once."""
        for search in self._searches:
            search.cancel()
        if self._streams is not None:
            await self._streams.close()
        for ports in self._ports.values():
            for port in ports:
                port.close()
        for _, _, sock in self._listening:
            sock.close()

    def send(self, order: Send) -> None:
        """By the flow's transport; a host name is looked up first."""
        host = order.flow.host
        literal = self._literals.get(host)
        if literal is None:
            if len(self._literals) >= _MOST_LITERALS:
                self._literals.clear()
            literal = self._literals[host] = is_literal(host)
        if literal:
            self._send(order, self._names.get((host, order.flow.port)))
        else:
            search = asyncio.get_running_loop().create_task(self._look_up(order))
            self._searches.add(search)
            search.add_done_callback(self._searches.discard)

    def _send(self, order: Send, name: str | None) -> None:
        """Send to an address literal; with TLS its certificate must bear `name`."""
        flow = order.flow
        if flow.transport != "udp":
            assert self._streams is not None
            self._streams.send(order, self._source(flow), name)
            return
        port = self._port(flow)
        if port is None:
            family = "IPv6" if ":" in flow.host else "IPv4"
            self._reports.failed(order, f"[{flow.side}] listens on no udp: address of {family}")
        else:
            port.send(order)

    def _source(self, flow: Flow) -> str | None:
        """The address to dial from: of those of the side the one that the kernel would take, else the first."""
        hosts = self._sources.get((flow.side, ":" in flow.host))
        if not hosts:
            return None
        return self._routes.best(flow.host, hosts)

    def _port(self, flow: Flow) -> UdpPort | None:
        """The socket that the other side last spoke to, else the one on the way there, else the first of its family."""
        ports = self._ports.get((flow.side, ":" in flow.host))
        if not ports:
            return None
        heard = ports[0].heard
        if heard is None:
            return ports[0]
        if len(heard) > _MOST_HEARD:
            heard.clear()
        known = heard.get((flow.host, flow.port))
        if known is not None:
            return known
        source = self._routes.best(flow.host, [port.local[0] for port in ports])
        return next(port for port in ports if port.local[0] == source)

    async def _look_up(self, order: Send) -> None:
        flow = order.flow
        try:
            targets = await self._resolver.resolve(flow.host, flow.port, flow.transport)
        except ResolveError as error:
            self._reports.failed(order, str(error))
            return
        target = next((target for target in targets if self._reaches(flow, target.host)), targets[0])
        found = flow._replace(host=target.host, port=target.port)
        self._send(Send(order.data, found, order.transaction), self._names.get((flow.host, flow.port)))

    def _reaches(self, flow: Flow, host: str) -> bool:
        six = ":" in host
        return (flow.side, six) in (self._ports if flow.transport == "udp" else self._sources)


def _bound(listener: Listener) -> socket.socket:
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    kind = socket.SOCK_DGRAM if listener.transport == "udp" else socket.SOCK_STREAM
    sock = socket.socket(family, kind)
    sock.setblocking(False)
    try:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if kind == socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((listener.host, listener.port))
        if kind == socket.SOCK_STREAM:
            sock.listen(1024)
    except OSError as error:
        sock.close()
        where = f"{listener.transport}:{join_host_port(listener.host, listener.port)}"
        raise ListenError(f"cannot listen on {where}: {reason(error)}") from error
    return sock
