"""The private call (profile 4.2), hop by hop."""

from collections.abc import Callable

import pytest
from tests.node.net import ANSWER, HELD, SDP, Net, Party, Phone, Seen, core, phones, polite, talk, tcf
from tests.world import World

from opentcf.model.bounds import TimerSettings
from opentcf.model.subscriber import Preemptible
from opentcf.node.settings import LimitSettings
from opentcf.sip.message import Request, Response
from opentcf.terminal import CallState

FOUR = pytest.mark.parametrize(
    ("caller_at", "called_at", "called", "hops"),
    [
        (1, 1, "1002", []),
        (1, 2, "2001", [(1, 2)]),
        (1, 2, "1002", [(1, 2)]),
        (2, 3, "1002", [(2, 1), (1, 3)]),
        (2, 3, "4001", [(2, 1), (1, 4), (4, 3)]),
        (2, 2, "2001", [(2, 1), (1, 2)]),
    ],
)
"""Where caller 1001 and the called user are attached, and the hops between."""


def extension(message: Request | Response) -> str:
    return message.headers.get("Ptt-Extension") or ""


def holding(held: list[Seen], what: str) -> Callable[[Seen], bool]:
    """Hold back what the two homes say to each other."""

    def hold(seen: Seen) -> bool:
        hit = seen.what == what and {seen.source, seen.target} == {tcf(1), tcf(4)}
        if hit:
            held.append(seen)
        return hit

    return hold


# --- the path


@FOUR
def test_set_up_and_release_over_every_path(
    caller_at: int, called_at: int, called: str, hops: list[tuple[int, int]]
):
    """TC2-C 单呼, TC2-C 100."""
    net = Net()
    caller, other = phones(net, caller_at, called_at, "1001", called)
    net.seen.clear()
    call = talk(net, caller, other)
    answers = ["100 INVITE", "180 INVITE", "200 INVITE"]
    for there, back in hops:
        spiral = (back, there) in hops
        assert sorted(net.between(there, back)) == sorted(["INVITE", "ACK", *(answers if spiral else [])])
        assert sorted(net.between(back, there)) == sorted([*(["INVITE", "ACK"] if spiral else []), *answers])
    assert other.request("INVITE").body == SDP
    assert call.ok.body == ANSWER
    call.hang_up()
    assert len(other.requests("BYE")) == 1
    assert caller.statuses("BYE")[-1] == 200
    net.assert_quiet()


@FOUR
def test_the_called_side_hangs_up(caller_at: int, called_at: int, called: str, hops: list[tuple[int, int]]):
    net = Net()
    call = talk(net, *phones(net, caller_at, called_at, "1001", called))
    call.hang_up_called()
    assert len(call.caller.requests("BYE")) == 1
    net.assert_quiet()


def test_one_call_has_one_identity_on_all_hops():
    net = Net()
    call = talk(net, *phones(net, 2, 3))
    said = {
        part
        for seen in net.seen
        if seen.what == "INVITE" and seen.source in net.nodes
        for part in extension(seen.message).split(";")
        if part.startswith("OnlineCallID=")
    }
    assert len(said) == 1
    assert said.pop() in extension(call.ok)


def test_request_uri_to_and_from_on_each_hop():
    """Profile 2.2. TC2-C 呼叫建立, TC2-C INVITE/TC2."""
    net = Net()
    talk(net, *phones(net, 2, 3))
    expected = {
        (2, 1): "sip:4001@core4.example",
        (1, 4): "sip:4001@core4.example",
        (4, 3): "sip:4001@127.0.3.1:5060;home=core4.example",
    }
    for (source, target), uri in expected.items():
        invite = net.last("INVITE", tcf(source), tcf(target))
        assert isinstance(invite, Request)
        assert invite.uri == uri
        assert invite.headers.get("To") == "<sip:4001@core4.example>"
        assert (invite.headers.get("From") or "").startswith("<sip:1001@core1.example>")
        assert invite.headers.get("P-Asserted-Identity") == "<sip:1001@core1.example>"


def test_max_forwards_goes_down_at_each_hop():
    net = Net()
    talk(net, *phones(net, 2, 3))
    values = [
        net.last("INVITE", tcf(a), tcf(b)).headers.get("Max-Forwards") for a, b in ((2, 1), (1, 4), (4, 3))
    ]
    assert values == ["69", "68", "67"]


def test_183_passes_as_180_without_sdp():
    """TC2-C 180."""
    net = Net()
    caller, called = phones(net, 1, 4)
    caller.invite("4001")
    called.answer(called.request("INVITE"), 183, ANSWER)
    assert caller.response("INVITE").status == 180
    assert caller.response("INVITE").body == b""


def test_a_plain_phone_calls_without_the_extension():
    net = Net()
    caller, called = Phone(net, "1001", 2, ptt=False), Phone(net, "4001", 3, ptt=False)
    for phone in (caller, called):
        assert phone.register() == 200
        phone.auto = polite
    call = talk(net, caller, called)
    assert extension(call.ok) == ""
    assert "calltype=1" in extension(net.last("INVITE", tcf(1), tcf(4)))
    call.hang_up()
    net.assert_quiet()


def test_parameters_that_nobody_knows_travel():
    net = Net()
    caller, called = phones(net, 2, 3)
    caller.invite("4001", extension="pttcall;calltype=1;vendor=x;flag")
    assert ";vendor=x;flag" in extension(called.request("INVITE"))


# --- refusals


@pytest.mark.parametrize("status", [486, 480, 488, 603, 404])
def test_a_refusal_passes_unchanged(status: int):
    """TC2-C 603, TC2-C 4xx/TC2, TC2-C 6xx/TC2."""
    net = Net()
    caller, called = phones(net, 2, 3)
    caller.invite("4001")
    called.answer(called.request("INVITE"), status)
    assert caller.response("INVITE").status == status
    net.assert_quiet()


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (600, 486),
        (604, 404),
        (606, 488),
        (699, 603),
        (401, 403),
        (407, 403),
        (499, 480),
        (599, 500),
        (302, 480),
    ],
)
def test_an_unknown_refusal_reads_as_its_class(theirs: int, ours: int):
    net = Net()
    caller, called = phones(net, 1, 4)
    caller.invite("4001")
    called.answer(called.request("INVITE"), theirs)
    assert caller.response("INVITE").status == ours


