"""URIs: read, written, compared."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentcf.sip.errors import RemoteError
from opentcf.sip.uri import Uri, join_host_port, split_host_port


def test_a_whole_sip_uri():
    uri = Uri.parse(
        "sip:alice:secret@Core1.Example:5070;Transport=TCP;lr?subject=project%20x&priority=urgent"
    )
    assert (uri.scheme, uri.user, uri.password, uri.host, uri.port) == (
        "sip",
        "alice",
        "secret",
        "core1.example",
        5070,
    )
    assert uri.parameters == {"transport": "TCP", "lr": None}
    assert uri.headers == "subject=project%20x&priority=urgent"
    assert (
        str(uri) == "sip:alice:secret@core1.example:5070;transport=TCP;lr?subject=project%20x&priority=urgent"
    )
    assert repr(uri).startswith("<Uri sip:alice")


@pytest.mark.parametrize(
    ("text", "user", "host", "port"),
    [
        ("sip:core1.example", "", "core1.example", 0),
        ("SIPS:1001@192.0.2.1:5061", "1001", "192.0.2.1", 5061),
        ("sip:1001@[2001:DB8::1]", "1001", "2001:db8::1", 0),
        ("sip:[::ffff:192.0.2.1]:5060", "", "::ffff:192.0.2.1", 5060),
        ("sip:[2001:db8:::192.0.2.1]", "", "2001:db8::192.0.2.1", 0),
        ("sip:a;par=u%40b.example@core1.example", "a;par=u@b.example", "core1.example", 0),
        ("sip:%00@h.example", "\0", "h.example", 0),
        ("sip:%E6%B6%88@h.example", "消", "h.example", 0),
        ("sip:%FF@h.example", "\udcff", "h.example", 0),
        ("sip:a?b/c&d=e+f$g,h@h.example.", "a?b/c&d=e+f$g,h", "h.example.", 0),
        ("sip:core_1", "", "core_1", 0),
        ("sip:1001@core1.example;", "1001", "core1.example", 0),
    ],
)
def test_parts(text, user, host, port):
    uri = Uri.parse(text)
    assert (uri.user, uri.host, uri.port) == (user, host, port)
    assert Uri.parse(str(uri)) == uri


def test_telephone_numbers():
    uri = Uri.parse("tel:+1-201-555.(0123);phone-context=core1.example")
    assert (uri.scheme, uri.user, uri.host) == ("tel", "+12015550123", "")
    assert str(uri) == "tel:+12015550123;phone-context=core1.example"
    assert Uri.parse("TEL:8001#*").user == "8001#*"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip",
        "sip:",
        "1001@core1.example",
        "sip:@core1.example",
        "sip::pw@core1.example",
        "sip:1001@",
        "sip:10 01@core1.example",
        " sip:1001@core1.example",
        "sip:1001@core1.example ",
        "sip:1001@core1.example:",
        "sip:1001@core1.example:99999",
        "sip:1001@core1.example:5o60",
        "sip:1001@core1.example;;lr",
        "sip:1001@core1.example;lr;LR",
        "sip:1001@core1.example;lr=",
        "sip:1001@core1.example?",
        "sip:1001@core1.example?a b",
        "sip:消防@core1.example",
        "sip:1001@消防.example",
        "sip:%4@core1.example",
        "sip:a@b@core1.example",
        "sip:-a.example",
        "sip:2001:db8::10",
        "sip:[2001:db8::10",
        "sip:[2001:db8:::10]",
        "sip:[:::]",
        "sip:[1]",
        "sip:[g::]",
        "tel:",
        "tel:+",
        "tel:-.",
        "tel:xyz",
        "1x:y",
        "<sip:a@b>",
    ],
)
def test_malformed_uris(text):
    with pytest.raises(RemoteError) as caught:
        Uri.parse(text)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "text", ["http://core1.example/", "soap.beep://192.0.2.1:3002", "mailto:a@b", "nobody:x"]
)
def test_unknown_schemes_are_416(text):
    with pytest.raises(RemoteError) as caught:
        Uri.parse(text)
    assert caught.value.status == 416


def test_the_user_part_is_written_as_it_was_spelled():
    for text in ("sip:a%3Bb@h.example", "sip:a;b@h.example", "sip:%61@h.example", "sip:%2541@h.example"):
        assert str(Uri.parse(text)) == text


def test_a_changed_user_part_is_encoded():
    uri = Uri.parse("sip:a%3Bb@h.example")
    uri.user = "50%41 消"
    assert str(uri) == "sip:50%2541%20%E6%B6%88@h.example"
    assert Uri.parse(str(uri)).user == "50%41 消"


@given(st.text(min_size=1), st.integers(0, 65535))
def test_any_user_can_be_written(user, port):
    uri = Uri(user, "h.example", port)
    assert Uri.parse(str(uri)).user == user
    assert Uri.parse(str(uri)) == uri


# RFC 3261 §19.1.4, its examples among them
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sip:%61lice@atlanta.example;transport=TCP", "sip:alice@AtLanTa.ExAmple;Transport=tcp"),
        ("sip:carol@chicago.example", "sip:carol@chicago.example;newparam=5"),
        ("sip:carol@chicago.example;security=on", "sip:carol@chicago.example;newparam=5"),
        (
            "sip:biloxi.example;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.example",
            "sip:biloxi.example;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.example",
        ),
        (
            "sip:alice@atlanta.example?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.example?priority=urgent&subject=project%20x",
        ),
        ("tel:1-0-0-1", "tel:1001"),
    ],
)
def test_equal_uris(one, other):
    assert Uri.parse(one) == Uri.parse(other)
    assert hash(Uri.parse(one)) == hash(Uri.parse(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sip:alice@atlanta.example", "sip:ALICE@atlanta.example"),
        ("sip:bob@biloxi.example", "sip:bob@biloxi.example:5060"),
        ("sip:bob@biloxi.example", "sip:bob@biloxi.example;transport=udp"),
        ("sip:bob@biloxi.example", "sips:bob@biloxi.example"),
        ("sip:carol@chicago.example", "sip:carol@chicago.example?Subject=next%20meeting"),
        ("sip:carol@chicago.example;security=on", "sip:carol@chicago.example;security=off"),
        ("sip:bob@phone21.example", "sip:bob@192.0.2.4"),
        ("tel:1001", "sip:1001@core1.example"),
    ],
)
def test_unequal_uris(one, other):
    assert Uri.parse(one) != Uri.parse(other)
    assert Uri.parse(one) != one


@given(st.text())
def test_any_text_is_a_uri_or_refused(text):
    for candidate in (text, "sip:" + text, "sip:a@" + text, "tel:" + text, f"sip:[{text}]"):
        with suppress(RemoteError):
            uri = Uri.parse(candidate)
            assert Uri.parse(str(uri)) == uri


def test_host_and_port():
    for text in ("core1.example", "core1.example:5060", "[2001:db8::1]", "[2001:db8::1]:5060", "192.0.2.1:1"):
        assert join_host_port(*split_host_port(text)) == text
    assert split_host_port("A.B") == ("a.b", 0)
