"""The CPU time of a call in one process: node, tick loop, store, trace and log, without sockets and without sipp.

So it hardly varies from run to run. To compare two trees run it with each one's `src` as PYTHONPATH, in turns:
`python -m bench core`.
"""

import asyncio
import re
from pathlib import Path
from time import monotonic, process_time, time
from typing import NamedTuple

from bench.messages import SDP
from bench.servers import CALLED_AT, CALLED_TCF, CALLER_AT, CALLER_TCF, TC2, configuration, domain, number
from bench.servers import USERS as SUBSCRIBERS
from opentcf.node.node import Node
from opentcf.runtime.config import load_config
from opentcf.runtime.ids import SystemIds
from opentcf.runtime.logs import configure_logs
from opentcf.runtime.loop import TickLoop
from opentcf.runtime.mask import Mask
from opentcf.runtime.runtime import calm_collector, notice_log
from opentcf.runtime.trace import Trace
from opentcf.sip.outbox import Flow, Send
from opentcf.store import open_store

ROUNDS, TICKS, USERS = 15, 60, 500
RECORDS = '\n[records]\nfiles = ["calls.jsonl"]\n'
"""A configuration with call records; what is measured ends with their rows in the store."""
AT_ONCE = 4
"""Calls of which a tick sees the same message."""
CALLER = Flow("tc2", "udp", CALLER_AT, TC2)
CALLED = Flow("tc2", "udp", CALLED_AT, TC2)
REGISTER = (
    "REGISTER sip:{home} SIP/2.0\r\nVia: SIP/2.0/UDP {at}:5060;branch=z9hG4bKr{user};rport\r\nMax-Forwards: 69\r\n"
    "From: <sip:{user}@{home}>;tag=r\r\nTo: <sip:{user}@{home}>\r\nCall-ID: r{user}\r\nCSeq: 1 REGISTER\r\n"
    "Contact: <sip:{user}@{at}:5060;home={home}>\r\nExpires: 3600\r\nP-Asserted-Identity: <sip:{user}@{home}>\r\n"
    "P-Visited-Network-ID: {visited}\r\nPtt-Extension: pttregister;regtype=initial\r\nContent-Length: 0\r\n\r\n"
)
HEAD = (
    "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {at}:5060;branch=z9hG4bK-{method}-{call};rport\r\n"
    "From: <sip:{caller}>;tag=c{call}\r\nTo: <sip:{called}>{tag}\r\nCall-ID: {call}@{at}\r\nCSeq: {cseq}\r\n"
    "Max-Forwards: 70\r\n"
)
INVITE = HEAD + (
    "Contact: <sip:{at}:5060>\r\nP-Asserted-Identity: <sip:{caller}>\r\n"
    'Ptt-Extension: pttcall;calltype=1;callerUDN="{caller}";OnlineCallID=online-{call}\r\n'
    f"Content-Type: application/sdp\r\nContent-Length: {len(SDP)}\r\n\r\n{SDP}"
)
ACK = HEAD + "Content-Length: 0\r\n\r\n"
BYE = HEAD + "Ptt-Extension: pttrelease;cause=16\r\nReason: SIP;cause=200\r\nContent-Length: 0\r\n\r\n"
ANSWER = (
    "SIP/2.0 {status}\r\nVia: {via}\r\nFrom: {from_}\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: {cseq}\r\n"
    "Contact: <sip:{at}:5060>\r\n"
)
EMPTY = ANSWER + "Content-Length: 0\r\n\r\n"
FULL = ANSWER + f"Content-Type: application/sdp\r\nContent-Length: {len(SDP)}\r\n\r\n{SDP}"


class _Wire:
    """Where the loop's messages end up."""

    def __init__(self) -> None:
        self.sent: list[Send] = []
        self.reports: TickLoop

    def send(self, order: Send) -> None:
        """As a socket that always has room."""
        self.sent.append(order)
        self.reports.sent(order.data, order.flow, ("127.0.0.1", TC2))

    def take(self, start: bytes, flow: Flow) -> list[bytes]:
        """The messages to `flow` that begin so; everything before is forgotten."""
        found = [order.data for order in self.sent if order.data.startswith(start) and order.flow == flow]
        self.sent.clear()
        return found


class _Got(NamedTuple):
    """What an answer repeats of the request that the called side got."""

    via: str
    from_: str
    to: str
    call_id: str
    cseq: str

    @classmethod
    def read(cls, data: bytes) -> "_Got":
        """From the bytes of the request."""
        return cls(*(_field(data, name) for name in ("Via", "From", "To", "Call-ID", "CSeq")))

    def answer(self, template: str, status: str, tag: str = "") -> str:
        """A response; `tag` is put behind To."""
        values = {**self._asdict(), "to": self.to + tag}
        return template.format(status=status, at=CALLED_AT, **values)


