"""What a terminal does when it is stunned, killed or revived, and what it hears of its own regroups."""

from itertools import count

import pytest
from tests.terminal.test_messages import exchange, last, pair

from opentcf.btrunc.wire import Param, Token
from opentcf.model.subscriber import UserState
from opentcf.sip.message import Request, Response
from opentcf.sip.outbox import Flow
from opentcf.sip.parse import parse
from opentcf.sip.render import render
from opentcf.terminal import CallState, Terminal

BRANCHES = count()


def receive(ua: Terminal, extension: str, flow: Flow | None = None) -> list[str]:
    """A MESSAGE from its TCF, or from elsewhere; the extensions of what it sends."""
    return [message.headers.get("Ptt-Extension") or "" for message in answers(ua, extension, flow)]


def answers(
    ua: Terminal, extension: str, flow: Flow | None = None, call_id: str = ""
) -> list[Request | Response]:
    """What it sends when a MESSAGE comes."""
    other, _ = pair()
    other.page(f"sip:{ua.user}", Token.MESSAGE, (), 0.0)
    request = parse(other.drain()[0].data)
    request.headers.set("Ptt-Extension", extension)
    number = next(BRANCHES)
    request.headers.set("Via", f"SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK{number}")
    request.headers.set("Call-ID", call_id or f"control-{number}")
    ua.receive(render(request), flow or ua.proxy, 0.0)
    return [parse(send.data) for send in ua.drain()]


def test_what_comes_by_two_ways_is_obeyed_once() -> None:
    """RFC 3261 §8.2.2.2."""
    alice, _ = pair()
    for status in (200, 482):
        (answer,) = answers(alice, "pttrevive", call_id="once")
        assert isinstance(answer, Response)
        assert answer.status == status


@pytest.mark.parametrize(("token", "event"), [("pttstun", "stunned"), ("pttkill", "killed")])
def test_it_obeys_and_asks_for_nothing(token: str, event: str) -> None:
    alice, _ = pair()
    running = alice.call("1002", 0.0)
    alice.drain()
    assert (
        receive(alice, f"{token};UDN={alice.user.number}")[0] == f"{token};UDN={alice.user.number};result=0"
    )
    assert event in [heard.name for heard in alice.events]
    call = alice.call("1002", 0.0)
    assert (call.state, call.status) == (CallState.ENDED, 403)
    alice.message("1002", "hello", 0.0)
    assert (last(alice).name, last(alice).status) == ("refused", 403)
    assert alice.drain() == []
    assert running.cancelled


@pytest.mark.parametrize("again", ["pttstun", "pttrevive"])
def test_an_order_that_changes_nothing_is_answered_and_not_shown(again: str) -> None:
    alice, _ = pair()
    if again == "pttstun":
        receive(alice, again)
    alice.events.clear()
    assert receive(alice, again) == [f"{again};UDN={alice.user.number};result=0"]
    assert alice.events == []


def test_it_is_revived() -> None:
    alice, bob = pair()
    receive(alice, "pttstun")
    receive(alice, "pttrevive")
    assert last(alice).name == "revived"
    assert alice.control.state is UserState.NORMAL
    alice.message("2001@core2.example", "hello", 0.0)
    exchange(alice, bob)
    assert last(bob).text == "hello"


def test_only_its_tcf_is_obeyed() -> None:
    alice, _ = pair()
    receive(alice, "pttkill", Flow("d", "udp", "192.0.2.7", 5070))
    assert not alice.control.barred


def test_a_result_that_comes_twice_is_heard_once() -> None:
    alice, _ = pair()
    for _ in range(2):
        receive(alice, 'reDGNA;UDN="2001@core2.example";DGNAresult=2;msgid=m1')
    receive(alice, 'reDGNA;UDN="2001@core2.example";DGNAresult=0;msgid=m2')
    assert [(event.name, event.text) for event in alice.events] == [
        ("regrouped", "2001@core2.example: unreachable"),
        ("regrouped", "2001@core2.example: success"),
    ]
    page = alice.events[0].page
    assert page is not None
    assert page.extension is not None
    assert page.extension.get(Param.MESSAGE_ID) == "m1"
