"""Digest authentication (RFC 7616, RFC 8760), both halves: SHA-256 and MD5, `qop="auth"`, no session algorithms."""

import re
from collections.abc import Iterable
from enum import Enum
from hashlib import md5, sha256
from hmac import compare_digest
from hmac import digest as hmac

from opentcf.sip.errors import RemoteError
from opentcf.sip.grammar import quote, unquote
from opentcf.sip.headers import Headers

SUPPORTED = ("SHA-256", "MD5")
"""Strongest first."""
_SCHEME = re.compile(r"[ \t]*([^\s,=\"]+)(?:[ \t]+|\Z)")
_PAIR = re.compile(
    r'[ \t]*([^\s,="]+)[ \t]*=[ \t]*(?:("(?:[^"\\]|\\.)*"|[^\s,"]+)[ \t]*)?(?:,|\Z)', re.DOTALL
)
_HEX8 = re.compile(r"[0-9A-Fa-f]{8}\Z")
_NONCE = re.compile(r"([0-9a-f]{20})([0-9a-f]{32})\Z")


class NonceState(Enum):
    """What a nonce that comes back is worth."""

    FRESH = "fresh"
    STALE = "stale"
    FORGED = "forged"


class Nonces:
    """Nonces that need no memory: a time, a serial number and a seal over both and over whom it was given to."""

    __slots__ = ("_lifetime", "_secret", "_serial")

    def __init__(self, secret: bytes, lifetime: float = 300.0) -> None:
        self._secret = secret
        self._lifetime = lifetime
        self._serial = 0

    def make(self, wall: float, source: str = "") -> str:
        """A nonce for now that only `source` may use; `wall` is seconds since 1970."""
        self._serial = (self._serial + 1) & 0xFFFFFFFF
        stamp = f"{_milliseconds(wall):012x}{self._serial:08x}"
        return stamp + self._seal(stamp, source)

    def check(self, nonce: str, wall: float, source: str = "") -> NonceState:
        """One from the future is stale too: a clock was set back, and it would live too long."""
        match = _NONCE.match(nonce)
        if match is None or not compare_digest(self._seal(match[1], source), match[2]):
            return NonceState.FORGED
        age = _milliseconds(wall) - int(match[1][:12], 16)
        return NonceState.FRESH if 0 <= age <= _milliseconds(self._lifetime) else NonceState.STALE

    def _seal(self, stamp: str, source: str) -> str:
        return hmac(self._secret, f"{stamp} {source}".encode(), "sha256").hex()[:32]


class UsedNonces:
    """Which counts of which nonces were used (RFC 7616 §3.4.6: nc): no request is taken twice.

    Copies of UDP may overtake each other: the last `WINDOW` counts are told apart. Memory is bounded: a nonce is kept
    until `lifetime` after it was used last, or until too many came after it.
    """

    __slots__ = ("_before", "_lifetime", "_most", "_now", "_since")

    WINDOW = 64

    def __init__(self, lifetime: float = 300.0, most: int = 100_000) -> None:
        self._lifetime = lifetime
        self._most = most
        self._now: dict[str, tuple[int, int]] = {}
        self._before: dict[str, tuple[int, int]] = {}
        self._since = 0.0

    def use(self, nonce: str, nc: str, wall: float) -> bool:
        """Is this its first use? Credentials without nc (RFC 2617) may use a nonce once."""
        if wall - self._since > self._lifetime or len(self._now) >= self._most:
            self._before, self._now, self._since = self._now, {}, wall
        count = int(nc, 16) if nc else 1
        highest, seen = self._now.get(nonce) or self._before.get(nonce) or (0, 0)
        if count > highest:
            seen = (seen << min(count - highest, self.WINDOW)) & (2**self.WINDOW - 1)
            highest = count
        bit = highest - count
        if bit >= self.WINDOW or seen >> bit & 1:
            return False
        self._now[nonce] = (highest, seen | 1 << bit)
        return True


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)


