"""Peers that are configured by host name: what the names stand for now (RFC 3263)."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import structlog

from opentcf.model.peer import Peer
from opentcf.node.settings import Settings
from opentcf.transport.literal import is_literal
from opentcf.transport.resolve import Resolver

_log = structlog.get_logger()


class PeerNames:
    """Remembers what was found, so that a name server that is silent for a while changes nothing."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._addresses: dict[str, tuple[str, ...]] = {}
        self._servers: dict[str, tuple[str, int]] = {}

    async def settle(self, settings: Settings, portless: frozenset[str]) -> Settings:
        """The settings with every name looked up; for the `portless` peers SRV may name server and port."""
        peers = await asyncio.gather(
            *(self._settle(peer, peer.domain in portless) for peer in settings.peers)
        )
        addresses = {
            peer.domain: self._addresses[peer.domain] for peer in peers if self._addresses.get(peer.domain)
        }
        return replace(settings, peers=tuple(peers), peer_addresses=addresses)

    async def _settle(self, peer: Peer, portless: bool) -> Peer:
        if is_literal(peer.host):
            return peer
        if portless:
            host, port = await self._resolver.server(peer.host, peer.transport)
            peer = replace(peer, host=host, port=port)
        if found := await self._resolver.addresses(peer.host):
            self._addresses[peer.domain] = tuple(sorted(found))
        elif peer.domain not in self._addresses:
            self._addresses[peer.domain] = ()
            _log.warning("peer has no address", peer=peer.domain, host=peer.host)
        return peer


def is_complete(settings: Settings) -> bool:
    """Is an address known for every peer?"""
    return all(is_literal(peer.host) or peer.domain in settings.peer_addresses for peer in settings.peers)


def certificate_names(settings: Settings) -> Mapping[tuple[str, int], str]:
    """Which name the certificate at each address of a TLS peer must bear."""
    return {
        (host, peer.port): (peer.tls_name or peer.domain)
        for peer in settings.peers
        if peer.transport == "tls"
        for host in (peer.host, *settings.peer_addresses.get(peer.domain, ()))
    }
