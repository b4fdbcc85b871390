"""A test for each known class of flaws of SIP servers: what was done to others shall not be done to us."""

import asyncio
import tracemalloc
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.node.net import SDP, Net, Party, Phone, phones, polite, talk, tcf
from tests.transport.recorder import message

from opentcf.model.bounds import LimitSettings
from opentcf.model.group import Group, Member
from opentcf.model.numbers import Aor
from opentcf.sip.message import Request, Response
from opentcf.sip.outbox import Flow
from opentcf.sip.parse import parse
from opentcf.sip.render import render

D_FLOW = Flow("d", "udp", "127.1.1.1", 7001)
PEER_FLOW = Flow("tc2", "udp", "127.0.2.1", 5060)


def said(net: Net, data: bytes, flow: Flow = D_FLOW) -> list[Response]:
    """What one datagram is answered with, wherever the answers go."""
    node = net.node(1)
    node.drain()
    node.receive(data, flow, net.now)
    found = [parse(order.data) for order in node.drain().sends]
    return [each for each in found if isinstance(each, Response)]


def raw(method: str = "OPTIONS", *more: str, body: bytes = b"", **fields: str) -> bytes:
    """A request in bytes; `fields` replace lines, `more` are added as they are."""
    lines = {
        "Via": "SIP/2.0/UDP 127.1.1.1:7001;branch=z9hG4bKraw;rport",
        "Max-Forwards": "70",
        "From": "<sip:1001@core1.example>;tag=x",
        "To": "<sip:1002@core1.example>",
        "Call-ID": "raw",
        "CSeq": f"1 {method}",
    }
    lines |= {name.replace("_", "-"): value for name, value in fields.items()}
    head = [f"{method} sip:1002@core1.example SIP/2.0", *(f"{n}: {v}" for n, v in lines.items()), *more]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def status(net: Net, data: bytes, flow: Flow = D_FLOW) -> int | None:
    """The status of the only answer; None when there is none."""
    answers = said(net, data, flow)
    assert len(answers) <= 1
    return answers[0].status if answers else None


def peer(net: Net, number: int, at: int) -> Party:
    net.nodes.pop(tcf(number), None)
    party = Party(net, at, "tc2", tcf(number), 5060)
    party.auto = polite
    return party


# --- header smuggling


@pytest.mark.parametrize("line", ["From: <sip:1003@core1.example>;tag=y", "To: <sip:1@a>", "Call-ID: y",
                                  "CSeq: 2 OPTIONS", "Max-Forwards: 3", "Content-Length: 0\r\nContent-Length: 5",
                                  "f: <sip:1003@core1.example>;tag=y", "l: 0\r\nContent-Length: 0"])  # fmt: skip
def test_doubled_fields_are_refused(line: str):
    """From, To, Call-ID, CSeq, Content-Length twice: two readers would each believe another one."""
    assert status(Net(1), raw("OPTIONS", line)) == 400


def test_a_doubled_via_answers_to_the_topmost_only():
    answers = said(Net(1), raw("OPTIONS", "Via: SIP/2.0/UDP 127.9.9.9:5060;branch=z9hG4bKother"))
    assert [answer.status for answer in answers] == [401]
    assert len(answers[0].headers.lines("Via")) == 2


@pytest.mark.parametrize(
    "field", ["From", "To", "Contact", "Subject", "P-Asserted-Identity", "Ptt-Extension"]
)
@pytest.mark.parametrize("ending", ["\r", "\n", "\x00", "\x0b", "\x7f"])
def test_a_bare_line_end_or_control_character_is_no_line_end(field: str, ending: str):
    value = f"<sip:1001@core1.example>{ending}Authorization: Digest x;tag=x"
    fields: dict[str, Any] = {field.replace("-", "_"): value}
    assert status(Net(1), raw("OPTIONS", **fields)) in (400, None)


@pytest.mark.parametrize("text", ["a%0d%0aVia: x", "a\\\r\nX: y", '"\r\nX: y"'])
def test_a_display_name_brings_no_line_of_its_own_to_the_next_hop(text: str):
    net = Net(1)
    caller, called = phones(net, 1, 1, "1001", "1002")
    caller.invite("1002", From=f'"{text}" <sip:1001@core1.example>;tag=x')
    for request in called.requests("INVITE"):
        assert "X" not in request.headers
        assert len(request.headers.lines("Via")) == 1
    net.assert_no_fault()


