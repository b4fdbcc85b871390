"""SIP, SIPS and tel URIs (RFC 3261 §19.1, RFC 3966)."""

import re
from functools import lru_cache
from ipaddress import IPv6Address
from urllib.parse import unquote_to_bytes

from opentcf.sip.errors import RemoteError

_HOST = re.compile(
    r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9](?:[A-Za-z0-9\-._]*[A-Za-z0-9.])?))(?::([0-9]{1,5}))?\Z"
)
"""Underscores are no part of a host name, but of the names of containers."""
_USER = re.compile(r"(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]|%[0-9A-Fa-f]{2})+\Z")
_PASSWORD = re.compile(r"(?:[A-Za-z0-9\-_.!~*'()&=+$,]|%[0-9A-Fa-f]{2})*\Z")
_PARAMETER = re.compile(r"(?:[A-Za-z0-9\-_.!~*'()\[\]/:&+$]|%[0-9A-Fa-f]{2})+\Z")
_HEADERS = re.compile(r"(?:[A-Za-z0-9\-_.!~*'()\[\]/?:+$=&]|%[0-9A-Fa-f]{2})*\Z")
_TEL = re.compile(r"\+?[\-.()]*[0-9A-Da-d*#][0-9A-Da-d*#\-.()]*\Z")
LONE = ("user", "ttl", "method", "maddr", "transport")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+\-.]*\Z")
PLAIN = r"sip:(?:[A-Za-z0-9]+@)?[a-z0-9]+(?:[.\-][a-z0-9]+)*(?::(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}))?"
"""URIs that need no closer look: written back they are themselves."""
_PLAIN = re.compile(rf"{PLAIN}\Z")


@lru_cache(512)
def split_host_port(text: str) -> tuple[str, int]:
    """`host`, `host:port`, `[v6]:port` → host without brackets and port (0 when absent); 400 when it is no host."""
    match = _HOST.match(text)
    if match is None:
        raise RemoteError(400, f"bad host {text[:60]!r}")
    v6, name, digits = match.groups()
    port = int(digits or 0)
    if port > 65535:
        raise RemoteError(400, f"bad port {port}")
    return _ipv6(v6) if v6 else name.lower(), port


def _ipv6(text: str) -> str:
    """The grammar of RFC 3261 makes three colons before a dotted quad, which must be tolerated (RFC 5118 §4.10)."""
    if "." in text:
        text = text.replace(":::", "::")
    try:
        IPv6Address(text)
    except ValueError:
        raise RemoteError(400, f"bad address {text[:60]!r}") from None
    return text.lower()


def join_host_port(host: str, port: int) -> str:
    """The reverse; port 0 is left out."""
    name = f"[{host}]" if ":" in host else host
    return f"{name}:{port}" if port else name


