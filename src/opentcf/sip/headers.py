"""Header fields: kept raw, decoded when somebody asks (RFC 3261 §7.3, §20)."""

import re
from functools import lru_cache

from opentcf.sip.errors import RemoteError
from opentcf.sip.grammar import (
    QUOTED,
    decimal,
    parameters,
    quote,
    render_parameters,
    split_outside_quotes,
    unquote,
)
from opentcf.sip.uri import PLAIN, Uri, join_host_port, split_host_port

_KNOWN = """
    Accept Accept-Encoding Accept-Language Alert-Info Allow Allow-Events Answer-Mode Authentication-Info Authorization
    Call-ID Call-Info Contact Content-Disposition Content-Encoding Content-Language Content-Length Content-Type CSeq
    Date Error-Info Event Expires From In-Reply-To Info-Package Max-Forwards Min-Expires Min-SE MIME-Version
    Organization P-Asserted-Identity P-Visited-Network-ID Path Priority Privacy Proxy-Authenticate Proxy-Authorization
    Proxy-Require Ptt-Extension RAck Reason Record-Route Recv-Info Refer-To Referred-By Reply-To Require
    Resource-Priority Retry-After Route RSeq Server Service-Route Session-Expires SIP-ETag SIP-If-Match Subject
    Subscription-State Supported Timestamp To Unsupported User-Agent Via Warning WWW-Authenticate
""".split()
_COMPACT = {
    "a": "Accept-Contact", "b": "Referred-By", "c": "Content-Type", "d": "Request-Disposition",
    "e": "Content-Encoding", "f": "From", "i": "Call-ID", "j": "Reject-Contact", "k": "Supported",
    "l": "Content-Length", "m": "Contact", "n": "Identity-Info", "o": "Event", "r": "Refer-To", "s": "Subject",
    "t": "To", "u": "Allow-Events", "v": "Via", "x": "Session-Expires", "y": "Identity",
}  # fmt: skip
NAMES: dict[str, str] = {name.lower(): name for name in _KNOWN} | _COMPACT | {name: name for name in _KNOWN}
SINGLE = frozenset(
    "Call-ID Content-Length Content-Type CSeq Expires From Max-Forwards Min-Expires Session-Expires To".split()
)
"""Fields that a message may bear once only; a double is refused (RFC 3261 §7.3.1)."""
_DISPLAY = re.compile(r"(?:[A-Za-z0-9\-.!%*_+`'~ \t]|[^\x00-\x7f])*\Z")
"""Tokens and, what no grammar but many a phone has, names in their own script without quotes."""
_PLAIN_TAG = re.compile(
    r"""(?:"(?:[^"\\]|\\.)*"[ \t]*|[A-Za-z0-9\-.!%*_+`'~ \t]*)<[^<>\s"]+>(?:;tag=([A-Za-z0-9\-.!%*_+`'~]+))?\Z""",
    re.DOTALL,
)
_PLAIN_ADDRESS = re.compile(rf"<({PLAIN})>(?:;tag=([A-Za-z0-9\-.!%*_+`'~]+))?\Z")
_PLAIN_VIA = re.compile(r"([^;,\"]+);branch=([A-Za-z0-9\-.!%*_+`'~]+)(;rport)?(;oc;oc-algo=\"loss\")?\Z")
_TAIL = re.compile(r"\s*(?:;|\Z)")
_BLANKS = re.compile(r"\s+")
_SENT_BY = re.compile(
    r"\s*[\w\-.!%*+`'~]+\s*/\s*[\w\-.!%*+`'~]+\s*/\s*([\w\-.!%*+`'~]+)\s+"
    r"([^\s;,]+(?:\s*:\s*[0-9]+)?)\s*\Z",
    re.ASCII,
)
_CSEQ = re.compile(r"([0-9]{1,20})[ \t]+([A-Za-z0-9\-.!%*_+`'~]+)\Z")


def canonical(name: str) -> str:
    """The one spelling we use for a field name, whatever its case or compact form."""
    known = NAMES.get(name) or NAMES.get(name.lower())
    return known or "-".join(part.capitalize() for part in name.split("-"))


class Headers:
    """The fields of a message: per name the values in their order, raw, repeated and unknown ones included."""

    __slots__ = ("fields",)

    def __init__(self, fields: dict[str, list[str]] | None = None) -> None:
        self.fields = {} if fields is None else fields

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def get(self, name: str) -> str | None:
        """The first line of a field, raw."""
        lines = self.fields.get(name)
        return lines[0] if lines else None

    def lines(self, name: str) -> list[str]:
        """All lines of a field, raw; do not change the list."""
        return self.fields.get(name) or []

    def elements(self, name: str) -> list[str]:
        """All elements of a comma list, over all lines."""
        lines = self.fields.get(name)
        if not lines:
            return []
        if len(lines) == 1 and "," not in lines[0]:
            return [lines[0]] if lines[0] else []
        return [piece for line in lines for piece in split_outside_quotes(line, ",") if piece]

    def set(self, name: str, value: str) -> None:
        """Make this the only line of a field."""
        self.fields[name] = [value]

    def add(self, name: str, value: str) -> None:
        """Append a line."""
        self.fields.setdefault(name, []).append(value)

    def put(self, name: str, lines: list[str]) -> None:
        """Take over all lines of a field; none removes it."""
        if lines:
            self.fields[name] = list(lines)
        else:
            self.fields.pop(name, None)

    def remove(self, name: str) -> None:
        """Drop a field if it is there."""
        self.fields.pop(name, None)

    def __repr__(self) -> str:
        return f"<Headers {self.fields!r}>"


