"""Tables of the configuration that say where things are: sides with their listeners, and peers."""

from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches

from opentcf.btrunc.wire import Token, check_overrides
from opentcf.model.peer import Peer
from opentcf.node.settings import Listener, Side
from opentcf.runtime.addresses import (
    DEFAULT_PORTS,
    Address,
    address,
    domain_name,
    host_port,
    media_range,
    number_ranges,
)
from opentcf.runtime.document import Document, Place
from opentcf.runtime.schema import File, PeerTable, SideTable
from opentcf.sip.uri import join_host_port
from opentcf.transport.literal import is_literal, is_loopback, is_wildcard


def sides(document: Document, file: File) -> tuple[Side, Side]:
    """`[tc2]` and `[d]`. No address is listened on twice, and there is one at all."""
    tc2 = replace(_side(document, file.tc2, "tc2"), overload_control=file.tc2.overload_control)
    d = _side(document, file.d, "d")
    if not tc2.listen and not d.listen:
        raise document.error(("tcf",), 'nothing to listen on: add listen = ["udp:HOST:5060"] to [tc2] or [d]')
    seen: set[Listener] = set()
    for name, side in (("tc2", tc2), ("d", d)):
        for listener in side.listen:
            if listener.port and listener in seen:
                shown = f"{listener.transport}:{listener.host}:{listener.port}"
                raise document.error((name, "listen"), f"{shown} is listened on twice")
            seen.add(listener)
    return tc2, d


def _side(document: Document, table: SideTable, name: str) -> Side:
    listen = tuple(_listener(document, text, (name, "listen")) for text in table.listen)
    if table.advertise is None and any(is_wildcard(listener.host) for listener in listen):
        reason = "is needed beside a listener on all addresses: the host that others are to use"
        raise document.error((name, "advertise"), reason)
    if not table.plain:
        for listener in listen:
            _check_protected(document, (name, "listen"), listener.transport, listener.host, name)
    return Side(
        listen,
        None if table.advertise is None else _advertised(document, table.advertise, (name, "advertise")),
        None if table.media is None else document.read((name, "media"), media_range, table.media),
    )


def _check_protected(document: Document, place: Place, transport: str, host: str, side: str) -> None:
    """What leaves the machine is protected by TLS, unless the site says that its network is."""
    if transport != "tls" and host != "localhost" and not is_loopback(host):
        reason = (
            f"{transport}: to or from {host} is not protected; use tls:, or say plain = true in [{side}] "
            "where the network itself is trusted"
        )
        raise document.error(place, reason)


def _listener(document: Document, text: str, place: Place) -> Listener:
    where = document.read(place, address, text)
    if not is_literal(where.host):
        raise document.error(place, f"{where.host!r} is a name; a listener needs an address, 0.0.0.0 for all")
    port = DEFAULT_PORTS[where.transport] if where.port is None else where.port
    return Listener(where.transport, where.host, port)


def _advertised(document: Document, text: str, place: Place) -> str:
    host, port = document.read(
        place, host_port, f"[{text}]" if text.count(":") > 1 and text[0] != "[" else text
    )
    if port is not None:
        raise document.error(place, "is a host without a port")
    if is_wildcard(host):
        raise document.error(place, f"nobody can reach {host}")
    return host


def peers(
    document: Document, tables: Iterable[PeerTable], own: str, listeners: Iterable[Listener], *, plain: bool
) -> list[Peer]:
    """`[[peer]]`. Neither a domain nor an address comes twice, or is our own; `plain` as in `[tc2]`."""
    ours = {(listener.host, listener.port) for listener in listeners}
    domains: set[str] = {own}
    addresses: dict[tuple[str, int], str] = {}
    place: Place
    found = []
    for index, table in enumerate(tables):
        peer, place = _peer(document, table, ("peer", index)), ("peer", index, "address")
        if peer.domain in domains:
            reason = "is this node's own domain" if peer.domain == own else "is the domain of another peer"
            raise document.error(("peer", index, "domain"), f"{peer.domain} {reason}")
        for transport, host, port in peer.ways:
            where = (host, port)
            if where in ours:
                shown = f"{transport}:{join_host_port(host, port)}"
                raise document.error(place, f"{shown} is this node's own listener")
            if where in addresses:
                raise document.error(place, f"is the address of {addresses[where]} too")
            if not plain:
                _check_protected(document, place, transport, host, "tc2")
            addresses[where] = peer.domain
        domains.add(peer.domain)
        found.append(peer)
    return found


def _peer(document: Document, table: PeerTable, place: Place) -> Peer:
    document.read((*place, "wire"), check_overrides, table.wire)
    ways = tuple(
        (where.transport, where.host, where.port or DEFAULT_PORTS[where.transport])
        for where in peer_addresses(document, table, place)
    )
    transport, host, port = ways[0]
    return Peer(
        domain=document.read((*place, "domain"), domain_name, table.domain),
        transport=transport,
        host=host,
        port=port,
        addresses=ways if len(ways) > 1 else (),
        heartbeat=table.heartbeat,
        heartbeat_wait=table.heartbeat_wait,
        heartbeat_misses=table.heartbeat_misses,
        control=table.control,
        share_ha1=table.share_ha1,
        tls_name=table.tls.name.lower() if table.tls else None,
        wire=dict(table.wire),
        allow=document.read((*place, "allow"), _operations, table.allow),
        numbers=document.read((*place, "numbers"), number_ranges, table.numbers),
    )


def _operations(names: tuple[str, ...] | None) -> frozenset[str] | None:
    """ValueError that names the first operation there is not, and the nearest one that there is."""
    known = [token.value for token in Token]
    for name in names or ():
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"there is no operation {name!r}{hint}")
    return None if names is None else frozenset(names)


def peer_addresses(document: Document, table: PeerTable, place: Place) -> list[Address]:
    """The addresses of a peer; a port is None where none was written (RFC 3263 may find one)."""
    place, written = (*place, "address"), table.address
    found = []
    for text in (written,) if isinstance(written, str) else written:
        where = document.read(place, address, text)
        if where.port == 0 or is_wildcard(where.host):
            raise document.error(place, f"nobody can reach {text}")
        found.append(where)
    if not found:
        raise document.error(place, "is empty")
    return found
