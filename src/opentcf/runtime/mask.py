"""What must not be shown: digest answers, passwords and keys. All SIP text that people get to see goes through here."""

import re
from collections.abc import Callable, Iterable

from opentcf.btrunc.wire import TABLE, Param
from opentcf.model.peer import Peer

SECRET_PARAMS = (Param.HA1, Param.HA1_MD5, Param.HA1_SHA256)
_DIGEST = ("response", "rspauth", "password")
_VALUE = r"""("(?:[^"\r\n]|\r?\n[ \t])*"?|[^\s;,>"]+)"""
_OTHERS = re.compile(
    r"(?im)(?:(\bsips?:[^@:\s<>\"]+:)([^@:\s<>\";]+)(?=@)"
    r"|(^(?:proxy-)?authorization[ \t]*:[ \t]*(?:basic|bearer)[ \t]+)(\S+)"
    r"|(\binline:|^k=\w+:)([^\s|]+))"
)
"""Passwords in URIs (RFC 3261 §19.1.1), credentials that are no digest, media keys (RFC 4568 §6.1, RFC 4566 §5.12)."""


class Mask:
    """Hides secrets in SIP text. A peer may spell the parameters that carry them differently."""

    def __init__(self, peers: Iterable[Peer] = ()) -> None:
        self._secret: re.Pattern[str]
        self.learn(peers)

    def learn(self, peers: Iterable[Peer]) -> None:
        """Take over how these peers spell."""
        keys = [f"param.{param.value}" for param in SECRET_PARAMS]
        names = {*_DIGEST, *(TABLE[key] for key in keys)}
        names.update(peer.wire[key] for peer in peers for key in keys if key in peer.wire)
        longest_first = sorted(names, key=len, reverse=True)
        self._secret = re.compile(rf"(?i)(\b(?:{'|'.join(map(re.escape, longest_first))})\s*=\s*){_VALUE}")

    def __call__(self, text: str) -> str:
        """The text with its secrets replaced by three stars."""
        return self._replaced(text, lambda secret: '"***"', lambda secret: "***")

    def in_place(self, data: bytes) -> bytes:
        """A message with a star for each byte of its secrets: every length in it stays true."""
        return self._replaced(data.decode("latin-1"), _stars, _stars).encode("latin-1")

    def _replaced(self, text: str, value: Callable[[str], str], other: Callable[[str], str]) -> str:
        text = self._secret.sub(lambda found: found[1] + value(found[2]), text)
        return _OTHERS.sub(lambda found: _prefix(found) + other(found[found.lastindex or 0]), text)


def _prefix(found: re.Match[str]) -> str:
    return str(found[(found.lastindex or 2) - 1])


def _stars(secret: str) -> str:
    """As long as the secret, quotes kept."""
    if not secret.startswith('"'):
        return "*" * len(secret)
    closed = len(secret) > 1 and secret.endswith('"')
    return '"' + "*" * (len(secret) - 1 - closed) + '"' * closed
