"""From a host name to addresses (RFC 3263): NAPTR, SRV, A and AAAA, cached as long as their time to live says."""

import asyncio
import random
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dns import exception, rdatatype
from dns.asyncresolver import Resolver as Dns
from dns.resolver import Answer, CacheKey, LRUCache, NoResolverConfiguration

from opentcf.transport.literal import is_literal

POSITIVE_SECONDS = 3600.0
"""The longest that an answer is remembered, whatever its time to live."""

_PORTS = {"udp": 5060, "tcp": 5060, "tls": 5061}
_SERVICES = {"SIP+D2U": "udp", "SIP+D2T": "tcp", "SIPS+D2T": "tls"}
_SRV = {"udp": "_sip._udp", "tcp": "_sip._tcp", "tls": "_sips._tcp"}


class Target(NamedTuple):
    """Where to send: `host` is an address literal."""

    transport: str
    host: str
    port: int


class ResolveError(Exception):
    """A name that leads nowhere."""


class Resolver:
    """Asks the system's name servers; names of the hosts file go first.

    `lifetime`: seconds for one question to all name servers. `negative`: for how long "there is no such name" is
    remembered, which is often wrong a moment later.
    """

    def __init__(
        self,
        dns: Dns | None = None,
        hosts: Path = Path("/etc/hosts"),
        lifetime: float = 3.0,
        negative: float = 10.0,
    ) -> None:
        self._dns = _system_dns() if dns is None else dns
        self._dns.lifetime = lifetime
        self._dns.cache = _Memory(10_000, negative)
        self._hosts = hosts

    async def resolve(self, host: str, port: int = 0, transport: str = "") -> list[Target]:
        """Targets, the best first; ResolveError when there are none. An address literal is not asked for.

        `port` 0 and `transport` "" are what was not said: then RFC 3263 §4.1 finds the transport by NAPTR, and §4.2
        server and port by SRV.
        """
        if is_literal(host):
            return [_target(transport or "udp", host, port)]
        if not transport:
            transport, service = await self._transport(host) if not port else ("udp", "")
        else:
            service = ""
        servers = [] if port else await self._servers(service or f"{_SRV[transport]}.{host}")
        targets = [
            _target(transport, address, server_port)
            for server, server_port in servers or [(host, port)]
            for address in await self._addresses(server)
        ]
        if not targets:
            raise ResolveError(f"no address is known for {host}")
        return targets

    async def addresses(self, host: str) -> tuple[str, ...]:
        """The address literals of a host; none when there are none."""
        return (host,) if is_literal(host) else tuple(await self._addresses(host))

    async def servers(self, host: str, transport: str) -> list[tuple[str, int]]:
        """The servers of a domain (SRV), the best first, or the host itself on the default port."""
        return await self._servers(f"{_SRV[transport]}.{host}") or [(host, _PORTS[transport])]

    async def _transport(self, host: str) -> tuple[str, str]:
        """Of the transports that the domain offers, the one that it prefers; UDP when it says nothing."""
        found = await self._ask(host, "NAPTR")
        for record in sorted(found, key=lambda record: (record.order, record.preference)):
            service = record.service.decode("ascii", "replace").upper()
            if service in _SERVICES and record.flags.lower() == b"s":
                return _SERVICES[service], str(record.replacement)
        return "udp", ""

    async def _servers(self, name: str) -> list[tuple[str, int]]:
        found = await self._ask(name, "SRV")
        return [
            (str(record.target).rstrip("."), record.port)
            for record in by_weight(found)
            if str(record.target) != "."
        ]

    async def _addresses(self, host: str) -> list[str]:
        known = self._from_hosts(host)
        if known:
            return known
        four, six = await asyncio.gather(self._ask(host, "A"), self._ask(host, "AAAA"))
        return [str(record) for record in (*four, *six)]

    async def _ask(self, name: str, kind: str) -> Sequence[Any]:
        try:
            answer = await self._dns.resolve(
                name, rdatatype.from_text(kind), raise_on_no_answer=False, search=False
            )
        except (exception.DNSException, OSError, UnicodeError):
            return ()
        return list(answer.rrset or ())

    def _from_hosts(self, host: str) -> list[str]:
        try:
            lines = self._hosts.read_text("utf-8", "replace").splitlines()
        except OSError:
            return []
        entries = (line.partition("#")[0].split() for line in lines)
        return [
            entry[0]
            for entry in entries
            if host.lower() in map(str.lower, entry[1:]) and is_literal(entry[0])
        ]


class _Memory(LRUCache):
    def __init__(self, size: int, negative: float) -> None:
        super().__init__(size)
        self._negative = negative

    def put(self, key: CacheKey, value: Answer) -> None:
        longest = POSITIVE_SECONDS if value.rrset else self._negative
        value.expiration = min(value.expiration, time.time() + longest)
        super().put(key, value)


def by_weight(records: Iterable[Any]) -> list[Any]:
    """SRV records in the order of RFC 2782: by priority; within one, at random by weight."""
    return sorted(records, key=lambda record: (record.priority, _lot(record.weight)))


def _lot(weight: int) -> float:
    """Exponential waiting times of rate `weight` come first with a chance proportional to it; weight 0 comes last."""
    return random.expovariate(weight) if weight else 1e9 + random.random()


def _target(transport: str, host: str, port: int) -> Target:
    return Target(transport, host, port or _PORTS[transport])


def _system_dns() -> Dns:
    try:
        return Dns()
    except (NoResolverConfiguration, OSError):
        return Dns(configure=False)
