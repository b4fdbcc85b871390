"""Who talks in a group is busy; a call that may pre-empt takes the floor from him first (profile 4.2)."""

from dataclasses import replace

import pytest
from tests.services.group_world import GroupWorld, aor, ext, fire, short

from opentcf.model.call import CallSetup, CallType
from opentcf.model.subscriber import Preemptible
from opentcf.terminal import CallState

EMERGENCY = CallSetup(emergency=True)
PLACES = {"1001": 1, "2001": 2, "3001": 3, "4001": 4}
TALKERS = pytest.mark.parametrize("talker", ["1001", "2001", "3001"])


def subscribed(w: GroupWorld, number: str, **values: object) -> None:
    """Change a subscription."""
    core = w.cores[int(number[0])]
    changed = tuple(
        replace(one, **values) if one.aor == aor(number) else one  # type: ignore[arg-type]
        for one in core.settings.subscribers
    )
    core.settings = replace(core.settings, subscribers=changed)
    w.command(core.number, "reload", settings=core.settings)


def talks(talker: str) -> GroupWorld:
    """`talker` has the floor; 4001 calls him then."""
    w = GroupWorld(fire("1001", "2001", "3001"), at=PLACES)
    w.dial(talker)
    w.run(2.0)
    assert w.floor() == (talker, [])
    w.clear()
    return w


@TALKERS
def test_a_talker_is_busy_and_a_listener_is_not(talker: str):
    w = talks(talker)
    refused = w.call(w.ua("4001"), talker)
    w.run(2.0)
    assert (refused.state, refused.status) == (CallState.ENDED, 486)
    listener = next(number for number in ("1001", "2001", "3001") if number != talker)
    taken = w.call(w.ua("4001"), listener)
    w.run(2.0)
    assert taken.state is CallState.UP
    assert w.floor() == (talker, [])


@TALKERS
def test_who_let_go_is_not_busy_any_more(talker: str):
    w = talks(talker)
    w.let_go(talker)
    w.run(1.0)
    call = w.call(w.ua("4001"), talker)
    w.run(2.0)
    assert call.state is CallState.UP


@TALKERS
def test_an_emergency_call_takes_the_floor_first(talker: str):
    w = talks(talker)
    waiter = next(number for number in ("1001", "2001", "3001") if number != talker)
    w.press(waiter)
    w.run(1.0)
    assert w.floor() == (talker, [waiter])
    w.clear()
    call = w.call(w.ua("4001"), talker, EMERGENCY)
    w.run(2.0)
    assert call.state is CallState.UP
    assert w.floor() == (waiter, [])
    assert w.talking() == [waiter]
    core = f"core{talker[0]}"
    said = [short(m) for m in w.messages(core, talker) if short(m).startswith("INVITE")]
    assert "pttreleasefloor" in said[0]
    assert "cause=preempted" in ext(w.messages(core, talker)[0])
    assert said[1].startswith("INVITE pttcall")
    assert not w.count("BYE"), "he goes on to listen"
    if core != "core1":
        assert "cause=preempted" in ext(w.last("INVITE pttreleasefloor", core, "core1"))
    w.hang_up(w.ua("4001"), call)
    w.run(1.0)
    assert talker in w.in_call()
    w.let_go(waiter)
    w.assert_over()


def test_the_subscription_and_what_he_talks_in_decide():
    w = talks("2001")
    subscribed(w, "2001", preemptible=Preemptible.NEVER)
    assert called(w, "2001", EMERGENCY) == 486
    subscribed(w, "2001", preemptible=Preemptible.ALWAYS)
    subscribed(w, "4001", priority=5)
    assert called(w, "2001", CallSetup(priority=255)) == 486
    assert w.floor() == ("2001", [])
    assert called(w, "2001", CallSetup(priority=5)) == 200
    assert w.floor() == ("", [])


def test_who_talks_in_an_emergency_is_not_pre_empted():
    w = GroupWorld(fire("1001", "2001", "3001"), at=PLACES)
    w.dial("2001", CallSetup(CallType.GROUP_AUDIO, emergency=True))
    w.run(2.0)
    assert called(w, "2001", EMERGENCY) == 486
    assert w.floor() == ("2001", [])


def test_a_talker_is_busy_after_a_restart_of_his_v():
    w = talks("2001")
    w.crash(2)
    w.restart(2)
    w.run(1.0)
    assert called(w, "2001", CallSetup()) == 486


def called(w: GroupWorld, number: str, setup: CallSetup) -> int:
    """4001 calls; what comes of it."""
    call = w.call(w.ua("4001"), number, setup)
    w.run(2.0)
    return call.status or 200
