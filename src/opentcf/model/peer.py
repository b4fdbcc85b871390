"""What a TCF knows of the TCFs beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

Address = tuple[str, str, int]
"""Transport, host and port."""


class PeerState(StrEnum):
    """UNKNOWN until the first heartbeat was answered or missed often enough; a peer is tried until it is known down."""

    UNKNOWN = "unknown"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Peer:
    """A configured TCF; heartbeat times are seconds.

    `transport`, `host` and `port` are the address in use. `addresses`: all that it has, the one to be preferred first;
    none where it has only that one.
    `control`: this peer's dispatchers may stun, kill, release and insert here. `share_ha1`: H's 200 may carry a
    visitor's digest secret; None means only under TLS or on loopback. `wire` overrides entries of the wire table.
    `tls_name`: the name its certificate must bear (default: the domain). `allow`: the operations that it may begin
    (None: all), as keys of the wire table's tokens. `numbers`: what its users' and groups' numbers may be, as pairs of
    lowest and highest of one length (none: any).
    """

    domain: str
    transport: str
    host: str
    port: int
    heartbeat: float = 10.0
    heartbeat_wait: float = 3.0
    heartbeat_misses: int = 3
    control: bool = False
    share_ha1: bool | None = None
    tls_name: str | None = None
    wire: Mapping[str, str] = field(default_factory=dict)
    allow: frozenset[str] | None = None
    numbers: tuple[tuple[str, str], ...] = ()
    addresses: tuple[Address, ...] = ()

    @property
    def address(self) -> Address:
        """The one in use."""
        return self.transport, self.host, self.port

    @property
    def ways(self) -> tuple[Address, ...]:
        """All its addresses, the one to be preferred first."""
        return self.addresses or (self.address,)

    def at(self, address: Address) -> "Peer":
        """The same TCF, reached at another of its addresses."""
        transport, host, port = address
        return replace(self, transport=transport, host=host, port=port)

    def may_have(self, number: str) -> bool:
        """May one of its users or groups have this number?"""
        return not self.numbers or any(
            len(number) == len(low) and low <= number <= high for low, high in self.numbers
        )
