"""The `Ptt-Extension` header field: a token and its parameters."""

import re
from collections.abc import Sequence

from opentcf.btrunc.wire import Param, Token, Wire
from opentcf.model.numbers import Aor, is_number
from opentcf.sip.errors import RemoteError
from opentcf.sip.grammar import decimal, is_token, quote, split_outside_quotes, unquote
from opentcf.sip.headers import NameAddr
from opentcf.sip.message import Message

Params = Sequence[tuple[Param | str, str | None]]
"""Parameters in their order: None is a flag, an empty value is left out."""


_PAIR = re.compile(r'\s*+([^=\s]+)\s*+=\s*+("(?:[^"\\]|\\.)*"|[^",]*+)\s*+,\s*+([^=\s]+)\s*+=\s*+(.*)')


class Extension:
    """What the field of one message says. Unknown parameters are kept under the name they came with.

    `token` is None when nobody knows the token; `spelled` keeps it as it came.
    """

    __slots__ = ("params", "spelled", "token")

    def __init__(
        self, token: Token | None, params: list[tuple[Param | str, str | None]], spelled: str = ""
    ) -> None:
        self.token = token
        self.params = params
        self.spelled = spelled

    def get(self, param: Param) -> str | None:
        """The first value of a parameter; empty for a flag, None when absent."""
        for name, value in self.params:
            if name is param:
                return value or ""
        return None

    def number(self, param: Param, limit: int = 2**31) -> int | None:
        """A decimal parameter; 400 when it is none."""
        value = self.get(param)
        return None if value is None else decimal(value, limit, param.value)

    def flag(self, param: Param, *, default: bool) -> bool:
        """A parameter that is 0 or 1; 488 when it is neither."""
        text = self.get(param)
        if text is None:
            return default
        if text not in ("0", "1"):
            raise RemoteError(488, f"{param.value} is {text[:20]!r}, neither 0 nor 1")
        return text == "1"

    def identity(self, param: Param, domain: str) -> Aor | None:
        """A UDN or GDN: bare numbers belong to `domain`, others carry their own."""
        value = self.get(param)
        return None if value is None else identity(value, domain)

    @property
    def unknown(self) -> tuple[tuple[str, str | None], ...]:
        """The parameters that the table does not name."""
        return tuple((name, value) for name, value in self.params if not isinstance(name, Param))

    def __repr__(self) -> str:
        return f"<Extension {self.token or self.spelled} {self.params}>"


def identity(text: str, domain: str) -> Aor:
    """Read `2001` or `2001@core2.example`; 400 when it is neither."""
    if is_number(text):
        return Aor(text, domain)
    try:
        return Aor.parse(text)
    except ValueError as error:
        raise RemoteError(400, str(error)) from None


def domain_of(to: str) -> str:
    """The domain that a To names: bare numbers of its message belong there. `to` may have a tag."""
    return NameAddr.parse(to).uri.host


def write_identity(aor: Aor, domain: str) -> str:
    """A number of the domain of To goes bare, any other with its own."""
    return aor.number if aor.domain == domain else str(aor)


def read(message: Message, wire: Wire) -> Extension | None:
    """The extension of a message, None when it has none. The field is not a comma list."""
    raw = message.headers.get(wire.extension)
    if raw is None:
        return None
    pieces = split_outside_quotes(raw, ";") if '"' in raw else [piece.strip() for piece in raw.split(";")]
    spelled = pieces[0]
    if not is_token(spelled):
        raise RemoteError(400, f"bad {wire.extension} {raw[:60]!r}")
    params: list[tuple[Param | str, str | None]] = []
    for piece in pieces[1:]:
        if piece:
            for part in _parts(piece, wire):
                name, equals, value = part.partition("=")
                param = wire.param(name.strip()) or name.strip()
                params.append((param, wire.meant(param, unquote(value.strip())) if equals else None))
    return Extension(wire.token(spelled), params, spelled)


def peek(message: Message, wire: Wire) -> Extension | None:
    """The same of a message that is not refused for its spelling: None when it cannot be read."""
    try:
        return read(message, wire)
    except RemoteError:
        return None


def _parts(piece: str, wire: Wire) -> list[str]:
    """`UDN=x,utype=1` is two parameters, one of which belongs to the other (视频转发)."""
    found = _PAIR.fullmatch(piece) if "," in piece else None
    if found is None or wire.param(found[1]) is not Param.UDN or wire.param(found[3]) is not Param.USER_TYPE:
        return [piece]
    return [f"{found[1]}={found[2].rstrip()}", f"{found[3]}={found[4]}"]


def write(message: Message, wire: Wire, token: Token, *params: tuple[Param | str, str | None]) -> None:
    """Put the extension into a message; parameters whose value is empty are left out."""
    message.headers.set(wire.extension, render(wire, token, *params))


def render(wire: Wire, token: Token, *params: tuple[Param | str, str | None]) -> str:
    """The field's value."""
    return append(wire.tokens[token], wire, *params)


def append(text: str, wire: Wire, *params: tuple[Param | str, str | None]) -> str:
    """More parameters behind a field's value; those whose value is empty are left out."""
    paired = text.partition(";")[0] == wire.tokens[Token.VIDEO_FORWARD]
    before: Param | str = ""
    for name, value in params:
        if value != "":
            spelled = wire.params[name] if isinstance(name, Param) else name
            text += "," if paired and name is Param.USER_TYPE and before is Param.UDN else ";"
            before = name
            text += spelled if value is None else f"{spelled}={_token(wire.written(name, value))}"
    return text


def _token(value: str) -> str:
    return value if is_token(value) else quote(value)