class Uri:
    """A parsed URI. `user` is decoded; `host` is lower case without brackets; `port` 0 means none was given.

    For a `tel` URI the number is the user, without visual separators, and the host is empty. What was read is written
    back with its user part as it was spelled: `%3B` and `;` are not the same there (RFC 3261 §19.1.4).
    """

    __slots__ = ("_spelled", "headers", "host", "parameters", "password", "port", "scheme", "user")

    def __init__(
        self,
        user: str = "",
        host: str = "",
        port: int = 0,
        scheme: str = "sip",
        parameters: dict[str, str | None] | None = None,
        headers: str = "",
        password: str = "",
    ) -> None:
        self.scheme = scheme
        self.user = user
        self.password = password
        self.host = host
        self.port = port
        self.parameters = parameters or {}
        self.headers = headers
        self._spelled = ""

    @classmethod
    def parse(cls, text: str) -> "Uri":
        """Read one URI; RemoteError 400 when malformed, 416 when its scheme is none of ours (RFC 3261 §8.2.2.1)."""
        if _PLAIN.match(text):
            return cls._take_plain(text)
        scheme, colon, rest = text.partition(":")
        scheme = scheme.lower()
        if scheme in ("sip", "sips"):
            return cls._parse_sip(scheme, rest)
        if scheme == "tel":
            return cls._parse_tel(rest)
        if not colon or not _SCHEME.match(scheme):
            raise RemoteError(400, f"bad URI {text[:60]!r}")
        raise RemoteError(416, f"the scheme {scheme} is not supported")

    @classmethod
    def _take_plain(cls, text: str) -> "Uri":
        user, _, hostport = text[4:].rpartition("@")
        host, _, port = hostport.partition(":")
        uri = cls(user, host, int(port or 0))
        uri._spelled = user
        return uri

    @classmethod
    def _parse_sip(cls, scheme: str, rest: str) -> "Uri":
        userinfo, at, hostpart = rest.rpartition("@") if "@" in rest else ("", "", rest)
        hostpart, question, headers = hostpart.partition("?")
        hostport, _, tail = hostpart.partition(";")
        host, port = split_host_port(hostport)
        user, _, password = userinfo.partition(":")
        if at and not (_USER.match(user) and _PASSWORD.match(password)):
            raise RemoteError(400, f"bad user part {userinfo[:60]!r}")
        if question and not (headers and _HEADERS.match(headers)):
            raise RemoteError(400, "bad headers in a URI")
        uri = cls(_decode(user), host, port, scheme, _parameters(tail), headers, password)
        uri._spelled = user
        return uri

    @classmethod
    def _parse_tel(cls, rest: str) -> "Uri":
        number, _, tail = rest.partition(";")
        if not _TEL.match(number):
            raise RemoteError(400, f"bad telephone number {number[:40]!r}")
        return cls(re.sub(r"[\-.()]", "", number), "", 0, "tel", _parameters(tail))

    def __str__(self) -> str:
        tail = _tail(self.parameters) if self.parameters else ""
        if self.scheme == "tel":
            return f"tel:{self.user}{tail}"
        user = self._spelled if _decode(self._spelled) == self.user else _encode(self.user)
        if self.password:
            user += f":{self.password}"
        at = "@" if user else ""
        headers = f"?{self.headers}" if self.headers else ""
        return f"{self.scheme}:{user}{at}{join_host_port(self.host, self.port)}{tail}{headers}"

    def __repr__(self) -> str:
        return f"<Uri {self}>"

    def __eq__(self, other: object) -> bool:
        """RFC 3261 §19.1.4: a parameter that only one has does not count, but for those in `LONE`."""
        if not isinstance(other, Uri):
            return NotImplemented
        mine, theirs = self.parameters, other.parameters
        both = all(_same(value, theirs[name]) for name, value in mine.items() if name in theirs)
        lone = all((name in mine) == (name in theirs) for name in LONE)
        return both and lone and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> tuple[object, ...]:
        headers = frozenset(_decode(pair).lower() for pair in self.headers.split("&") if pair)
        return (self.scheme, self.user, self.password, self.host, self.port, headers)


def _tail(parameters: dict[str, str | None]) -> str:
    return "".join(
        [f";{name}" if value is None else f";{name}={value}" for name, value in parameters.items()]
    )


def _parameters(tail: str) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    if not tail:
        return found
    for piece in tail.split(";"):
        name, equals, value = piece.partition("=")
        if not _PARAMETER.match(name) or (equals and not _PARAMETER.match(value)):
            raise RemoteError(400, f"bad URI parameter {piece[:40]!r}")
        if name.lower() in found:
            raise RemoteError(400, f"the URI parameter {name!r} comes twice")
        found[name.lower()] = value if equals else None
    return found


def _same(one: str | None, other: str | None) -> bool:
    return _decode(one or "").lower() == _decode(other or "").lower()


def _decode(text: str) -> str:
    return unquote_to_bytes(text).decode("utf-8", "surrogateescape") if "%" in text else text


def _encode(user: str) -> str:
    if _USER.match(user) or not user:
        return user.replace("%", "%25") if "%" in user else user
    safe = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.!~*'()&=+$,;?/"
    return "".join(chr(b) if b in safe else f"%{b:02X}" for b in user.encode("utf-8", "surrogateescape"))
