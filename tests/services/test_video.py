"""Video and ambience calls (profile 3.1, 4.7): types, media change, rights, streams one by one."""

import pytest
from tests.node.net import SDP, Net, phones, talk

from opentcf.model.subscriber import Right
from opentcf.sip.message import Message

VIDEO = SDP + b"m=video 4002 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
NOTHING = SDP.replace(b"m=audio 4000", b"m=audio 0")


def extension(message: Message) -> str:
    return message.headers.get("Ptt-Extension") or ""


@pytest.mark.parametrize("kind", [2, 3, 20, 23])
def test_a_video_call_passes_its_type_and_all_its_streams(kind: int):
    net = Net()
    caller, called = phones(net, 2, 3)
    caller.invite("4001", VIDEO, f"pttcall;calltype={kind}")
    invite = called.request("INVITE")
    assert f"calltype={kind}" in extension(invite)
    assert invite.body == VIDEO
    called.answer(invite, 488)
    assert caller.statuses("INVITE")[-1] == 488, "the codecs of the two have nothing in common"
    net.assert_quiet()


def test_an_offer_of_nothing_is_488_at_once():
    """TC2-C 488."""
    net = Net()
    caller, called = phones(net, 2, 3)
    caller.invite("4001", NOTHING)
    assert caller.statuses("INVITE")[-1] == 488
    assert not called.requests("INVITE")
    net.assert_quiet()


def test_video_is_added_and_removed_in_a_running_call():
    """TC2-C 视频下推媒体变更."""
    net = Net()
    caller, called = phones(net, 2, 3)
    call = talk(net, caller, called)
    more = VIDEO.replace(b"- 1 1", b"- 1 2")
    for body, kind in (
        (more, 2),
        (more.replace(b"- 1 2", b"- 1 3").replace(b"m=video 4002", b"m=video 0"), 1),
    ):
        offer = caller.within("INVITE", call.invite, call.ok, body)
        offer.headers.set("Ptt-Extension", f"pttcall;calltype={kind}")
        sent = caller.ask(offer)
        got = called.request("INVITE")
        assert got.body == body
        assert f"calltype={kind}" in extension(got)
        called.answer(got, 200, body.replace(b"192.0.2.1", b"192.0.2.2"), Supported="timer")
        ok = caller.response("INVITE")
        assert ok.status == 200
        assert f"calltype={kind}" in extension(ok)
        caller.ack(sent, ok)
        assert net.rows(1, "calls")[0]["type"] == kind
    call.hang_up()
    net.assert_quiet()


def test_a_media_change_of_an_unknown_type_is_488_and_the_call_goes_on():
    net = Net()
    caller, called = phones(net, 2, 3)
    call = talk(net, caller, called)
    offer = caller.within("INVITE", call.invite, call.ok, VIDEO.replace(b"- 1 1", b"- 1 2"))
    offer.headers.set("Ptt-Extension", "pttcall;calltype=77")
    sent = caller.ask(offer)
    assert caller.statuses("INVITE")[-1] == 488
    caller.ack(sent, caller.response("INVITE"))
    again = caller.within("INVITE", call.invite, call.ok, VIDEO.replace(b"- 1 1", b"- 1 3"))
    again.headers.set("Ptt-Extension", "pttcall;calltype=2")
    caller.ask(again)
    assert len(called.requests("INVITE")) == 2, "the slot is free again"
    called.answer(called.request("INVITE"), 200, VIDEO, Supported="timer")
    caller.ack(again, caller.response("INVITE"))
    call.hang_up()
    net.assert_quiet()


def test_ambience_listening_needs_its_right_and_does_not_alert():
    net = Net(subscribers={"1001": {"rights": frozenset((Right.AMBIENCE,))}})
    caller, called = phones(net, 2, 3)
    caller.invite("4001", SDP + b"a=recvonly\r\n", "pttcall;calltype=16")
    invite = called.request("INVITE")
    assert invite.headers.get("Priv-Answer-Mode") == "Auto"
    called.answer(invite, 487)
    rows = net.rows(1, "audit")
    assert [(row["who"], row["action"], row["target"], row["result"]) for row in rows] == [
        ("1001@core1.example", "ambience listening", "4001@core4.example", "done")
    ]
    net.assert_quiet()


def test_ambience_listening_without_the_right_is_403_and_in_the_audit_log():
    net = Net()
    caller, called = phones(net, 2, 3)
    caller.invite("4001", SDP, "pttcall;calltype=16")
    assert caller.statuses("INVITE")[-1] == 403
    assert not called.requests("INVITE")
    assert net.rows(1, "audit")[0]["result"].startswith("403")
    net.assert_quiet()
