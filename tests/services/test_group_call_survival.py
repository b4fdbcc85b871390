"""kill -9 in the middle of group calls: what was is again (profile 5.1)."""

import pytest
from tests.services.group_world import MEMBERS, GroupWorld, fire
from tests.world import Link

from opentcf.model.group import Group, SetUp
from opentcf.sip.message import Request
from opentcf.terminal import CallState

AT = {"1001": 2, "1002": 1, "2001": 3, "2002": 3, "3001": 2, "4001": 4}


def queued(*groups: Group, **more: int) -> GroupWorld:
    """1001 talks; 2001, 1002 and 4001 wait in this order."""
    w = GroupWorld(*groups, at=AT, **more)
    w.dial("1001")
    w.run(1.0)
    for number in ("2001", "1002", "4001"):
        w.press(number)
        w.run(0.5)
    assert w.floor() == ("1001", ["2001", "1002", "4001"])
    return w


def kill(w: GroupWorld, core: int) -> None:
    w.crash(core)
    w.restart(core)


@pytest.mark.parametrize("core", [1, 2, 3, 4])
def test_talker_and_queue_are_the_same_and_the_terminals_see_nothing(core):
    """Nor do the other TCFs, but the master, whom a V-TCF asks once whether the leg still stands."""
    w = queued()
    w.run(33.0)
    w.clear()
    kill(w, core)
    w.run(5.0)
    assert w.floor() == ("1001", ["2001", "1002", "4001"])
    asked = w.messages(f"core{core}", "core1") + w.messages("core1", f"core{core}")
    assert [message.cseq()[1] for message in asked] == ([] if core == 1 else ["INVITE", "ACK", "INVITE"])
    assert len(w.messages()) == len(asked)
    for talker, left in (("2001", ["1002", "4001"]), ("1002", ["4001"]), ("4001", []), ("", [])):
        w.let_go(w.talking()[0])
        w.run(0.5)
        assert w.floor() == (talker, left)
        assert w.talking() == ([talker] if talker else [])
        assert {w.heard(number) for number in MEMBERS} == {talker}
    w.assert_over()


def test_the_timers_run_on():
    w = queued(fire(talk_time=30.0, hang_time=10.0))
    w.run(20.0)
    kill(w, 1)
    w.run(7.0)
    assert w.floor()[0] == "1001"
    w.run(2.0)
    assert w.floor() == ("2001", ["1002", "4001"])
    for number in ("2001", "1002", "4001"):
        w.let_go(number)
        w.run(1.0)
    w.run(4.0)
    kill(w, 1)
    w.run(4.0)
    assert w.in_call() == set(MEMBERS)
    w.run(2.0)
    assert w.in_call() == set()
    w.assert_over()


def test_a_timer_that_ran_out_while_it_was_down_is_due_at_once():
    w = queued(fire(talk_time=10.0))
    w.crash(1)
    w.run(15.0)
    w.restart(1)
    w.run(1.0)
    assert w.floor() == ("2001", ["1002", "4001"])
    assert w.talking() == ["2001"]


def test_a_restart_in_the_middle_of_a_revoke():
    w = queued(fire(talk_time=10.0))
    w.part("core1", "core2")
    w.run(8.5)
    assert w.node(1).procedures.group_call.floors()[0]["state"] == "revoking"
    kill(w, 1)
    w.run(3.0)
    w.cut.clear()
    w.run(5.0)
    assert w.floor() == ("2001", ["1002", "4001"])
    assert w.talking() == ["2001"]


def test_a_restart_of_both_ends():
    w = queued()
    for core in (1, 3, 2, 4):
        kill(w, core)
    w.let_go("1001")
    w.run(1.0)
    assert w.talking() == ["2001"]
    w.leave("2001")
    w.run(1.0)
    assert w.talking() == ["1002"]
    for number in set(MEMBERS) - {"2001"}:
        w.leave(number)
        w.run(0.5)
    w.assert_over()


@pytest.mark.parametrize("core", [1, 2])
def test_an_open_set_up_is_ended_on_both_sides(core):
    w = GroupWorld(fire(setup=SetUp.CONFIRMED), at=AT)
    w.part("core1", "core4")
    call = w.dial("1001")
    w.run(1.0)
    kill(w, core)
    w.cut.clear()
    w.run(10.0)
    assert call.state is CallState.ENDED
    w.assert_over()


def test_a_request_that_was_open_is_taken_back():
    w = queued()
    w.let_go("2001")
    w.run(0.5)
    w.part("core1", "core3")
    w.press("2001")
    w.run(0.1)
    kill(w, 3)
    w.cut.clear()
    w.run(10.0)
    assert w.floor() == ("1001", ["1002", "4001"])
    w.press("2001")
    w.run(1.0)
    assert w.floor() == ("1001", ["1002", "4001", "2001"])


def test_nothing_is_left_in_the_stores():
    w = queued()
    for number in MEMBERS:
        w.leave(number)
        w.run(0.5)
    w.assert_over()
    for core in w.cores.values():
        assert not [kind for kind in core.store if kind.startswith("group_") and core.store[kind]]


def test_a_revoke_that_the_terminal_did_not_hear_comes_again():
    w = queued(fire(talk_time=10.0))
    w.let_go("1001")
    w.run(0.5)
    assert w.floor()[0] == "2001"
    w.part("core3", "2001")
    w.run(10.0)
    assert w.floor()[0] == "1002"
    kill(w, 3)
    w.cut.clear()
    w.run(1.0)
    assert w.talking() == ["1002"]


def test_a_grant_that_the_terminal_did_not_hear_comes_again():
    w = queued(fire(talk_time=30.0))
    w.part("core3", "2001")
    w.let_go("1001")
    w.run(0.5)
    assert w.floor()[0] == "2001"
    kill(w, 3)
    w.cut.clear()
    w.run(1.0)
    assert w.talking() == ["2001"]


