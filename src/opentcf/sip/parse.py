"""The doorway: bytes become a Request or a Response here, or one RemoteError (RFC 3261 §7, §16.3, §18.3)."""

import re
from operator import itemgetter

from opentcf.sip.errors import RemoteError
from opentcf.sip.grammar import TOKEN, decimal
from opentcf.sip.headers import NAMES, SINGLE, Headers, canonical, cseq
from opentcf.sip.message import Message, Request, Response

MAX_HEADERS = 128
MAX_HEADER = 8192
_FOLD = re.compile(r"\r\n[ \t]+")
_VERSION = re.compile(r"SIP/[0-9]+\.[0-9]+\Z", re.IGNORECASE)
_REQUEST_URI = re.compile(r"[^ \t<>]+\Z")
_STATUS = re.compile(r"[1-6][0-9][0-9]\Z")
_CONTROL = re.compile(r"(?<!\\)[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|[\r\n]")
"""What may stand in no line: a quoted-pair can bear any control character but the line ends (RFC 3261 §25.1)."""
_NO_CONTROL = bytes([0x09, *range(0x20, 0x7F), *range(0x80, 0x100)])
MANDATORY = ("Via", "From", "To", "Call-ID", "CSeq")
_USUAL = tuple((name, f"\r\n{name}: ") for name in MANDATORY)
_MANDATORY_FIELDS, _FIRST_LINE = itemgetter(*MANDATORY), itemgetter(0)


class Unanswerable(RemoteError):  # noqa: N818 - what it is, not that it is an error, is the name
    """Cannot even be answered: not SIP, a broken response, or a request without the fields that an answer copies."""

    def __init__(self, text: str) -> None:
        super().__init__(400, text)


class Malformed(RemoteError):  # noqa: N818
    """A request that is wrong but can be answered: `request` has what a response needs."""

    def __init__(self, status: int, text: str, request: Request) -> None:
        super().__init__(status, text)
        self.request = request


def parse(
    data: bytes, *, stream: bool = False, max_headers: int = MAX_HEADERS, max_header: int = MAX_HEADER
) -> Request | Response:
    """Split one message. Of the fields only those that every answer or match needs are looked at.

    Over a stream Content-Length is a must (§18.3); in a datagram it may be absent and what follows the body is ignored.
    """
    start = 0
    while data.startswith(b"\r\n", start):
        start += 2
    head, end, body = data[start:].partition(b"\r\n\r\n")
    if not end:
        head = head.removesuffix(b"\r\n")
    text = head.decode("utf-8", "surrogateescape")
    first, _, rest = text.partition("\r\n")
    message = _start_line(first)
    problem = _split(rest, message.headers, max_headers, max_header) or _check_text(head, text, end)
    _check_mandatory(message)
    if problem is None:
        problem = _measure_body(message, body, stream) or _check_start(message, first)
    if problem is not None:
        raise _refusal(message, problem)
    return message


def skim(data: bytes) -> Request | None:
    """A request of which only the method and the fields that an answer copies were read, for who will refuse it anyway.

    It costs half of what `parse` does. None for what is written in an unusual way, or has come through a proxy.
    """
    text = data[: data.find(b"\r\n\r\n") + 2].decode("utf-8", "replace")
    fields: dict[str, list[str]] = {}
    for name, start in _USUAL:
        at = text.find(start)
        value = text[at + len(start) : text.find("\r\n", at + 2)]
        if at < 0 or not value or not value.isprintable() or text.find(start, at + 2) >= 0:
            return None
        fields[name] = [value]
    method = text.partition(" ")[0]
    is_folded = "\r\n " in text or "\r\n\t" in text
    return Request(method, "", Headers(fields)) if TOKEN.match(method) and not is_folded else None


def _start_line(line: str) -> Request | Response:
    version, _, rest = line.partition(" ")
    if version == "SIP/2.0" or _VERSION.match(version):
        status, _, reason = rest.partition(" ")
        if not _STATUS.match(status) or version.upper() != "SIP/2.0":
            raise Unanswerable(f"bad status line {line[:60]!r}")
        return Response(int(status), reason)
    method, _, rest = line.rstrip(" \t").partition(" ")
    uri, _, version = rest.rpartition(" ")
    if not TOKEN.match(method) or not (version == "SIP/2.0" or _VERSION.match(version)):
        raise Unanswerable(f"bad start line {line[:60]!r}")
    return Request(method, uri)