async def test_two_lengths_in_a_stream_close_it(ends):
    """Request smuggling: what one reader takes for a body is the next message of another."""
    async with ends.open("tcp:127.0.0.1") as (_, hears, (port,)), connection(port) as (_, writer):
        writer.write(message(b"x" * 50).replace(b"Content-Length", b"Content-Length: 0\r\nContent-Length"))
        await hears.next("closed")
        assert [event.kind for event in hears.events if event.kind == "received"] in ([], ["received"])


@pytest.mark.parametrize("field", ["To", "From"])
@pytest.mark.parametrize("flow", [D_FLOW, PEER_FLOW, Flow("tc2", "udp", "127.6.6.6", 5060)])
def test_an_address_that_cannot_be_read_is_refused(field: str, flow: Flow):
    net, fields = Net(2), dict[str, Any]({field: "'sip:2001@core2.example>"})
    assert status(net, raw("MESSAGE", **fields), flow) in (400, 401, 403, None)
    net.pump()
    net.assert_no_fault()


# --- what leaves


PRIVATE = {
    "Authorization": 'Digest username="1001", realm="elsewhere", nonce="n", uri="sip:x", response="r"',
    "Proxy-Authorization": 'Digest username="1001", realm="elsewhere", nonce="n", uri="sip:x", response="r"',
    "X-Site-Secret": "y",
    "P-Charging-Vector": "icid-value=1",
    "P-Access-Network-Info": "3GPP-E-UTRAN-FDD; utran-cell-id-3gpp=1",
    "Cookie": "z",
    "User-Agent": "Radio 1.0 serial 4711",
    "Subject": "s",
    "History-Info": "<sip:1003@core1.example>;index=1",
}


def test_nothing_private_leaves_with_a_call_or_a_message():
    net = Net(2)
    caller, called = phones(net, 1, 2, "1001", "2001")
    private = {name: value for name, value in PRIVATE.items() if name != "Authorization"}
    fields: dict[str, Any] = {name.replace("-", "_"): value for name, value in private.items()}
    caller.invite("2001", **fields)
    text = caller.make("MESSAGE", "sip:2001@core2.example", f"{caller.aor};tag=m", "<sip:2001@core2.example>")
    for name, value in PRIVATE.items():
        if name != "Authorization":
            text.headers.set(name, value)
    text.headers.set("Content-Type", "text/plain")
    text.body = b"hello"
    caller.ask(text)
    passed = [
        seen.message for seen in net.seen if seen.source == tcf(1) and seen.target in (tcf(2), called.host)
    ]
    assert {"INVITE", "MESSAGE"} <= {m.method for m in passed if isinstance(m, Request)}
    assert not [name for m in passed for name in PRIVATE if name in m.headers]


def test_digest_leak():
    """A called phone that challenges a BYE or INVITE gets nobody's digest (what `sipdigestleak` tries): neither ours
    nor the caller's; the challenge does not reach the caller either."""
    net = Net(1)
    caller, called = phones(net, 1, 1, "1001", "1002")
    invite = caller.invite("1002")
    challenge = 'Digest realm="core1.example", nonce="trap", algorithm=MD5'
    called.answer(called.request("INVITE"), 401, WWW_Authenticate=challenge)
    refused = caller.response("INVITE")
    assert (refused.status, refused.headers.get("WWW-Authenticate")) == (403, None), invite
    talking = talk(net, caller, called)
    called.auto = lambda request: None
    talking.hang_up()
    bye = called.request("BYE")
    called.answer(bye, 407, Proxy_Authenticate=challenge)
    net.advance(40.0)
    assert not [m for m in called.inbox if "Authorization" in m.headers or "Proxy-Authorization" in m.headers]


# --- open doors


@pytest.mark.parametrize("method", ["REGISTER", "INVITE", "MESSAGE", "SUBSCRIBE", "INFO", "BYE", "OPTIONS", "NOTIFY",
                                    "UPDATE", "PUBLISH", "REFER", "PRACK", "FOO"])  # fmt: skip
@pytest.mark.parametrize("to", ["", ";tag=known"])
def test_open_doors(method: str, to: str):
    """On D nothing is done for who did not prove himself, whatever the method, in a dialog or out of one."""
    net = Net(1)
    caller, called = phones(net, 1, 1, "1001", "1002")
    tag = talk(net, caller, called).ok.to_tag() if to else ""
    thief = Flow("d", "udp", "127.6.6.6", 5060)
    before = len(called.inbox)
    line = f"<sip:1002@core1.example>{';tag=' + tag if tag else ''}"
    assert status(net, raw(method, To=line, Content_Length="0"), thief) == 401
    net.pump()
    assert len(called.inbox) == before


