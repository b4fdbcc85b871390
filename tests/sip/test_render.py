"""Messages become bytes and stay what they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sip.samples import ALL, message

from opentcf.sip.headers import Headers
from opentcf.sip.message import Message, Request, Response
from opentcf.sip.parse import parse
from opentcf.sip.render import render


def shown(found: Message) -> tuple[object, ...]:
    start = (found.method, found.uri) if isinstance(found, Request) else (found.status, found.reason)  # type: ignore[attr-defined]
    fields = {name: lines for name, lines in found.headers.fields.items() if name != "Content-Length"}
    return (*start, fields, found.body)


@pytest.mark.parametrize("data", ALL.values(), ids=ALL.keys())
def test_what_is_read_is_written_and_read_again(data):
    found = parse(data)
    assert shown(parse(render(found), stream=True)) == shown(found)
    assert render(parse(render(found))) == render(found)


def test_content_length_is_always_that_of_the_body():
    request = Request("INFO", "sip:a@b", Headers({"Content-Length": ["77"]}), b"12345")
    assert render(request) == b"INFO sip:a@b SIP/2.0\r\nContent-Length: 5\r\n\r\n12345"
    assert render(Response(200)) == b"SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"


def test_bytes_that_are_not_utf_8_pass_unchanged():
    line = b"Subject: \xff\xfe \xe6\xb6\x88"
    data = message(
        "INFO sip:a@b SIP/2.0", "Via: v", "From: f", "To: t", "Call-ID: c", "CSeq: 1 INFO", "Subject: ?"
    )
    assert line in render(parse(data.replace(b"Subject: ?", line)))


def test_only_requests_and_responses_are_messages():
    with pytest.raises(TypeError):
        render(Message())


VALUES = st.text(st.characters(exclude_categories=["Cc", "Cs"])).map(lambda text: text.strip(" \t"))
NAMES = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=2).map(lambda name: "X-" + name.capitalize())


@given(st.dictionaries(st.just("X-A") | NAMES, st.lists(VALUES, min_size=1, max_size=3)), st.binary())
def test_any_fields_and_any_body(fields, body):
    must = {"Via": ["v"], "From": ["f"], "To": ["t"], "Call-ID": ["c"], "CSeq": ["1 INFO"]}
    request = Request("INFO", "sip:a@b", Headers(must), body)
    for name, values in fields.items():
        for value in values:
            request.headers.add(name, value)
    found = parse(render(request), stream=True)
    lower = {name.lower(): values for name, values in found.headers.fields.items()}
    assert found.body == body
    expected: dict[str, list[str]] = {}
    for name, values in fields.items():
        expected.setdefault(name.lower(), []).extend(values)
    assert {name: lower[name] for name in expected} == expected