def test_a_v_that_was_away_when_the_call_ended_lets_its_members_go():
    """It was down for the master by then, which sent it no BYE."""
    w = GroupWorld(fire(hang_time=10.0), at=AT)
    w.dial("1001")
    w.run(1.0)
    w.crash(2)
    w.run(60.0)
    assert w.in_call() == {"1001", "3001"}
    w.restart(2)
    w.run(5.0)
    assert w.in_call() == set()
    w.assert_over()


@pytest.mark.parametrize("away", [2.0, 60.0])
def test_members_at_a_v_do_not_stay_in_a_call_that_its_master_forgot(away):
    w = GroupWorld(at=AT)
    w.dial("1001")
    w.run(1.0)
    w.crash(1)
    w.run(away)
    w.restart(1, forget=True)
    w.run(20.0)
    assert w.in_call() == {"1002"}


def test_members_at_a_v_that_lost_its_state_are_in_the_call_again_once_they_are_there():
    w = queued()
    w.crash(3)
    w.restart(3, forget=True)
    for number in ("2001", "2002"):
        w.switch_off(w.ua(number))
    w.run(15.0)
    for number in ("2001", "2002"):
        w.attach(number, 3)
    w.run(5.0)
    assert w.in_call() == set(MEMBERS)
    assert w.floor() == ("1001", ["1002", "4001"])


def unheard(*, later: bool) -> GroupWorld:
    """The master gave up a set-up that its restart met, and knows no leg to 2001's V-TCF, which was restarted too and
    whose 200 it did not hear, or hears only `later`."""
    w = GroupWorld(fire(setup=SetUp.CONFIRMED), at={"1001": 3, "2001": 2})
    w.lose = lambda *way: (
        way[:2] == ("core2", "core1") and b" 200 " in way[2][:12] and b" INVITE\r\n" in way[2]
    )
    w.dial("1001")
    w.run(1.0)
    kill(w, 1)
    kill(w, 2)
    if later:
        w.lose = lambda source, target, data: False
    w.run(1.0)
    return w


def test_a_v_whose_200_never_reached_the_master_lets_its_members_go():
    w = unheard(later=False)
    assert w.in_call() == {"2001"}
    w.run(35.0)
    assert w.in_call() == set()
    w.assert_over()


def test_a_200_that_the_master_does_not_know_is_ended_at_once():
    w = unheard(later=True)
    assert {"ACK", "BYE pttrelease"} <= set(w.said("core1", "core2"))
    assert w.in_call() == set()
    w.assert_over()


def asked_in_vain(lost: bytes, source: str, target: str) -> GroupWorld:
    """1001 talked, 1002 talks; 2001's V has a request open, for the first of a kind of message is lost, and has stored
    its leg so when its master told it of 1002."""
    w = GroupWorld(at=AT)
    w.dial("1001")
    w.run(1.0)
    w.press("1002")
    w.run(1.0)
    w.lose = lambda *way: way[:2] == (source, target) and way[2].startswith(lost)
    w.press("2001")
    w.run(0.2)
    w.let_go("1001")
    w.run(0.2)
    w.lose = lambda source, target, data: False
    assert w.heard("2001") == "1002"
    return w


def test_a_request_that_never_arrived_does_not_cost_the_leg():
    """A restart repeats no INVITE, so that silence tells nothing: it is cancelled, and 481 says that it will not be
    answered."""
    w = asked_in_vain(b"INVITE", "core3", "core1")
    w.clear()
    kill(w, 3)
    w.run(1.0)
    assert w.said("core1", "core3")[:1] == ["481 CANCEL"]
    w.press("2001")
    w.run(1.0)
    assert w.floor() == ("1002", ["2001"])
    w.run(60.0)
    assert w.in_call() == set(MEMBERS)


def refreshing(w: GroupWorld, *more: str) -> None:
    """While 2001's request is under way, a refresh of its V's leg becomes due, and more requests."""
    w.links["core1", "core3"] = Link(delay=(0.2, 0.2))
    w.press("2001")
    w.run(0.1)
    (visit,) = w.node(3).procedures.group_call.visits.calls.values()
    assert visit.uplink is not None
    visit.uplink.leg.refresh(w.node(3)._ctx)
    for number in more:
        w.press(number)
    w.run(2.0)


def test_a_refresh_that_was_answered_is_not_waited_for_after_a_restart():
    w = GroupWorld(at=AT)
    w.dial("1001")
    w.run(1.0)
    refreshing(w)
    kill(w, 3)
    w.run(1.0)
    w.press("2002")
    w.run(1.0)
    assert w.floor() == ("1001", ["2001", "2002"])
    w.run(40.0)
    assert w.in_call() == set(MEMBERS)


def test_a_refresh_that_waited_offers_what_stands_now():
    """What stood when it became due would be another change, and an older version (RFC 3264 §8)."""
    w = GroupWorld(at=AT)
    w.dial("1001")
    w.run(1.0)
    w.clear()
    refreshing(w, "2002")
    sent = [message for message in w.messages("core3", "core1") if isinstance(message, Request)]
    first, second, refresh = (request.body for request in sent if request.method == "INVITE")
    assert first != second == refresh


def test_a_membership_that_was_told_is_known_after_a_restart_of_the_v_tcf():
    w = GroupWorld(fire("1001", "2001"), at={"1001": 1, "2001": 2, "4001": 3})
    w.regroup(fire("1001", "2001", "4001"))
    w.run(2.0)
    w.crash(3)
    w.restart(3)
    w.run(1.0)
    w.dial("1001")
    w.run(2.0)
    assert w.in_call() == {"1001", "2001", "4001"}
