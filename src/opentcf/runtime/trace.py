"""The latest messages, in and out, in a ring that is always on and bounded in bytes."""

import itertools
import re
from collections import deque
from collections.abc import Iterator
from time import time
from typing import NamedTuple

from opentcf.sip.outbox import Flow
from opentcf.transport.interface import Local

_OVERHEAD = 500
"""What an entry costs besides its bytes, roughly."""

_CALL_ID = re.compile(rb"\r\n(?:call-id|i)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)


class Traced(NamedTuple):
    """One message. `number` counts from 1 for as long as the node runs; `time` is wall time."""

    number: int
    time: float
    incoming: bool
    flow: Flow
    local: Local
    data: bytes

    @property
    def call_id(self) -> bytes:
        """The Call-ID, or nothing where there is none to be found."""
        found = _CALL_ID.search(self.data)
        return found[1].rstrip() if found else b""


class Trace:
    """A ring of at most `size` bytes; 0 keeps nothing."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._used = 0
        self._gone = 0
        self._ring: deque[tuple[float, bool, Flow, Local, bytes]] = deque()

    def add(self, incoming: bool, data: bytes, flow: Flow, local: Local) -> None:
        """Keep a message, and let go of the oldest ones."""
        self._used += len(data) + _OVERHEAD
        self._ring.append((time(), incoming, flow, local, data))
        while self._used > self._size:
            self._used -= len(self._ring.popleft()[-1]) + _OVERHEAD
            self._gone += 1

    def after(self, number: int) -> Iterator[Traced]:
        """The messages that came later than message `number`, in order; some may be gone already."""
        first = max(self._gone, number)
        entries = itertools.islice(self._ring, first - self._gone, None)
        return (Traced(at, *entry) for at, entry in enumerate(entries, first + 1))

    def call(self, identifier: str, after: int = 0) -> Iterator[Traced]:
        """Those of one call: all that share a Call-ID with a message that names `identifier` (OnlineCallID or Call-ID).

        So the first INVITE of a terminal and its 401, which name no OnlineCallID yet, belong to it too.
        """
        named = re.compile(
            rb"(?<![^\s\"=:])" + re.escape(identifier.encode("utf-8", "surrogateescape")) + rb"(?![^\s\";,>])"
        )
        dialogs = {message.call_id for message in self.after(0) if named.search(message.data)}
        return (message for message in self.after(after) if message.call_id in dialogs)
