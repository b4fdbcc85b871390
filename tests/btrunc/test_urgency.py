"""What must never be refused is known by its bytes, however it is written."""

import pytest

from opentcf.btrunc.urgency import Rank, Urgency
from opentcf.btrunc.wire import Wire

URGENCY = Urgency(
    (Wire(), Wire({"token.heartbeat": "beat", "param.emergency": "sos", "header.extension": "X-Ptt"}))
)


def request(
    method: str = "INVITE", to: str = "To: <sip:1001@core1.example>", *lines: str, body: str = ""
) -> bytes:
    head = [
        f"{method} sip:1001@core1.example SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;rport",
        "From: <sip:2001@core2.example>;tag=from",
        to,
        "Call-ID: c",
        f"CSeq: 1 {method}",
        *lines,
    ]
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()


def rank(
    *lines: str, method: str = "INVITE", to: str = "To: <sip:1001@core1.example>", body: str = ""
) -> Rank:
    return URGENCY.rank(request(method, to, *lines, body=body), {"ours"})


@pytest.mark.parametrize(
    "line",
    [
        "Ptt-Extension: pttcall;calltype=1;emergency=1",
        'ptt-extension:pttcall; Emergency = "1" ;calltype=1',
        "Ptt-Extension: pttcall;calltype=1;\r\n emergency=1",
        "Ptt-Extension: pttcall\r\n\t;emergency\r\n =1",
        "X-Ptt: pttcall;sos=1",
        "Ptt-Extension: pttheartbeat",
        "Ptt-Extension: PTTHeartbeat;epoch=1",
        "X-Ptt: beat;epoch=1",
        "Ptt-Extension: pttdismantle;OnlineCallID=1",
        "Ptt-Extension: ptthandover;OnlineCallID=1",
        "Ptt-Extension: pttkickoff;UDN=1001",
    ],
)
def test_emergencies_heartbeats_and_what_ends_or_goes_on_are_urgent(line):
    assert rank(line) is Rank.URGENT
    assert rank("Subject: x", line, "Expires: 3") is Rank.URGENT


@pytest.mark.parametrize(
    "line",
    [
        "Ptt-Extension: pttcall;calltype=1",
        "Ptt-Extension: pttcall;emergency=0",
        "Ptt-Extension: pttcall;emergency=10",
        "Ptt-Extension: pttcall;noemergency=1",
        "Ptt-Extension: pttheartbeats",
        "Subject: emergency=1;emergency=1",
        "Subject: pttheartbeat",
    ],
)
def test_all_else_that_begins_something_may_wait(line):
    for method in ("INVITE", "MESSAGE", "REGISTER", "SUBSCRIBE", "OPTIONS"):
        assert rank(line, method=method) is Rank.NEW


def test_a_body_makes_nothing_urgent():
    assert rank(body="\r\nPtt-Extension: pttcall;emergency=1\r\n") is Rank.NEW


@pytest.mark.parametrize(
    "to",
    [
        "To: <sip:1001@core1.example>;tag=ours",
        "to:<sip:1001@core1.example> ; TAG = ours",
        "t: sip:1001@core1.example;tag=ours;x=y",
        'To: "tag" <sip:1001@core1.example;tag=x>\r\n ;tag=ours',
    ],
)
def test_what_belongs_to_a_dialog_is_urgent(to):
    assert rank(to=to) is Rank.URGENT


@pytest.mark.parametrize(
    "to", ["To: <sip:1001@core1.example>;tag=other", "To: <sip:1001@core1.example;tag=ours2>"]
)
def test_a_tag_that_nobody_knows_makes_nothing_urgent(to):
    assert rank(to=to) is Rank.NEW
    assert rank(to=to, method="SUBSCRIBE") is Rank.URGENT


@pytest.mark.parametrize("method", ["ACK", "BYE", "INFO", "PRACK", "UPDATE", "invite"])
def test_other_methods_are_urgent(method):
    assert rank(method=method) is Rank.URGENT


def test_responses_and_garbage_are_urgent():
    assert URGENCY.rank(b"SIP/2.0 200 OK\r\n\r\n", ()) is Rank.URGENT
    assert URGENCY.rank(b"", ()) is Rank.URGENT
    assert URGENCY.rank(b"\r\n\r\n", ()) is Rank.URGENT
    assert URGENCY.rank(b"INVITE ", ()) is Rank.NEW


def test_who_answers_a_challenge_comes_first():
    assert rank("Authorization: Digest x") is Rank.PROVED
    assert rank("authorization : Digest x") is Rank.PROVED


def test_a_cancel_waits_behind_its_invite():
    assert rank(method="CANCEL") is Rank.NEW
    assert rank("Ptt-Extension: pttrelease;cause=16", method="CANCEL") is Rank.NEW
