"""Header fields: names, lines, lists, and the values that are decoded on demand."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentcf.sip.errors import RemoteError
from opentcf.sip.headers import Headers, NameAddr, Via, canonical, cseq, seconds, tag_of
from opentcf.sip.uri import Uri


def refused(reader, *args) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        reader(*args)
    assert caught.value.status == 400
    return caught.value


# --- names and lines


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("Via", "Via"),
        ("v", "Via"),
        ("V", "Via"),
        ("VIA", "Via"),
        ("call-id", "Call-ID"),
        ("CSEQ", "CSeq"),
        ("www-authenticate", "WWW-Authenticate"),
        ("l", "Content-Length"),
        ("ptt-extension", "Ptt-Extension"),
        ("x", "Session-Expires"),
        ("newFangled-header", "Newfangled-Header"),
        ("--", "--"),
    ],
)
def test_one_spelling_for_every_name(name, spelled):
    assert canonical(name) == spelled


def test_lines_of_a_field():
    headers = Headers()
    assert "Via" not in headers
    assert headers.get("Via") is None
    assert headers.lines("Via") == headers.elements("Via") == []
    headers.add("Via", "a")
    headers.add("Via", "b")
    assert headers.lines("Via") == ["a", "b"]
    assert headers.get("Via") == "a"
    headers.set("Via", "c")
    assert headers.lines("Via") == ["c"]
    headers.put("Via", ["d", "e"])
    assert "Via" in headers
    headers.put("Via", [])
    headers.remove("Via")
    assert "Via" not in headers
    assert repr(headers) == "<Headers {}>"


def test_put_does_not_share_its_list():
    lines, headers = ["a"], Headers()
    headers.put("Route", lines)
    headers.add("Route", "b")
    assert lines == ["a"]


def test_elements_run_over_all_lines():
    headers = Headers({"Route": ["<sip:a;x=1,2>, <sip:b>", '"c, d" <sip:c>', "", ","]})
    assert headers.elements("Route") == ["<sip:a;x=1,2>", "<sip:b>", '"c, d" <sip:c>']


def test_an_empty_field_has_no_elements():
    assert Headers({"Require": [""]}).elements("Require") == []


def test_a_broken_list_is_refused():
    refused(Headers({"Route": ['"a, <sip:b>']}).elements, "Route")


# --- addresses


@pytest.mark.parametrize(
    ("text", "display", "uri", "params"),
    [
        ("<sip:1001@core1.example>", "", "sip:1001@core1.example", {}),
        ("sip:1001@core1.example;tag=a", "", "sip:1001@core1.example", {"tag": "a"}),
        ("sip:1001@core1.example ;\ttag = a", "", "sip:1001@core1.example", {"tag": "a"}),
        ('"A. \\"B\\" <x>, C"<sip:1@h>;tag=a', 'A. "B" <x>, C', "sip:1@h", {"tag": "a"}),
        ('"" <sip:1@h>', "", "sip:1@h", {}),
        ("caller<sip:1@h>", "caller", "sip:1@h", {}),
        ("a b.c!  <sip:1@h;lr>  ; tag=x ;y", "a b.c!", "sip:1@h;lr", {"tag": "x", "y": None}),
        ("消防 1 <sip:1@h>", "消防 1", "sip:1@h", {}),
        ('<sip:1@h>;text="a;b>c"', "", "sip:1@h", {"text": "a;b>c"}),
        ("<tel:+1001;phone-context=h>", "", "tel:+1001;phone-context=h", {}),
        ("<sip:1@h?Route=%3Csip:x%3E>", "", "sip:1@h?Route=%3Csip:x%3E", {}),
    ],
)
def test_addresses(text, display, uri, params):
    found = NameAddr.parse(text)
    assert (found.display, str(found.uri), found.parameters) == (display, uri, params)
    again = NameAddr.parse(str(found))
    assert (again.display, again.uri, again.parameters) == (found.display, found.uri, found.parameters)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "1001",
        '"open <sip:1@h>',
        '"a" sip:1@h',
        '"a"',
        "Bell, A <sip:1@h>",
        'a"b" <sip:1@h>',
        "<sip:1@h",
        "<sip:1@h> x",
        "<sip:1@h>,<sip:2@h>",
        "<sip:1@h>;tag=a;tag=b",
        "<sip:1@h>;;;",
        "< sip:1@h >",
        "<<sip:1@h>>",
        "<>",
        "sip:1@h?Route=%3Csip:x%3E",
        "sip:1@h,sip:2@h",
        "sip:1@h x",
        "<isbn:2983792873>",
        "http://www.example.com",
    ],
)
def test_malformed_addresses(text):
    refused(NameAddr.parse, text)


def test_an_address_is_written_so_that_it_can_be_read():
    address = NameAddr(Uri("1001", "core1.example"), 'a "b"', {"tag": "x", "text": "a;b", "lr": None})
    assert str(address) == '"a \\"b\\"" <sip:1001@core1.example>;tag=x;text="a;b";lr'
    assert repr(address) == f"<NameAddr {address}>"
    assert address.tag == "x"


@given(st.text())
def test_any_text_is_an_address_or_refused(text):
    for candidate in (text, f"<{text}>", f"<sip:a@b>{text}", f'"{text}" <sip:a@b>', f"{text}<sip:a@b>"):
        with suppress(RemoteError):
            assert NameAddr.parse(str(NameAddr.parse(candidate))).uri == NameAddr.parse(candidate).uri
        with suppress(RemoteError):
            found = tag_of(candidate)
            assert found == NameAddr.parse(candidate).tag


# --- tags


@pytest.mark.parametrize(
    ("raw", "tag"),
    [
        (None, None),
        ("<sip:1@h>", None),
        ("<sip:1@h;tag=uri>", None),
        ("<sip:1@h>;tag=a", "a"),
        ("<sip:1@h> ; TAG = a ; x", "a"),
        ("<sip:1@h>;x=y;tag=a", "a"),
        ('<sip:1@h>;x=";tag=b"', None),
        ('";tag=b" <sip:1@h>;tag=a', "a"),
        ("sip:1@h;tag=a", "a"),
        ("sip:1@h", None),
        ("<sip:1@h>;tag", None),
    ],
)
def test_tags(raw, tag):
    assert tag_of(raw) == tag


@pytest.mark.parametrize(
    "raw",
    [
        "<sip:1@h>;tag=a b",
        "<sip:1@h>;tag=a,b",
        "<sip:1@h>;tag=a;tag=b",
        '"<sip:1@h>',
        '"open <sip:1@h>;tag=a',
        "a, b <sip:1@h>;tag=a",
        "< sip:1@h >;tag=a",
        "1001",
    ],
)
def test_malformed_tags(raw):
    refused(tag_of, raw)


# --- Via


@pytest.mark.parametrize(
    ("text", "transport", "host", "port", "branch"),
    [
        ("SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa;rport", "udp", "192.0.2.1", 5060, "z9hG4bKa"),
        ("SIP/2.0/TCP Host.Example", "tcp", "host.example", 0, None),
        (
            "SIP  /   2.0\t/ UDP    192.0.2.2 : 5061 ; branch = 390skdjuw",
            "udp",
            "192.0.2.2",
            5061,
            "390skdjuw",
        ),
        ("sip/2.0/tls [2001:DB8::1]:5061;branch=b", "tls", "2001:db8::1", 5061, "b"),
        ("SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=b", "udp", "2001:db8::9:1", 0, "b"),
        ("SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=b", "udp", "2001:db8::9:1", 0, "b"),
        ("SIP/2.0/UNKNOWN a.example;branch=b", "unknown", "a.example", 0, "b"),
        ("SIP/7.0/UDP a.example;branch=b", "udp", "a.example", 0, "b"),
        ("SIP/2.0/UDP a.example;branch=b, SIP/2.0/TCP c.example;branch=d", "udp", "a.example", 0, "b"),
        ('SIP/2.0/UDP a.example;x="1,2";branch=b,SIP/2.0/TCP c.example', "udp", "a.example", 0, "b"),
        (
            "SIP/2.0/TCP spindle.example.com;branch=z9hG4bK9ikj8,",
            "tcp",
            "spindle.example.com",
            0,
            "z9hG4bK9ikj8",
        ),
    ],
)
def test_via(text, transport, host, port, branch):
    via = Via.parse(text)
    assert (via.transport, via.host, via.port, via.branch) == (transport, host, port, branch)
    again = Via.parse(str(via))
    assert (again.transport, again.host, again.port, again.parameters) == (
        transport,
        host,
        port,
        via.parameters,
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SIP/2.0/UDP",
        "SIP/2.0/UDP ",
        "SIP/2.0 192.0.2.1",
        "SIP/2.0/UDP;branch=x",
        "192.0.2.1;branch=x",
        "SIP/2.0/UDP 192.0.2.15;;,;,,",
        "SIP/2.0/UDP a b;branch=x",
        "SIP/2.0/UDP a:b;branch=x",
        "SIP/2.0/UDP a:70000",
        "SIP/2.0/UDP 2001:db8::9:1;branch=x",
        "SIP/2.0/UDP [2001:db8::9:1;branch=x",
        "SIP/2.0/UDP a;branch=x;branch=y",
        'SIP/2.0/UDP a;x="',
        'SIP/2.0/UDP a;x=",',
        "消/2.0/UDP a",
    ],
)
def test_malformed_via(text):
    refused(Via.parse, text)


def test_via_for_people():
    text = "SIP/2.0/UDP [2001:db8::1]:5060;branch=z9hG4bKa;received=2001:db8::2;rport=5062"
    assert str(Via.parse(text)) == text
    assert repr(Via.parse(text)) == f"<Via {text}>"


@given(st.text())
def test_any_text_is_a_via_or_refused(text):
    for candidate in (text, "SIP/2.0/UDP " + text, "SIP/2.0/UDP a;" + text):
        with suppress(RemoteError):
            via = Via.parse(candidate)
            assert Via.parse(str(via)).parameters == via.parameters


# --- numbers


def test_cseq():
    assert cseq("1 INVITE") == (1, "INVITE")
    assert cseq("0009\t INVITE") == (9, "INVITE")
    assert cseq("2147483647 x-y") == (2147483647, "x-y")
    for text in (
        None,
        "",
        "1",
        "INVITE",
        "INVITE 1",
        "1INVITE",
        "-1 INVITE",
        "1 INVITE x",
        "1 a/b",
        "2147483648 A",
    ):
        refused(cseq, text)
    refused(cseq, "1\N{IDEOGRAPHIC SPACE}INVITE")
    refused(cseq, "9" * 5000 + " INVITE")


def test_seconds():
    assert seconds(None, "Expires") is None
    assert seconds("600", "Expires") == 600
    assert seconds("10;duration=30", "Retry-After") == 10
    for text in ("", "-1", "ten", "4294967296"):
        refused(seconds, text, "Expires")
