"""Handover within a group call (profile 4.6): listener, waiter and talker move on, and nobody hears of it."""

import pytest
from tests.services.group_world import GroupWorld, ext, fire

from opentcf.model.registration import RegType

AT = {"1001": 1, "2001": 2, "3001": 3, "1002": 2}


def move(w: GroupWorld, number: str, where: int, *, named: bool = True) -> None:
    """By handover, with the call that he is in; `named`: he says which one that is."""
    ua = w.ua(number)
    call = w.its(number) if named else None
    ua.move(w.cores[where].proxy, w.now, RegType.HANDOVER, call)
    w.touch(ua)
    w.run(2.0)


@pytest.mark.parametrize("where", [1, 4], ids=["to a core with the call", "to a core without"])
def test_a_listener_moves(where: int):
    """TC2-C 群组下行资源补建."""
    w = GroupWorld(fire(), at=AT)
    w.dial("1001")
    w.run(1.0)
    w.clear()
    move(w, "3001", where)
    assert w.in_call() == set(AT)
    assert w.heard("3001") == "1001"
    assert w.count("INFO", "core1") == 0
    assert w.count("BYE", "core1", "core3") == 1, "nobody is left there"
    assert "moved" in [e.name for e in w.ua("3001").events]
    w.leave("1001")
    w.run(1.0)
    w.press("3001")
    w.run(1.0)
    assert w.talking() == ["3001"]


@pytest.mark.parametrize("where", [1, 3, 4])
def test_a_talker_keeps_the_floor(where: int):
    w = GroupWorld(fire(), at=AT)
    w.dial("1001")
    w.run(1.0)
    w.let_go("1001")
    w.run(1.0)
    w.press("2001")
    w.run(1.0)
    assert w.talking() == ["2001"]
    w.clear()
    move(w, "2001", where)
    assert w.floor() == ("2001", [])
    assert w.talking() == ["2001"]
    assert w.count("INFO", "core1") == 0, "nobody is told"
    assert w.count("BYE", "core1", "core2") == 0, "1002 is still there"
    w.press("1002")
    w.run(1.0)
    assert w.floor() == ("2001", ["1002"])
    w.let_go("2001")
    w.run(1.0)
    assert w.talking() == ["1002"]


@pytest.mark.parametrize("where", [1, 3, 4])
def test_a_waiter_keeps_his_place(where: int):
    w = GroupWorld(fire(), at=AT)
    w.dial("1001")
    w.run(1.0)
    for number in ("2001", "3001" if where != 3 else "1002"):
        w.press(number)
        w.run(0.5)
    queue = w.floor()[1]
    move(w, "2001", where)
    assert w.floor() == ("1001", queue)
    w.let_go("1001")
    w.run(1.0)
    assert w.talking() == ["2001"]


def test_a_talker_who_does_not_arrive_within_t1_loses_the_floor():
    w = GroupWorld(fire(), at=AT)
    w.dial("1001")
    w.run(1.0)
    w.let_go("1001")
    w.run(1.0)
    w.press("2001")
    w.run(1.0)
    w.part("core1", "core4")
    move(w, "2001", 4)
    assert w.floor()[0] == "2001"
    w.run(1.5)
    assert w.floor()[0] == "2001"
    w.run(1.0)
    assert w.floor()[0] == ""
    assert w.heard("3001") == ""


def test_a_talker_whose_time_is_over_before_he_answers_is_told():
    """The INVITE at the target named him as the talker, and he has not said yet that he heard it."""
    w = GroupWorld(fire(talk_time=6.0, hang_time=300.0), at=AT)
    w.dial("1001")
    w.run(1.0)
    w.let_go("1001")
    w.run(1.0)
    w.press("2001")
    w.run(5.5)
    ua = w.ua("2001")
    ua.move(w.cores[3].proxy, w.now, RegType.HANDOVER, w.its("2001"))
    w.touch(ua)
    while not w.count("INVITE", "core3", "2001"):
        w.run(0.001)
    w.part("core3", "2001", 3.0)
    w.run(2.0)
    assert w.floor() == ("", [])
    w.run(8.0)
    assert w.talking() == []
    assert w.in_call() == set(AT)


def test_the_master_at_the_source_goes_on():
    w = GroupWorld(fire(), at=AT)
    w.dial("1001")
    w.run(1.0)
    w.let_go("1001")
    w.run(1.0)
    move(w, "1001", 4)
    assert w.in_call() == set(AT)
    w.press("1001")
    w.run(1.0)
    assert w.talking() == ["1001"]
    assert w.heard("3001") == "1001"


# --- handover that names no call


@pytest.mark.parametrize("where", [1, 3, 4])
@pytest.mark.parametrize("alone", [True, False], ids=["the last one at his core", "others stay there"])
def test_a_talker_keeps_the_floor_who_does_not_name_the_call(where: int, alone: bool):
    at = {"1001": 1, "2001": 2, "3001": 3} | ({} if alone else {"1002": 2})
    w = GroupWorld(fire(hang_time=300.0, talk_time=300.0), at=at)
    w.dial("2001")
    w.run(2.0)
    w.clear()
    move(w, "2001", where, named=False)
    assert w.in_call() == set(at)
    assert w.talking() == ["2001"]
    assert w.floor() == ("2001", [])
    w.press("1001")
    w.run(1.0)
    w.let_go("2001")
    w.run(1.0)
    assert w.talking() == ["1001"]


def test_a_talker_who_does_not_answer_at_the_target_loses_the_floor():
    w = GroupWorld(fire(hang_time=300.0, talk_time=300.0), at=AT)
    w.dial("2001")
    w.run(2.0)
    w.lose = lambda source, target, data: target == "2001" and data.startswith(b"INVITE")
    move(w, "2001", 3, named=False)
    w.run(4.0)
    assert w.floor() == ("", [])


@pytest.mark.parametrize("number", ["2001", "3001"], ids=["talker", "listener"])
def test_the_source_ends_the_leg_of_who_moved_as_a_handover(number: str):
    w = GroupWorld(fire(), at=AT)
    w.dial("2001")
    w.run(2.0)
    w.clear()
    move(w, number, 4, named=False)
    assert "cause=65" in ext(w.last("BYE", f"core{number[0]}", number))