def challenge(realm: str, nonce: str, algorithm: str, *, stale: bool = False) -> str:
    """The value of one WWW-Authenticate line; several algorithms are several lines (RFC 8760 §2.4)."""
    tail = ", stale=true" if stale else ""
    return f'Digest realm={quote(realm)}, nonce={quote(nonce)}, algorithm={algorithm}, qop="auth"{tail}'


def ha1(algorithm: str, username: str, realm: str, password: str) -> str:
    """The hash that stands for a password; ValueError for an algorithm that is not in SUPPORTED."""
    return _hash(algorithm, f"{username}:{realm}:{password}")


class Credentials:
    """The value of one Authorization line. `algorithm` is in capitals, MD5 when the line does not say."""

    __slots__ = (
        "algorithm",
        "cnonce",
        "nc",
        "nonce",
        "opaque",
        "qop",
        "raw",
        "realm",
        "response",
        "uri",
        "username",
    )

    def __init__(self, raw: str, pairs: dict[str, str]) -> None:
        self.raw = raw
        self.username = _needed(pairs, "username")
        self.realm = _needed(pairs, "realm")
        self.nonce = _needed(pairs, "nonce")
        self.uri = _needed(pairs, "uri")
        self.response = _needed(pairs, "response")
        self.algorithm = pairs.get("algorithm", "MD5").upper()
        self.opaque = pairs.get("opaque")
        self.qop = pairs["qop"].lower() if "qop" in pairs else None
        self.nc = pairs.get("nc", "")
        self.cnonce = pairs.get("cnonce", "")
        if self.qop is not None and not (_HEX8.match(self.nc) and "cnonce" in pairs):
            raise RemoteError(400, "credentials with qop need nc and cnonce")  # RFC 7616 §3.4

    @classmethod
    def parse(cls, line: str) -> "Credentials":
        """Read one line; RemoteError 400 when it is malformed or of another scheme than Digest."""
        scheme, pairs = _read(line)
        if scheme != "digest":
            raise RemoteError(400, f"the scheme {scheme!r} is not Digest")
        return cls(line, pairs)

    def __repr__(self) -> str:
        return f"<Credentials {self.username!r} at {self.realm!r}, {self.algorithm}>"


def credentials_for(headers: Headers, field: str, realm: str) -> Credentials | None:
    """The Digest credentials for a realm among all lines of a field (RFC 3261 §22.3); other schemes are passed over."""
    for line in headers.lines(field):
        if _is_digest(line):
            found = Credentials.parse(line)
            if found.realm == realm:
                return found
    return None


def verify(credentials: Credentials, ha1: str, method: str) -> bool:
    """Does the sender know the password? The URI is taken as the credentials give it: on its way to us the
    Request-URI may have been rewritten. False for an algorithm or qop that `challenge` never offers.
    """
    if credentials.algorithm not in SUPPORTED or credentials.qop not in (None, "auth"):
        return False
    tail = f"{credentials.nc}:{credentials.cnonce}:auth" if credentials.qop else ""
    expected = _response(credentials.algorithm, ha1, credentials.nonce, tail, method, credentials.uri)
    return compare_digest(expected.encode(), credentials.response.encode("utf-8", "surrogateescape"))


class Challenge:
    """The value of one WWW-Authenticate or Proxy-Authenticate line. `auth`: may we answer with qop auth?"""

    __slots__ = ("algorithm", "auth", "nonce", "opaque", "raw", "realm", "stale")

    def __init__(self, raw: str, pairs: dict[str, str]) -> None:
        offered = [qop.strip().lower() for qop in pairs["qop"].split(",")] if "qop" in pairs else []
        if offered and "auth" not in offered:
            raise RemoteError(400, "only qop auth is supported")
        self.raw = raw
        self.realm = _needed(pairs, "realm")
        self.nonce = _needed(pairs, "nonce")
        self.algorithm = pairs.get("algorithm", "MD5").upper()
        self.opaque = pairs.get("opaque")
        self.auth = bool(offered)
        self.stale = pairs.get("stale", "").lower() == "true"

    @classmethod
    def parse(cls, line: str) -> "Challenge":
        """Read one line; RemoteError 400 when it is malformed, of another scheme, or offers nothing we can do."""
        scheme, pairs = _read(line)
        if scheme != "digest":
            raise RemoteError(400, f"the scheme {scheme!r} is not Digest")
        return cls(line, pairs)

    def __repr__(self) -> str:
        return f"<Challenge {self.realm!r}, {self.algorithm}>"