@pytest.mark.parametrize(
    ("number", "status"),
    [
        ("4002", 480),  # not registered
        ("4999", 404),  # unknown
        ("1999", 404),
        ("1001", 486),  # one's own number
        ("9001", 404),  # no such core
        ("alice@core4.example", 404),
        ("1234567890123456@core4.example", 404),
    ],
)
def test_who_cannot_be_called(number: str, status: int):
    net = Net()
    caller, _ = phones(net, 2, 3)
    caller.invite(number)
    assert caller.response("INVITE").status == status
    (refused, *_) = [call for call in net.noticed("call") if call["state"] == "refused"]
    assert (refused["caller"], refused["code"]) == (f"1001@{core(1)}", status)
    assert number.partition("@")[0] in refused["called"]
    assert refused["reason"]
    net.assert_quiet()


def test_a_call_refused_before_it_began_is_worth_a_line_but_not_of_a_stranger():
    net = Net(1)
    caller = Phone(net, "1001", 1)
    caller.register()
    caller.invite("1002")
    assert net.noticed("call") == [
        {
            "state": "refused",
            "caller": f"1001@{core(1)}",
            "called": f"1002@{core(1)}",
            "code": 480,
            "reason": f"1002@{core(1)} is not registered",
        }
    ]
    net.notices.clear()
    stranger = Phone(net, "1003", 1)
    stranger.send(
        stranger.make("INVITE", f"sip:1002@{core(1)}", "<sip:1999@core1.example>;tag=x", "<sip:1002@x>")
    )
    broken = caller.make("INVITE", "sip:1002@core1.example", f"{caller.aor};tag=y", "<sip:1002@x")
    caller.send(broken)
    assert net.noticed("call") == []
    net.assert_no_fault()


def test_what_is_refused_within_a_call_is_no_refused_call():
    net = Net()
    call = talk(net, *phones(net, 1, 4))
    net.notices.clear()
    strange = call.caller.within("INVITE", call.invite, call.ok, HELD)
    strange.headers.set("Ptt-Extension", "pttmessage")
    call.caller.ask(strange)
    lost = call.caller.within("INVITE", call.invite, call.ok, HELD)
    lost.headers.set("To", f"<sip:4001@{core(4)}>;tag=lost")
    call.caller.ask(lost)
    assert [status for status in call.caller.statuses("INVITE") if status > 401] == [488, 481]
    assert net.noticed("call") == []


def test_refused_emergency_calls_are_logged_as_often_as_others_come():
    net = Net(1)
    caller = Phone(net, "1001", 1)
    caller.register()
    for _ in range(300):
        caller.invite("1099", extension="pttcall;calltype=1;emergency=1")
    assert caller.statuses("INVITE").count(404) == 300
    assert 0 < len(net.noticed("call")) < 300


def test_busy_is_said_by_the_called_users_v():
    """TC2-C 486."""
    net = Net()
    caller, called = phones(net, 2, 3)
    third = Phone(net, "1002", 1)
    third.register()
    talk(net, caller, called)
    net.seen.clear()
    third.invite("4001")
    assert third.response("INVITE").status == 486
    assert net.between(4, 3) == ["INVITE", "ACK"]
    third.invite("1001")
    assert third.response("INVITE").status == 486


def test_who_hung_up_is_not_busy_while_the_far_side_is_silent():
    net = Net()
    caller, called = phones(net, 2, 3)
    third = Phone(net, "4002", 4)
    third.register()
    call = talk(net, caller, called)
    net.lose = lambda seen: seen.what == "BYE" and seen.source == tcf(3)
    call.hang_up_called()
    net.lose = lambda seen: False
    third.invite("4001")
    assert third.response("INVITE").status == 100
    assert len(called.requests("INVITE")) == 2


def test_a_user_has_a_limit_of_calls():
    net = Net(1, limits=LimitSettings(max_calls=1))
    caller, _ = phones(net, 1, 1, "1001", "1002")
    third = Phone(net, "1003", 1)
    third.register()
    caller.invite("1002")
    caller.invite("1003")
    assert caller.response("INVITE").status == 486


@pytest.mark.parametrize("offer", [b"v=1\r\n", b"nonsense", b"v=0\r\n"])
def test_a_broken_description_from_a_terminal_is_refused(offer: bytes):
    net = Net(1)
    caller, _ = phones(net, 1, 1, "1001", "1002")
    caller.invite("1002", offer)
    assert caller.response("INVITE").status in (400, 488)
    net.assert_quiet()


def test_another_content_type_is_415():
    net = Net(1)
    caller, _ = phones(net, 1, 1, "1001", "1002")
    caller.invite("1002", Content_Type="text/plain")
    assert caller.response("INVITE").status == 415
    assert caller.response("INVITE").headers.get("Accept") == "application/sdp"


@pytest.mark.parametrize(
    ("value", "status"),
    [("pttnothing;calltype=1", 488), ("pttcall;calltype=77", 488), ("pttcall;PrioAttribute=x", 400)],
)
def test_an_unknown_token_or_code_in_an_invite(value: str, status: int):
    net = Net(1)
    caller, _ = phones(net, 1, 1, "1001", "1002")
    caller.invite("1002", extension=value)
    response = caller.response("INVITE")
    assert response.status == status
    assert (response.headers.get("Warning") or "").startswith("399 core1.example ")


# --- cancelling


