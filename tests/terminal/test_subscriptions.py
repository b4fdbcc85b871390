"""What a console makes of NOTIFYs and of the address book."""

import pytest
from tests.terminal.test_messages import pair

from opentcf.btrunc import events
from opentcf.btrunc import extension as wire_extension
from opentcf.btrunc.wire import Package, Token, Wire
from opentcf.model.numbers import Aor
from opentcf.sip.message import Request, Response
from opentcf.sip.parse import parse
from opentcf.sip.render import render
from opentcf.terminal import Terminal, Watch

WIRE = Wire()
ALICE = events.registration(Aor("1001", "core1.example"), None)
BOB = events.registration(Aor("1002", "core1.example"), None)


def sent(ua: Terminal) -> list[Request | Response]:
    return [parse(send.data) for send in ua.drain()]


def watching() -> tuple[Terminal, Watch, Request]:
    """A console, its watch, and the SUBSCRIBE it sent."""
    ua, _ = pair()
    watch = ua.watch(Package.REGISTER, 0.0, expires=100)
    (request,) = sent(ua)
    assert isinstance(request, Request)
    return ua, watch, request


def take(ua: Terminal, message: Request | Response, now: float = 0.0) -> list[Request | Response]:
    ua.receive(render(message), ua.proxy, now)
    return sent(ua)


def notify(
    subscribe: Request, cseq: int, *entries: str, full: bool = False, state: str = "active"
) -> Request:
    made = Request("NOTIFY", "sip:1001@host")
    for name, value in {
        "Via": f"SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKn{cseq}{state}",
        "Max-Forwards": "70",
        "From": f"{subscribe.headers.get('To')};tag=node",
        "To": subscribe.headers.get("From") or "",
        "Call-ID": subscribe.call_id(),
        "CSeq": f"{cseq} NOTIFY",
        "Contact": "<sip:127.0.0.1:5070>",
        "Subscription-State": state,
    }.items():
        made.headers.set(name, value)
    events.write_event(made, WIRE, Package.REGISTER, "")
    events.write_report(made, WIRE, Package.REGISTER, cseq, entries, full=full)
    return made


def status(ua: Terminal, request: Request) -> int:
    (answer,) = take(ua, request)
    assert isinstance(answer, Response)
    return answer.status


def test_a_subscribe_says_what_it_wants() -> None:
    _, _, request = watching()
    assert request.uri == "sip:core1.example"
    assert request.headers.get("Event") == "UERegisterStatus"
    assert request.headers.get("Expires") == "100"
    assert request.headers.get("Accept") == "application/pttuereginfo+xml"
    assert request.headers.get("Ptt-Extension") == "pttsubscribe"


def test_full_state_replaces_and_changes_add() -> None:
    ua, watch, request = watching()
    assert status(ua, notify(request, 1, ALICE, full=True)) == 200
    assert status(ua, notify(request, 2, BOB)) == 200
    assert len(watch.entries) == 2
    assert status(ua, notify(request, 3, BOB, full=True)) == 200
    assert list(watch.entries) == ["1002@core1.example"]
    assert watch.version == 3
    assert [event.name for event in ua.events] == ["notified"] * 3
    assert ua.events[-1].text == "ue udn=1002@core1.example state=unregistered"


def test_a_notify_may_come_before_the_200() -> None:
    ua, watch, request = watching()
    assert status(ua, notify(request, 1, ALICE, full=True)) == 200
    response = request.respond(200, "node")
    response.headers.set("Expires", "100")
    take(ua, response)
    assert watch.dialog.remote_tag == "node"
    assert not watch.over


def test_what_is_out_of_order_or_wrong_changes_nothing() -> None:
    ua, watch, request = watching()
    assert status(ua, notify(request, 5, ALICE, full=True)) == 200
    assert status(ua, notify(request, 4, BOB, full=True)) == 500
    broken = notify(request, 6, BOB)
    broken.body = b"<pttuereginfo"
    assert status(ua, broken) == 400
    other = notify(request, 7, BOB)
    other.headers.set("Event", "presence")
    assert status(ua, other) == 489
    stranger = notify(request, 8, BOB)
    stranger.headers.set("From", "<sip:core1.example>;tag=stranger")
    assert status(ua, stranger) == 481
    assert list(watch.entries) == ["1001@core1.example"]


def test_it_refreshes_at_half_the_time_until_it_is_over() -> None:
    ua, watch, request = watching()
    response = request.respond(200, "node")
    response.headers.set("Expires", "80")
    response.headers.set("Contact", "<sip:127.0.0.1:5070>")
    take(ua, response)
    ua.wake(40.0)
    (refresh,) = [m for m in sent(ua) if isinstance(m, Request)]
    assert (refresh.method, refresh.to_tag()) == ("SUBSCRIBE", "node")
    assert status(ua, notify(request, 1, state="terminated;reason=timeout")) == 200
    assert watch.over
    assert not ua.watches


@pytest.mark.parametrize("code", [403, 423, 489])
def test_a_refused_subscribe_is_over(code: int) -> None:
    ua, watch, request = watching()
    take(ua, request.respond(code, "node"))
    assert watch.over
    assert (ua.events[-1].name, ua.events[-1].status) == ("refused", code)


def test_the_address_book_is_shown() -> None:
    ua, _ = pair()
    message = Request("MESSAGE", "sip:1001@host")
    for name, value in {
        "Via": "SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKbook",
        "Max-Forwards": "70",
        "From": "<sip:core1.example>;tag=1",
        "To": "<sip:1001@core1.example>",
        "Call-ID": "book",
        "CSeq": "1 MESSAGE",
    }.items():
        message.headers.set(name, value)
    wire_extension.write(message, WIRE, Token.PUSH_ADDRESSES)
    events.write_addresses(message, WIRE, "core1.example", 1, 2, ['<user number="1" name="Al"/>'])
    assert status(ua, message) == 200
    assert (ua.events[-1].name, ua.events[-1].text) == ("addresses", "user number=1 name=Al (1 of 2)")
