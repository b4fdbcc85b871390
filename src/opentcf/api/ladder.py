"""The ladder of one call: the messages that several TCFs traced, each once, named, with both ends known."""

import re
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from opentcf.api.floor_lane import FloorLane
from opentcf.api.names import Namer
from opentcf.model.numbers import is_number
from opentcf.sip.errors import RemoteError
from opentcf.sip.message import Message, Request
from opentcf.sip.parse import parse
from opentcf.transport.literal import is_literal

LONGEST = 2000
"""Lines of a ladder; a longer one shows its end."""

Row = Mapping[str, Any]
_LENGTH = re.compile(r"(?im)^(content-length|l)[ \t]*:.*$\r?\n?")


class Told(NamedTuple):
    """A message as one TCF (`teller`) told it."""

    teller: str
    row: Row

    @property
    def id(self) -> str:
        """What it is asked for by."""
        return f"{self.teller}/{self.row['number']}"


class Line(NamedTuple):
    """One message. `told` is the sender's copy where there is one, `arrived` the receiver's time."""

    told: Told
    source: str
    target: str
    time: float
    arrived: float | None


class Ladder(NamedTuple):
    """`items` tell the messages, and `rows` are what the trace has of each; `floor` tells who talked and waited."""

    columns: list[dict[str, Any]]
    items: list[dict[str, Any]]
    floor: list[dict[str, Any]]
    rows: list[Row]

    def document(self, last: int = 0) -> dict[str, Any]:
        """As JSON tells it: the `last` messages, or all. `began` is the time of the first of all."""
        items = self.items[-last:]
        earlier = len(self.items) - len(items)
        began = self.items[0]["time"] if self.items else None
        shown = {"columns": self.columns, "items": items, "floor": self.floor}
        return {**shown, "earlier": earlier, "began": began}


def ladder(traces: Mapping[str, Sequence[Row]], peer: str = "", *, heartbeats: bool = True) -> Ladder:
    """`traces`: the domain of a TCF → its messages. With `peer` only what this TCF sent and got."""
    drawing = _Drawing(heartbeats=heartbeats)
    told: list[tuple[Line, dict[str, Any]]] = []
    for line in _lines(traces, _listeners(traces)):
        item = drawing.item(line) if peer in ("", line.source, line.target) else None
        if item is not None:
            told.append((line, item))
    told = told[-LONGEST:]
    lines = [line for line, _ in told]
    columns = _columns(lines, set(traces))
    return Ladder(columns, [item for _, item in told], drawing.floor.spans(), [one.told.row for one in lines])


class _Drawing:
    """Goes through the lines in their order, and remembers what later ones need."""

    def __init__(self, *, heartbeats: bool) -> None:
        self.floor = FloorLane()
        self._heartbeats = heartbeats
        self._namer = Namer()
        self._transactions: dict[str, int] = {}
        self._seen: set[tuple[str, str, str]] = set()

    def item(self, line: Line) -> dict[str, Any] | None:
        """What is told of a line; None for a message that cannot be read, and for a heartbeat that nobody wants."""
        row = line.told.row
        message = message_of(row)
        if message is None:
            return None
        try:
            if not self._heartbeats and message.cseq()[1] == "OPTIONS":
                return None
            named = self._namer.name(message)
            transaction = self._transactions.setdefault(_transaction(message), len(self._transactions))
            self.floor.hear(message, line.time)
        except RemoteError:
            return None
        copy = (line.source, line.target, row["head"])
        again = copy in self._seen
        self._seen.add(copy)
        return {
            "id": line.told.id,
            "time": line.time,
            "arrived": line.arrived,
            "source": line.source,
            "target": line.target,
            "transport": row["transport"],
            **named._asdict(),
            "transaction": transaction,
            "again": again,
            "sdp": bool(message.body) and "sdp" in message.content_type(),
        }


def message_of(row: Row) -> Message | None:
    """A message of the trace. It is masked, so that lengths may differ from what was sent."""
    data = row["body"].encode("utf-8", "replace")
    text = _LENGTH.sub("", row["head"].rstrip("\r\n") + "\r\n")
    try:
        return parse(f"{text}Content-Length: {len(data)}\r\n\r\n".encode("utf-8", "replace") + data)
    except RemoteError:
        return None


# --- which copies are one message, and who stands at its ends


def _lines(traces: Mapping[str, Sequence[Row]], hosts: Mapping[str, str]) -> list[Line]:
    between = [Told(teller, row) for teller, rows in traces.items() for row in rows if row["side"] == "tc2"]
    users = _users(traces)
    lines = _between(between, hosts)
    for teller, rows in traces.items():
        for row in rows:
            if row["side"] != "tc2":
                terminal: str = users.get((teller, row["remote"])) or row["remote"]
                source, target = (teller, terminal) if row["direction"] == "out" else (terminal, teller)
                lines.append(Line(Told(teller, row), source, target, row["time"], None))
    return sorted(lines, key=lambda line: line.time)


