"""`max_calls`: how many calls a user may have, private ones and group calls that he began."""

import pytest
from tests.services.group_world import AUDIO, GroupWorld, fire

from opentcf.model.call import CallSetup, CallType
from opentcf.terminal import CallState

GROUPS = [str(number) for number in range(8001, 8007)]
EMERGENCY = CallSetup(CallType.GROUP_AUDIO, emergency=True)


@pytest.fixture(params=[1, 2], ids=["at home", "as a visitor"])
def world(request: pytest.FixtureRequest) -> GroupWorld:
    """1001 at core 1 or 2; 2001 and 1002 where they are at home."""
    groups = [fire("1001", "2001", number=number) for number in GROUPS]
    return GroupWorld(*groups, at={"1001": request.param, "1002": 1, "2001": 2})


def begin(w: GroupWorld, group: str, setup: CallSetup | None = AUDIO) -> int:
    """How 1001's call to a group is answered."""
    call = w.dial("1001", setup, group)
    w.run(2.0)
    return 200 if call.state is CallState.UP else call.status


def ring(w: GroupWorld, number: str = "1002") -> int:
    """The same of a private call, which is hung up again."""
    call = w.ua("1001").call(f"{number}@core{number[0]}.example", w.now)
    w.touch(w.ua("1001"))
    w.run(2.0)
    status = 200 if call.state is CallState.UP else call.status
    w.ua("1001").hang_up(call, w.now)
    w.touch(w.ua("1001"))
    w.run(2.0)
    return status


def refused(w: GroupWorld) -> float:
    """How often the limit was said."""
    name = "opentcf_refused_total", ("max_calls",)
    return sum(core.node.meters.counters.get(name, 0) for core in w.cores.values() if core.node)


def test_group_calls_that_he_began_count(world: GroupWorld) -> None:
    assert [begin(world, group) for group in GROUPS] == [200] * 4 + [486] * 2
    assert (ring(world), refused(world)) == (486, 3)


def test_who_was_alerted_is_not_held_back(world: GroupWorld) -> None:
    for group in GROUPS[:4]:
        assert begin(world, group) == 200
    assert len(world.ua("2001").calls) == 4
    call = world.ua("2001").call("8005@core1.example", world.now, AUDIO)
    world.touch(world.ua("2001"))
    world.run(2.0)
    assert call.state is CallState.UP


def test_a_group_call_that_he_left_does_not_count(world: GroupWorld) -> None:
    calls = [world.dial("1001", AUDIO, group) for group in GROUPS[:4]]
    world.run(2.0)
    world.ua("1001").hang_up(calls[0], world.now)
    world.touch(world.ua("1001"))
    world.run(2.0)
    assert len(world.ua("2001").calls) == 4, "the call goes on without him"
    assert ring(world) == 200
    assert begin(world, GROUPS[0]) == 200, "he enters again the call that he began"
    assert ring(world) == 486


def test_an_emergency_is_not_held_back(world: GroupWorld) -> None:
    for group in GROUPS[:4]:
        assert begin(world, group) == 200
    assert begin(world, GROUPS[4], EMERGENCY) == 200


def test_they_count_after_a_restart(world: GroupWorld) -> None:
    for group in GROUPS[:4]:
        assert begin(world, group) == 200
    for number in (1, 2):
        world.restart(number)
    world.run(5.0)
    assert begin(world, GROUPS[4]) == 486


def test_they_count_as_long_as_they_last(world: GroupWorld) -> None:
    for group in GROUPS[:4]:
        assert begin(world, group) == 200
    world.run(120.0)
    assert not world.ua("1001").calls
    assert begin(world, GROUPS[4]) == 200
    world.run(120.0)
    assert not [line for line in world.remains() if "engaged" in line]
