"""The latest messages, in and out, in a ring that is always on and bounded in bytes.

Adding one costs next to nothing: its bytes are kept as they are, and read when somebody asks.
"""

import itertools
import re
from collections import deque
from collections.abc import Iterable, Iterator
from time import time
from typing import NamedTuple

from opentcf.btrunc.wire import TABLE, Param
from opentcf.model.peer import Peer
from opentcf.sip.outbox import Flow
from opentcf.transport.interface import Local

_OVERHEAD = 500
"""What an entry costs besides its bytes, roughly."""

_CALL_ID = re.compile(rb"\r\n(?:call-id|i)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)
_ONLINE_CALL_ID = f"param.{Param.CALL_ID.value}"


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
    """A ring of at most `size` bytes; 0 keeps nothing. The `peers` may spell the OnlineCallID in their own way."""

    def __init__(self, size: int, peers: Iterable[Peer] = ()) -> None:
        self._size = size
        self._used = 0
        self._gone = 0
        self._ring: deque[tuple[float, bool, Flow, Local, bytes]] = deque()
        self._online: dict[bytes, str] = {}
        self._read = 0
        self._names: re.Pattern[bytes]
        self.learn(peers)

    def learn(self, peers: Iterable[Peer]) -> None:
        """Take over how these peers spell."""
        names = {TABLE[_ONLINE_CALL_ID], *(peer.wire.get(_ONLINE_CALL_ID, "") for peer in peers)} - {""}
        words = b"|".join(re.escape(name.encode()) for name in names)
        self._names = re.compile(rb"(?i);[ \t]*(?:" + words + rb')[ \t]*=[ \t]*"?([^\s;,"]+)')

    def add(self, incoming: bool, data: bytes, flow: Flow, local: Local) -> None:
        """Keep a message, and let go of the oldest ones."""
        self._used += len(data) + _OVERHEAD
        self._ring.append((time(), incoming, flow, local, data))
        while self._used > self._size:
            self._used -= len(self._ring.popleft()[-1]) + _OVERHEAD
            self._gone += 1

    @property
    def last(self) -> int:
        """The number of the latest message."""
        return self._gone + len(self._ring)

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

    def online(self, message: Traced) -> str:
        """The OnlineCallID of the call that a message belongs to, or nothing: some message of its Call-ID named it."""
        if len(self._online) > 2 * len(self._ring) + 1000:
            self._online.clear()
            self._read = 0
        for new in self.after(self._read):
            if found := self._names.search(new.data.partition(b"\r\n\r\n")[0]):
                self._online[new.call_id] = found[1].decode("utf-8", "replace")
        self._read = self.last
        return self._online.get(message.call_id, "")
