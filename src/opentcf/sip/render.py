"""Messages become bytes."""

from opentcf.sip.message import Message, Request, Response


def render(message: Message) -> bytes:
    """The bytes of a message. Content-Length is always written, whatever the headers said of it."""
    if isinstance(message, Request):
        start = f"{message.method} {message.uri} SIP/2.0"
    elif isinstance(message, Response):
        start = f"SIP/2.0 {message.status} {message.reason}"
    else:
        raise TypeError(message)
    lines = [
        f"{name}: {value}\r\n"
        for name, values in message.headers.fields.items()
        if name != "Content-Length"
        for value in values
    ]
    text = f"{start}\r\n{''.join(lines)}Content-Length: {len(message.body)}\r\n\r\n"
    return text.encode("utf-8", "surrogateescape") + message.body
