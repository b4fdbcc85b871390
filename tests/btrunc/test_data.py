"""Short data on the wire."""

import pytest

from opentcf.btrunc import data, extension
from opentcf.btrunc.wire import Wire
from opentcf.model.numbers import Aor
from opentcf.model.short_data import MessageType
from opentcf.sip.errors import RemoteError
from opentcf.sip.message import Request

WIRE = Wire()


def message(body: bytes = b"", content_type: str = "", ext: str = "") -> Request:
    request = Request("MESSAGE", "sip:2001@core2.example", body=body)
    request.headers.set("Call-ID", "a")
    request.headers.set("CSeq", "1 MESSAGE")
    request.headers.set("From", "<sip:1001@core1.example>;tag=t")
    if content_type:
        request.headers.set("Content-Type", content_type)
    if ext:
        request.headers.set("Ptt-Extension", ext)
    return request


def read(ext: str) -> data.ShortData:
    return data.read(extension.read(message(ext=ext), WIRE), WIRE)


def test_what_is_written_is_read() -> None:
    request = message()
    data.write(request, WIRE, MessageType.GROUP, "m 1")
    assert request.headers.get("Ptt-Extension") == 'pttmsg;msgtype=2;msgid="m 1"'
    assert read('pttmsg;msgtype=2;msgid="m 1"') == (MessageType.GROUP, "m 1")


def test_a_plain_phone_says_nothing() -> None:
    assert data.read(None, WIRE) == (None, "")
    assert read("pttmsg") == (None, "")


@pytest.mark.parametrize(("ext", "status"), [("pttmsg;msgtype=7", 488), ("pttmsg;msgid=" + "x" * 129, 400)])
def test_what_is_not_understood(ext: str, status: int) -> None:
    with pytest.raises(RemoteError) as caught:
        read(ext)
    assert caught.value.status == status


def test_members_that_a_master_names() -> None:
    ext = extension.read(message(ext='pttmsg;msgtype=2;UDN=1001;UDN="2001@core2.example"'), WIRE)
    assert data.named(ext, "core1.example") == [Aor("1001", "core1.example"), Aor("2001", "core2.example")]
    assert data.named(None, "core1.example") == []


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain", "火灾".encode()),
        ("text/plain;charset=UTF-8", "火灾".encode()),
        ('Text/Plain ; charset="utf-8"', b"fire"),
        ("text/plain;charset=GB18030", "火灾".encode("gb18030")),
        ("text/plain;charset=gb2312", "火灾".encode("gb2312")),
        ("application/octet-stream", b"\x00\xff"),
    ],
)
def test_bodies_that_are_taken(content_type: str, body: bytes) -> None:
    data.check_body(message(body, content_type))


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("", b"x", 415),
        ("text/html", b"x", 415),
        ("text/plain;charset=koi8-r", b"x", 415),
        ("image/png", b"x", 415),
        ("text/plain", "火灾".encode("gb18030"), 400),
        ("text/plain;charset=GB18030", b"\xff\xff", 400),
    ],
)
def test_bodies_that_are_refused(content_type: str, body: bytes, status: int) -> None:
    with pytest.raises(RemoteError) as caught:
        data.check_body(message(body, content_type))
    assert caught.value.status == status
    assert (("Accept", data.ACCEPT) in caught.value.headers) == (status == 415)


@pytest.mark.parametrize("charset", ["utf-8", "gb18030"])
def test_text_there_and_back(charset: str) -> None:
    content_type, body = data.encode("火灾 in hall 3", charset)
    assert data.text_of(message(body, content_type)) == "火灾 in hall 3"


def test_octets_are_shown() -> None:
    assert data.text_of(message(b"\x01\xab", "application/octet-stream")) == "01 ab"


def test_a_copy_has_the_same_made_identity() -> None:
    other = message()
    other.headers.set("CSeq", "2 MESSAGE")
    assert data.made_identity(message()) == data.made_identity(message(b"again"))
    assert data.made_identity(message()) != data.made_identity(other)
