"""What legs of a fan-out share is rendered once."""

import pytest

from opentcf.sip import sdp
from opentcf.sip.errors import RemoteError
from opentcf.sip.fan import Fan
from opentcf.sip.headers import Headers
from opentcf.sip.message import Request
from opentcf.sip.parse import parse
from opentcf.sip.render import render, render_fields
from opentcf.sip.sdp import Sdp

TWO_STREAMS = (
    b"v=0\r\no=alice 7 9 IN IP4 192.0.2.1\r\ns=call\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\na=sendrecv\r\n"
    b"m=audio 4000 RTP/AVP 8 0\r\na=rtpmap:8 PCMA/8000\r\na=ptime:20\r\nm=application 9 TCP x\r\n"
    b"m=video 5000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=recvonly\r\n"
)


def test_each_kind_is_made_once():
    fan, made = Fan(), []

    def make(kind):
        def once():
            made.append(kind)
            return Headers({"Allow": [kind]})

        return once

    for kind in ("a", "b", "a", "a", "b"):
        shared = fan.shared(kind, make(kind))
        assert shared.rendered == b"Allow: %s\r\n" % kind.encode()
        assert shared.headers.get("Allow") == kind
    assert made == ["a", "b"]


def test_a_request_with_shared_fields_says_what_one_with_its_own_says():
    own = {"Via": ["SIP/2.0/UDP h;branch=z9hG4bK1"], "From": ["<sip:a@b>;tag=1"], "To": ["<sip:c@d>"]}
    own |= {"Call-ID": ["x"], "CSeq": ["1 INVITE"], "Max-Forwards": ["70"]}
    common = {"Allow": ["INVITE", "ACK"], "Ptt-Extension": ["pttcall"], "Content-Length": ["99"]}
    plain = Request("INVITE", "sip:c@d", Headers(own | common), b"body")
    split = Request("INVITE", "sip:c@d", Headers(dict(own)), b"body")
    split.shared = render_fields(Headers(common))
    assert render(split) == render(plain)
    assert parse(render(split)).headers.get("Ptt-Extension") == "pttcall"


@pytest.mark.parametrize("direction", ["sendonly", "recvonly", "sendrecv", "inactive"])
@pytest.mark.parametrize("host", ["192.0.2.9", "2001:db8::1"])
@pytest.mark.parametrize("ports", [(9, 11, 13), (40000, 40002), (9,)])
def test_an_outline_filled_is_the_offer(direction, host, ports):
    whole = sdp.offer(
        Sdp.parse(TWO_STREAMS), host=host, ports=ports, session_id=12, version=3, direction=direction
    )
    assert sdp.outline(TWO_STREAMS, host, direction).fill(ports, 12, 3) == whole.render()


def test_an_outline_of_nothing_that_can_be_offered_is_refused():
    with pytest.raises(RemoteError) as refused:
        sdp.outline(TWO_STREAMS.replace(b"RTP/AVP", b"UDP"), "192.0.2.9", "sendonly")
    assert refused.value.status == 488
