"""The tick loop around a core that echoes: what is stored, what leaves, and in which order."""

import asyncio

import pytest

from opentcf.btrunc.urgency import Rank
from opentcf.node.orders import Batch, Command, Flow, Notice, Reply, Save, Send
from opentcf.runtime.loop import TickLoop
from opentcf.runtime.trace import Trace
from opentcf.sip.outbox import Outbox
from opentcf.store import StoreError
from opentcf.store.memory import MemoryStore

FLOW = Flow("d", "udp", "127.0.0.1", 5070)
LOCAL = ("127.0.0.1", 5060)


class Echo:
    """Saves and sends back what it gets; `timers` are times at which it wants to be woken."""

    def __init__(self, journal: list) -> None:
        self.journal = journal
        self.outbox = Outbox()
        self.timers: list[float] = []
        self.tickets = 0
        self.waited: list[float] = []

    def receive(self, data: bytes, source: Flow, now: float) -> None:
        if data == b"bug":
            raise LookupError("a hole in the core")
        self.outbox.saves.append(Save("echo", data.decode(), 1))
        self.outbox.sends.append(Send(data, source))
        self.outbox.notices.append(Notice("echo", {"data": data}))

    def rank(self, data: bytes) -> Rank:
        return {b"p": Rank.PROVED, b"n": Rank.NEW}.get(data[:1], Rank.URGENT)

    def offer(self, data: bytes, source: Flow, waited: float, now: float) -> None:
        self.waited.append(waited)
        self.receive(data, source, now)

    def command(self, command: Command, now: float) -> int:
        self.tickets += 1
        if command.name == "in":
            self.timers.append(now + command.arguments["seconds"])
        elif command.name == "refuse":
            self.outbox.replies.append(Reply(self.tickets, None, "no", 403))
        elif command.name != "never":
            self.outbox.replies.append(Reply(self.tickets, dict(command.arguments)))
        return self.tickets

    def wake(self, now: float) -> None:
        due = [when for when in self.timers if when <= now]
        self.timers = [when for when in self.timers if when > now]
        self.outbox.replies += [Reply(self.tickets, "woken") for _ in due]

    def deadline(self) -> float | None:
        return min(self.timers, default=None)

    def drain(self) -> Batch:
        self.journal.append("drain")
        return self.outbox.drain()

    def failed(self, order: Send, error: str, now: float) -> None:
        self.journal.append(("failed", order.data, error))

    def closed(self, flow: Flow, now: float) -> None:
        self.journal.append(("closed", flow))

    def proved(self, flow: Flow, names: tuple[str, ...], now: float) -> None:
        self.journal.append(("proved", flow, names))


class Journalled(MemoryStore):
    """A store that says when it commits, and can be told to break."""

    def __init__(self, journal: list) -> None:
        super().__init__()
        self.journal = journal
        self.broken = False

    def commit(self, saves):
        if self.broken:
            raise StoreError("store memory: the disk is full")
        super().commit(saves)
        self.journal.append(("commit", len(saves)))


class Bench:
    """A loop with everything around it."""

    def __init__(self, at_most: float = 60.0) -> None:
        self.journal: list = []
        self.core = Echo(self.journal)
        self.store = Journalled(self.journal)
        self.trace = Trace(100_000)
        self.unreachable = False
        self.loop = TickLoop(self.core, self.store, self, self.trace, self._notice, at_most)

    def send(self, order: Send) -> None:
        if self.unreachable:
            self.loop.failed(order, "unreachable")
        else:
            self.journal.append(("send", order.data))
            self.loop.sent(order.data, order.flow, LOCAL)

    def _notice(self, notice: Notice) -> None:
        self.journal.append(("notice", notice.fields["data"]))


async def settled(loop: TickLoop) -> None:
    """What was put in before has been carried out."""
    await loop.ask("anything")


async def test_one_tick_takes_all_that_waits_and_stores_before_it_sends():
    bench = Bench()
    for data in (b"1", b"2", b"3"):
        bench.loop.received(data, FLOW, LOCAL)
    assert bench.journal == []
    await settled(bench.loop)
    assert bench.journal == [
        "drain",
        ("commit", 3),
        ("send", b"1"),
        ("send", b"2"),
        ("send", b"3"),
        ("notice", b"1"),
        ("notice", b"2"),
        ("notice", b"3"),
    ]
    assert bench.store.load() == {"echo": {"1": 1, "2": 1, "3": 1}}


