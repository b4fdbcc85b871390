"""The one immutable object that says how a node is to behave. Values are checked before they come here."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from opentcf.model.bounds import LimitSettings, TimerSettings
from opentcf.model.group import Group
from opentcf.model.peer import Peer
from opentcf.model.subscriber import Subscriber

__all__ = ["LimitSettings", "Listener", "MediaRange", "Settings", "Side", "TimerSettings"]


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
    """One of the two faces of a TCF: `tc2` towards TCFs or `d` towards terminals.

    `overload_control`: offer RFC 7339 there; only TCFs are asked.
    """

    listen: tuple[Listener, ...] = ()
    advertise: str | None = None
    media: MediaRange | None = None
    overload_control: bool = True


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
    records: bool = False
    """Are records of calls wanted?"""
    peer_addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Address literals that each peer's host name stands for (the shell resolves it); a literal host needs no entry."""
