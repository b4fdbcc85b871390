"""Handover (切换, profile 4.6): the terminal moves, the call goes on, the far side hears no release."""

import pytest
from tests.node.net import ANSWER, SDP, Net, Party, Phone, Talk, core, phones, polite, talk, tcf

from opentcf.sip.message import Request, Response

ELSEWHERE = SDP.replace(b"192.0.2.1", b"192.0.2.9")
PLACES = pytest.mark.parametrize(
    ("start", "target"),
    [(1, 2), (2, 1), (2, 3), (2, 4)],
    ids=["leaves home", "comes home", "moves on", "to far's"],
)


def extension(message: Request | Response) -> str:
    return message.headers.get("Ptt-Extension") or ""


def call_id(message: Request | Response) -> str:
    return extension(message).partition("OnlineCallID=")[2].partition(";")[0]


def arrive(net: Net, phone: Phone, at: int, call: str, *, takes: bytes = ELSEWHERE) -> Phone:
    """The same user at another core, by handover with his call; he takes the call with a description of his own."""
    moved = Phone(net, phone.user, at, port=phone.port + 1000)
    moved.auto = polite
    assert moved.register(Ptt_Extension=f"pttregister;regtype=handover;OnlineCallID={call}") == 200
    if moved.requests("INVITE"):
        moved.answer(moved.request("INVITE"), 180)
    if takes and moved.requests("INVITE"):
        moved.answer(moved.request("INVITE"), 200, takes, Supported="timer")
    return moved


def standing(net: Net, caller_at: int, called_at: int) -> tuple[Talk, str]:
    call = talk(net, *phones(net, caller_at, called_at))
    for phone in (call.caller, call.called):
        phone.auto = polite_with_offers
    return call, call_id(call.ok)


def polite_with_offers(request: Request) -> int | None:
    return polite(request)


def take_offer(phone: Phone) -> Request:
    """The far side takes the one re-INVITE that the new media cost."""
    offers = phone.requests("INVITE")
    offer = offers[-1]
    phone.answer(offer, 200, ANSWER.replace(b"- 1 1", b"- 1 2"), Supported="timer")
    return offer


@PLACES
def test_the_caller_moves_and_the_called_user_hears_one_offer(start: int, target: int):
    """TC2-C 切换."""
    net = Net()
    call, identity = standing(net, start, 4)
    moved = arrive(net, call.caller, target, identity)
    invite = moved.request("INVITE")
    assert invite.headers.get("Answer-Mode") == "Auto"
    assert call_id(invite) == identity
    assert invite.body == ANSWER
    assert len(call.called.requests("INVITE")) == 2
    offer = take_offer(call.called)
    assert b"192.0.2.9" in offer.body
    assert offer.body.startswith(b"v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\n")
    assert not call.called.requests("BYE")
    assert call.called.statuses("BYE") == []
    bye = call.caller.request("BYE")
    assert "cause=65" in extension(bye)
    moved.ask(moved.within("BYE", invite, None))
    assert len(call.called.requests("BYE")) == 1
    net.assert_quiet()


@PLACES
def test_the_called_user_moves_and_the_caller_hangs_up(start: int, target: int):
    net = Net()
    call = talk(net, *phones(net, 4, start, "4001", "1001"))
    identity = call_id(call.ok)
    moved = arrive(net, call.called, target, identity)
    assert len(call.caller.requests("INVITE")) == 1
    take_offer(call.caller)
    assert not call.caller.requests("BYE")
    assert "cause=65" in extension(call.called.request("BYE"))
    call.hang_up()
    assert len(moved.requests("BYE")) == 1
    assert call.caller.statuses("BYE")[-1] == 200
    net.assert_quiet()


def test_the_same_media_cost_the_far_side_nothing():
    net = Net()
    call, identity = standing(net, 2, 4)
    arrive(net, call.caller, 3, identity, takes=SDP)
    assert len(call.called.requests("INVITE")) == 1
    call.hang_up_called()
    net.assert_quiet()


def test_home_names_the_moving_call_when_it_kicks_the_source():
    net = Net()
    call, identity = standing(net, 2, 4)
    arrive(net, call.caller, 3, identity)
    kick = next(
        seen.message
        for seen in net.seen
        if seen.target == tcf(2) and seen.what == "OPTIONS" and "pttkickoff" in extension(seen.message)
    )
    assert f"OnlineCallID={identity}" in extension(kick)
    assert net.registered(1)[f"1001@{core(1)}"] == core(3)


