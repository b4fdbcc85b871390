"""Peers that are configured by host name: what the names stand for now (RFC 3263)."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import structlog

from opentcf.model.peer import Address, Peer
from opentcf.node.settings import Settings
from opentcf.transport.literal import is_literal
from opentcf.transport.resolve import Resolver

_log = structlog.get_logger()


class PeerNames:
    """Remembers what was found, so that a name server that is silent for a while changes nothing."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._addresses: dict[str, tuple[str, ...]] = {}
        self._servers: dict[tuple[str, str], list[tuple[str, int]]] = {}

    async def settle(self, settings: Settings, portless: frozenset[str]) -> Settings:
        """The settings with every name looked up; for the `portless` hosts SRV may name servers and ports."""
        peers = await asyncio.gather(*(self._settle(peer, portless) for peer in settings.peers))
        addresses = {
            peer.domain: self._addresses[peer.domain] for peer in peers if self._addresses.get(peer.domain)
        }
        return replace(settings, peers=tuple(peers), peer_addresses=addresses)

    async def _settle(self, peer: Peer, portless: frozenset[str]) -> Peer:
        if all(is_literal(host) for _, host, _ in peer.ways):
            return peer
        ways: list[Address] = []
        for way in peer.ways:
            ways += await self._ways(way) if way[1] in portless else [way]
        await self._look_up(peer.domain, [host for _, host, _ in ways if not is_literal(host)])
        return replace(peer, addresses=tuple(ways) if len(ways) > 1 else ()).at(ways[0])

    async def _ways(self, way: Address) -> list[Address]:
        """Servers of one rank come in an order by chance: the one that was drawn first is kept."""
        transport, host, _ = way
        found = await self._resolver.servers(host, transport)
        known = self._servers.get((host, transport), [])
        if sorted(known) != sorted(found):
            known = self._servers[host, transport] = found
        return [(transport, *server) for server in known]

    async def _look_up(self, domain: str, names: list[str]) -> None:
        found = await asyncio.gather(*(self._resolver.addresses(name) for name in names))
        if any(found):
            self._addresses[domain] = tuple(sorted({each for some in found for each in some}))
        elif domain not in self._addresses:
            self._addresses[domain] = ()
            _log.warning("peer has no address", peer=domain, host=" ".join(names))


def is_complete(settings: Settings) -> bool:
    """Is an address known for every peer?"""
    return all(
        peer.domain in settings.peer_addresses or all(is_literal(host) for _, host, _ in peer.ways)
        for peer in settings.peers
    )


def certificate_names(settings: Settings) -> Mapping[tuple[str, int], str]:
    """Which name the certificate at each address of a TLS peer must bear."""
    return {
        (literal, port): (peer.tls_name or peer.domain)
        for peer in settings.peers
        for transport, host, port in peer.ways
        if transport == "tls"
        for literal in (host, *settings.peer_addresses.get(peer.domain, ()))
    }
