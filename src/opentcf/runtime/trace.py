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
_USUAL = b"\r\nCall-ID:"
_LONGEST = 256
"""Bytes of an OnlineCallID: what is longer is none that anybody gave a call."""
_ONLINE_CALL_ID = f"param.{Param.CALL_ID.value}"


class Traced(NamedTuple):
    """One message. `number` counts from 1 for as long as the node runs; `time` is wall time."""

    number: int
    time: float
    incoming: bool
    flow: Flow
    local: Local
    data: bytes


class Trace:
    """A ring of at most `size` bytes; 0 keeps nothing. The `peers` may spell the OnlineCallID in their own way.

    What a message belongs to is read when somebody asks, once: `_call_ids` are those of the messages up to `_read`.
    `_names_read`: how many names of calls for a Call-ID were read since the last `_forget`.
    """

    def __init__(self, size: int, peers: Iterable[Peer] = ()) -> None:
        self._size = size
        self._used = 0
        self._gone = 0
        self._ring: deque[tuple[float, bool, Flow, Local, bytes]] = deque()
        self._read = 0
        self._names_read = 0
        self._call_ids: deque[bytes] = deque()
        self._online: dict[bytes, str] = {}
        self._dialogs: dict[str, set[bytes]] = {}
        self._names: tuple[bytes, ...]
        self._named: re.Pattern[bytes]
        self.learn(peers)

    def learn(self, peers: Iterable[Peer]) -> None:
        """Take over how these peers spell."""
        names = {TABLE[_ONLINE_CALL_ID], *(peer.wire.get(_ONLINE_CALL_ID, "") for peer in peers)} - {""}
        self._names = tuple(name.lower().encode() for name in names)
        words = b"|".join(map(re.escape, self._names))
        self._named = re.compile(
            rb"(?i);[ \t]*(?:" + words + rb')[ \t]*=[ \t]*"?([^\s;,"]{1,%d}+)(?![^\s;,"])' % _LONGEST
        )
        self._forget()

    def add(self, incoming: bool, data: bytes, flow: Flow, local: Local) -> None:
        """Keep a message, and let go of the oldest ones."""
        self._used += len(data) + _OVERHEAD
        self._ring.append((time(), incoming, flow, local, data))
        while self._used > self._size:
            self._used -= len(self._ring.popleft()[-1]) + _OVERHEAD
            self._gone += 1
            if self._call_ids:
                self._call_ids.popleft()

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
        self._catch_up()
        dialogs = {identifier.encode("utf-8", "surrogateescape"), *self._dialogs.get(identifier, ())}
        first = max(self._gone, after)
        call_ids = itertools.islice(self._call_ids, first - self._gone, None)
        chosen = [at for at, call_id in enumerate(call_ids, first - self._gone) if call_id in dialogs]
        return iter([Traced(self._gone + at + 1, *self._ring[at]) for at in chosen])

    def online(self, message: Traced) -> str:
        """The OnlineCallID of the call that a message belongs to, or nothing: some message of its Call-ID named it."""
        self._catch_up()
        at = message.number - self._gone - 1
        return self._online.get(self._call_ids[at] if at >= 0 else call_id_of(message.data), "")

    def _catch_up(self) -> None:
        """Read what came since somebody asked last."""
        if self._read == self.last:
            return
        if self._names_read > 2 * len(self._ring) + 1000:
            self._forget()
        for new in self.after(self._read):
            call_id, online = call_id_of(new.data), self._name_in(new.data)
            self._call_ids.append(call_id)
            if online and call_id not in (known := self._dialogs.setdefault(online, set())):
                self._names_read += 1
                known.add(call_id)
            if online:
                self._online[call_id] = online
        self._read = self.last

    def _name_in(self, data: bytes) -> str:
        """The OnlineCallID that a message names itself; most are done with without the pattern."""
        head = data[: data.find(b"\r\n\r\n")]
        low = head.lower()
        found = self._named.search(head) if any(name in low for name in self._names) else None
        return found[1].decode("utf-8", "replace") if found else ""

    def _forget(self) -> None:
        self._read = self._names_read = 0
        self._call_ids.clear()
        self._online.clear()
        self._dialogs.clear()


def call_id_of(data: bytes) -> bytes:
    """The Call-ID of a message, or nothing where there is none to be found."""
    begin = data.find(_USUAL)
    if begin >= 0:
        begin += len(_USUAL)
        return data[begin : data.find(b"\r\n", begin)].strip(b" \t")
    found = _CALL_ID.search(data)
    return found[1].rstrip() if found else b""
