"""Ladders as text, from the transcript of a world."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from tests.world import D_PORT, TC2_PORT, World

from opentcf.sip.message import Message, Response
from opentcf.sip.parse import parse

TOLD = ("regtype", "Alerttype", "position", "Cause", "cause", "state", "result", "DGNAresult", "UDN")
"""Parameters whose value stands beside the token; the first that a message has."""
SILENT = (
    "pttcall",
    "pttrequest",
    "pttaccept",
    "pttstun",
    "pttkill",
    "pttrevive",
    "pttmsg",
    "pttVideoForward",
)
"""Tokens that say enough."""
LEFT_OUT = ("via", "max-forwards", "call-id", "cseq", "content-length", "allow", "supported", "authorization")


class Step(NamedTuple):
    """A message. `sender` and `receiver` are the addresses of `source` and `target`."""

    at: float
    source: str
    target: str
    message: Message
    data: bytes
    sender: tuple[str, int]
    receiver: tuple[str, int]


def steps(world: World, *, heartbeats: bool = False) -> Iterator[Step]:
    """What was said, without `heartbeats` unless they are what it is about."""
    left_out = set()
    for passed in world.transcript:
        if not passed.target:
            continue
        message = parse(passed.data)
        if "pttheartbeat" in extension(message) and not heartbeats:
            left_out.add(message.call_id())
        if message.call_id() not in left_out:
            ends = _ends(world, passed.source, passed.target)
            yield Step(passed.at, passed.source, passed.target, message, passed.data, *ends)


def _ends(world: World, *names: str) -> list[tuple[str, int]]:
    """The addresses of two parties: between two TCFs those of TC2."""
    port = D_PORT if world.terminals.keys() & names else TC2_PORT
    cores = {core.name: (core.host, port) for core in world.cores.values()}
    return [cores.get(name) or (world.terminals[name].host, world.terminals[name].port) for name in names]


def draw(told: Sequence[Step], lanes: dict[str, str]) -> str:
    """`lanes`: the parties from left to right, and the role of each."""
    names = list(lanes)
    at = _places(told, lanes)
    heads = [_beads(at, dict(zip(names, row, strict=True))) for row in (names, lanes.values())]
    lines = [" " * 9 + head for head in heads if head.strip()]
    begin = told[0].at
    lines += [f"{step.at - begin:7.2f}  {_arrow(step, at)}" for step in told]
    return "\n".join(line.rstrip() for line in lines)


def label(message: Message) -> str:
    """`INVITE pttcall`, `200 pttaccept`, `100 INVITE`."""
    token, *rest = extension(message).split(";")
    values = dict(item.partition("=")[::2] for item in rest)
    beside = "" if token in SILENT else next((values[name] for name in TOLD if name in values), "")
    method = message.cseq()[1]
    start = f"{message.status} {'' if token else method}" if isinstance(message, Response) else method
    return " ".join(f"{start} {token} {beside.strip(chr(34))}".split())


def in_full(step: Step) -> str:
    """A message as it was, without the fields that every SIP message has."""
    head, _, body = step.data.decode().partition("\r\n\r\n")
    start, *fields = head.split("\r\n")
    kept = [_masked(field) for field in fields if field.partition(":")[0].lower() not in LEFT_OUT]
    return "\n".join([start, *kept, *(["", *body.splitlines()] if body else [])])


def extension(message: Message) -> str:
    return message.headers.get("Ptt-Extension") or ""


def _places(told: Sequence[Step], lanes: dict[str, str]) -> dict[str, int]:
    """Columns, as far apart as what is said between neighbours needs."""
    names = list(lanes)
    at = {names[0]: 4}
    for left, right in pairwise(names):
        said = [len(label(s.message)) for s in told if {s.source, s.target} == {left, right}]
        heads = (len(lanes[left]) + len(lanes[right])) // 2 - 2
        at[right] = at[left] + max(*said, heads, 4) + 6
    return at


def _masked(field: str) -> str:
    """Secrets stay out, as in traces."""
    return re.sub(r"(ha1_\w+)=\w+", r"\1=…", field)


def _beads(at: dict[str, int], words: dict[str, str]) -> str:
    row = [" "] * (max(at.values()) + 12)
    for name, word in words.items():
        start = max(at[name] - len(word) // 2, 0)
        row[start : start + len(word)] = word
    return "".join(row)


def _arrow(step: Step, at: dict[str, int]) -> str:
    row = [*_beads(at, dict.fromkeys(at, "│"))]
    here, there = at[step.source], at[step.target]
    low, high = sorted((here, there))
    words = f" {label(step.message)} "
    line = words.center(high - low - 3, "─")
    row[low + 1 : high] = f"─{line}▶" if there > here else f"◀{line}─"
    return "".join(row)