def test_the_far_side_hears_of_the_new_media_also_after_a_restart():
    """The re-INVITE to the far side is lost, and home restarts before it is said again."""
    net = Net()
    call, identity = standing(net, 2, 4)
    net.lose = lambda seen: (seen.source, seen.target, seen.what) == (tcf(1), tcf(4), "INVITE")
    arrive(net, call.caller, 3, identity)
    net.lose = lambda seen: False
    net.start(1, keep=True)
    net.pump()
    net.advance(1.0)
    offer = take_offer(call.called)
    assert b"192.0.2.9" in offer.body
    net.advance(40.0)
    assert not call.called.requests("BYE")
    call.hang_up_called()
    net.assert_quiet()


def test_both_parties_move_at_once():
    net = Net()
    call, identity = standing(net, 1, 4)
    one = arrive(net, call.caller, 2, identity, takes=b"")
    two = arrive(net, call.called, 3, identity, takes=b"")
    one.answer(one.request("INVITE"), 200, ELSEWHERE, Supported="timer")
    two.answer(two.request("INVITE"), 200, ELSEWHERE.replace(b".9", b".8"), Supported="timer")
    for _ in range(4):
        for phone in (one, two):
            for offer in phone.requests("INVITE")[1:]:
                if extension(offer) and not any(
                    isinstance(m, Request) and m.method == "ACK" and m.cseq()[0] == offer.cseq()[0]
                    for m in phone.inbox
                ):
                    phone.answer(offer, 200, phone.request("INVITE").body, Supported="timer")
        net.advance(3.0)
    assert not one.requests("BYE")
    assert not two.requests("BYE")
    states = net.calls()
    assert states == {1: ["up"], 2: ["up"], 3: ["up"], 4: ["up"]}
    one.ask(one.within("BYE", one.requests("INVITE")[0], None))
    assert len(two.requests("BYE")) == 1
    net.assert_quiet()


def test_a_terminal_that_never_takes_its_call_leaves_it_at_the_source():
    net = Net()
    call, identity = standing(net, 2, 4)
    moved = arrive(net, call.caller, 3, identity, takes=b"")
    net.advance(9.0)
    assert len(moved.requests("CANCEL")) == 1
    moved.answer(moved.request("INVITE"), 487)
    assert not call.caller.requests("BYE")
    assert not call.called.requests("BYE")
    call.hang_up()
    assert len(call.called.requests("BYE")) == 1
    net.assert_quiet()


def test_a_target_that_refuses_leaves_the_call_at_the_source():
    net = Net()
    call, identity = standing(net, 2, 4)
    moved = arrive(net, call.caller, 3, identity, takes=b"")
    moved.answer(moved.request("INVITE"), 486)
    assert net.calls()[1] == ["up"]
    call.hang_up_called()
    assert len(call.caller.requests("BYE")) == 1
    net.assert_quiet()


def test_the_far_side_hangs_up_while_its_party_is_on_the_way():
    net = Net()
    call, identity = standing(net, 2, 4)
    moved = arrive(net, call.caller, 3, identity, takes=b"")
    call.hang_up_called()
    assert len(moved.requests("CANCEL")) == 1
    moved.answer(moved.request("INVITE"), 200, ELSEWHERE, Supported="timer")
    net.advance(1.0)
    assert len(moved.requests("BYE")) == 1
    net.assert_quiet()


def test_a_terminal_that_left_and_never_arrives_anywhere_ends_the_call():
    net = Net()
    call, identity = standing(net, 2, 4)
    moved = arrive(net, call.caller, 3, identity, takes=b"")
    call.hang_up()
    assert not call.called.requests("BYE")
    moved.answer(moved.request("INVITE"), 486)
    assert len(call.called.requests("BYE")) == 1
    net.assert_quiet()


