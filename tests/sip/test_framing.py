"""Messages out of a stream, however it is cut, and keep-alives between them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sip.samples import ALL, REQUESTS

from opentcf.sip.errors import RemoteError
from opentcf.sip.framing import Framer

MESSAGES = list(ALL.values())
INFO = REQUESTS["info"]


def refused(data: bytes, status: int = 400, framer: Framer | None = None) -> None:
    with pytest.raises(RemoteError) as caught:
        (framer or Framer()).feed(data)
    assert caught.value.status == status


def test_rfc_3261_18_3_messages_in_one_piece():
    framer = Framer()
    assert framer.feed(b"".join(MESSAGES)) == MESSAGES
    assert framer.rest == b""
    assert framer.pongs == 0


@pytest.mark.parametrize("data", MESSAGES, ids=ALL.keys())
def test_a_message_cut_at_every_byte(data):
    for at in range(1, len(data)):
        framer = Framer()
        assert framer.feed(data[:at]) == []
        assert framer.rest == data[:at]
        assert framer.feed(data[at:] + INFO) == [data, INFO]


def test_byte_by_byte():
    framer, found = Framer(), []
    for byte in b"".join(MESSAGES):
        found += framer.feed(bytes([byte]))
    assert found == MESSAGES


@given(st.lists(st.integers(1, 400), max_size=40))
def test_any_pieces(sizes):
    data, framer, found = b"\r\n\r\n".join(MESSAGES), Framer(), []
    for size in sizes:
        found += framer.feed(data[:size])
        data = data[size:]
    assert found + framer.feed(data) == MESSAGES
    assert framer.pongs == len(MESSAGES) - 1


def test_a_body_that_looks_like_a_message():
    data = INFO.replace(b"Content-Length: 0", b"Content-Length: %d" % len(INFO)) + INFO
    assert Framer().feed(data + INFO) == [data, INFO]


@pytest.mark.parametrize(
    "line", [b"l:3", b"L : 3", b"CONTENT-LENGTH\t:\t03 ", b"Content-Length:\r\n 3", b"content-length: 3\r\n "]
)
def test_ways_to_say_the_length(line):
    data = INFO.replace(b"Content-Length: 0", line) + b"abc"
    assert Framer().feed(data + INFO) == [data, INFO]


@pytest.mark.parametrize(
    "line",
    [
        b"X: y",
        b"l: 0\r\nContent-Length: 0",
        b"Content-Length: 0\r\nContent-Length: 7",
        b"Content-Length:",
        b"Content-Length: -1",
        b"Content-Length: x",
        b"Content-Length: 1 2",
        b"Content-Length: 00000000001",
        b"X: y\r\n Content-Length: 0",
    ],
)
def test_rfc_3261_18_3_lengths_that_cannot_be_framed(line):
    framer = Framer()
    data = INFO.replace(b"Content-Length: 0", line)
    refused(data, framer=framer)
    assert framer.rest == data


def test_whole_messages_come_before_what_cannot_be_framed():
    framer = Framer()
    bad = INFO.replace(b"Content-Length: 0\r\n", b"")
    assert framer.feed(INFO + INFO + bad) == [INFO, INFO]
    assert framer.rest == bad
    refused(b"", framer=framer)
    refused(b"more", framer=framer)


def test_messages_that_are_too_long():
    framer = Framer(len(INFO))
    assert framer.feed(INFO) == [INFO]
    refused(INFO.replace(b"Content-Length: 0", b"Content-Length: 1"), 513, Framer(len(INFO)))
    refused(b"x" * 101, 513, Framer(100))
    framer = Framer(100)
    assert framer.feed(b"x" * 100) == []
    refused(b"x", 513, framer)
    refused(b"", 513, framer)


def test_keep_alives_are_counted():
    framer = Framer()
    assert framer.feed(b"\r\n\r\n") == []
    assert framer.pongs == 1
    framer.pongs = 0
    assert framer.feed(b"\r\n\r\n" * 3 + INFO + b"\r\n\r\n" + INFO) == [INFO, INFO]
    assert framer.pongs == 4
    assert framer.rest == b""


def test_keep_alives_cut_at_every_byte():
    data = b"\r\n\r\n" + INFO + b"\r\n\r\n" + INFO
    for at in range(len(data)):
        framer = Framer()
        assert framer.feed(data[:at]) + framer.feed(data[at:]) == [INFO, INFO]
        assert framer.pongs == 2


def test_a_single_line_end_is_a_pong_and_is_passed_over():
    framer = Framer()
    assert framer.feed(b"\r\n" + INFO + b"\r\n" + INFO) == [INFO, INFO]
    assert framer.pongs == 0


@given(
    st.lists(
        st.sampled_from(
            [b"\r\n", b"\r", b"\n", b"\r\n\r\n", b"l: 0\r\n", b"A sip:b SIP/2.0\r\n", INFO, b"\0"]
        )
    )
)
def test_any_stream_ends_in_messages_or_an_error(pieces):
    framer = Framer(1000)
    with suppress(RemoteError):
        for piece in pieces:
            for found in framer.feed(piece):
                assert found.partition(b"\r\n\r\n")[1]


def test_line_ends_alone_begin_no_message():
    """A phone that keeps its connection alive by a single CRLF has not begun a message (RFC 3261 §7.5)."""
    framer = Framer()
    for byte in b"\r\n\r":
        framer.feed(bytes([byte]))
        assert not framer.begun
    framer.feed(b"\nO")
    assert framer.begun


def test_where_we_ask_line_ends_are_answers_and_owe_nothing():
    framer = Framer(asked=False)
    for _ in range(4):
        assert framer.feed(b"\r\n") == []
    assert framer.feed(b"\r\n\r\n" + INFO) == [INFO]
    assert (framer.pongs, framer.begun) == (0, False)