def test_cancel_travels_hop_by_hop():
    """TC2-C 呼叫取消, TC2-C 单呼呼叫取消响应, TC2-C CANCEL/TC2."""
    net = Net()
    caller, called = phones(net, 2, 3)
    invite = caller.invite("4001")
    called.answer(called.request("INVITE"), 180)
    caller.cancel(invite)
    assert caller.statuses("CANCEL") == [200]
    assert extension(caller.response("CANCEL")) == "pttrelease;cause=16;optype=pttcall"
    refused = caller.response("INVITE")
    assert refused.status == 487
    assert "optype=pttcall" in extension(refused)
    assert refused.headers.get("Reason")
    for hop in ((2, 1), (1, 4), (4, 3)):
        cancel = net.last("CANCEL", *map(tcf, hop))
        assert "optype=pttcall" in extension(cancel)
        assert cancel.headers.get("Reason")
    called.answer(called.request("INVITE"), 487)
    net.assert_quiet()


def test_a_cancel_before_anything_was_heard_waits_for_the_first_100():
    """RFC 3261 §9.1."""
    net = Net()
    caller, called = phones(net, 1, 1, "1001", "1002")
    invite = caller.invite("1002")
    caller.cancel(invite)
    assert called.requests("CANCEL") == []
    called.answer(called.request("INVITE"), 100)
    assert len(called.requests("CANCEL")) == 1
    called.answer(called.request("INVITE"), 487)
    net.assert_quiet()


def test_a_cancel_that_crosses_the_200():
    """487 to the caller at once; the late 200 gets ACK and BYE."""
    net = Net()
    caller, called = phones(net, 2, 3)
    invite = caller.invite("4001")
    called.answer(called.request("INVITE"), 180)
    called.auto = lambda request: 481 if request.method == "CANCEL" else polite(request)
    net.lose = lambda seen: seen.what == "CANCEL" and seen.source == tcf(4)
    caller.cancel(invite)
    called.answer(called.request("INVITE"), 200, ANSWER)
    assert caller.response("INVITE").status == 487
    assert len(called.requests("ACK")) == 1
    assert len(called.requests("BYE")) == 1
    net.lose = lambda seen: False
    net.assert_quiet()


def test_a_cancel_after_the_200_changes_nothing():
    net = Net(1)
    call = talk(net, *phones(net, 1, 1, "1001", "1002"))
    call.caller.cancel(call.invite)
    assert call.caller.statuses("CANCEL") == [200]
    assert call.called.requests("BYE") == []
    call.hang_up()
    net.assert_quiet()


def test_a_cancel_of_nothing_is_481():
    net = Net(1)
    caller, _ = phones(net, 1, 1, "1001", "1002")
    made = caller.make("INVITE", "sip:1002@core1.example", f"{caller.aor};tag=x", "<sip:1002@core1.example>")
    caller.cancel(made)
    assert caller.statuses("CANCEL") == [481]


def test_an_early_bye_of_the_caller():
    """RFC 3261 §15: allowed in an early dialog."""
    net = Net()
    caller, called = phones(net, 2, 3)
    invite = caller.invite("4001")
    called.answer(called.request("INVITE"), 180)
    caller.ask(caller.within("BYE", invite, caller.response("INVITE")))
    assert caller.statuses("BYE")[-1] == 200
    refused = caller.response("INVITE")
    assert refused.status == 487
    assert refused.headers.get("Reason")
    assert len(called.requests("CANCEL")) == 1
    called.answer(called.request("INVITE"), 487)
    net.assert_quiet()


def test_no_answer_within_tring():
    net = Net()
    caller, called = phones(net, 2, 3)
    caller.invite("4001")
    called.answer(called.request("INVITE"), 180)
    net.advance(59.0)
    assert called.requests("CANCEL") == []
    net.advance(2.0)
    assert len(called.requests("CANCEL")) == 1
    assert caller.response("INVITE").status == 480
    called.answer(called.request("INVITE"), 487)
    net.assert_quiet()


def test_a_phone_that_is_gone_is_480():
    net = Net()
    caller, _called = phones(net, 2, 3)
    net.unreachable.add("127.1.3.1")
    caller.invite("4001")
    net.advance(33.0)
    assert caller.response("INVITE").status == 480
    net.assert_quiet()


# --- hanging up


def test_both_hang_up_at_once():
    net = Net()
    call = talk(net, *phones(net, 2, 3))
    held: list[Seen] = []
    net.lose = holding(held, "BYE")
    call.hang_up()
    call.hang_up_called()
    net.lose = lambda seen: False
    for seen in held:
        net.deliver(seen)
    net.pump()
    assert call.caller.statuses("BYE")[-1] == 200
    assert call.called.statuses("BYE")[-1] == 200
    net.assert_quiet()


@pytest.mark.parametrize(
    ("value", "cause", "reason"),
    [
        ("pttrelease;cause=16", "cause=16", "SIP;cause=200"),
        ("pttrelease;cause=64", "cause=64", "SIP;cause=403"),
        ("vendorrelease;x=1", "cause=16", "SIP;cause=200"),
        ("pttrelease;cause=nonsense", "cause=16", "SIP;cause=200"),
        ("", "cause=16", "SIP;cause=200"),
    ],
)
def test_a_bye_is_never_refused_and_every_bye_has_a_reason(value: str, cause: str, reason: str):
    net = Net()
    call = talk(net, *phones(net, 2, 3))
    bye = call.caller.within("BYE", call.invite, call.ok)
    if value:
        bye.headers.set("Ptt-Extension", value)
    call.caller.ask(bye)
    assert call.caller.statuses("BYE")[-1] == 200
    for source, target in ((2, 1), (1, 4), (4, 3)):
        passed = net.last("BYE", tcf(source), tcf(target))
        assert cause in extension(passed)
        assert passed.headers.get("Reason") == reason
    net.assert_quiet()


def test_a_bye_of_a_third_party_is_refused():
    net = Net(3)
    call = talk(net, *phones(net, 1, 1, "1001", "1002"))
    thief = Phone(net, "1003", 1)
    thief.register()
    bye = call.caller.within("BYE", call.invite, call.ok)
    bye.headers.set("From", (bye.headers.get("From") or "").replace("1001", "1003"))
    bye.headers.set("Via", f"SIP/2.0/UDP {thief.host}:{thief.port};branch=z9hG4bKthief;rport")
    thief.ask(bye)
    assert thief.statuses("BYE")[-1] == 403
    assert call.called.requests("BYE") == []