@pytest.mark.parametrize("answered", [False, True])
def test_a_home_that_dies_half_way_goes_on_when_it_is_back(answered: bool):
    net = Net()
    call, identity = standing(net, 2, 4)
    moved = arrive(net, call.caller, 3, identity, takes=b"")
    first = moved.request("INVITE")
    net.unreachable.add(tcf(1))
    if answered:
        moved.answer(first, 200, ELSEWHERE, Supported="timer")
    net.unreachable.clear()
    net.start(1, keep=True)
    net.pump()
    net.advance(2.0)
    if not answered:
        assert len(moved.requests("CANCEL")) == 1
        moved.answer(first, 487)
    net.advance(2.0)
    again = moved.requests("INVITE")[-1]
    assert again is not first
    moved.answer(again, 200, ELSEWHERE, Supported="timer")
    net.advance(1.0)
    take_offer(call.called)
    assert not call.called.requests("BYE")
    call.hang_up_called()
    assert any(m.method == "BYE" for m in moved.requests("BYE"))
    net.assert_quiet()


def test_what_a_home_gives_up_at_each_restart_is_kept_once():
    net = Net()
    call, identity = standing(net, 2, 4)
    moved = arrive(net, call.caller, 3, identity, takes=b"")
    first = moved.request("INVITE")
    for _ in range(4):
        net.start(1, keep=True)
        net.pump()
    (row,) = net.saved[tcf(1)]["private_call"].values()
    tags = [leg["tags"][0] for leg in row["left"]]
    assert len(tags) == len(set(tags))
    moved.answer(first, 487)


def test_a_target_that_dies_half_way_leaves_the_call_at_the_source():
    net = Net()
    call, identity = standing(net, 2, 4)
    arrive(net, call.caller, 3, identity, takes=b"")
    net.unreachable.add(tcf(3))
    net.advance(20.0)
    assert net.calls()[1] == ["up"]
    assert not call.called.requests("BYE")
    call.hang_up()
    net.unreachable.clear()
    assert len(call.called.requests("BYE")) == 1
    net.advance(1.0)
    net.assert_quiet()


# --- prepared


def prepared(net: Net, call: Talk, target: int) -> Request:
    """The caller, at core 2, says that he is about to move."""
    info = call.caller.within("INFO", call.invite, call.ok)
    info.headers.set("Ptt-Extension", f"ptthandover;target={core(target)}")
    call.caller.ask(info)
    assert call.caller.statuses("INFO")[-1] == 200
    request = net.last("INVITE", tcf(2), tcf(target))
    assert isinstance(request, Request)
    return request


def test_the_source_prepares_the_target_before_the_terminal_moves():
    net = Net()
    call, identity = standing(net, 2, 4)
    invite = prepared(net, call, 3)
    assert extension(invite) == f"ptthandover;OnlineCallID={identity};UDN=1001"
    assert invite.uri == f"sip:1001@{core(1)}"
    assert invite.body == ANSWER
    told = [info for info in call.caller.requests("INFO") if "ptthandover" in extension(info)]
    assert [extension(info) for info in told] == [f"ptthandover;target={core(3)}"]
    moved = arrive(net, call.caller, 3, identity)
    take_offer(call.called)
    bye = net.last("BYE", tcf(2), tcf(3))
    assert "cause=65" in extension(bye)
    moved.ask(moved.within("BYE", moved.request("INVITE"), None))
    assert len(call.called.requests("BYE")) == 1
    net.assert_quiet()


def test_a_terminal_that_does_not_arrive_within_tho_stays_and_the_preparation_ends():
    net = Net()
    call, _ = standing(net, 2, 4)
    prepared(net, call, 3)
    net.advance(7.0)
    assert net.count("BYE", tcf(2), tcf(3)) == 0
    net.advance(1.5)
    assert "cause=66" in extension(net.last("BYE", tcf(2), tcf(3)))
    assert not call.called.requests("BYE")
    call.hang_up()
    net.assert_quiet()


def test_an_unknown_target_is_refused_and_the_call_goes_on():
    net = Net()
    call, _ = standing(net, 2, 4)
    info = call.caller.within("INFO", call.invite, call.ok)
    info.headers.set("Ptt-Extension", "ptthandover;target=nowhere.example")
    call.caller.ask(info)
    assert call.caller.statuses("INFO")[-1] == 404
    call.hang_up()
    net.assert_quiet()


