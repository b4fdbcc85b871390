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
from opentcf.transport.literal import is_literal, is_wildcard


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
    return Side(
        listen,
        None if table.advertise is None else _advertised(document, table.advertise, (name, "advertise")),
        None if table.media is None else document.read((name, "media"), media_range, table.media),
    )


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
    document: Document, tables: Iterable[PeerTable], own: str, listeners: Iterable[Listener]
) -> list[Peer]:
    """`[[peer]]`. Neither a domain nor an address comes twice, or is our own."""
    ours = {(listener.host, listener.port) for listener in listeners}
    domains: set[str] = {own}
    addresses: dict[tuple[str, int], str] = {}
    found = []
    for index, table in enumerate(tables):
        peer = _peer(document, table, ("peer", index))
        if peer.domain in domains:
            reason = "is this node's own domain" if peer.domain == own else "is the domain of another peer"
            raise document.error(("peer", index, "domain"), f"{peer.domain} {reason}")
        where = (peer.host, peer.port)
        if where in ours:
            raise document.error(("peer", index, "address"), f"{table.address} is this node's own listener")
        if where in addresses:
            raise document.error(("peer", index, "address"), f"is the address of {addresses[where]} too")
        domains.add(peer.domain)
        addresses[where] = peer.domain
        found.append(peer)
    return found


def _peer(document: Document, table: PeerTable, place: Place) -> Peer:
    document.read((*place, "wire"), check_overrides, table.wire)
    where = peer_address(document, table, place)
    return Peer(
        domain=document.read((*place, "domain"), domain_name, table.domain),
        transport=where.transport,
        host=where.host,
        port=where.port or DEFAULT_PORTS[where.transport],
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


def peer_address(document: Document, table: PeerTable, place: Place) -> Address:
    """The address of a peer; its port is None where none was written (RFC 3263 may find one)."""
    where = document.read((*place, "address"), address, table.address)
    if where.port == 0 or is_wildcard(where.host):
        raise document.error((*place, "address"), f"nobody can reach {table.address}")
    return where
