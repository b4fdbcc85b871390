"""Session descriptions: read, written, offered, answered."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentcf.sip import sdp
from opentcf.sip.errors import RemoteError
from opentcf.sip.sdp import INACTIVE, RECVONLY, SENDONLY, SENDRECV, Media, Sdp, direction_of, narrow, reverse

DIRECTIONS = (SENDRECV, SENDONLY, RECVONLY, INACTIVE)
BODY = (
    b"v=0\r\n"
    b"o=radio 3001 7 IN IP4 192.0.2.31\r\n"
    b"s=-\r\n"
    b"c=IN IP4 192.0.2.31\r\n"
    b"b=AS:64\r\n"
    b"t=0 0\r\n"
    b"y=0100000001\r\n"
    b"a=tool:radio\r\n"
    b"m=audio 40000 RTP/AVP 0 8 101\r\n"
    b"i=voice\r\n"
    b"a=rtpmap:0 PCMU/8000\r\n"
    b"a=rtpmap:8 PCMA/8000\r\n"
    b"a=rtpmap:101 telephone-event/8000\r\n"
    b"a=fmtp:101 0-15\r\n"
    b"a=ptime:20\r\n"
    b"a=ssrc:1 cname:x\r\n"
    b"a=sendrecv\r\n"
    b"m=video 40002 RTP/AVPF 96\r\n"
    b"a=rtpmap:96 H264/90000\r\n"
    b"a=rtcp-fb:96 nack\r\n"
    b"a=recvonly\r\n"
)


def body(*lines: str) -> bytes:
    return "".join(
        f"{line}\r\n" for line in ("v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "t=0 0", *lines)
    ).encode()


def refused(data: bytes) -> None:
    with pytest.raises(RemoteError) as caught:
        Sdp.parse(data)
    assert caught.value.status == 400


# --- reading and writing


def test_what_a_description_says():
    found = Sdp.parse(BODY)
    assert (found.origin.username, found.origin.session_id, found.origin.version) == ("radio", 3001, 7)
    assert found.origin.rest == "IN IP4 192.0.2.31"
    audio, video = found.media
    assert (audio.kind, audio.port, audio.protocol, audio.formats) == (
        "audio",
        40000,
        "RTP/AVP",
        ("0", "8", "101"),
    )
    assert audio.attributes("rtpmap") == ["0 PCMU/8000", "8 PCMA/8000", "101 telephone-event/8000"]
    assert audio.attributes("sendrecv") == [""]
    assert audio.attributes("nothing") == []
    assert (audio.direction, video.direction, found.direction) == (SENDRECV, RECVONLY, SENDRECV)


def test_unknown_lines_and_their_order_are_kept():
    assert Sdp.parse(BODY).render() == BODY


def test_bare_line_feeds_and_blank_lines_at_the_end():
    assert Sdp.parse(BODY.replace(b"\r\n", b"\n") + b"\n\n").render() == BODY
    assert Sdp.parse(BODY.rstrip()).render() == BODY


def test_bytes_that_are_not_utf_8_are_kept():
    data = body("i=\xe9").replace("é".encode(), b"\xe9")
    assert b"i=\xe9\r\n" in Sdp.parse(data).render()


def test_a_port_count_is_kept():
    data = body("m=audio 40000/2 RTP/AVP 0")
    assert Sdp.parse(data).media[0].port == 40000
    assert Sdp.parse(data).render() == data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n",
        b"v=0",
        b"v=1\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n",
        b"o=- 1 1 IN IP4 192.0.2.1\r\nv=0\r\n",
        b"v=0\r\ns=-\r\n",
        b"v=0\r\no=- 1 1 IN IP4\r\n",
        b"v=0\r\no=- one 1 IN IP4 192.0.2.1\r\n",
        b"v=0\r\no=- 1 -1 IN IP4 192.0.2.1\r\n",
        b"v=0\r\no=- 1 99999999999999999999999 IN IP4 192.0.2.1\r\n",
        b"v=0\r\no=-  1 1 IN IP4\r\n",
        body("m=audio 40000 RTP/AVP"),
        body("m=audio 70000 RTP/AVP 0"),
        body("m=audio -1 RTP/AVP 0"),
        body("m=audio x RTP/AVP 0"),
        body("hello"),
        body("", "a=late"),
        body("a=x\0y"),
        body("a=x\ry"),
        body("A=x"),
        body(" a=x"),
    ],
)
def test_malformed_bodies(data):
    refused(data)


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_are_read_or_refused(data):
    for candidate in (data, body() + data):
        direction_of(candidate)
        with suppress(RemoteError):
            assert Sdp.parse(candidate).direction == direction_of(candidate)


# --- directions


def test_a_stream_inherits_from_the_session():
    found = Sdp.parse(body("a=inactive", "m=audio 4 RTP/AVP 0", "m=audio 6 RTP/AVP 0", "a=sendonly"))
    assert [media.direction for media in found.media] == [INACTIVE, SENDONLY]
    assert Sdp.parse(body("m=audio 4 RTP/AVP 0")).direction == SENDRECV


def test_the_direction_of_a_description_is_that_of_its_first_stream_in_use():
    data = body("m=video 0 RTP/AVP 96", "a=sendonly", "m=audio 4 RTP/AVP 0", "a=recvonly")
    assert Sdp.parse(data).direction == direction_of(data) == RECVONLY
    assert Sdp.parse(body()).direction == direction_of(body()) == INACTIVE
    data = body("m=video  00/2 RTP/AVP 96")
    assert Sdp.parse(data).direction == direction_of(data) == INACTIVE


STREAMS = st.lists(
    st.tuples(st.sampled_from([0, 0, 4, 40000]), st.sampled_from([None, *DIRECTIONS]), st.booleans()),
    max_size=4,
)


@given(st.sampled_from([None, *DIRECTIONS]), STREAMS, st.booleans())
def test_the_quick_look_agrees_with_the_parser(session, streams, bare):
    lines = [f"a={session}"] if session else []
    for port, direction, before in streams:
        lines.append(f"m=audio {port} RTP/AVP 0")
        attributes = ["a=ptime:20"] + ([f"a={direction}"] if direction else [])
        lines += attributes if before else attributes[::-1]
    data = body(*lines)
    if bare:
        data = data.replace(b"\r\n", b"\n").rstrip(b"\n")
    assert direction_of(data) == Sdp.parse(data).direction


def test_with_direction_replaces_every_direction():
    found = Sdp.parse(body("a=sendonly", "m=audio 4 RTP/AVP 0", "m=video 6 RTP/AVP 9", "a=inactive", "a=x"))
    changed = found.with_direction(RECVONLY)
    assert [media.direction for media in changed.media] == [RECVONLY, RECVONLY]
    assert changed.render() == body(
        "m=audio 4 RTP/AVP 0", "a=recvonly", "m=video 6 RTP/AVP 9", "a=x", "a=recvonly"
    )
    assert found.direction == SENDONLY


def test_a_refused_stream_gets_no_direction():
    data = body("m=audio 4 RTP/AVP 0", "a=sendonly", "m=video 0 RTP/AVP 9")
    assert Sdp.parse(data).with_direction(SENDONLY).render() == data


def test_next_version_counts_up_and_changes_nothing_else():
    changed = Sdp.parse(BODY).next_version()
    assert changed.render() == BODY.replace(b"radio 3001 7 IN", b"radio 3001 8 IN")


def test_reverse():
    assert [reverse(direction) for direction in DIRECTIONS] == [SENDRECV, RECVONLY, SENDONLY, INACTIVE]


@pytest.mark.parametrize(
    ("offered", "wanted", "given"),
    [
        (SENDRECV, SENDRECV, SENDRECV),
        (SENDRECV, SENDONLY, SENDONLY),
        (SENDONLY, SENDRECV, RECVONLY),
        (SENDONLY, RECVONLY, RECVONLY),
        (SENDONLY, SENDONLY, INACTIVE),
        (RECVONLY, SENDRECV, SENDONLY),
        (RECVONLY, RECVONLY, INACTIVE),
        (INACTIVE, SENDRECV, INACTIVE),
        (SENDRECV, INACTIVE, INACTIVE),
    ],
)
def test_narrow_is_the_table_of_rfc_3264_6_1(offered, wanted, given):
    assert narrow(wanted, offered) == given


# --- offers and answers


def answered(data: bytes, direction: str = SENDRECV, ports: tuple[int, ...] = (5000, 5002)) -> Sdp:
    return sdp.answer(
        Sdp.parse(data), host="198.51.100.4", ports=ports, session_id=9, version=1, direction=direction
    )


def test_an_answer_takes_the_codecs_stream_by_stream():
    assert answered(BODY, RECVONLY).render() == (
        b"v=0\r\n"
        b"o=- 9 1 IN IP4 198.51.100.4\r\n"
        b"s=-\r\n"
        b"c=IN IP4 198.51.100.4\r\n"
        b"t=0 0\r\n"
        b"m=audio 5000 RTP/AVP 0 8 101\r\n"
        b"a=rtpmap:0 PCMU/8000\r\n"
        b"a=rtpmap:8 PCMA/8000\r\n"
        b"a=rtpmap:101 telephone-event/8000\r\n"
        b"a=fmtp:101 0-15\r\n"
        b"a=ptime:20\r\n"
        b"a=recvonly\r\n"
        b"m=video 5002 RTP/AVPF 96\r\n"
        b"a=rtpmap:96 H264/90000\r\n"
        b"a=rtcp-fb:96 nack\r\n"
        b"a=inactive\r\n"
    )


def test_an_answer_repeats_the_times_of_the_offer():
    data = BODY.replace(b"t=0 0", b"t=3900000000 3900003600")
    assert "t=3900000000 3900003600" in answered(data).lines


def test_an_answer_has_a_stream_for_each_of_the_offer_and_refuses_what_is_no_rtp():
    data = body("m=application 9 TCP/BFCP *", "m=audio 0 RTP/AVP 0", "m=audio 4 RTP/SAVPF 0", "a=sendonly")
    found = answered(data)
    assert [(media.kind, media.port, media.lines) for media in found.media] == [
        ("application", 0, ()),
        ("audio", 0, ()),
        ("audio", 5000, ("a=recvonly",)),
    ]


def test_streams_without_a_port_for_them_are_refused():
    assert [media.port for media in answered(BODY, ports=(5000,)).media] == [5000, 0]


@pytest.mark.parametrize("lines", [[], ["m=audio 0 RTP/AVP 0"], ["m=message 9 TCP/MSRP *"]])
def test_no_stream_left_is_488(lines):
    with pytest.raises(RemoteError) as caught:
        answered(body(*lines))
    assert caught.value.status == 488
    with pytest.raises(RemoteError) as caught:
        sdp.offer(
            Sdp.parse(body(*lines)), host="::1", ports=(4,), session_id=1, version=1, direction=SENDRECV
        )
    assert caught.value.status == 488


def test_an_offer_of_our_own_keeps_closed_streams_closed():
    data = body("m=video 0 RTP/AVP 96", "m=audio 4 RTP/AVP 0", "a=rtpmap:0 PCMU/8000", "a=recvonly")
    found = sdp.offer(
        Sdp.parse(data), host="2001:db8::4", ports=(6000,), session_id=3, version=2, direction=SENDONLY
    )
    assert found.render() == (
        b"v=0\r\no=- 3 2 IN IP6 2001:db8::4\r\ns=-\r\nc=IN IP6 2001:db8::4\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
        b"m=audio 6000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=sendonly\r\n"
    )


def test_what_is_made_can_be_read():
    for made in (
        answered(BODY),
        sdp.offer(Sdp.parse(BODY), host="::1", ports=(2, 4), session_id=1, version=1, direction=INACTIVE),
    ):
        assert Sdp.parse(made.render()).render() == made.render()
    assert repr(answered(BODY)) == "<Sdp 1 [<Media audio 5000 sendrecv>, <Media video 5002 sendonly>]>"
    assert repr(Sdp.parse(BODY).origin) == "<Origin radio 3001 7 IN IP4 192.0.2.31>"
    assert Media("audio", 0, "RTP/AVP", ("0",)).is_rtp is False


# --- refreshes


def test_the_same_origin_line_is_a_refresh():
    assert sdp.same_description(BODY, BODY)
    assert sdp.same_description(BODY, BODY.replace(b"i=voice", b"i=speech"))
    assert not sdp.same_description(BODY, Sdp.parse(BODY).next_version().render())
    assert not sdp.same_description(BODY, b"")
    assert not sdp.same_description(b"", b"")


def test_a_hold_whose_version_was_not_counted_is_a_change():
    assert not sdp.same_description(BODY, BODY.replace(b"a=sendrecv", b"a=sendonly"))
