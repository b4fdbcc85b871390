"""Header fields: kept raw, decoded when somebody asks (RFC 3261 §7.3, §20)."""

from opentcf.sip.errors import RemoteError
from opentcf.sip.grammar import decimal, is_token, parameters, quote, split_outside_quotes, unquote
from opentcf.sip.uri import Uri, split_host_port

_KNOWN = (
    "Accept Accept-Encoding Accept-Language Alert-Info Allow Allow-Events Answer-Mode Authentication-Info Authorization "
    "Call-ID Call-Info Contact Content-Disposition Content-Encoding Content-Language Content-Length Content-Type CSeq "
    "Date Error-Info Event Expires From In-Reply-To Info-Package Max-Forwards Min-Expires Min-SE MIME-Version "
    "Organization P-Asserted-Identity P-Visited-Network-ID Path Priority Privacy Proxy-Authenticate Proxy-Authorization "
    "Proxy-Require Ptt-Extension RAck Reason Record-Route Recv-Info Refer-To Referred-By Reply-To Require "
    "Resource-Priority Retry-After Route RSeq Server Service-Route Session-Expires SIP-ETag SIP-If-Match Subject "
    "Subscription-State Supported Timestamp To Unsupported User-Agent Via Warning WWW-Authenticate"
).split()
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
            return [lines[0]]
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
        """Read one; without angle brackets the parameters belong to the header (RFC 3261 §20.10)."""
        text = text.strip()
        if text.startswith('"'):
            end = _closing_quote(text)
            display, rest = unquote(text[:end]), text[end:].lstrip()
            if not rest.startswith("<"):
                raise RemoteError(400, f"no address in {text[:60]!r}")
        elif "<" in text:
            display, _, rest = text.partition("<")
            display, rest = display.strip(), "<" + rest
            if display and not all(is_token(word) for word in display.split()):
                raise RemoteError(400, f"bad display name {display[:40]!r}")
        else:
            uri, _, tail = text.partition(";")
            if any(c in uri for c in ",? "):
                raise RemoteError(400, f"the address {uri[:60]!r} needs angle brackets")
            return cls(Uri.parse(uri), "", parameters(tail))
        inner, closed, tail = rest[1:].partition(">")
        if not closed or (tail.strip() and not tail.lstrip().startswith(";")):
            raise RemoteError(400, f"bad address {text[:60]!r}")
        return cls(Uri.parse(inner), display, parameters(tail))

    @property
    def tag(self) -> str | None:
        """The tag of a From or To."""
        return self.parameters.get("tag")

    def __str__(self) -> str:
        display = f"{quote(self.display)} " if self.display else ""
        tail = "".join(f";{k}" if v is None else f";{k}={v}" for k, v in self.parameters.items())
        return f"{display}<{self.uri}>{tail}"

    def __repr__(self) -> str:
        return f"<NameAddr {self}>"


def _closing_quote(text: str) -> int:
    at = 1
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == '"':
            return at + 1
        at += 1
    raise RemoteError(400, "a quoted string is not closed")


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
        """Read the first element of a raw Via line."""
        first = text if "," not in text else split_outside_quotes(text, ",")[0]
        head, _, tail = first.partition(";")
        words = head.replace("/", " / ").split()
        if len(words) < 6 or words[1] != "/" or words[3] != "/" or words[0].upper() != "SIP" or words[2] != "2.0":
            raise RemoteError(400, f"bad Via {text[:60]!r}")
        host, port = split_host_port("".join(words[5:]))
        return cls(words[4].lower(), host, port, parameters(tail))

    @property
    def branch(self) -> str | None:
        """The transaction identifier; None or without the magic cookie from an RFC 2543 element."""
        return self.parameters.get("branch")


def cseq(text: str | None) -> tuple[int, str]:
    """Number and method of a CSeq (RFC 3261 §20.16: below 2**31)."""
    words = (text or "").split()
    if len(words) != 2 or not is_token(words[1]):
        raise RemoteError(400, f"bad CSeq {text!r}")
    return decimal(words[0], 2**31, "CSeq"), words[1]


def seconds(text: str | None, what: str) -> int | None:
    """A delta-seconds field such as Expires, without its parameters; None when absent."""
    if text is None:
        return None
    return decimal(text.partition(";")[0].strip(), 2**32, what)


def tag_of(raw: str | None) -> str | None:
    """The tag of a raw From or To, without decoding the rest when it is written plainly."""
    if raw is None:
        return None
    head, found, tail = raw.rpartition(";tag=")
    if found and '"' not in tail and ">" not in tail and (">" in head or "<" not in raw):
        return tail.partition(";")[0].strip()
    return NameAddr.parse(raw).tag
