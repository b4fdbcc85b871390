"""Addresses as people write them: `udp:HOST:PORT`, `[::1]:8060`, `HOST:FIRST-LAST`. ValueError says what is wrong."""

import re
from difflib import get_close_matches
from typing import NamedTuple
from urllib.parse import urlsplit

from opentcf.model.numbers import is_number
from opentcf.node.settings import MediaRange
from opentcf.transport.literal import is_literal

TRANSPORTS = ("udp", "tcp", "tls")
DEFAULT_PORTS = {"udp": 5060, "tcp": 5060, "tls": 5061}
_NAME = re.compile(r"(?!.*\.\.)[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\Z")
_PORTS = re.compile(r"(\d{1,5})-(\d{1,5})\Z")


class Address(NamedTuple):
    """`port` is None where none was written."""

    transport: str
    host: str
    port: int | None


def domain_name(text: str) -> str:
    """A SIP domain, in lower case."""
    if not _NAME.match(text):
        raise ValueError(f"{text!r} is not a domain name")
    return text.lower()


def address(text: str) -> Address:
    """`udp:HOST`, `tcp:HOST:PORT`, `tls:[V6]:PORT`."""
    transport, colon, rest = text.partition(":")
    if transport not in TRANSPORTS:
        near = get_close_matches(transport, TRANSPORTS, 1)
        hint = f'; did you mean "{near[0]}:…"?' if near and colon else ""
        raise ValueError(f"{text!r} is not udp:HOST:PORT, tcp:HOST:PORT or tls:HOST:PORT{hint}")
    host, port = host_port(rest)
    return Address(transport, host, port)


def host_port(text: str) -> tuple[str, int | None]:
    """`HOST`, `HOST:PORT`, `[V6]:PORT`; the host comes back in lower case and without brackets."""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or not is_literal(host) or (rest and not rest.startswith(":")):
            raise ValueError(f"{text!r} is not [IPV6]:PORT")
        return host.lower(), port_number(rest[1:]) if rest else None
    if text.count(":") > 1:
        raise ValueError(f"{text!r}: an IPv6 address is written in brackets, [::1]:5060")
    host, colon, rest = text.partition(":")
    if not _NAME.match(host) or (host.replace(".", "").isdigit() and not is_literal(host)):
        raise ValueError(f"{host!r} is neither an address nor a host name")
    return host.lower(), port_number(rest) if colon else None


def port_number(text: str) -> int:
    """0 to 65535."""
    if not (text.isascii() and text.isdigit()) or int(text) > 65535:
        raise ValueError(f"{text!r} is not a port")
    return int(text)


def media_range(text: str) -> MediaRange:
    """`HOST:FIRST-LAST`; two ports, RTP and RTCP, are the least."""
    where, _, ports = text.rpartition(":")
    found = _PORTS.match(ports)
    if not found:
        raise ValueError(f"{text!r} is not HOST:FIRST-LAST")
    host, extra = host_port(where)
    first, last = port_number(found[1]), port_number(found[2])
    if extra is not None or not is_literal(host):
        raise ValueError(f"{where!r} is not an address")
    if not 0 < first < last:
        raise ValueError(f"{ports} is not a range of ports")
    return MediaRange(host, first, last)


def number_ranges(written: str | tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """`2000-2999`, `7`, or several of them: lowest and highest number, both of one length."""
    return tuple(_number_range(text) for text in ((written,) if isinstance(written, str) else written))


def _number_range(text: str) -> tuple[str, str]:
    low, dash, high = text.partition("-")
    high = high if dash else low
    if not is_number(low) or not is_number(high) or len(low) != len(high) or low > high:
        raise ValueError(f"{text!r} is not FIRST-LAST, two numbers of one length")
    return low, high


def http_url(text: str) -> str:
    """`http://HOST:PORT` or `https://…`, with or without a path before `/api`; without a slash at its end."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(f"{text!r} is not http://HOST:PORT")
    host_port(parts.netloc)
    return text.rstrip("/")