def _between(copies: Iterable[Told], hosts: Mapping[str, str]) -> list[Line]:
    """Messages between TCFs: the sender's copy meets the receiver's, first with first."""
    sent: dict[str, deque[Told]] = defaultdict(deque)
    came: dict[str, deque[Told]] = defaultdict(deque)
    for told in sorted(copies, key=lambda told: told.row["time"]):
        (sent if told.row["direction"] == "out" else came)[told.row["head"].rstrip("\r\n")].append(told)
    lines = []
    for head, outs in sent.items():
        for out in outs:
            at = came[head].popleft() if came[head] else None
            target = at.teller if at else _at(out.row, hosts)
            arrived = at.row["time"] if at else None
            time = min(out.row["time"], arrived) if arrived is not None else out.row["time"]
            lines.append(Line(out, out.teller, target, time, arrived))
    for ins in came.values():
        lines += [Line(at, _at(at.row, hosts), at.teller, at.row["time"], at.row["time"]) for at in ins]
    return lines


def _listeners(traces: Mapping[str, Sequence[Row]]) -> dict[str, str]:
    """Where the TCFs that told something are, as they say themselves: address and, if nobody shares it, host."""
    found: dict[str, str] = {}
    shared: dict[str, set[str]] = defaultdict(set)
    for teller, rows in traces.items():
        for local in {row["local"] for row in rows if row["side"] == "tc2"}:
            found[local] = teller
            shared[local.rpartition(":")[0]].add(teller)
    return found | {host: next(iter(who)) for host, who in shared.items() if len(who) == 1}


def _at(row: Row, hosts: Mapping[str, str]) -> str:
    """Who is at the other end, for a message that he did not trace himself."""
    remote: str = row["remote"]
    return row.get("peer") or hosts.get(remote) or hosts.get(remote.rpartition(":")[0]) or remote


def _users(traces: Mapping[str, Sequence[Row]]) -> dict[tuple[str, str], str]:
    """Who is behind an address on D: who sends a request there names himself, others are named by To or its URI."""
    found: dict[tuple[str, str], str] = {}
    for teller, rows in traces.items():
        for row in rows:
            key = (teller, row["remote"])
            if row["side"] == "tc2" or (key in found and row["direction"] == "out"):
                continue
            message = message_of(row)
            if isinstance(message, Request) and (user := _user(message, incoming=row["direction"] == "in")):
                found[key] = user
    return found


def _user(request: Request, *, incoming: bool) -> str:
    try:
        uri = request.from_().uri if incoming else request.target()
    except RemoteError:
        return ""
    return uri.user if uri.user and is_number(uri.user) else ""


def _transaction(message: Message) -> str:
    """A request, its responses and its ACK bear one Call-ID, From tag and CSeq number."""
    return f"{message.call_id()} {message.from_tag()} {message.cseq()[0]}"


def _columns(lines: Sequence[Line], tellers: set[str]) -> list[dict[str, Any]]:
    """TCFs in the order in which the call reached them; who began stands left of his TCF, others right of theirs."""
    tcfs: dict[str, list[str]] = {}
    first = ""
    for line in lines:
        terminal, tcf = _terminal(line)
        for end in (line.source, line.target) if not terminal else (tcf,):
            tcfs.setdefault(end, [])
        if terminal and terminal not in tcfs[tcf]:
            tcfs[tcf].append(terminal)
            first = first or terminal
    found = []
    for tcf, terminals in tcfs.items():
        ordered = [(name, "terminal") for name in terminals if name == first] + [(tcf, "tcf")]
        ordered += [(name, "terminal") for name in terminals if name != first]
        found += [
            {"name": name, "label": _label(name, tcfs), "kind": kind, "traced": name in tellers}
            for name, kind in ordered
        ]
    return [row for n, row in enumerate(found) if row["name"] not in {before["name"] for before in found[:n]}]


def _label(name: str, tcfs: Iterable[str]) -> str:
    """The first label of a domain, where no other TCF has the same."""
    first = name.partition(".")[0]
    alone = name in tcfs and not is_literal(name.rpartition(":")[0].strip("[]"))
    return first if alone and sum(tcf.partition(".")[0] == first for tcf in tcfs) == 1 else name


def _terminal(line: Line) -> tuple[str, str]:
    """The terminal and its TCF; no terminal between TCFs."""
    if line.told.row["side"] == "tc2":
        return "", ""
    incoming = line.told.row["direction"] == "in"
    return (line.source, line.target) if incoming else (line.target, line.source)