def test_a_stranger_registers_nobody_at_tc2():
    net = Net(2)
    stranger = Flow("tc2", "udp", "127.6.6.6", 5060)
    made = raw("REGISTER", "Contact: <sip:127.6.6.6>", To="<sip:1001@core1.example>")
    assert status(net, made, stranger) in (403, None)
    assert net.registered(1) == {}


# --- amplification


def test_a_spoofed_source_gets_no_100_and_one_answer():
    """A 100 or a repeated 4xx to an address that never asked is a weapon: one stateless answer for each request."""
    net = Net(1)
    answers = said(net, raw("INVITE", body=SDP, Content_Type="application/sdp"))
    assert [answer.status for answer in answers] == [401]
    node = net.node(1)
    assert node.quiet()["transactions"] == 0
    net.advance(64.0)
    assert not [seen for seen in net.seen if seen.target == D_FLOW.host]


def test_a_spoofed_source_is_answered_at_a_bounded_rate():
    net = Net(1, limits=LimitSettings(max_rate_per_source=10.0))
    answers = sum(len(said(net, raw("INVITE"))) for _ in range(1_000))
    assert answers == 50


def test_an_answer_to_a_stranger_on_tc2_is_no_larger_than_what_he_sent():
    net = Net(2)
    stranger = Flow("tc2", "udp", "127.6.6.6", 5060)
    for data in (raw(), raw("INVITE", body=SDP), raw("OPTIONS", "Bad"), raw("OPTIONS", Via="SIP/2.0/UDP a")):
        assert sum(len(render(answer)) for answer in said(net, data, stranger)) <= len(data)


def test_a_via_of_somebody_else_does_not_get_the_answer():
    """RFC 3261 §18.2.2: the answer goes where the request came from, never where the Via says."""
    net = Net(1)
    node = net.node(1)
    node.drain()
    for via in (
        "192.0.2.66:5060",
        "victim.example",
        "192.0.2.66:5060;maddr=192.0.2.66",
        "a;received=192.0.2.66",
    ):
        node.receive(raw("OPTIONS", Via=f"SIP/2.0/UDP {via};branch=z9hG4bK{len(via)}"), D_FLOW, net.now)
    assert {order.flow.host for order in node.drain().sends} == {D_FLOW.host}


# --- floods


def kept(net: Net, flood: list[tuple[bytes, Flow]]) -> list[int]:
    """Bytes that a node keeps after each third of a flood."""
    node, third = net.node(1), len(flood) // 3
    found = []
    tracemalloc.start()
    try:
        for part in range(3):
            for data, flow in flood[part * third : (part + 1) * third]:
                node.receive(data, flow, net.now)
                node.drain()
            found.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    return found


@pytest.mark.no_cover  # traced, it would take minutes
def test_a_flood_takes_no_memory():
    """Each request of another user, call and address: the buckets of 10,000 addresses are all that is kept."""
    methods = ("INVITE", "REGISTER", "MESSAGE", "SUBSCRIBE")
    flood = [
        (
            raw(methods[n % 4], From=f"<sip:{n}@core1.example>;tag={n}", To=f"<sip:{n}@core1.example>",
                Call_ID=f"c{n}", Via=f"SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK{n}"),
            Flow("d", "udp", f"10.{n // 65536}.{n // 256 % 256}.{n % 256}", 5060),
        )
        for n in range(36_000)
    ]  # fmt: skip
    net = Net(1)
    _, second, third = kept(net, flood)
    assert third - second < 200_000
    assert net.node(1).quiet()["transactions"] == 0


def test_methods_that_somebody_invents_make_no_series_of_their_own():
    net = Net(2)
    known = peer(net, 2, 1)
    for number in range(100):
        known.send(
            known.make(f"M{number}", "sip:core1.example", "<sip:core2.example>;tag=m", "<sip:core1.example>"),
            pump=False,
        )
        node = net.node(1)
        node.receive(
            raw("OPTIONS", CSeq=f"1 N{number}").replace(b"OPTIONS sip", b"SIP/2.0 200 sip"), D_FLOW, 0.0
        )
    net.pump()
    counted = [labels for name, labels in net.node(1).meters.counters if name.startswith("opentcf_sip_re")]
    assert {labels[2] for labels in counted if "in" in labels} == {"OPTIONS", "other"}


