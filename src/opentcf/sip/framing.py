"""Messages out of a stream (RFC 3261 §18.3) and its keep-alives (RFC 5626 §3.5.1)."""

import re

from opentcf.sip.errors import RemoteError

_LENGTH = re.compile(rb"\r\n(?:content-length|l)[ \t]*:[ \t]*(?:\r\n[ \t]+)?([^\r\n]*)", re.IGNORECASE)


class Framer:
    """Cuts a byte stream into messages. `pongs` counts the CRLF answers that are owed since it was last set to 0.

    `asked`: the other side may ask by CRLF whether we live; where we do, its CRLF are answers and owe nothing.
    """

    __slots__ = ("_asked", "_buffer", "_need", "_scanned", "max_message", "pongs")

    def __init__(self, max_message: int = 65_535, *, asked: bool = True) -> None:
        self.max_message = max_message
        self._asked = asked
        self.pongs = 0
        self._buffer = bytearray()
        self._need = 0
        self._scanned = 0

    @property
    def rest(self) -> bytes:
        """What has come of a message that is not whole yet, or cannot be framed."""
        return bytes(self._buffer)

    @property
    def begun(self) -> bool:
        """Has a message begun that is not whole yet? Line ends alone are none."""
        return len(self._buffer) > 3 or bool(self._buffer.strip(b"\r\n"))

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes, give the messages that became whole. RemoteError: the stream must be closed.

        Whole messages come first: when they stand before what cannot be framed, the next call raises.
        """
        self._buffer += data
        messages: list[bytes] = []
        try:
            while (message := self._next()) is not None:
                messages.append(message)
        except RemoteError:
            if not messages:
                raise
        return messages

    def _next(self) -> bytes | None:
        buffer = self._buffer
        if not self._need and not self._measure():
            return None
        if len(buffer) < self._need:
            return None
        message = bytes(buffer[: self._need])
        del buffer[: self._need]
        self._need = self._scanned = 0
        return message

    def _measure(self) -> bool:
        buffer = self._buffer
        self._skip_keep_alives()
        end = buffer.find(b"\r\n\r\n", max(0, self._scanned - 3))
        if end < 0:
            self._scanned = len(buffer)
            if len(buffer) > self.max_message:
                raise RemoteError(513, f"a head longer than {self.max_message} bytes")
            return False
        lengths = _LENGTH.findall(buffer, 0, end + 2)
        if len(lengths) != 1:
            raise RemoteError(400, "a stream needs exactly one Content-Length in each message")
        text = lengths[0].strip()
        if not text.isdigit() or len(text) > 10:
            raise RemoteError(400, f"bad Content-Length {text[:20]!r}")
        need = end + 4 + int(text)
        if need > self.max_message:
            raise RemoteError(513, f"a message longer than {self.max_message} bytes")
        self._need = need
        return True

    def _skip_keep_alives(self) -> None:
        buffer = self._buffer
        while not self._asked and buffer.startswith(b"\r\n"):
            del buffer[:2]
            self._scanned = 0
        while buffer.startswith(b"\r\n\r\n"):
            del buffer[:4]
            self.pongs += 1
            self._scanned = 0
        if buffer.startswith(b"\r\n") and len(buffer) > 2 and buffer[2:3] != b"\r":
            del buffer[:2]
            self._scanned = 0
