"""MESSAGEs of terminals, one terminal against another without a TCF between them."""

from tests.world import Chance

from opentcf.btrunc.wire import Param, Token
from opentcf.model.numbers import Aor
from opentcf.sip.outbox import Flow
from opentcf.sip.parse import parse
from opentcf.terminal import Event, Terminal


def pair(*, plain: bool = False) -> tuple[Terminal, Terminal]:
    one, other = (Flow("d", "udp", f"127.0.9.{n}", 6000) for n in (1, 2))
    alice, bob = Aor("1001", "core1.example"), Aor("2001", "core2.example")
    return (
        Terminal(alice, "", other, one.host, one.port, Chance("a"), plain=plain),
        Terminal(bob, "", one, other.host, other.port, Chance("b")),
    )


def exchange(one: Terminal, other: Terminal) -> bytes:
    """Carry a request there and its answer back; the request as it was sent."""
    (sent,) = one.drain()
    other.receive(sent.data, other.proxy, 0.0)
    for answer in other.drain():
        one.receive(answer.data, one.proxy, 0.0)
    return sent.data


def last(ua: Terminal) -> Event:
    return ua.events[-1]


def test_a_text() -> None:
    alice, bob = pair()
    msgid = alice.message("2001@core2.example", "火灾", 0.0, charset="gb18030")
    request = parse(exchange(alice, bob))
    assert request.headers.get("Ptt-Extension") == f"pttmsg;msgtype=1;msgid={msgid}"
    assert request.headers.get("Content-Type") == "text/plain;charset=GB18030"
    heard, result = last(bob), last(alice)
    assert (heard.name, heard.text) == ("message", "火灾")
    assert heard.page is not None
    assert (heard.page.sender, heard.page.msgid, heard.page.group) == ("1001@core1.example", msgid, "")
    assert (result.name, result.status) == ("delivered", 200)
    assert result.page is not None
    assert result.page.key == msgid


def test_octets_to_a_group() -> None:
    alice, bob = pair()
    msgid = alice.message("8001", b"\x00\xff", 0.0, msgid="m1", group=True)
    request = parse(exchange(alice, bob))
    assert request.to().uri.host == "core1.example"
    heard = last(bob)
    assert heard.page is not None
    assert (msgid, heard.page.msgid, heard.text, heard.page.body) == ("m1", "m1", "00 ff", b"\x00\xff")
    assert heard.page.group == "1001@core1.example", "on D From is the group"


def test_a_plain_phone_sends_no_extension() -> None:
    alice, bob = pair(plain=True)
    alice.message("2001@core2.example", "hello", 0.0)
    assert "Ptt-Extension" not in parse(exchange(alice, bob)).headers
    assert (last(bob).name, last(bob).text) == ("message", "hello")


def test_any_operation() -> None:
    """What a dispatcher sends; the answer's extension comes with the result."""
    alice, bob = pair()
    uri = "sip:2001@core2.example"
    key = alice.page(
        uri, Token.REGROUP, [(Param.UDN, "2001@core2.example")], 0.0, b"<x/>", "application/x+xml"
    )
    request = parse(exchange(alice, bob))
    assert request.headers.get("Ptt-Extension") == 'pttDGNA;UDN="2001@core2.example"'
    assert (request.content_type(), request.body) == ("application/x+xml", b"<x/>")
    heard = last(bob)
    assert heard.page is not None
    assert heard.page.extension is not None
    assert heard.page.extension.token is Token.REGROUP
    assert heard.page.msgid == ""
    result = last(alice)
    assert result.page is not None
    assert (result.name, result.page.key) == ("delivered", key)


def test_silence_is_a_refusal() -> None:
    alice, _ = pair()
    alice.message("2001@core2.example", "hello", 0.0)
    alice.drain()
    while (due := alice.deadline()) is not None:
        alice.wake(due)
    assert last(alice)[:4] == ("refused", None, 408, "no answer from udp:127.0.9.2:6000")
