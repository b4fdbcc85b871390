"""The one immutable object that says how a node is to behave. Values are checked before they come here."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from opentcf.model.group import Group
from opentcf.model.peer import Peer
from opentcf.model.subscriber import Subscriber


@dataclass(frozen=True, slots=True)
class Listener:
    """A local address that the shell listens on. `host` is an address literal without brackets."""

    transport: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class MediaRange:
    """Address and ports named in SDP of group calls while no media function is configured."""

    host: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two faces of a TCF: `tc2` towards TCFs or `d` towards terminals."""

    listen: tuple[Listener, ...] = ()
    advertise: str | None = None
    media: MediaRange | None = None


@dataclass(frozen=True, slots=True)
class TimerSettings:
    """Seconds. T1 … Tdown are TC2-C's timers; register and register_min bound a granted expiry; sip_t1 … are RFC 3261's."""

    t1: float = 4.0
    t2: float = 60.0
    t3: float = 3.0
    t4: float = 30.0
    tcall: float = 3600.0
    tconfirm: float = 5.0
    tring: float = 60.0
    tho: float = 8.0
    tdown: float = 30.0
    register: float = 3600.0
    register_min: float = 60.0
    session: float = 1800.0
    sip_t1: float = 0.5
    sip_t2: float = 4.0
    sip_t4: float = 5.0


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """Upper bounds; each refusal is counted in `opentcf_refused_total`. Sizes in bytes."""

    max_message: int = 65_535
    max_body: int = 32_768
    max_short_data: int = 4_096
    max_headers: int = 128
    max_header: int = 8_192
    max_calls: int = 4
    max_transactions_per_peer: int = 10_000
    udp_message: int = 1_300


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the core is told. A reload makes a new one."""

    domain: str
    name: str = ""
    tc2: Side = field(default_factory=Side)
    d: Side = field(default_factory=Side)
    digest: tuple[str, ...] = ("SHA-256", "MD5")
    peers: tuple[Peer, ...] = ()
    subscribers: tuple[Subscriber, ...] = ()
    groups: tuple[Group, ...] = ()
    timers: TimerSettings = field(default_factory=TimerSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    peer_addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Address literals that each peer's host name stands for (the shell resolves it); a literal host needs no entry."""
