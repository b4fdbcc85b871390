"""The one error that foreign bytes may raise."""


class RemoteError(Exception):
    """What the other side sent cannot be served.

    `status` is the SIP code to answer with (RFC 3261 §21); `text` goes into a `Warning: 399` for people.
    Raised by `sip.parse`, by the lazy decoders of a message and by `btrunc` only.
    """

    def __init__(self, status: int, text: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.headers = headers
