"""Pieces of the SIP grammar (RFC 3261 §25) that several headers share."""

import re

from opentcf.sip.errors import RemoteError

TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+\Z")
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_LINE_END = re.compile(r"[\r\n\0]")
_MARK = re.compile(r'["<>,;]')
_ODD = re.compile(r'[\s",]')
_PARAMETER = re.compile(
    r'\s*([^\s;=",]+)\s*(?:(=)\s*(?:("(?:[^"\\]|\\.)*"|\[[^\]]*\]|[^\s;,"]+)\s*)?)?(?:;|\Z)', re.DOTALL
)
_BARE = re.compile(r"(?:[A-Za-z0-9\-.!%*_+`'~]+|\[?[0-9A-Fa-f:.]+\]?)\Z")


def is_token(text: str) -> bool:
    """Is this a `token`?"""
    return TOKEN.match(text) is not None


def quote(text: str) -> str:
    """As a quoted-string. Line ends, which no quoted-string can carry, become blanks."""
    if not text.isprintable():
        text = _LINE_END.sub(" ", text)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def unquote(text: str) -> str:
    """The content of a quoted-string; any other text as it is."""
    if len(text) >= 2 and text[0] == '"' == text[-1]:
        inner = text[1:-1]
        return _ESCAPE.sub(r"\1", inner) if "\\" in inner else inner
    return text


def split_outside_quotes(text: str, separator: str) -> list[str]:
    """Split at a separator that stands neither in a quoted-string nor between angle brackets; pieces are stripped."""
    if "\\" not in text and "<" not in text:
        naive = text.split(separator)
        if '"' not in text or not any(piece.count('"') % 2 for piece in naive):
            return [piece.strip() for piece in naive]
    pieces, start, at, depth = [], 0, 0, 0
    while (found := _MARK.search(text, at)) is not None:
        mark, at = found.group(), found.end()
        if mark == '"':
            quoted = QUOTED.match(text, at - 1)
            if quoted is None:
                raise RemoteError(400, "a quoted string is not closed")
            at = quoted.end()
        elif mark == "<":
            depth += 1
        elif mark == ">":
            depth = max(0, depth - 1)
        elif mark == separator and not depth:
            pieces.append(text[start : at - 1].strip())
            start = at
    pieces.append(text[start:].strip())
    return pieces


def parameters(text: str) -> dict[str, str | None]:
    """Read `;name=value;flag` behind a value: names in lower case, values unquoted, None for a flag.

    A name that comes twice is an error (RFC 3261 §7.3.1).
    """
    text = text.strip().removeprefix(";")
    if not text:
        return {}
    if not _ODD.search(text):
        found: dict[str, str | None] = {}
        pieces = text.split(";")
        for piece in pieces:
            name, equals, value = piece.partition("=")
            found[name.lower()] = value if equals else None
        if len(found) == len(pieces) and "" not in found:
            return found
    return _parameters_with_care(text)


def _parameters_with_care(text: str) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    at = 0
    while at < len(text):
        match = _PARAMETER.match(text, at)
        if match is None:
            raise RemoteError(400, f"bad parameters {text[:60]!r}")
        name, equals, value = match.groups()
        name = name.lower()
        if name in found:
            raise RemoteError(400, f"the parameter {name!r} comes twice")
        found[name] = unquote(value or "") if equals else None
        at = match.end()
    return found


def render_parameters(values: dict[str, str | None]) -> str:
    """Write parameters back, quoting what is no token or address."""
    return "".join(
        f";{name}" if value is None else f";{name}={_bare(value)}" for name, value in values.items()
    )


def _bare(value: str) -> str:
    return value if _BARE.match(value) else quote(value)


def decimal(text: str, limit: int, what: str) -> int:
    """A non-negative decimal number below `limit`; 400 otherwise (no signs, no blanks, no other digits)."""
    if not (text.isascii() and text.isdigit()) or len(text) > 20 or (value := int(text)) >= limit:
        raise RemoteError(400, f"{what} is not a number below {limit}")
    return value
