"""Messages become bytes."""

from opentcf.sip.headers import Headers
from opentcf.sip.message import Message, Request, Response


def render(message: Message) -> bytes:
    """The bytes of a message. Content-Length is always written, whatever the headers said of it."""
    if isinstance(message, Request):
        start, shared = f"{message.method} {message.uri} SIP/2.0", message.shared
    elif isinstance(message, Response):
        start, shared = f"SIP/2.0 {message.status} {message.reason}", b""
    else:
        raise TypeError(message)
    length = f"Content-Length: {len(message.body)}\r\n\r\n"
    if not shared:
        text = f"{start}\r\n{_lines(message.headers)}{length}"
        return text.encode("utf-8", "surrogateescape") + message.body
    text = f"{start}\r\n{_lines(message.headers)}"
    return b"".join((text.encode("utf-8", "surrogateescape"), shared, length.encode(), message.body))


def render_fields(headers: Headers) -> bytes:
    """Fields alone, each line ended."""
    return _lines(headers).encode("utf-8", "surrogateescape")


def _lines(headers: Headers) -> str:
    return "".join(
        [
            f"{name}: {value}\r\n"
            for name, values in headers.fields.items()
            if name != "Content-Length"
            for value in values
        ]
    )