def test_a_re_invite_that_crosses_a_bye_gets_its_answer():
    """Else its transaction would stay for ever."""
    net = Net(1)
    call = talk(net, *phones(net, 1, 1, "1001", "1002"))
    call.called.auto = lambda request: None
    call.hang_up()
    assert call.called.requests("BYE")
    call.called.ask(call.called.within("INVITE", call.offered, None, HELD))
    assert call.called.statuses("INVITE")[-1] in (481, 487)
    call.called.answer(call.called.request("BYE"), 200)
    net.assert_quiet()


@pytest.mark.parametrize("caller_hangs_up", [True, False])
def test_a_bye_ends_a_re_invite_that_is_open(caller_hangs_up: bool):
    net = Net()
    call = talk(net, *phones(net, 2, 3))
    reinvite = call.caller.ask(call.caller.within("INVITE", call.invite, call.ok, HELD))
    assert call.called.request("INVITE").body == HELD
    call.called.answer(call.called.request("INVITE"), 100)
    if caller_hangs_up:
        call.caller.cseq = reinvite.cseq()[0] + 1
        bye = call.caller.within("BYE", call.invite, call.ok)
        bye.headers.set("CSeq", f"{reinvite.cseq()[0] + 1} BYE")
        call.caller.ask(bye)
    else:
        call.hang_up_called()
    assert call.caller.statuses("INVITE")[-1] == 487
    net.assert_quiet()


# --- media


def test_hold_and_resume_pass_end_to_end():
    net = Net()
    call = talk(net, *phones(net, 2, 3))
    for body, answer in (
        (HELD, ANSWER.replace(b"- 1 1", b"- 1 2")),
        (SDP.replace(b"- 1 1", b"- 1 3"), ANSWER),
    ):
        last = call.caller.requests("INVITE")
        assert last == []
        sent = call.caller.ask(call.caller.within("INVITE", call.invite, call.ok, body))
        call.invite.headers.set("CSeq", sent.headers.get("CSeq") or "")
        offered = call.called.request("INVITE")
        assert offered.body == body
        assert "pttcall" in extension(offered)
        assert offered.headers.get("Session-Expires")
        call.called.answer(offered, 200, answer)
        ok = call.caller.response("INVITE")
        assert (ok.status, ok.body) == (200, answer)
        call.caller.ack(sent, ok)
    call.hang_up()
    net.assert_quiet()


def test_a_refused_media_change_leaves_the_call():
    net = Net()
    call = talk(net, *phones(net, 2, 3))
    call.caller.ask(call.caller.within("INVITE", call.invite, call.ok, HELD))
    call.called.answer(call.called.request("INVITE"), 488)
    assert call.caller.statuses("INVITE")[-1] == 488
    assert len(net.calls()) == 4


def test_a_late_offer_passes_end_to_end():
    """Offer in the 200, answer in the ACK. TC2-C 确认."""
    net = Net()
    caller, called = phones(net, 2, 3)
    invite = caller.invite("4001", b"")
    offered = called.request("INVITE")
    assert offered.body == b""
    called.answer(offered, 200, SDP)
    ok = caller.response("INVITE")
    assert ok.body == SDP
    assert called.requests("ACK") == []
    caller.ack(invite, ok, ANSWER)
    assert called.request("ACK").body == ANSWER
    caller.ask(caller.within("BYE", invite, ok))
    assert called.requests("BYE")
    net.assert_quiet()


def test_glare_both_get_491():
    """RFC 3261 §14: offers that cross are both refused, and the call stands."""
    net = Net()
    call = talk(net, *phones(net, 2, 3))
    held: list[Seen] = []
    net.lose = holding(held, "INVITE")
    call.caller.ask(call.caller.within("INVITE", call.invite, call.ok, HELD))
    call.called.ask(call.called.within("INVITE", call.offered, None, HELD))
    net.lose = lambda seen: False
    for seen in held:
        net.deliver(seen)
    net.pump()
    assert call.caller.statuses("INVITE")[-1] == 491
    assert call.called.statuses("INVITE")[-1] == 491
    assert len(net.calls()) == 4
    call.hang_up()
    net.assert_quiet()


def test_a_media_change_that_nobody_answers_ends_the_call():
    """Every INVITE is bounded."""
    net = Net(1)
    call = talk(net, *phones(net, 1, 1, "1001", "1002"))
    call.caller.ask(call.caller.within("INVITE", call.invite, call.ok, HELD))
    call.called.answer(call.called.request("INVITE"), 100)
    net.advance(70.0)
    assert call.caller.statuses("INVITE")[-1] in (408, 487, 503)
    assert call.caller.requests("BYE")
    net.assert_quiet()


def test_update_is_405():
    net = Net(1)
    call = talk(net, *phones(net, 1, 1, "1001", "1002"))
    call.caller.ask(call.caller.within("UPDATE", call.invite, call.ok, HELD))
    assert call.caller.statuses("UPDATE")[-1] == 405
    assert "INVITE" in (call.caller.response("UPDATE").headers.get("Allow") or "")


def test_a_request_out_of_order_is_500():
    """RFC 3261 §12.2.2."""
    net = Net(1)
    call = talk(net, *phones(net, 1, 1, "1001", "1002"))
    bye = call.caller.within("BYE", call.invite, call.ok)
    bye.headers.set("CSeq", "1 BYE")
    call.caller.send(bye)
    call.caller.authorize(bye)
    bye.headers.set("Via", f"SIP/2.0/UDP {call.caller.host}:{call.caller.port};branch=z9hG4bKagain;rport")
    call.caller.send(bye)
    assert call.caller.statuses("BYE")[-1] == 500
    assert len(net.calls()) == 1