async def test_the_urgent_goes_first_and_what_stands_in_line_is_told_how_long():
    bench = Bench()
    for data in (b"n1", b"p1", b"1", b"n2", b"p2", b"2"):
        bench.loop.received(data, FLOW, LOCAL)
    await settled(bench.loop)
    sent = [entry[1] for entry in bench.journal if entry[0] == "send"]
    assert sent == [b"1", b"2", b"p1", b"p2", b"n1", b"n2"]
    assert len(bench.core.waited) == 4
    assert all(0 <= waited < 60 for waited in bench.core.waited)


async def test_a_tick_ends_when_its_slice_is_over():
    bench = Bench(at_most=0.0)
    for data in (b"1", b"n1", b"2"):
        bench.loop.received(data, FLOW, LOCAL)
    await settled(bench.loop)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    sent = [entry[1] if entry != "drain" else "" for entry in bench.journal if entry[0] in ("d", "send")]
    assert sent[:4] == ["", b"1", "", b"2"]
    assert [data for data in sent if data] == [b"1", b"2", b"n1"]


async def test_when_a_commit_fails_nothing_leaves_and_the_loop_stops():
    bench = Bench()
    bench.store.broken = True
    bench.loop.received(b"1", FLOW, LOCAL)
    assert await bench.loop.stopped == "store memory: the disk is full"
    bench.loop.received(b"2", FLOW, LOCAL)
    await asyncio.sleep(0)
    assert bench.journal == ["drain"]


async def test_a_bug_outside_any_message_stops_the_loop():
    bench = Bench()
    bench.loop.received(b"bug", FLOW, LOCAL)
    assert await bench.loop.stopped == "a bug: LookupError"


async def test_replies_find_who_asked():
    bench = Bench()
    asked = [bench.loop.ask("echo", {"n": n}) for n in range(3)]
    replies = await asyncio.gather(*asked)
    assert [reply.value for reply in replies] == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert (await bench.loop.ask("refuse")).status == 403


async def test_a_command_that_is_never_answered():
    bench = Bench()
    reply = await bench.loop.ask("never", seconds=0.01)
    assert (reply.status, reply.error) == (504, "the node did not finish 'never' within 0.01 s")


async def test_a_reply_that_nobody_waits_for_any_more():
    bench = Bench()
    assert (await bench.loop.ask("never", seconds=0.01)).status == 504
    bench.core.outbox.replies.append(Reply(1, "late"))
    await settled(bench.loop)
    assert not bench.loop.stopped.done()


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 0.02])
async def test_the_core_is_woken_when_it_wants(seconds):
    bench = Bench()
    assert (await bench.loop.ask("in", {"seconds": seconds})).value == "woken"


async def test_an_earlier_deadline_overtakes_the_armed_timer():
    bench = Bench()
    late = asyncio.ensure_future(bench.loop.ask("in", {"seconds": 60}, seconds=60))
    await asyncio.sleep(0)
    await settled(bench.loop)
    assert (await bench.loop.ask("in", {"seconds": 0.01})).value == "woken"
    late.cancel()


async def test_no_timer_runs_after_the_end():
    bench = Bench()
    asking = asyncio.ensure_future(bench.loop.ask("in", {"seconds": 0.01}, seconds=0.05))
    await asyncio.sleep(0)
    bench.loop.end()
    assert (await asking).status == 504
    assert bench.loop.stopped.result() == ""


async def test_reports_reach_the_core_in_their_order():
    bench = Bench()
    bench.loop.proved(FLOW, ("core2.example",))
    bench.loop.received(b"1", FLOW, LOCAL)
    bench.loop.closed(FLOW)
    await settled(bench.loop)
    assert bench.journal[:3] == [("proved", FLOW, ("core2.example",)), ("closed", FLOW), "drain"]


async def test_what_could_not_be_sent_comes_back():
    bench = Bench()
    bench.unreachable = True
    bench.loop.received(b"1", FLOW, LOCAL)
    await settled(bench.loop)
    await settled(bench.loop)
    assert ("failed", b"1", "unreachable") in bench.journal


async def test_both_directions_are_traced():
    bench = Bench()
    bench.loop.received(b"1", FLOW, LOCAL)
    await settled(bench.loop)
    assert [(message.incoming, message.data) for message in bench.trace.after(0)] == [
        (True, b"1"),
        (False, b"1"),
    ]


async def test_begin_carries_out_what_the_core_ordered_by_itself():
    bench = Bench()
    bench.core.outbox.saves.append(Save("node", "epoch", "x"))
    bench.loop.begin()
    await settled(bench.loop)
    assert bench.store.load() == {"node": {"epoch": "x"}}
