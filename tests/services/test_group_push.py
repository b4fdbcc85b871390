"""Video push (视频下推) to a group by a member: its source is limited by nothing but himself (profile 4.7)."""

import pytest
from tests.services.group_world import GroupWorld, ext, fire

from opentcf.model.call import CallSetup, CallType

PUSH = CallSetup(CallType.VIDEO_PUSH)
AT = {"1001": 1, "2001": 2, "2002": 2, "3001": 3}


def pushed(number: str = "2001", *, restart: bool = False) -> GroupWorld:
    w = GroupWorld(fire(), at=AT)
    w.dial(number, PUSH)
    w.run(2.0)
    assert w.in_call() == set(AT)
    if restart:
        w.crash(1)
        w.restart(1)
        w.run(2.0)
    return w


@pytest.mark.parametrize("number", ["1001", "2001", "3001"])
@pytest.mark.parametrize("restart", [False, True])
def test_neither_t2_nor_t4_ends_it(number: str, restart: bool):
    w = pushed(number, restart=restart)
    assert "duration" not in ext(w.last("200 INVITE pttaccept", f"core{number[0]}", number))
    w.run(130.0)
    assert w.floor() == (number, [])
    assert w.in_call() == set(AT)


def test_nor_does_t4_when_its_source_lets_go():
    w = pushed()
    w.let_go("2001")
    w.run(60.0)
    assert w.in_call() == set(AT)
    w.leave("3001")
    w.run(1.0)
    w.dial("3001", PUSH)
    w.run(60.0)
    assert w.in_call() == set(AT)


@pytest.mark.parametrize("number", ["2001", "3001"], ids=["others stay at his core", "the last one there"])
def test_it_ends_with_its_source(number: str):
    w = pushed(number)
    w.let_go(number)
    w.run(1.0)
    w.leave(number)
    w.run(1.0)
    assert w.in_call() == set()
    w.assert_over()


def test_it_ends_when_the_tcf_of_its_source_is_down():
    w = pushed("3001")
    w.crash(3)
    w.run(60.0)
    assert w.in_call() == {"3001"}, "who hears nothing any more"