def test_a_re_invite_that_may_go_no_further_does_not_keep_the_next_ones_waiting():
    net = Net()
    call = talk(net, *phones(net, 2, 4))
    hold = call.caller.within("INVITE", call.invite, call.ok, HELD)
    hold.headers.set("Max-Forwards", "0")
    sent = call.caller.ask(hold)
    assert call.caller.response("INVITE").status == 483
    call.caller.ack(sent, call.caller.response("INVITE"))
    net.advance(1.0)
    other = call.called.within("INVITE", call.offered, None, _version(ANSWER, 2) + b"a=sendonly\r\n")
    call.called.ask(other)
    assert b"a=sendonly" in call.caller.request("INVITE").body


# --- session timers (RFC 4028)


def test_a_session_that_nobody_refreshes_ends():
    net = Net()
    caller, called = phones(net, 2, 3)
    talk(net, caller, called)
    net.unreachable.add(tcf(1))
    net.advance(1900.0)
    net.unreachable.clear()
    assert caller.requests("BYE")
    assert called.requests("BYE")
    net.assert_quiet()


def takes_refreshes(phone: Phone) -> None:
    """From now on the phone answers a re-INVITE with what it answered before."""

    def answers(request: Request) -> int | None:
        if request.method != "INVITE":
            return polite(request)
        phone.answer(request, 200, ANSWER)
        return None

    phone.auto = answers


def test_refreshes_keep_a_session_up():
    net = Net()
    call = talk(net, *phones(net, 2, 3))

    takes_refreshes(call.called)
    for _ in range(8):
        for phone in (call.caller, call.called):
            phone.register(Ptt_Extension="pttregister;regtype=refresh")
        net.advance(450.0)
        reinvite = call.caller.within("INVITE", call.invite, call.ok, SDP)
        reinvite.headers.set("Supported", "timer")
        sent = call.caller.ask(reinvite)
        assert call.caller.response("INVITE").headers.get("Session-Expires") == "1800;refresher=uac"
        call.invite.headers.set("CSeq", sent.headers.get("CSeq") or "")
        call.caller.ack(sent, call.caller.response("INVITE"))
    assert len(net.calls()) == 4
    assert len(call.called.requests("INVITE")) > 2
    refresh = call.called.request("INVITE")
    assert refresh.body == SDP
    assert refresh.headers.get("Session-Expires") == "1800;refresher=uac"
    assert "pttcall" in extension(refresh)
    call.hang_up()
    net.assert_quiet()


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("age", [10.0, 880.0, 2500.0, 7300.0], ids="{:.0f} s".format)
def test_a_restart_does_not_end_a_session_that_was_refreshed(number: int, age: float):
    """What refreshed it is in no record; who refreshes it does so before the other side gives it up."""
    w = World()
    caller, called = w.terminal("1001", 3), w.terminal("2001", 2)
    for terminal in (caller, called):
        w.register(terminal)
    w.run(2.0)
    call = w.call(caller, "2001")
    w.run(age)
    assert call.state is CallState.UP
    w.crash(number)
    w.run(5.0)
    w.restart(number)
    w.run(2000.0)
    assert call.state is CallState.UP
    w.hang_up(caller, call)
    w.settle()
    w.check(empty=True)


def test_a_session_too_short_is_422():
    net = Net(1)
    caller, _ = phones(net, 1, 1, "1001", "1002")
    caller.invite("1002", Session_Expires="60")
    assert caller.response("INVITE").status == 422
    assert caller.response("INVITE").headers.get("Min-SE") == "90"


# --- lost messages


def test_a_lost_ack_ends_the_call_after_32_s():
    """RFC 3261 §13.3.1.4."""
    net = Net(1)
    caller, called = phones(net, 1, 1, "1001", "1002")
    caller.invite("1002")
    called.answer(called.request("INVITE"), 200, ANSWER)
    net.advance(33.0)
    assert caller.statuses("INVITE").count(200) > 5
    assert caller.requests("BYE")
    assert called.requests("BYE")
    net.assert_quiet()


def test_each_single_loss_between_the_cores_is_made_good():
    """Every message of a call is lost once: the call still stands and still ends."""
    net = Net()
    call = talk(net, *phones(net, 2, 3))
    call.hang_up()
    net.advance(5.0)
    between = {f"{seen.what} {seen.source} {seen.target}" for seen in net.seen if seen.target in net.nodes}
    for name in sorted(between):
        if not any(
            name.startswith(what) for what in ("INVITE", "180", "200 INVITE", "ACK", "BYE", "200 BYE")
        ):
            continue
        net = Net()
        caller, called = phones(net, 2, 3)
        lost: list[Seen] = []

        def once(seen: Seen, name: str = name, lost: list[Seen] = lost) -> bool:
            hit = f"{seen.what} {seen.source} {seen.target}" == name and not lost
            if hit:
                lost.append(seen)
            return hit

        net.lose = once
        invite = caller.invite("4001")
        net.advance(1.0)
        offered = called.request("INVITE")
        called.answer(offered, 180)
        called.answer(offered, 200, ANSWER)
        net.advance(2.0)
        ok = caller.response("INVITE")
        assert ok.status == 200, name
        caller.ack(invite, ok)
        net.advance(2.0)
        caller.ask(caller.within("BYE", invite, ok))
        net.advance(2.0)
        assert lost, name
        assert len(called.requests("BYE")) == 1, name
        net.assert_quiet()


# --- peers that go


def test_calls_over_a_peer_that_is_down_end_after_tdown():
    net = Net()
    caller, called = phones(net, 2, 3)
    talk(net, caller, called)
    net.unreachable.add(tcf(1))
    net.advance(45.0)
    assert net.peer_states(2)["core1.example"] == "down"
    assert caller.requests("BYE") == []
    net.advance(30.0)
    assert "cause=67" in extension(caller.request("BYE"))
    assert caller.request("BYE").headers.get("Reason") == "SIP;cause=503"
    assert called.requests("BYE")
    net.unreachable.clear()
    net.advance(2000.0)
    net.assert_quiet()