class Drive:
    """A node with its store in `folder`, and what both its neighbours say. `cpu` are the seconds that it took.

    `more` goes into its configuration."""

    def __init__(self, folder: Path, users: int = SUBSCRIBERS, more: str = "") -> None:
        folder.mkdir(parents=True)
        (folder / "node.toml").write_text(configuration(1, {1: "127.0.0.1"}, users=users) + more)
        config = load_config(folder / "node.toml")
        configure_logs(config.log_level, config.log_format, Mask(), (folder / "log").open("w"))
        self.store = store = open_store(config.store_url, folder)
        node = Node(config.settings, SystemIds())
        node.load(store.load(), monotonic(), time())
        self._wire = _Wire()
        self._loop = TickLoop(node, store, self._wire, Trace(config.trace_bytes), notice_log(), at_most=60.0)
        self._wire.reports = self._loop
        self._calls = 0
        self.cpu = 0.0

    async def register(self, users: int) -> None:
        """The called users visit the called TCF."""
        for index in range(1, users + 1):
            text = REGISTER.format(home=domain(1), user=number(1, index), at=CALLED_AT, visited=CALLED_TCF)
            await self._tick([text], CALLED)
        self._took(b"SIP/2.0 200", CALLED, users)
        calm_collector()

    async def calls(self, users: int) -> None:
        """`AT_ONCE` calls from INVITE to the last 200: a tick sees the same message of each."""
        invites = await self.set_up(users)
        await self._tick([BYE.format(method="BYE", cseq="2 BYE", **row) for row in invites], CALLER)
        byes = [_Got.read(data) for data in self._took(b"BYE", CALLED)]
        await self._tick([one.answer(EMPTY, "200 OK") for one in byes], CALLED)

    async def set_up(self, users: int) -> list[dict[str, str]]:
        """The same as far as the ACK; what their next requests need."""
        first, self._calls = self._calls + 1, self._calls + AT_ONCE
        rows = [_row(call, number(1, call % users + 1)) for call in range(first, self._calls + 1)]
        invites = [{**row, "uri": f"sip:{row['called']}", "tag": ""} for row in rows]
        await self._tick([INVITE.format(method="INVITE", cseq="1 INVITE", **row) for row in invites], CALLER)
        called = [_Got.read(data) for data in self._took(b"INVITE", CALLED)]
        await self._tick([one.answer(EMPTY, "180 Ringing", ";tag=x") for one in called], CALLED)
        await self._tick([one.answer(FULL, "200 OK", ";tag=x") for one in called], CALLED)
        answers = self._took(b"SIP/2.0 200", CALLER)
        for row, data in zip(invites, answers, strict=True):
            row["uri"], row["tag"] = (
                _field(data, "Contact")[1:-1],
                ";tag=" + _field(data, "To").partition(";tag=")[2],
            )
        await self._tick([ACK.format(method="ACK", cseq="1 ACK", **row) for row in invites], CALLER)
        return invites

    def _took(self, start: bytes, flow: Flow, count: int = 0) -> list[bytes]:
        found, count = self._wire.take(start, flow), count or AT_ONCE
        if len(found) != count:
            raise RuntimeError(f"{len(found)} of {count} {start.decode()} came")
        return found

    async def _tick(self, texts: list[str], flow: Flow) -> None:
        datagrams = [text.encode() for text in texts]
        before = process_time()
        for data in datagrams:
            self._loop.received(data, flow, ("127.0.0.1", TC2))
        await asyncio.sleep(0)
        self.cpu += process_time() - before


def _row(call: int, user: str) -> dict[str, str]:
    caller, called = f"7{call % 1000:03}@{CALLER_TCF}", f"{user}@{domain(1)}"
    return {"call": str(call), "at": CALLER_AT, "caller": caller, "called": called}


def _field(data: bytes, name: str) -> str:
    found = re.search(rf"\r\n{name}: ([^\r\n]*)", data.decode())
    if found is None:
        raise RuntimeError(f"no {name} in {data!r}")
    return found[1]


def measure(folder: Path) -> dict[str, list[float]]:
    """Microseconds of CPU a call, round by round, without call records and with them, in turns."""
    return asyncio.run(_measure(folder))


async def _measure(folder: Path) -> dict[str, list[float]]:
    drives = {"plain": Drive(folder / "plain"), "recorded": Drive(folder / "recorded", more=RECORDS)}
    found: dict[str, list[float]] = {name: [] for name in drives}
    for drive in drives.values():
        await drive.register(USERS)
    for _ in range(ROUNDS):
        for name, drive in drives.items():
            drive.cpu = 0.0
            for _ in range(TICKS):
                await drive.calls(USERS)
            found[name].append(drive.cpu / TICKS / AT_ONCE * 1e6)
    return found