def test_a_target_that_refuses_the_preparation_leaves_the_call_alone():
    net = Net(foreign=(3,))
    call, _ = standing(net, 2, 4)
    target = Party(net, 2, "tc2", tcf(3), 5060)
    target.auto = lambda request: 503 if request.method == "INVITE" else 200
    info = call.caller.within("INFO", call.invite, call.ok)
    info.headers.set("Ptt-Extension", f"ptthandover;target={core(3)}")
    call.caller.ask(info)
    assert call.caller.statuses("INFO")[-1] == 200
    assert not [info for info in call.caller.requests("INFO") if "ptthandover" in extension(info)]
    call.hang_up()
    assert len(call.called.requests("BYE")) == 1


def test_the_source_gone_the_target_ends_what_it_reserved():
    net = Net()
    call, _ = standing(net, 2, 4)
    prepared(net, call, 3)
    net.unreachable.add(tcf(2))
    net.advance(17.0)
    assert net.count("BYE", tcf(3), tcf(2)) >= 1
    net.advance(40.0)
    assert net.node(3).quiet()["legs"] == 0


def test_a_preparation_needs_the_call_and_readable_media():
    net = Net(foreign=(2,))
    source = Party(net, 3, "tc2", tcf(2), 5060)
    for ext, body, status in (
        ("ptthandover;UDN=1001", SDP, 400),
        ("ptthandover;OnlineCallID=x;UDN=1001", b"rubbish", 400),
    ):
        made = source.make(
            "INVITE", f"sip:1001@{core(1)}", f"<sip:1001@{core(1)}>;tag=a", f"<sip:1001@{core(1)}>"
        )
        made.headers.set("Ptt-Extension", ext)
        made.headers.set("Content-Type", "application/sdp")
        made.body = body
        source.send(made)
        assert source.statuses("INVITE")[-1] == status


def test_the_operator_prepares_by_command():
    net = Net()
    call, _ = standing(net, 2, 4)
    reply = net.command(2, "user_handover", udn=f"1001@{core(1)}", domain=core(3))
    assert reply.value == {"user": f"1001@{core(1)}", "target": core(3)}
    assert [extension(m) for m in call.caller.requests("INFO")] == [f"ptthandover;target={core(3)}"]
    assert net.command(2, "user_handover", udn=f"1002@{core(1)}", domain=core(3)).status == 404
    assert net.command(2, "user_handover", udn=f"1001@{core(1)}", domain="nowhere.example").status == 404


@pytest.mark.parametrize("far", [False, True])
def test_a_call_that_ends_during_its_preparation_frees_what_was_reserved(far: bool):
    net = Net()
    call, _ = standing(net, 2, 4)
    prepared(net, call, 3)
    call.caller.auto = call.called.auto = lambda request: None
    if far:
        call.hang_up_called()
    else:
        call.hang_up()
    assert "cause=16" in extension(net.last("BYE", tcf(2), tcf(3)))
    assert net.node(3).quiet()["legs"] == 0
    net.assert_quiet()


def test_a_call_that_ends_before_the_target_answered_cancels_the_preparation():
    net = Net()
    call, _ = standing(net, 2, 4)
    net.lose = lambda seen: seen.source == tcf(3) and seen.what == "200 INVITE"
    prepared(net, call, 3)
    call.hang_up()
    assert net.count("CANCEL", tcf(2), tcf(3)) == 1
    net.lose = lambda seen: False
    net.advance(40.0)
    net.assert_quiet()


def test_only_the_newest_preparation_stands():
    net = Net()
    call, identity = standing(net, 2, 4)
    for target in (3, 3, 1):
        prepared(net, call, target)
    assert net.count("BYE", tcf(2), tcf(3)) == 2
    assert net.node(3).quiet()["legs"] == 0
    moved = arrive(net, call.caller, 1, identity)
    take_offer(call.called)
    assert "cause=65" in extension(net.last("BYE", tcf(2), tcf(1)))
    assert not call.called.requests("BYE")
    moved.ask(moved.within("BYE", moved.request("INVITE"), None))
    net.assert_quiet()


def test_the_caller_of_another_call_of_the_moving_user_keeps_his_preparation():
    net = Net()
    call, _ = standing(net, 2, 4)
    other = Phone(net, "2001", 2)
    other.auto = polite
    other.register()
    second = call.caller.invite("2001")
    other.answer(other.request("INVITE"), 200, ANSWER, Supported="timer")
    call.caller.ack(second, call.caller.response("INVITE"))
    prepared(net, call, 3)
    other.ask(other.within("BYE", other.request("INVITE"), None))
    assert net.count("BYE", tcf(2), tcf(3)) == 0
    call.hang_up()
    assert net.count("BYE", tcf(2), tcf(3)) == 1
    net.assert_quiet()


