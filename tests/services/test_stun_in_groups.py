"""A stunned member of a group: out of its calls, and back after revival (profile 4.5)."""

import pytest
from tests.services.group_world import AUDIO, GroupWorld, ext

from opentcf.model.subscriber import UserState

AT = {"1001": 1, "2001": 3, "2002": 2, "3001": 3, "4001": 4}


def control(w: GroupWorld, number: str, word: str) -> None:
    w.command(int(number[0]), f"user_{word}", udn=number)
    w.run(2.0)


@pytest.mark.parametrize("number", ["1001", "2001", "2002", "4001"])
def test_a_stunned_listener_leaves_the_call_and_a_revived_one_is_brought_back(number: str):
    w = GroupWorld(at=AT)
    caller = next(other for other in AT if other != number)
    w.dial(caller)
    w.run(3.0)
    assert w.in_call() == set(AT)
    control(w, number, "stun")
    assert w.in_call() == set(AT) - {number}
    assert "cause=68" in ext(w.last("BYE", target=number))
    control(w, number, "revive")
    assert w.in_call() == set(AT)
    w.leave(caller)
    w.run(1.0)


@pytest.mark.parametrize("number", ["1001", "2001"])
def test_a_stunned_talker_loses_the_floor(number: str):
    w = GroupWorld(at=AT)
    w.dial(number)
    w.run(3.0)
    assert w.floor()[0] == number
    control(w, number, "stun")
    assert w.floor()[0] == ""
    assert w.talking() == []


@pytest.mark.parametrize("number", ["1001", "2001", "4001"])
def test_a_stunned_member_neither_calls_nor_is_called(number: str):
    w = GroupWorld(at=AT)
    control(w, number, "stun")
    w.ua(number).control.state = UserState.NORMAL  # it disobeys
    w.dial(number)
    w.run(2.0)
    assert w.count("403 INVITE", target=number) == 1
    caller = next(other for other in AT if other != number)
    w.dial(caller, AUDIO)
    w.run(3.0)
    assert w.in_call() == set(AT) - {number}


def test_a_v_tcf_whose_only_member_is_stunned_is_not_called():
    w = GroupWorld(at={"1001": 1, "4001": 4})
    control(w, "4001", "stun")
    w.dial("1001")
    w.run(3.0)
    assert w.count("INVITE", "core1", "core4") == 0
    control(w, "4001", "revive")
    assert w.in_call() == {"1001", "4001"}
