"""Requests and responses. The head is split once; every field stays raw until somebody asks for its meaning."""

from opentcf.sip.errors import RemoteError
from opentcf.sip.headers import Headers, NameAddr, Via, cseq, tag_of
from opentcf.sip.uri import Uri

REASONS = {
    100: "Trying", 180: "Ringing", 181: "Call Is Being Forwarded", 182: "Queued", 183: "Session Progress",
    200: "OK", 202: "Accepted", 301: "Moved Permanently", 302: "Moved Temporarily", 400: "Bad Request",
    401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable",
    408: "Request Timeout", 413: "Request Entity Too Large", 414: "Request-URI Too Long",
    415: "Unsupported Media Type", 416: "Unsupported URI Scheme", 420: "Bad Extension", 421: "Extension Required",
    422: "Session Interval Too Small", 423: "Interval Too Brief", 469: "Bad Info Package",
    480: "Temporarily Unavailable", 481: "Call/Transaction Does Not Exist", 482: "Loop Detected",
    483: "Too Many Hops", 484: "Address Incomplete", 486: "Busy Here", 487: "Request Terminated",
    488: "Not Acceptable Here", 489: "Bad Event", 491: "Request Pending", 493: "Undecipherable",
    500: "Server Internal Error", 501: "Not Implemented", 503: "Service Unavailable", 504: "Server Time-out",
    505: "Version Not Supported", 513: "Message Too Large", 600: "Busy Everywhere", 603: "Decline",
    604: "Does Not Exist Anywhere", 606: "Not Acceptable",
}  # fmt: skip


class Message:
    """What requests and responses share."""

    __slots__ = ("body", "headers")

    def __init__(self, headers: Headers | None = None, body: bytes = b"") -> None:
        self.headers = Headers() if headers is None else headers
        self.body = body

    def via(self) -> Via:
        """The topmost Via."""
        return Via.parse(self._required("Via"))

    def call_id(self) -> str:
        """The Call-ID."""
        return self._required("Call-ID")

    def cseq(self) -> tuple[int, str]:
        """Number and method."""
        return cseq(self.headers.get("CSeq"))

    def from_(self) -> NameAddr:
        """The From field, decoded."""
        return NameAddr.parse(self._required("From"))

    def to(self) -> NameAddr:
        """The To field, decoded."""
        return NameAddr.parse(self._required("To"))

    def from_tag(self) -> str | None:
        """The tag of From."""
        return tag_of(self.headers.get("From"))

    def to_tag(self) -> str | None:
        """The tag of To."""
        return tag_of(self.headers.get("To"))

    def contact(self) -> NameAddr | None:
        """The first Contact; None when there is none, RemoteError for `*`."""
        elements = self.headers.elements("Contact")
        return NameAddr.parse(elements[0]) if elements else None

    def content_type(self) -> str:
        """The media type in lower case, without parameters; empty when absent."""
        raw = self.headers.get("Content-Type") or ""
        return "".join(raw.partition(";")[0].split()).lower()

    def tokens(self, name: str) -> set[str]:
        """A comma list of tokens such as Supported or Allow, in lower case."""
        return {element.lower() for element in self.headers.elements(name)}

    def _required(self, name: str) -> str:
        lines = self.headers.fields.get(name)
        if not lines or not lines[0]:
            raise RemoteError(400, f"{name} is missing")
        return lines[0]


class Request(Message):
    """A request. `uri` is the Request-URI as it was written.

    `shared` are fields already rendered, which it has in common with requests to other legs (see `sip.fan`).
    """

    __slots__ = ("method", "shared", "uri")

    def __init__(self, method: str, uri: str, headers: Headers | None = None, body: bytes = b"") -> None:
        self.headers = Headers() if headers is None else headers
        self.body = body
        self.method = method
        self.uri = uri
        self.shared = b""

    def target(self) -> Uri:
        """The Request-URI, decoded; header fields are not allowed in it (RFC 3261 §19.1.1)."""
        uri = Uri.parse(self.uri)
        if uri.headers:
            raise RemoteError(400, "header fields in the Request-URI")
        return uri

    def respond(self, status: int, tag: str = "", reason: str = "") -> "Response":
        """A response to this request (RFC 3261 §8.2.6.2): raw lines are copied, `tag` goes to a To that has none.

        This never fails, however malformed the lines are.
        """
        fields = self.headers.fields
        to = fields["To"][0]
        if tag and _lacks_tag(to):
            to = f"{to};tag={tag}"
        copied = {
            "Via": fields["Via"],
            "From": fields["From"],
            "To": [to],
            "Call-ID": fields["Call-ID"],
            "CSeq": fields["CSeq"],
        }
        if status == 100 and "Timestamp" in fields:
            copied["Timestamp"] = fields["Timestamp"]
        return Response(status, reason or REASONS.get(status, "Unknown"), Headers(copied))

    def __repr__(self) -> str:
        return f"<{self.method} {self.uri}>"


def _lacks_tag(to: str) -> bool:
    try:
        return tag_of(to) is None
    except RemoteError:
        return False


class Response(Message):
    """A response."""

    __slots__ = ("reason", "status")

    def __init__(
        self, status: int, reason: str = "", headers: Headers | None = None, body: bytes = b""
    ) -> None:
        self.headers = Headers() if headers is None else headers
        self.body = body
        self.status = status
        self.reason = reason or REASONS.get(status, "Unknown")

    def __repr__(self) -> str:
        return f"<{self.status} {self.reason}>"