# --- without the name of the call


def goes(phone: Phone, at: int, says: str) -> Phone:
    """His terminal registers at another core; `says`: its extension, empty for a plain phone."""
    moved = Phone(phone.net, phone.user, at, ptt=bool(says), port=phone.port + 1000)
    moved.auto = polite
    assert moved.register(**({"Ptt_Extension": says} if says else {})) == 200  # type: ignore[arg-type]
    return moved


SAYS = pytest.mark.parametrize(
    "says", ["", "pttregister", "pttregister;regtype=initial", "pttregister;regtype=handover"]
)


@SAYS
@PLACES
@pytest.mark.parametrize("calls", [True, False])
def test_the_call_of_who_does_not_name_it_moves_along(start: int, target: int, calls: bool, says: str):
    net = Net()
    call = talk(net, *(phones(net, start, 4) if calls else phones(net, 4, start, "4001", "1001")))
    goer, far = (call.caller, call.called) if calls else (call.called, call.caller)
    moved = goes(goer, target, says)
    invite = moved.request("INVITE")
    assert invite.headers.get("Answer-Mode") == "Auto"
    assert call_id(invite) == call_id(call.ok)
    moved.answer(invite, 200, ELSEWHERE, Supported="timer")
    offer = take_offer(far)
    assert b"192.0.2.9" in offer.body
    assert "cause=65" in extension(goer.request("BYE"))
    net.advance(60.0)
    assert not far.requests("BYE")
    moved.ask(moved.within("BYE", invite, None))
    assert len(far.requests("BYE")) == 1
    net.assert_quiet()


def test_what_is_not_answered_yet_does_not_move_along():
    net = Net()
    caller, called = phones(net, 2, 4)
    caller.invite("4001")
    called.answer(called.request("INVITE"), 180)
    moved = goes(caller, 3, "")
    assert not moved.requests("INVITE")
    assert len(called.requests("CANCEL")) == 1
    called.answer(called.request("INVITE"), 487)
    net.assert_quiet()


def test_of_two_calls_the_newest_moves_along():
    net = Net()
    call, _ = standing(net, 2, 4)
    other = Phone(net, "2001", 2)
    other.auto = polite
    other.register()
    second = call.caller.invite("2001")
    other.answer(other.request("INVITE"), 200, ANSWER, Supported="timer")
    call.caller.ack(second, call.caller.response("INVITE"))
    moved = goes(call.caller, 3, "")
    moved.answer(moved.request("INVITE"), 200, SDP, Supported="timer")
    assert len(call.called.requests("BYE")) == 1
    assert not other.requests("BYE")
    other.ask(other.within("BYE", other.request("INVITE"), None))
    assert len(moved.requests("BYE")) == 1
    net.assert_quiet()


def test_a_home_that_was_restarted_knows_the_call_still():
    net = Net()
    call, identity = standing(net, 2, 4)
    net.start(1, keep=True)
    net.pump()
    net.advance(1.0)
    moved = goes(call.caller, 3, "")
    assert call_id(moved.request("INVITE")) == identity
    moved.answer(moved.request("INVITE"), 200, SDP, Supported="timer")
    call.hang_up_called()
    assert len(moved.requests("BYE")) == 1
    net.assert_quiet()


@pytest.mark.parametrize("gone", [False, True])
def test_a_call_that_he_does_not_take_there_goes_on_only_where_his_terminal_still_has_it(gone: bool):
    net = Net()
    call, _ = standing(net, 2, 4)
    moved = goes(call.caller, 3, "")
    net.advance(9.0)
    moved.answer(moved.request("INVITE"), 487)
    assert not call.called.requests("BYE")
    net.advance(8.0)
    asked = call.caller.request("INVITE")
    if not gone:
        call.caller.answer(asked, 200, SDP, Supported="timer")
    net.advance(40.0)
    assert len(call.called.requests("BYE")) == gone
    if not gone:
        call.hang_up()
        assert len(call.called.requests("BYE")) == 1
    net.assert_quiet()