def choose(lines: Iterable[str], supported: tuple[str, ...] = SUPPORTED) -> Challenge | None:
    """The challenge to answer: the earliest of the strongest algorithm. Lines that are of no use do not count."""
    usable = [
        found for line in lines if (found := _usable(line)) is not None and found.algorithm in supported
    ]
    return min(usable, key=lambda found: supported.index(found.algorithm), default=None)


def authorize(
    challenge: Challenge, username: str, ha1: str, method: str, uri: str, cnonce: str, nc: int = 1
) -> str:
    """The value of the Authorization line that answers a challenge.

    `ha1` comes from the function of that name with the challenge's algorithm and realm; `nc` counts the requests
    made with the same nonce.
    """
    count = f"{nc:08x}"
    tail = f"{count}:{cnonce}:auth" if challenge.auth else ""
    response = _response(challenge.algorithm, ha1, challenge.nonce, tail, method, uri)
    line = (
        f"Digest username={quote(username)}, realm={quote(challenge.realm)}, nonce={quote(challenge.nonce)}, "
        f'uri={quote(uri)}, response="{response}", algorithm={challenge.algorithm}'
    )
    if challenge.auth:
        line += f", qop=auth, nc={count}, cnonce={quote(cnonce)}"
    return line if challenge.opaque is None else f"{line}, opaque={quote(challenge.opaque)}"


def _usable(line: str) -> Challenge | None:
    try:
        return Challenge.parse(line)
    except RemoteError:
        return None


def _hash(algorithm: str, text: str) -> str:
    data = text.encode("utf-8", "surrogateescape")
    if algorithm == "SHA-256":
        return sha256(data).hexdigest()
    if algorithm == "MD5":
        return md5(data, usedforsecurity=False).hexdigest()
    raise ValueError(f"no digest algorithm {algorithm!r}")


def _response(algorithm: str, ha1: str, nonce: str, tail: str, method: str, uri: str) -> str:
    """RFC 7616 §3.4.1; `tail` is nc, cnonce and qop, or empty for the form without qop (RFC 2617 §3.2.2.1)."""
    ha2 = _hash(algorithm, f"{method}:{uri}")
    return _hash(algorithm, f"{ha1}:{nonce}:{tail}:{ha2}" if tail else f"{ha1}:{nonce}:{ha2}")


def _is_digest(line: str) -> bool:
    scheme = _SCHEME.match(line)
    return scheme is not None and scheme[1].lower() == "digest"


def _read(line: str) -> tuple[str, dict[str, str]]:
    """Scheme in lower case, then `name=value` by commas; a name that comes twice is refused."""
    scheme = _SCHEME.match(line)
    if scheme is None:
        raise RemoteError(400, f"bad credentials {line[:40]!r}")
    pairs: dict[str, str] = {}
    at = scheme.end()
    while at < len(line):
        match = _PAIR.match(line, at)
        if match is None:
            raise RemoteError(400, f"bad {scheme[1]} value")
        name = match[1].lower()
        if name in pairs:
            raise RemoteError(400, f"{name} comes twice")
        pairs[name] = unquote(match[2] or "")
        at = match.end()
    return scheme[1].lower(), pairs


def _needed(pairs: dict[str, str], name: str) -> str:
    value = pairs.get(name)
    if value is None:
        raise RemoteError(400, f"{name} is missing")
    return value