def test_a_flood_of_a_peer_is_bounded():
    net = Net(2, limits=LimitSettings(max_transactions_per_peer=50))
    assert Phone(net, "1001", 1).register() == 200
    second = peer(net, 2, 1)
    for number in range(500):
        made = second.make(
            "MESSAGE", "sip:1001@core1.example", "<sip:2001@core2.example>;tag=m", "<sip:1001@core1.example>"
        )
        made.headers.set("Ptt-Extension", f"pttmsg;msgtype=1;msgid=m{number}")
        made.headers.set("Content-Type", "text/plain")
        made.body = b"x"
        second.send(made, pump=False)
    net.pump()
    assert second.statuses("MESSAGE").count(503) == 450
    assert net.node(1).quiet()["transactions"] <= 120


# --- streams


def test_who_asks_with_more_lines_than_an_answer_can_have_and_hangs_up_stops_nothing():
    """The answer has all his Vias and lines of ours: whoever reads it again fails."""
    node = Net(1).node(1)
    node.drain()
    many = ["Via: SIP/2.0/TCP 127.9.9.9;branch=z9hG4bKx"] * 121
    asks = raw(
        "OPTIONS", *many, "Content-Length: 0", Via="SIP/2.0/TCP 127.1.1.1:7001;branch=z9hG4bKraw;rport"
    )
    gone = Flow("d", "tcp", "127.1.1.1", 40_000, 9)
    node.receive(asks, gone, 0.0)
    (answer,) = node.drain().sends
    node.closed(gone, 0.0)
    node.failed(answer, "the connection is closed", 0.0)
    batch = node.drain()
    assert not batch.notices
    assert [order.flow for order in batch.sends] == [Flow("d", "tcp", "127.1.1.1", 7001)]


@asynccontextmanager
async def connection(port: int):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def test_a_slow_sender_is_cut_off(ends):
    """A byte now and then keeps no connection: the patience is for the whole message."""
    async with (
        ends.open("tcp:127.0.0.1", patience=0.05, sweep=0.01) as (_, hears, (port,)),
        connection(port) as (reader, writer),
    ):
        closed = asyncio.ensure_future(reader.read())
        for byte in message():
            writer.write(bytes((byte,)))
            done, _ = await asyncio.wait((closed,), timeout=0.02)
            if done:
                break
        # A byte that crosses the node's close is answered with a reset (RFC 9293 §3.10.7.1), one before it with an end.
        try:
            heard = await closed
        except ConnectionResetError:
            heard = b""
        assert heard == b""
        assert not [event for event in hears.events if event.kind == "received"]


@pytest.mark.parametrize(
    "data",
    [
        message(b"x" * 70_000),
        b"OPTIONS sip:a SIP/2.0\r\nX: " + b"y" * 70_000,
        b"OPTIONS sip:a SIP/2.0\r\n" + b"X: y\r\n" * 20_000,
        b"z" * 70_000,
        message().replace(b"Content-Length: 0", b"Content-Length: 4294967296"),
        message().replace(b"Content-Length: 0", b"Content-Length: 99999999999999999999"),
        message().replace(b"Content-Length: 0", b"Content-Length: -1"),
    ],
    ids=["giant body", "endless line", "endless head", "no SIP", "2^32", "10^20", "negative"],
)
async def test_a_giant_or_endless_message_closes_the_stream(ends, data: bytes):
    async with ends.open("tcp:127.0.0.1") as (_, hears, (port,)), connection(port) as (_, writer):
        writer.write(data)
        await hears.next("closed")


# --- bodies


