"""What messages are called in a ladder."""

import pytest

from opentcf.api.names import Namer
from opentcf.sip.parse import parse

HEAD = (
    "Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKa\r\nFrom: <sip:1@a.example>;tag=a\r\nTo: <sip:2@a.example>{tag}\r\n"
    "Call-ID: c\r\nCSeq: 1 {method}\r\nMax-Forwards: 70\r\nPtt-Extension: {extension}\r\n"
)
SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 4000 RTP/AVP 96\r\na=inactive\r\n"


def name(
    method: str, extension: str, namer: Namer, *, inside: bool = False, status: int = 0
) -> tuple[str, str]:
    start = f"SIP/2.0 {status} x" if status else f"{method} sip:2@a.example SIP/2.0"
    head = HEAD.format(tag=";tag=b" if inside else "", method=method, extension=extension)
    text = f"{start}\r\n{head}Content-Length: {len(SDP)}\r\n\r\n{SDP}"
    named = namer.name(parse(text.encode()))
    return named.english, named.chinese


@pytest.mark.parametrize(
    ("extension", "inside", "named"),
    [
        ("pttcall;calltype=1", False, ("private call", "单呼")),
        ("pttcall;calltype=1;emergency=1", False, ("emergency call", "紧急单呼")),
        ("pttcall;calltype=4;emergency=1", False, ("emergency group call", "紧急组呼")),
        ("pttcall;calltype=1;duplex=0", False, ("half-duplex call", "半双工单呼")),
        ("pttcall;calltype=5", False, ("group video call", "视频组呼")),
        ("pttcall;calltype=23", False, ("video push", "视频下推")),
        ("pttcall;calltype=23", True, ("video push change", "视频下推媒体变更")),
        ("pttcall;calltype=1", True, ("hold", "呼叫保持")),
        ("pttinsert;OnlineCallID=c", False, ("forced insertion", "强插")),
    ],
)
def test_invites_by_what_they_begin_or_change(extension, inside, named):
    assert name("INVITE", extension, Namer(), inside=inside) == named


def test_a_cancelled_request_for_the_floor_is_not_a_cancelled_call():
    namer = Namer()
    assert name("INVITE", "pttrequest;UDN=1", namer, inside=True) == ("floor request", "话权申请")
    assert name("CANCEL", "pttrelease;optype=pttrequest", namer, inside=True) == (
        "cancel floor request",
        "话权申请取消",
    )
    cancelled = name("INVITE", "pttrelease;optype=pttrequest", namer, inside=True, status=487)
    assert cancelled == ("request cancelled", "话权申请已取消")
    assert name("CANCEL", "pttrelease;optype=pttcall", namer) == ("cancel", "呼叫取消")