class NameAddr:
    """`"display" <uri>;parameters`, as in From, To, Contact, Route, P-Asserted-Identity."""

    __slots__ = ("display", "parameters", "uri")

    def __init__(self, uri: Uri, display: str = "", params: dict[str, str | None] | None = None) -> None:
        self.uri = uri
        self.display = display
        self.parameters = params or {}

    @classmethod
    def parse(cls, text: str) -> "NameAddr":
        """Read one; RemoteError 400 when it is malformed or its URI is none of ours.

        Without angle brackets the parameters belong to the header (RFC 3261 §20.10).
        """
        plain = _PLAIN_ADDRESS.match(text)
        if plain is not None:
            return cls(Uri.parse(plain[1]), "", {"tag": plain[2]} if plain[2] else None)
        text = text.strip()
        if text.startswith('"'):
            quoted = QUOTED.match(text)
            if quoted is None:
                raise RemoteError(400, "a quoted string is not closed")
            display, rest = unquote(quoted.group()), text[quoted.end() :].lstrip()
        elif "<" in text:
            display, bracket, rest = text.partition("<")
            display, rest = display.rstrip(), bracket + rest
            if display and not _DISPLAY.match(display):
                raise RemoteError(400, f"bad display name {display[:40]!r}")
        else:
            return cls._parse_bare(text)
        inner, closed, tail = rest.partition(">")
        if not inner.startswith("<") or not closed or (tail and not _TAIL.match(tail)):
            raise RemoteError(400, f"bad address {text[:60]!r}")
        return cls(_uri(inner[1:]), display, parameters(tail) if tail else None)

    @classmethod
    def _parse_bare(cls, text: str) -> "NameAddr":
        uri = text.partition(";")[0]
        if "?" in uri or "," in uri:
            raise RemoteError(400, f"the address {uri[:60]!r} needs angle brackets")
        return cls(_uri(uri.rstrip()), "", parameters(text[len(uri) :]))

    @property
    def tag(self) -> str | None:
        """The tag of a From or To."""
        return self.parameters.get("tag")

    def __str__(self) -> str:
        display = f"{quote(self.display)} " if self.display else ""
        return f"{display}<{self.uri}>{render_parameters(self.parameters)}"

    def __repr__(self) -> str:
        return f"<NameAddr {self}>"


def _uri(text: str) -> Uri:
    """416 speaks of the Request-URI only; an unknown scheme elsewhere is a 400 for those who need the address."""
    try:
        return Uri.parse(text)
    except RemoteError as error:
        raise RemoteError(400, error.text) from None


class Via:
    """One Via element (RFC 3261 §20.42). `host` and `port` are its sent-by; port 0 when absent."""

    __slots__ = ("host", "parameters", "port", "transport")

    def __init__(self, transport: str, host: str, port: int, params: dict[str, str | None]) -> None:
        self.transport = transport
        self.host = host
        self.port = port
        self.parameters = params

    @classmethod
    def parse(cls, text: str) -> "Via":
        """Read the first element of a raw Via line. Protocol and version are not looked at: the start line has them."""
        plain = _PLAIN_VIA.match(text)
        if plain is not None:
            params: dict[str, str | None] = {"branch": plain[2]}
            if plain[3]:
                params["rport"] = None
            if plain[4]:
                params |= {"oc": None, "oc-algo": "loss"}
            return cls(*_sent_by(plain[1]), params)
        first, _ = split_via(text)
        hop = first.partition(";")[0]
        return cls(*_sent_by(hop), parameters(first[len(hop) :]))

    @property
    def branch(self) -> str | None:
        """The transaction identifier; None or without the magic cookie from an RFC 2543 element."""
        return self.parameters.get("branch")

    def __str__(self) -> str:
        sent_by = join_host_port(self.host, self.port)
        return f"SIP/2.0/{self.transport.upper()} {sent_by}{render_parameters(self.parameters)}"

    def __repr__(self) -> str:
        return f"<Via {self}>"


def split_via(line: str) -> tuple[str, str]:
    """The first element of a raw Via line, and the others with their comma."""
    if "," not in line:
        return line, ""
    first = split_outside_quotes(line, ",")[0]
    return first, line[line.index(first) + len(first) :].lstrip()


@lru_cache(512)
def _sent_by(hop: str) -> tuple[str, str, int]:
    """Transport, host and port of a Via, which our neighbours always write alike."""
    match = _SENT_BY.match(hop)
    if match is None:
        raise RemoteError(400, f"bad Via {hop[:60]!r}")
    transport, sent_by = match.groups()
    return transport.lower(), *split_host_port(_BLANKS.sub("", sent_by))


@lru_cache(512)
def cseq(text: str | None) -> tuple[int, str]:
    """Number and method of a CSeq (RFC 3261 §20.16: below 2**31)."""
    match = _CSEQ.match(text or "")
    if match is None or (number := int(match[1])) >= 2**31:
        raise RemoteError(400, f"bad CSeq {(text or '')[:60]!r}")
    return number, match[2]


def seconds(text: str | None, what: str) -> int | None:
    """A delta-seconds field such as Expires, without its parameters; None when absent."""
    if text is None:
        return None
    return decimal(text.partition(";")[0].strip(), 2**32, what)


@lru_cache(512)
def tag_of(raw: str | None) -> str | None:
    """The tag of a raw From or To; its URI is only looked at when the field is written in an unusual way."""
    if raw is None:
        return None
    plain = _PLAIN_TAG.match(raw)
    return NameAddr.parse(raw).tag if plain is None else plain[1]
