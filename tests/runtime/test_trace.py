"""The ring of messages."""

import tracemalloc

import pytest

from opentcf.model.peer import Peer
from opentcf.runtime.trace import Trace
from opentcf.sip.outbox import Flow

FLOW = Flow("d", "udp", "127.0.0.1", 5070)
LOCAL = ("127.0.0.1", 5060)


def numbers(messages) -> list[int]:
    return [message.number for message in messages]


def test_messages_are_numbered_and_can_be_continued():
    trace = Trace(1_000_000)
    for n in range(5):
        trace.add(n % 2 == 0, b"%d" % n, FLOW, LOCAL)
    assert numbers(trace.after(0)) == [1, 2, 3, 4, 5]
    assert [message.data for message in trace.after(3)] == [b"3", b"4"]
    assert numbers(trace.after(5)) == numbers(trace.after(99)) == []


def test_the_ring_is_bounded_in_bytes():
    trace = Trace(100_000)
    for _ in range(1000):
        trace.add(True, b"x" * 1000, FLOW, LOCAL)
    kept = numbers(trace.after(0))
    assert len(kept) < 100
    assert kept[-1] == 1000
    assert numbers(trace.after(kept[0])) == kept[1:]


def test_a_ring_of_nothing_and_a_message_larger_than_the_ring():
    for size in (0, 100):
        trace = Trace(size)
        trace.add(True, b"x" * 1000, FLOW, LOCAL)
        assert numbers(trace.after(0)) == []


def dialog(call_id: str, extension: str = "") -> bytes:
    line = f"Ptt-Extension: pttcall;{extension}\r\n" if extension else ""
    return f"INVITE sip:x SIP/2.0\r\n{call_id}\r\n{line}Content-Length: 0\r\n\r\n".encode()


def test_a_call_is_all_that_shares_a_call_id_with_its_name():
    trace = Trace(1_000_000)
    for data in (
        dialog("Call-ID: a"),
        dialog("i : b", "OnlineCallID=abc"),
        dialog("Call-ID: a", 'OnlineCallID="abc";x=1'),
        dialog("Call-ID: c", "OnlineCallID=abcd"),
        dialog("Call-ID: d", "OnlineCallID=zabc"),
        dialog("call-id:b"),
        b"no head at all",
    ):
        trace.add(True, data, FLOW, LOCAL)
    assert numbers(trace.call("abc")) == [1, 2, 3, 6]
    assert numbers(trace.call("abc", after=2)) == [3, 6]
    assert numbers(trace.call("c")) == [4]
    assert numbers(trace.call("nobody")) == []
    assert numbers(trace.call("\udcff")) == []


def test_a_message_belongs_to_the_call_that_its_call_id_named():
    peer = Peer("core2.example", "udp", "127.0.0.1", 5060, wire={"param.call_id": "CallNumber"})
    trace = Trace(1_000_000, [peer])
    for data in (
        dialog("Call-ID: a"),
        dialog("Call-ID: a", 'OnlineCallID="abc";x=1'),
        dialog("Call-ID: b", "x=1; callnumber = def"),
        dialog("Call-ID: c") + b"x;OnlineCallID=body",
    ):
        trace.add(True, data, FLOW, LOCAL)
    assert [trace.online(message) for message in trace.after(0)] == ["abc", "abc", "def", ""]
    trace.add(True, dialog("Call-ID: c", "OnlineCallID=late"), FLOW, LOCAL)
    assert [trace.online(message) for message in trace.after(3)] == ["late", "late"]


def test_what_is_known_of_calls_keeps_step_with_the_ring():
    """Read in between, or never, while the oldest messages go."""
    read, unread = Trace(10_000), Trace(10_000)
    for n in range(100):
        for trace in (read, unread):
            trace.add(True, dialog(f"Call-ID: d{n // 4}", f"OnlineCallID=c{n // 4}"), FLOW, LOCAL)
        assert list(read.call(f"c{n // 4}"))[-1].number == n + 1
    for trace in (read, unread):
        kept = list(trace.after(0))
        assert 0 < len(kept) < 30
        assert [trace.online(message) for message in kept] == [f"c{(one.number - 1) // 4}" for one in kept]
        assert numbers(trace.call("c24")) == [97, 98, 99, 100]
        assert numbers(trace.call("c0")) == []


def test_a_message_that_is_gone_is_still_named():
    trace = Trace(1_500)
    trace.add(True, dialog("Call-ID: a", "OnlineCallID=abc"), FLOW, LOCAL)
    (first,) = trace.after(0)
    assert trace.online(first) == "abc"
    for _ in range(5):
        trace.add(True, dialog("Call-ID: b"), FLOW, LOCAL)
    assert trace.online(first) == "abc"


def test_a_long_call_keeps_its_name_while_another_says_its_own_often():
    trace = Trace(10_000)
    trace.add(True, dialog("Call-ID: long", "OnlineCallID=abc"), FLOW, LOCAL)
    for _ in range(1_300):
        trace.add(True, dialog("Call-ID: other", "OnlineCallID=xyz"), FLOW, LOCAL)
        list(trace.call("xyz"))
    trace.add(True, dialog("Call-ID: long", "a=b"), FLOW, LOCAL)
    (last,) = trace.after(trace.last - 1)
    assert trace.online(last) == "abc"


def grown(trace: Trace, first: int, number: int) -> int:
    """What is held after so many more messages of one Call-ID, each of which names another call."""
    for n in range(first, first + number):
        trace.add(True, dialog("Call-ID: a", f"OnlineCallID=call{n}"), FLOW, LOCAL)
        assert trace.online(next(trace.after(n))) == f"call{n}"
    return tracemalloc.get_traced_memory()[0]


@pytest.mark.no_cover
def test_names_of_calls_that_nobody_gave_take_no_memory():
    trace = Trace(10_000)
    tracemalloc.start()
    try:
        early = grown(trace, 0, 3_000)
        assert grown(trace, 3_000, 12_000) - early < 1_000_000
    finally:
        tracemalloc.stop()


def test_another_spelling_is_learnt_of_messages_that_are_there_too():
    trace = Trace(1_000_000)
    trace.add(True, dialog("Call-ID: a", "Number=abc"), FLOW, LOCAL)
    assert numbers(trace.call("abc")) == []
    trace.learn([Peer("core2.example", "udp", "127.0.0.1", 5060, wire={"param.call_id": "number"})])
    assert numbers(trace.call("abc")) == [1]