BOMBS = {
    "billion laughs": b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;&b;">]><membership>&c;</membership>',
    "quadratic": b'<!DOCTYPE a [<!ENTITY b "' + b"b" * 9_000 + b'">]><a>' + b"&b;" * 6_000 + b"</a>",
    "external": b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
    "parameter entity": b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://192.0.2.1/x">%p;]><a/>',
    "deep": b"<a>" * 8_000 + b"</a>" * 8_000,
    "wide": b"<m>" + b"<a/>" * 7_900 + b"</m>",
    "attributes": b"<m " + b" ".join(b'a%d=""' % n for n in range(3_000)) + b"/>",
    "broken": b"<a><b></a>",
    "utf-7": b'<?xml version="1.0" encoding="utf-7"?><a/>',
    "big5": b'<?xml version="1.0" encoding="Big5"?><a/>',
    "no encoding": b'<?xml version="1.0" encoding="base64"?><a/>',
    "half a letter": b'<?xml version="1.0" encoding="GB2312"?><a>\xcf</a>',
    "utf-16": '<?xml version="1.0" encoding="utf-16"?><a/>'.encode("utf-16"),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
@pytest.mark.parametrize(
    ("extension", "content"),
    [
        ("pttgroupupdate;version=1", "application/pttmembershipinfo+xml"),
        ("pttDGNA", "application/pttdgnagrpmbrlist+xml"),
    ],
)
def test_xml_bombs(bomb: bytes, extension: str, content: str):
    group = Group(Aor("8001", "core1.example"), members=(Member(Aor("1001", "core1.example")),))
    net = Net(2, groups=(group,), peers={2: {"control": True}})
    second = peer(net, 2, 1)
    to = "1001" if "group" in extension else "8999"
    made = second.make(
        "MESSAGE", f"sip:{to}@core1.example", "<sip:2001@core2.example>;tag=m", f"<sip:{to}@core1.example>"
    )
    made.headers.set("Ptt-Extension", extension)
    made.headers.set("Content-Type", content)
    made.body = bomb
    second.send(made)
    response = second.response("MESSAGE")
    said = response.headers.get("Warning") or ""
    assert response.status == 413 or (response.status == 400 and ("XML" in said or "entities" in said)), said
    net.assert_no_fault()


def multipart(depth: int) -> bytes:
    body = SDP
    for level in range(depth):
        kind = b"application/sdp" if not level else b"multipart/mixed;boundary=b%d" % (level - 1)
        body = b"--b%d\r\nContent-Type: %s\r\n\r\n%s\r\n--b%d--\r\n" % (level, kind, body, level)
    return body


@pytest.mark.parametrize("depth", [1, 2, 50, 500])
def test_deep_multipart(depth: int):
    net = Net(1)
    caller, _ = phones(net, 1, 1, "1001", "1002")
    body = multipart(depth)
    caller.invite("1002", body, Content_Type=f"multipart/mixed;boundary=b{depth - 1}")
    assert caller.statuses("INVITE")[-1] in (100, 413, 415, 488)
    net.assert_no_fault()


# --- numbers


HUGE = ("4294967296", "2147483648", "18446744073709551616", "9" * 400, "-1", "+1", "0x10", "1e9", "١", "")


@pytest.mark.parametrize("value", HUGE)
def test_overflow_in_cseq(value: str):
    assert status(Net(1), raw("OPTIONS", CSeq=f"{value} OPTIONS")) in (400, None)


@pytest.mark.parametrize("value", HUGE)
def test_overflow_in_content_length(value: str):
    """An empty one is no length either."""
    assert status(Net(1), raw("OPTIONS", f"Content-Length: {value}")) == 400


@pytest.mark.parametrize("value", HUGE)
def test_overflow_in_expires(value: str):
    """RFC 3261 §20.19: what cannot be read is no reason for a larger expiry than we grant."""
    net = Net(1)
    phone = Phone(net, "1001", 1)
    granted = phone.register(Expires=value)
    if granted == 200:
        assert int(phone.response("REGISTER").headers.get("Expires") or "0") <= 3600
    else:
        assert granted in (400, 423)
    net.assert_no_fault()


@pytest.mark.parametrize("value", HUGE)
def test_overflow_in_max_forwards(value: str):
    net = Net(1)
    caller, _ = phones(net, 1, 1, "1001", "1002")
    caller.invite("1002", Max_Forwards=value)
    assert caller.statuses("INVITE")[-1] == 400
    net.assert_no_fault()


# --- loops


@pytest.mark.parametrize("method", ["INVITE", "MESSAGE"])
def test_what_may_go_no_further_goes_no_further(method: str):
    net = Net(2)
    caller, called = phones(net, 1, 2, "1001", "2001")
    if method == "INVITE":
        caller.invite("2001", Max_Forwards="0")
    else:
        text = caller.make(
            "MESSAGE", "sip:2001@core2.example", f"{caller.aor};tag=m", "<sip:2001@core2.example>"
        )
        text.headers.set("Max-Forwards", "0")
        text.headers.set("Content-Type", "text/plain")
        text.body = b"x"
        caller.ask(text)
    assert caller.statuses(method)[-1] == 483
    assert called.requests(method) == []


def test_each_hop_takes_one_away():
    net = Net(4)
    caller, called = phones(net, 2, 3, "1001", "4001")
    caller.invite("4001", Max_Forwards="10")
    hops = [seen for seen in net.seen if seen.what == "INVITE" and seen.source.startswith("127.0.")]
    assert [seen.message.headers.get("Max-Forwards") for seen in hops] == ["9", "8", "7", "6"]
    assert called.requests("INVITE")
