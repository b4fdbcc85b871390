"""Handover (切换, profile 4.6): the terminal moves, the call goes on, the far side hears no release."""

import pytest
from tests.node.net import ANSWER, SDP, Net, Phone, Talk, core, phones, polite, talk, tcf

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
