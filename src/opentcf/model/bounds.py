"""Durations and limits that a node is set to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TimerSettings:
    """Seconds. T1 … Tdown are TC2-C's; register and register_min bound a
    granted expiry, subscribe and subscribe_min that of a subscription to events; sip_t1 … are RFC 3261's."""

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
    subscribe: float = 3600.0
    subscribe_min: float = 60.0
    session: float = 1800.0
    sip_t1: float = 0.5
    sip_t2: float = 4.0
    sip_t4: float = 5.0


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """Upper bounds; each refusal is counted in `opentcf_refused_total`. Sizes in bytes, rates a second.

    `max_delay`: seconds that a new request may wait for its turn.
    """

    max_message: int = 65_535
    max_body: int = 32_768
    max_short_data: int = 4_096
    max_headers: int = 128
    max_header: int = 8_192
    max_calls: int = 4
    max_subscriptions: int = 16
    max_transactions_per_peer: int = 10_000
    udp_message: int = 1_300
    max_failed_digests: int = 5
    max_rate_per_source: float = 200.0
    max_rate_per_user: float = 50.0
    max_delay: float = 0.25