def _check_start(message: Message, line: str) -> RemoteError | None:
    if not isinstance(message, Request):
        return None
    if line[-1] in " \t":
        return RemoteError(400, "blanks behind the start line")
    if line[-7:].upper() != "SIP/2.0":
        return RemoteError(505, f"the version {line.rpartition(' ')[2]} is not spoken here")
    if not _REQUEST_URI.match(message.uri):
        return RemoteError(400, f"bad Request-URI {message.uri[:60]!r}")
    try:
        _, method = cseq(message.headers.get("CSeq"))
    except RemoteError as error:
        return error
    if method != message.method:
        return RemoteError(400, f"the CSeq says {method}")
    return None


def _check_text(head: bytes, text: str, end: bytes) -> RemoteError | None:
    if not end:
        return RemoteError(400, "the head does not end")
    controls = len(head.translate(None, _NO_CONTROL))
    if controls != 2 * head.count(b"\r\n") and _CONTROL.search(text.replace("\r\n", "")):
        return RemoteError(400, "a control character in the head")
    return None


def _split(text: str, headers: Headers, max_headers: int, max_header: int) -> RemoteError | None:
    """Fill `headers`; the first thing wrong is returned, so that the rest of the head still serves to answer."""
    if "\r\n " in text or "\r\n\t" in text:
        text = _FOLD.sub(" ", text)
    problem = None
    fields = headers.fields
    lines = text.split("\r\n") if text else []
    if len(lines) > max_headers:
        problem = RemoteError(400, f"more than {max_headers} header lines")
        del lines[max_headers:]
    may_be_long = len(text) > max_header
    for line in lines:
        name, _, value = line.partition(":")
        key = NAMES.get(name)
        if key is None or key in fields or may_be_long:
            wrong = _add(line, headers, max_header)
            problem = problem or wrong
        else:
            fields[key] = [value.strip(" \t")]
    return problem


def _add(line: str, headers: Headers, max_header: int) -> RemoteError | None:
    """A line whose name is unknown, oddly written or not new, or that may be too long."""
    name, colon, value = line.partition(":")
    name = name.rstrip(" \t")
    if not colon or not TOKEN.match(name):
        return RemoteError(400, f"bad header line {line[:60]!r}")
    key = canonical(name)
    if len(value) > max_header:
        return RemoteError(400, f"{key} is longer than {max_header}")
    if key in SINGLE and key in headers:
        return RemoteError(400, f"{key} comes twice")
    headers.add(key, value.strip(" \t"))
    return None


def _check_mandatory(message: Message) -> None:
    try:
        complete = all(map(_FIRST_LINE, _MANDATORY_FIELDS(message.headers.fields)))
    except KeyError:
        complete = False
    if not complete:
        missing = next(name for name in MANDATORY if not message.headers.get(name))
        raise Unanswerable(f"{missing} is missing")


def _measure_body(message: Message, body: bytes, stream: bool) -> RemoteError | None:
    raw = message.headers.get("Content-Length")
    if raw is None:
        message.body = body
        return RemoteError(400, "Content-Length is missing on a stream") if stream else None
    try:
        length = decimal(raw, 2**31, "Content-Length")
    except RemoteError as error:
        return error
    if length > len(body):
        return RemoteError(400, f"Content-Length says {length}, the body has {len(body)} bytes")
    message.body = body[:length] if length < len(body) else body
    return None


def _refusal(message: Message, problem: RemoteError) -> RemoteError:
    """An ACK is never answered (RFC 3261 §17.1.1.3), nor is a request whose answer would carry control characters."""
    if not isinstance(message, Request) or message.method == "ACK":
        return Unanswerable(problem.text)
    fields = message.headers.fields
    if any(_CONTROL.search(line) for name in MANDATORY for line in fields[name]):
        return Unanswerable(problem.text)
    return Malformed(problem.status, problem.text, message)