def test_a_peer_that_comes_back_in_time_keeps_its_calls():
    net = Net()
    caller, called = phones(net, 2, 3)
    call = talk(net, caller, called)
    net.unreachable.add(tcf(1))
    net.advance(45.0)
    net.unreachable.clear()
    net.advance(60.0)
    assert caller.requests("BYE") == []
    call.hang_up()
    assert called.requests("BYE")
    net.assert_quiet()


def test_to_a_peer_that_is_down_it_is_503_at_once():
    net = Net()
    caller, _ = phones(net, 2, 3)
    net.unreachable.add(tcf(4))
    net.advance(45.0)
    caller.invite("4001")
    assert caller.response("INVITE").status == 503
    assert caller.response("INVITE").headers.get("Retry-After")
    net.unreachable.clear()
    net.assert_quiet()


def test_a_peer_that_goes_down_during_set_up_is_503():
    net = Net()
    caller, called = phones(net, 2, 3)
    caller.invite("4001")
    called.answer(called.request("INVITE"), 180)
    net.unreachable.add(tcf(4))
    net.advance(50.0)
    assert caller.response("INVITE").status == 503
    net.unreachable.clear()
    net.advance(100.0)
    called.answer(called.request("INVITE"), 487)
    net.assert_quiet()


# --- pre-emption


@pytest.mark.parametrize(
    ("rule", "value", "taken"),
    [
        (Preemptible.EMERGENCY, "pttcall;calltype=1;emergency=1", True),
        (Preemptible.ALWAYS, "pttcall;calltype=1;emergency=1", True),
        (Preemptible.NEVER, "pttcall;calltype=1;emergency=1", False),
        (Preemptible.ALWAYS, "pttcall;calltype=1;PrioAttribute=5", True),
        (Preemptible.EMERGENCY, "pttcall;calltype=1;PrioAttribute=5", False),
        (Preemptible.ALWAYS, "pttcall;calltype=1", False),
    ],
)
def test_pre_emption(rule: Preemptible, value: str, taken: bool):
    net = Net(1, subscribers={"1002": {"preemptible": rule}, "1003": {"priority": 5}})
    caller, called = phones(net, 1, 1, "1001", "1002")
    third = Phone(net, "1003", 1)
    third.register()
    talk(net, caller, called)
    third.invite("1002", extension=value)
    if not taken:
        assert third.response("INVITE").status == 486
        assert caller.requests("BYE") == []
        return
    bye = caller.request("BYE")
    assert "cause=8" in extension(bye)
    assert bye.headers.lines("Reason") == ["SIP;cause=486", "preemption;cause=1"]
    assert called.requests("BYE")
    assert len(called.requests("INVITE")) == 2
    called.answer(called.request("INVITE"), 200, ANSWER)
    assert third.response("INVITE").status == 200


@pytest.mark.parametrize(
    ("rule", "value", "taken"),
    [
        (Preemptible.EMERGENCY, "pttcall;calltype=1;emergency=1", True),
        (Preemptible.EMERGENCY, "pttcall;calltype=1;PrioAttribute=5", False),
        (Preemptible.NEVER, "pttcall;calltype=1;emergency=1", False),
        (Preemptible.ALWAYS, "pttcall;calltype=1;PrioAttribute=5", True),
    ],
)
def test_pre_emption_of_a_visitor_follows_his_subscription(rule: Preemptible, value: str, taken: bool):
    net = Net(3, subscribers={"1002": {"preemptible": rule}, "3001": {"priority": 5}})
    called, far = phones(net, 2, 2, "1002", "2001")
    third = Phone(net, "3001", 3)
    third.register()
    talk(net, called, far)
    third.invite("1002", extension=f"{value};preemptible=always")
    assert len(called.requests("BYE")) == taken
    assert (third.statuses("INVITE")[-1] == 486) is not taken
    said = extension(net.last("INVITE", tcf(1), tcf(2)))
    assert ("preemptible" in said) is (rule is not Preemptible.EMERGENCY)
    assert "preemptible" not in extension(net.last("INVITE", tcf(3), tcf(1)))


def test_nobody_gets_a_better_priority_than_his_subscription_allows():
    net = Net(subscribers={"1001": {"priority": 100}})
    caller, called = phones(net, 2, 3)
    caller.invite("4001", extension="pttcall;calltype=1;PrioAttribute=5")
    assert "PrioAttribute=100" in extension(called.request("INVITE"))


def test_an_emergency_call_is_not_pre_empted():
    net = Net(1, subscribers={"1002": {"preemptible": Preemptible.ALWAYS}})
    caller, called = phones(net, 1, 1, "1001", "1002")
    third = Phone(net, "1003", 1)
    third.register()
    talk(net, caller, called, "pttcall;calltype=1;emergency=1")
    third.invite("1002", extension="pttcall;calltype=1;emergency=1")
    assert third.response("INVITE").status == 486


# --- by command, and over a restart


def test_released_by_command():
    net = Net()
    call = talk(net, *phones(net, 2, 3))
    identity = net.rows(4, "calls")[0]["id"]
    assert net.command(4, "call_release", id=identity).error is None
    for phone in (call.caller, call.called):
        assert "cause=64" in extension(phone.request("BYE"))
    assert net.command(4, "call_release", id=identity).status == 404
    net.assert_quiet()


