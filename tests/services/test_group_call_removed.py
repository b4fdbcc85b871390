"""A member taken out of the group loses the floor and the call at once, though his home is silent (profile 4.5)."""

from dataclasses import replace

import pytest
from tests.services.control_world import ControlWorld
from tests.services.group_world import GroupWorld, ext, fire

from opentcf.model.group import Group

AT = {"1001": 1, "2001": 3, "4001": 4}


def lasting(*numbers: str) -> Group:
    return fire(*numbers, hang_time=300.0, talk_time=300.0)


def without_home(at: dict[str, int], *dialled: str) -> GroupWorld:
    """2001 is in the call, his home is down; the first of `dialled` talks, the others wait."""
    w = GroupWorld(lasting(), at=at)
    w.dial(dialled[0])
    w.run(2.0)
    for number in dialled[1:]:
        w.press(number)
        w.run(1.0)
    w.crash(2)
    w.clear()
    return w


def remove(w: GroupWorld) -> None:
    w.regroup(lasting("1001", "1002", "2002", "3001", "4001"))
    w.run(2.0)


def test_the_last_member_at_his_core():
    w = without_home(AT, "2001")
    remove(w)
    assert w.floor() == ("", [])
    assert w.in_call() == {"1001", "4001"}
    assert w.count("BYE", "core1", "core3") == 1
    assert "cause=64" in ext(w.last("BYE", "core1", "core3"))


@pytest.mark.parametrize("talker", ["2001", "1001"], ids=["the talker", "a waiter"])
def test_one_beside_others_listens_until_his_home_says_so(talker: str):
    w = without_home(AT | {"3001": 3}, talker, *([] if talker == "2001" else ["2001"]))
    remove(w)
    assert w.floor() == ("" if talker == "2001" else "1001", [])
    assert "2001" not in w.talking()
    assert w.in_call() == {"1001", "2001", "3001", "4001"}
    assert "cause=forced" in ext(w.last("INVITE pttreleasefloor", "core1", "core3"))
    w.press("2001")
    w.run(1.0)
    assert w.count("403 INVITE", "core1", "core3") == 1
    assert "2001" not in w.talking()


@pytest.mark.parametrize("talker", ["2001", "1001"], ids=["the talker", "a waiter"])
@pytest.mark.parametrize(
    "at", [AT, AT | {"3001": 3}, AT | {"2001": 1}], ids=["alone", "not alone", "at the master"]
)
def test_one_whom_a_restarted_master_does_not_know_as_a_member_any_more(talker: str, at: dict[str, int]):
    w = without_home(at, talker, *([] if talker == "2001" else ["2001"]))
    core = w.cores[1]
    core.settings = replace(core.settings, groups=(lasting("1001", "1002", "2002", "3001", "4001"),))
    w.crash(1)
    w.restart(1)
    w.run(4.0)
    assert w.floor() == ("" if talker == "2001" else "1001", [])
    assert "2001" not in w.talking()
    assert ("2001" in w.in_call()) is ("3001" in at)


def test_a_visitor_of_the_master_leaves_at_once():
    w = without_home({"1001": 1, "2001": 1, "4001": 4}, "2001")
    remove(w)
    assert w.floor() == ("", [])
    assert w.in_call() == {"1001", "4001"}


def test_a_dispatcher_who_is_no_member_stays():
    w = ControlWorld(lasting(), at={"1001": 3, "1005": 1, "2001": 1, "4001": 4})
    w.dial("1005")
    w.run(2.0)
    w.crash(2)
    remove(w)
    assert w.in_call() == {"1001", "1005", "4001"}


def test_a_dispatcher_who_is_no_member_and_only_listens_elsewhere_stays():
    w = ControlWorld(lasting(), at={"1001": 1, "1005": 3, "2001": 3, "4001": 4})
    w.dial("1001")
    w.run(2.0)
    w.dial("1005")
    w.run(2.0)
    w.let_go("1005")
    w.run(1.0)
    w.crash(2)
    w.clear()
    remove(w)
    assert w.in_call() >= {"1001", "1005", "4001"}
    assert w.count("BYE", "core1", "core3") == 0
