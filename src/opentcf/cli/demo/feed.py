"""Every message of the four nodes once, in the order of their times, fed from the nodes' traces."""

import asyncio
import re
from collections import deque
from time import time
from typing import Any, NamedTuple

from opentcf.api.names import Named, Namer
from opentcf.cli.demo.guests import mentions
from opentcf.cli.demo.network import CORES, Network, Node, host
from opentcf.sip.errors import RemoteError
from opentcf.sip.message import Message
from opentcf.sip.parse import parse

POLL_SECONDS = 0.04
SETTLE_SECONDS = 0.15
"""How long a message is held so that an earlier one of another node can come before it."""
LATE_SECONDS = 0.3
"""A copy that arrived longer ago than this is an earlier one."""

Column = int | str
"""A core network by its number, a terminal by its user's number."""

_Copy = tuple[Column, Column, str]
"""From where, to where, and what: the same for each copy of a message."""

_LENGTH = re.compile(r"(?im)^(content-length|l)[ \t]*:.*$\r?\n?")


class Line(NamedTuple):
    """One message of the ladder. `lost`: the node that it went to was not there. `again`: a retransmission."""

    time: float
    source: Column
    target: Column
    named: Named
    heartbeat: bool
    lost: bool
    again: bool


class _Sent(NamedTuple):
    """A message that was not named yet."""

    time: float
    source: Column
    target: Column
    head: str
    message: Message


class Note(NamedTuple):
    """Something that happened beside the messages."""

    time: float
    english: str
    chinese: str


class Feed:
    """Reads the traces. A message between TCFs is taken where it was sent, one of a terminal where it came in."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._namer = Namer()
        self._seen = dict.fromkeys(CORES, 0)
        self._polling = asyncio.Lock()
        self._waiting: list[_Sent | Note] = []
        self._arrived: dict[_Copy, deque[float]] = {}
        self._copies: set[_Copy] = set()
        self._terminals: dict[str, str] = {}
        self._hosts = {host(core): core for core in CORES}
        self._lost: dict[int, list[tuple[float, float]]] = {core: [] for core in CORES}

    def know(self, address: str, user: str) -> None:
        """The terminal at `address` (HOST:PORT) belongs to this user."""
        self._terminals[address] = user

    def note(self, english: str, chinese: str) -> None:
        """Put a remark between the messages."""
        self._waiting.append(Note(time(), english, chinese))

    def died(self, core: int) -> None:
        """Its process is gone: what is sent there is lost from now on, and its trace begins anew."""
        self._lost[core].append((time(), float("inf")))
        self._seen[core] = 0

    def returned(self, core: int) -> None:
        """It is there again."""
        began, _ = self._lost[core].pop()
        self._lost[core].append((began, time()))

    async def poll(self) -> None:
        """Ask all nodes that live. One at a time: two would both be given what is new."""
        async with self._polling:
            await asyncio.gather(*(self._poll(node) for node in self._network.alive()))

    def ready(self, *, everything: bool = False) -> list[Line | Note]:
        """What can be shown now, in order."""
        until = float("inf") if everything else time() - SETTLE_SECONDS
        found = sorted((self._at_latest(entry) for entry in self._waiting), key=lambda entry: entry.time)
        count = next((n for n, entry in enumerate(found) if entry.time > until), len(found))
        self._waiting = found[count:]
        named = (entry if isinstance(entry, Note) else self._name(entry) for entry in found[:count])
        return [entry for entry in named if entry is not None]

    # --- inside

    async def _poll(self, node: Node) -> None:
        more = True
        while more and node.alive:
            try:
                page = await node.get("trace", after=self._seen[node.core])
            except OSError:
                return
            for entry in page["items"]:
                self._seen[node.core] = entry["number"]
                self._read(node.core, entry)
            more = page["next"] is not None

    def _read(self, core: int, entry: dict[str, Any]) -> None:
        outgoing, head = entry["direction"] == "out", entry["head"]
        other = self._column(entry["side"], entry["remote"])
        if other is None or mentions(head):
            return
        source, target = (core, other) if outgoing else (other, core)
        if not outgoing and isinstance(other, int):
            self._arrived.setdefault((source, target, head), deque()).append(entry["time"])
            return
        message = _parse(head, entry["body"])
        if message is not None:
            self._waiting.append(_Sent(entry["time"], source, target, head, message))

    def _at_latest(self, entry: _Sent | Note) -> _Sent | Note:
        """A node notes what it sent a moment after it went: it was sent before it arrived."""
        if isinstance(entry, Note):
            return entry
        arrived = self._arrived.get(entry[1:4])
        while arrived and arrived[0] < entry.time - LATE_SECONDS:
            arrived.popleft()
        return entry._replace(time=min(entry.time, arrived[0])) if arrived else entry

    def _name(self, sent: _Sent) -> Line | None:
        copy = (sent.source, sent.target, sent.head)
        if arrived := self._arrived.get(copy):
            arrived.popleft()
        again = copy in self._copies
        self._copies.add(copy)
        lost = isinstance(sent.target, int) and any(a <= sent.time <= b for a, b in self._lost[sent.target])
        try:
            named, heartbeat = self._namer.name(sent.message), self._namer.is_heartbeat(sent.message)
        except RemoteError:
            return None
        return Line(sent.time, sent.source, sent.target, named, heartbeat, lost, again)

    def _column(self, side: str, remote: str) -> Column | None:
        if side == "tc2":
            return self._hosts.get(remote.rpartition(":")[0])
        return self._terminals.get(remote)


def _parse(head: str, body: str) -> Message | None:
    """The trace is masked, so that lengths may differ from what was sent."""
    data = body.encode()
    text = _LENGTH.sub("", head.rstrip("\r\n") + "\r\n")
    try:
        return parse(f"{text}Content-Length: {len(data)}\r\n\r\n".encode() + data)
    except RemoteError:
        return None