def test_a_leg_that_was_released_is_not_released_again_after_a_restart():
    """The other one is not yet: its peer does not answer."""
    net = Net()
    call = talk(net, *phones(net, 2, 3))
    identity = net.rows(4, "calls")[0]["id"]
    net.lose = lambda seen: (seen.source, seen.target) == (tcf(4), tcf(3))
    net.command(4, "call_release", id=identity)
    net.advance(1.0)
    net.start(4, keep=True)
    net.advance(1.0)
    assert net.between(4, 1).count("BYE") == 1
    net.lose = lambda seen: False
    net.advance(2.0)
    assert call.called.requests("BYE")


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_call_outlives_a_restart_of_any_of_its_cores(number: int):
    net = Net()
    call = talk(net, *phones(net, 2, 3))
    net.start(number, keep=True)
    net.pump()
    net.advance(20.0)
    assert call.caller.requests("BYE") == []
    call.hang_up()
    assert len(call.called.requests("BYE")) == 1
    assert call.caller.statuses("BYE")[-1] == 200
    net.assert_quiet()


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_second_restart_does_not_take_back_numbers_that_the_first_used(number: int):
    """Between the two a session refresh has used a number that no record of the call knows."""
    net = Net(timers=TimerSettings(session=200.0))
    call = talk(net, *phones(net, 2, 3))
    for phone in (call.caller, call.called):
        takes_refreshes(phone)
    net.start(number, keep=True)
    net.pump()
    net.advance(110.0)
    assert [net.rows(core_number, "calls")[0]["state"] for core_number in (1, 2, 3, 4)] == ["up"] * 4
    net.start(number, keep=True)
    net.pump()
    call.hang_up()
    assert len(call.called.requests("BYE")) == 1
    net.advance(40.0)
    net.assert_quiet()


@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.parametrize("ringing", [True, False])
def test_a_call_caught_in_the_middle_is_ended_on_both_sides(number: int, ringing: bool):
    net = Net()
    caller, called = phones(net, 2, 3)
    caller.invite("4001")
    if ringing:
        called.answer(called.request("INVITE"), 180)
    net.start(number, keep=True)
    net.pump()
    called.answer(called.request("INVITE"), 100)
    if called.requests("CANCEL"):
        called.answer(called.request("INVITE"), 487)
    net.advance(1.0)
    assert caller.response("INVITE").status == 503
    assert called.requests("CANCEL")
    net.advance(100.0)
    net.assert_quiet()


def test_an_invite_given_up_after_a_restart_is_over_though_a_bye_came_before_the_481_to_its_cancel():
    """The called side answered, hung up and forgot the call; then its TCF, started anew, knows no INVITE to cancel."""
    net = Net(2)
    caller, called = phones(net, 1, 2, "1001", "2001")
    net.lose = lambda seen: (
        (seen.what, seen.source) in (("200 INVITE", tcf(2)), ("CANCEL", tcf(1)))
        and seen.target != called.host
    )
    caller.invite("2001")
    offered = called.request("INVITE")
    called.answer(offered, 200, ANSWER)
    net.start(1, keep=True)
    net.pump()
    called.ask(called.within("BYE", offered, None))
    net.start(2, keep=True)
    net.lose = lambda seen: False
    net.advance(1.0)
    assert net.count("481 CANCEL", tcf(2), tcf(1)) == 1
    assert net.calls() == {}
    net.assert_quiet()


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_call_that_its_peers_dropped_ends_soon_after_the_restart(number: int):
    """Away for longer than a BYE is repeated, but not for Tdown: asked about the dialog they say 481."""
    net = Net(timers=TimerSettings(tdown=300.0))
    call = talk(net, *phones(net, 2, 3))
    net.unreachable.add(tcf(number))
    (call.hang_up_called if number == 2 else call.hang_up)()
    net.advance(40.0)
    net.unreachable.clear()
    net.start(number, keep=True)
    net.advance(5.0)
    assert net.calls() == {}
    (called_off,) = [phone for phone in (call.caller, call.called) if phone.requests("BYE")]
    assert called_off is (call.caller if number == 2 else call.called)
    net.assert_quiet()


def test_a_call_between_two_terminals_that_one_of_them_dropped_ends_soon_after_the_restart():
    net = Net(1)
    call = talk(net, *phones(net, 1, 1, "1001", "1002"))
    call.called.auto = lambda request: 481 if request.method == "INVITE" else polite(request)
    takes_refreshes(call.caller)
    net.start(1, keep=True)
    net.advance(5.0)
    assert call.caller.requests("BYE")
    net.assert_quiet()


def test_a_call_over_a_peer_that_lost_its_state_ends_at_its_next_heartbeat():
    net = Net()
    call = talk(net, *phones(net, 2, 3))
    for phone in (call.caller, call.called):
        takes_refreshes(phone)
    net.advance(1.0)
    net.start(1)
    net.advance(12.0)
    assert net.calls() == {}
    assert call.caller.requests("BYE")
    assert call.called.requests("BYE")
    net.assert_quiet()


def test_a_call_whose_invite_never_left_is_forgotten_at_the_restart():
    net = Net()
    caller, _ = phones(net, 2, 3)
    caller.invite("4001")
    [row] = net.saved[tcf(1)]["private_call"].values()
    row["down"]["ours"] = None
    net.start(1, keep=True)
    net.pump()
    assert caller.response("INVITE").status == 503
    assert net.saved[tcf(1)].get("private_call", {}) == {}


# --- a terminal that registers anew where it is

AGAIN = pytest.mark.parametrize(
    ("caller_at", "called_at", "restarts"),
    [(1, 4, "caller"), (2, 4, "caller"), (1, 3, "called"), (4, 4, "called")],
)


def back(net: Net, phone: Phone, has: set[str], port: int = 0) -> Phone:
    """The terminal of the same user registers anew; it `has` the calls with these Call-IDs, 481 to all others."""

    def answers(request: Request) -> int | None:
        if request.method == "INVITE" and request.to_tag() is None:
            return None
        return (200 if request.method != "INVITE" else None) if request.call_id() in has else 481

    again = Phone(net, phone.user, int(phone.node_host.split(".")[2]), ptt=phone.ptt, port=port or phone.port)
    again.auto, again.number = answers, phone.number + 100
    assert again.register(Call_ID=f"boot{again.port}") == 200
    return again


@AGAIN
@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize("ptt", [True, False])
def test_a_terminal_that_lost_its_call_and_registers_anew_is_free(
    caller_at: int, called_at: int, restarts: str, elsewhere: bool, ptt: bool
):
    net = Net()
    call = talk(net, *phones(net, caller_at, called_at))
    lost, far = (call.caller, call.called) if restarts == "caller" else (call.called, call.caller)
    lost.ptt = ptt
    again = back(net, lost, set(), lost.port + 1000 if elsewhere else 0)
    assert [extension(bye) for bye in far.requests("BYE")] == ["pttrelease;cause=16"]
    other = Phone(net, "3001", 3)
    other.register()
    other.invite(lost.user)
    again.answer(again.requests("INVITE")[-1], 200, ANSWER, Supported="timer")
    assert other.response("INVITE").status == 200
    net.assert_no_fault()


def test_a_terminal_that_says_nothing_of_its_call_loses_it_within_32_s():
    net = Net()
    call = talk(net, *phones(net, 2, 4))
    again = back(net, call.caller, {call.invite.call_id()})
    assert len(again.requests("INVITE")) == 1
    net.advance(31.0)
    assert not call.called.requests("BYE")
    net.advance(2.0)
    assert "cause=66" in extension(call.called.request("BYE"))
    net.assert_quiet()


@pytest.mark.parametrize(("elsewhere", "moved"), [(False, False), (True, False), (True, True)])
def test_a_terminal_that_still_has_its_call_keeps_it(elsewhere: bool, moved: bool):
    """At another address it is spoken to there; the far side hears of media that are elsewhere now."""
    net = Net()
    call = talk(net, *phones(net, 2, 4))
    port = call.caller.port + 1000 if elsewhere else 0
    again = back(net, call.caller, {call.invite.call_id()}, port)
    probe = again.request("INVITE")
    assert probe.uri == f"sip:{again.host}:{again.port}"
    assert probe.body == ANSWER
    now = SDP.replace(b"192.0.2.1", b"192.0.2.9") if moved else SDP
    again.answer(probe, 200, now, Supported="timer")
    if moved:
        offer = call.called.request("INVITE")
        assert b"192.0.2.9" in offer.body
        assert offer.body.startswith(b"v=0\r\no=- 1 2 ")
        call.called.answer(offer, 200, ANSWER.replace(b"- 1 1", b"- 1 2"), Supported="timer")
    assert len(call.called.requests("INVITE")) == 1 + moved
    net.advance(40.0)
    assert not call.called.requests("BYE")
    call.hang_up_called()
    assert len(again.requests("BYE")) == 1
    net.assert_quiet()


def test_a_terminal_elsewhere_is_asked_with_what_stands_when_its_turn_comes():
    """It registers while the answer to its resume is on its way."""
    net = Net()
    call = talk(net, *phones(net, 2, 4))
    held = call.caller.ask(call.caller.within("INVITE", call.invite, call.ok, HELD))
    offer = call.called.request("INVITE")
    call.called.answer(offer, 200, _version(ANSWER, 2) + b"a=recvonly\r\n", Supported="timer")
    call.caller.ack(held, call.caller.response("INVITE"))
    call.invite.headers.set("CSeq", held.headers.get("CSeq") or "")
    again = Phone(net, call.caller.user, 2, port=call.caller.port + 1000)
    again.number, again.cseq = call.caller.number + 100, call.caller.cseq + 10
    resume = again.ask(again.within("INVITE", call.invite, call.ok, _version(SDP, 3)))
    assert again.register(Call_ID="boot") == 200
    call.called.answer(call.called.request("INVITE"), 200, _version(ANSWER, 3), Supported="timer")
    answer = again.response("INVITE")
    again.ack(resume, answer)
    asked = again.request("INVITE")
    assert asked.body == answer.body
    again.answer(asked, 200, _version(SDP, 3), Supported="timer")
    assert len(call.called.requests("INVITE")) == 3, "nothing is new to the far side"


def _version(body: bytes, version: int) -> bytes:
    return body.replace(b"- 1 1", b"- 1 %d" % version)


def test_a_terminal_that_cannot_take_the_question_keeps_its_call():
    net = Net()
    call = talk(net, *phones(net, 2, 4))
    again = back(net, call.caller, {call.invite.call_id()}, call.caller.port + 1000)
    again.answer(again.request("INVITE"), 488)
    net.advance(40.0)
    call.hang_up_called()
    assert len(again.requests("BYE")) == 1
    net.assert_quiet()


def test_a_refresh_from_where_he_was_asks_nothing():
    net = Net()
    call = talk(net, *phones(net, 2, 4))
    call.caller.register(Ptt_Extension="pttregister;regtype=refresh")
    assert call.caller.requests("INVITE") == []
    call.hang_up()
    net.assert_quiet()


def test_a_leaving_node_takes_no_calls_and_says_when_it_is_idle():
    net = Net(1)
    caller, _ = phones(net, 1, 1, "1001", "1002")
    net.advance(100.0)
    reply = net.command(1, "leave")
    assert reply.value == {"left": True}
    caller.invite("1002")
    assert caller.response("INVITE").status == 503
    assert caller.response("INVITE").headers.get("Retry-After") == "10"


def foreign(net: Net, number: int, at: int) -> Party:
    net.nodes.pop(tcf(number), None)
    party = Party(net, at, "tc2", tcf(number), 5060)
    party.auto = polite
    return party


def test_a_2xx_that_is_malformed_does_not_leave_a_leg_behind():
    net = Net(2)
    caller = Phone(net, "1001", 1)
    caller.register()
    caller.auto = polite
    h = foreign(net, 2, 1)
    invite = caller.invite("2001")
    h.answer(h.request("INVITE"), 200, ANSWER, Contact="<nonsense", Record_Route="<", Session_Expires="x")
    ok = caller.response("INVITE")
    assert ok.status == 200
    caller.ack(invite, ok)
    caller.ask(caller.within("BYE", invite, ok))
    assert h.requests("BYE")
    assert core(2) in h.request("BYE").uri
    net.assert_no_fault()
