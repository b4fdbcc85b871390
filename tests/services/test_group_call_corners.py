"""Corner rules of group calls (profile 7): cancelled floor requests, late entry, phones, T1 without the master."""

import pytest
from tests.services.group_world import MEMBERS, GroupWorld, ext, fire
from tests.services.test_group_call import talking

from opentcf.model.call import CallSetup, CallType
from opentcf.model.registration import RegType
from opentcf.sip.outbox import Flow
from opentcf.terminal import CallState

# --- CANCEL of a floor request


def held_at_master(w: GroupWorld, *words: bytes) -> None:
    """What core1 says with one of these words is lost."""
    w.lose = lambda source, target, data: source == "core1" and any(word in data for word in words)


def withdraw(w: GroupWorld, number: str) -> None:
    w.ua(number).withdraw(w.its(number), w.now)
    w.touch(w.ua(number))


def test_a_cancelled_request_is_cancelled_hop_by_hop_and_the_dialogs_stay():
    """TC2-C 487."""
    w = talking()
    held_at_master(w, b"pttwaiting")
    w.press("4001")
    w.run(0.3)
    w.clear()
    withdraw(w, "4001")
    w.run(0.2)
    assert "optype=pttrequest" in ext(w.last("CANCEL", "core4", "core1"))
    assert "optype=pttrequest" in ext(w.last("200 CANCEL", "core4", "4001"))
    assert "optype=pttrequest" in ext(w.last("487 INVITE", "core4", "4001"))
    assert "optype=pttrequest" in ext(w.last("200 CANCEL", "core1", "core4"))
    w.lose = lambda source, target, data: False
    w.run(5.0)
    assert w.floor() == ("1001", []), "what the master had answered is given back"
    assert "4001" in w.in_call()
    assert w.count("487 INVITE", "core4", "4001") == 1


def test_a_cancelled_request_that_has_not_left_is_never_sent():
    w = talking()
    held_at_master(w, b"pttwaiting")
    w.press("2001")
    w.run(0.1)
    w.press("2002")
    w.run(0.2)
    withdraw(w, "2002")
    w.run(0.1)
    w.lose = lambda source, target, data: False
    w.run(5.0)
    assert w.count("487 INVITE", "core3", "2002") == 1
    assert w.floor() == ("1001", ["2001"])
    assert not [m for m in w.messages("core3", "core1") if "2002@" in ext(m)]


def test_who_asks_anew_after_a_cancel_gets_the_new_answer():
    w = talking()
    held_at_master(w, b"pttwaiting")
    w.press("4001")
    w.run(0.3)
    withdraw(w, "4001")
    w.run(0.3)
    w.press("4001")
    w.run(0.1)
    w.lose = lambda source, target, data: False
    w.run(10.0)
    assert w.floor() == ("1001", ["4001"])
    w.let_go("1001")
    w.run(1.0)
    assert w.talking() == ["4001"]


def test_a_request_that_was_answered_can_not_be_cancelled():
    w = talking()
    w.lose = lambda source, target, data: source == "core4" and b"pttwaiting" in data
    w.press("4001")
    w.run(0.3)
    withdraw(w, "4001")
    w.run(0.3)
    assert w.count("CANCEL", "core4", "core1") == 0
    assert "optype=pttrequest" in ext(w.last("200 CANCEL", "core4", "4001"))
    w.lose = lambda source, target, data: False
    w.run(5.0)
    assert w.floor() == ("1001", ["4001"])


# --- late entry


def test_the_last_member_at_a_v_who_hung_up_and_registers_anew_is_called_back():
    for number, core in (("4001", 4), ("3001", 3)):
        w = GroupWorld(fire("1002", "2001", number), at={"1002": 1, "2001": 2, number: core})
        w.dial("1002")
        w.run(1.0)
        w.leave(number)
        w.run(5.0)
        w.ua(number).register(w.now, 600, RegType.REFRESH)
        w.touch(w.ua(number))
        w.run(5.0)
        assert number not in w.in_call(), "a refresh calls nobody back"
        w.register(w.ua(number))
        w.run(2.0)
        assert number in w.in_call()


def test_the_last_member_at_the_master_who_registers_anew_is_called_back():
    w = GroupWorld(fire("1001", "1002"), at={"1001": 2, "1002": 1})
    w.dial("1001")
    w.run(1.0)
    w.leave("1002")
    w.run(5.0)
    assert w.in_call() == {"1001"}
    w.register(w.ua("1002"))
    w.run(2.0)
    assert w.in_call() == {"1001", "1002"}


def test_a_visitor_at_a_foreign_v_who_registers_anew_is_called_back():
    w = GroupWorld(fire("1002", "3001"), at={"1002": 1, "3001": 2})
    w.dial("1002")
    w.run(1.0)
    w.leave("3001")
    w.run(5.0)
    w.register(w.ua("3001"))
    w.run(2.0)
    assert w.in_call() == {"1002", "3001"}


# --- T1 without the master


def test_a_v_whose_heartbeat_is_not_answered_takes_the_floor_within_t1():
    w = talking(fire(hang_time=300.0))
    w.part("core1", "core2")
    w.run(10.0 + 4.0 + 0.1)
    assert w.talking() == [], "the next heartbeat was sent at most 10 s later, T1 is 4 s"


def test_a_v_whose_request_is_not_answered_takes_the_floor_within_t1():
    w = talking(fire(hang_time=300.0))
    w.run(2.0)
    w.part("core1", "core2")
    w.press("3001")
    w.run(4.5)
    assert w.talking() == []


def test_a_talker_who_presses_again_while_he_is_cut_off_loses_the_floor_all_the_same():
    """His request waits for the master; what takes the floor from him does not wait for that."""
    w = GroupWorld(fire(hang_time=300.0), at={"1001": 1, "2001": 2})
    w.dial("2001")
    w.run(2.0)
    assert w.talking() == ["2001"]
    w.part("core1", "core2")
    w.press("2001")
    w.run(4.5)
    assert w.talking() == []
    w.cut.clear()
    w.run(60.0)
    assert w.floor() == ("", []), "what the master gives to a request that was given up is given back"
    assert w.talking() == []


def test_a_request_that_was_answered_just_before_the_cut_keeps_nobody_from_noticing_it():
    """The request was watched too; its answer says nothing of the heartbeat that comes next."""
    w = GroupWorld(fire(hang_time=300.0), at={"1001": 1, "2001": 2})
    w.dial("2001")
    w.run(2.0)
    w.run(next_heartbeat(w, "core2", "core1") - w.now - 0.5)
    w.press("2001")
    w.run(0.4)
    w.part("core1", "core2")
    w.run(0.1 + 4.0 + 0.1)
    assert w.talking() == []


def next_heartbeat(w: GroupWorld, source: str, target: str) -> float:
    """When it will be sent."""
    ours = [m for m in w.transcript if (m.source, m.target) == (source, target)]
    return max(m.at for m in ours if m.data.startswith(b"OPTIONS")) + 10.0


def test_a_talker_whose_v_is_silent_loses_the_floor_within_t1():
    w = talking(fire(hang_time=300.0))
    w.press("4001")
    w.run(1.0)
    w.crash(2)
    w.run(10.0 + 4.0 + 0.1)
    assert w.talking() == ["1001", "4001"]
    assert w.floor() == ("4001", [])
    w.restart(2)
    w.run(30.0)
    assert w.talking() == ["4001"]


def test_a_talker_whose_v_restarts_within_t1_keeps_the_floor():
    w = talking(fire(hang_time=300.0))
    w.crash(2)
    w.run(3.0)
    w.restart(2)
    w.run(20.0)
    assert w.floor() == ("1001", [])
    assert w.talking() == ["1001"]


@pytest.mark.parametrize("away", [8.0, 60.0])
def test_a_floor_that_was_taken_while_the_master_was_away_is_given_back(away: float):
    """The master, back with its store, would let nobody else talk until T2; down for long or not."""
    w = talking(fire(hang_time=300.0, talk_time=300.0))
    w.press("4001")
    w.run(9.0)
    w.crash(1)
    w.run(away)
    w.restart(1)
    w.run(20.0)
    assert w.talking() == ["4001"]
    assert w.floor() == ("4001", [])


def test_who_asks_again_after_his_floor_was_taken_keeps_it():
    w = talking(fire(hang_time=300.0, talk_time=300.0))
    w.run(9.0)
    w.crash(1)
    w.run(8.0)
    assert w.talking() == []
    w.restart(1)
    w.press("1001")
    w.run(20.0)
    assert w.talking() == ["1001"]
    assert w.floor() == ("1001", [])


def test_a_member_who_leaves_costs_his_neighbour_nothing():
    w = talking(fire(hang_time=300.0))
    w.leave("3001")
    w.run(6.0)
    assert w.talking() == ["1001"]


def test_a_master_that_was_only_slow_lets_the_talker_talk():
    w = talking(fire(hang_time=300.0))
    w.run(2.0)
    w.part("core1", "core2")
    w.press("3001")
    w.run(3.0)
    w.cut.clear()
    w.run(10.0)
    assert w.talking() == ["1001"]


def test_everybody_is_in_the_call_again_when_the_master_is_back():
    w = talking(fire(hang_time=300.0))
    w.part("core1", "core2")
    w.run(20.0)
    w.cut.clear()
    w.run(60.0)
    assert w.in_call() == set(MEMBERS)
    assert set(w.talking()) <= {w.floor()[0]}


# --- what the random runs found


def test_a_late_acknowledgement_is_not_one_of_the_next_invite():
    w, kept = talking(), list[bytes]()
    ua = w.ua("2001")

    def keep(source: str, target: str, data: bytes) -> bool:
        kept.append(data)
        return source == "2001" and data.startswith(b"ACK")

    w.lose = keep
    w.press("2001")
    w.run(0.2)
    w.lose = lambda source, target, data: target == "2001" and data.startswith(b"SIP/2.0 200")
    w.let_go("2001")
    w.run(0.1)
    late = next(data for data in kept if data.startswith(b"ACK"))
    w.node(3).receive(late, Flow("d", "udp", ua.host, ua.port), w.now)
    w.touch(w.cores[3])
    w.lose = lambda source, target, data: False
    w.run(3.0)
    assert ua.quiet(), "the 200 was repeated until its own ACK came"


def test_a_grant_that_waits_for_a_terminal_that_lets_go_is_dropped():
    w = talking()
    w.lose = lambda source, target, data: source == "1002" and data.startswith(b"ACK")
    w.press("1002")
    w.run(0.2)
    w.let_go("1001")
    w.run(0.2)
    assert w.floor() == ("1002", [])
    w.let_go("1002")
    w.lose = lambda source, target, data: False
    w.run(5.0)
    assert w.talking() == []
    assert w.floor() == ("", [])


def test_a_grant_to_a_neighbour_silences_who_was_granted_before():
    """The first grant arrives after the master took it back, the second right behind it."""
    w = talking(fire(talk_time=5.0, hang_time=300.0))
    w.press("2001")
    w.run(0.5)
    w.press("2002")
    w.run(0.5)
    w.part("core1", "core3")
    w.let_go("1001")
    w.run(9.5)
    assert w.floor() == ("2002", [])
    w.cut.clear()
    w.run(20.0)
    assert "2001" not in w.talking()


def test_who_waits_for_an_answer_asks_again_on_the_leg_that_replaces_the_masters():
    w = talking()
    w.part("core1", "core3")
    w.press("2001")
    w.run(1.0)
    master = w.node(1).procedures.group_call.masters
    call = next(iter(master.calls.values()))
    del call.branches["core3.example"]
    w.cut.clear()
    master.call_missing(call)
    w.touch(w.cores[1])
    w.run(5.0)
    assert w.floor() == ("1001", ["2001"])


def test_an_invite_to_a_v_that_went_down_is_not_repeated_when_it_is_back():
    w = GroupWorld(fire("1002", "2001", hang_time=300.0, talk_time=300.0), at={"1002": 1, "2001": 2})
    w.run(5.0)
    w.part("core1", "core2")
    w.run(14.0)
    w.dial("1002")
    w.run(8.0)
    assert w.count("INVITE", "core1", "core2") > 1
    w.run(8.0)
    w.clear()
    w.run(10.0)
    assert w.count("INVITE", "core1", "core2") == 0
    w.cut.clear()
    w.run(30.0)
    assert w.count("INVITE pttcall", "core1", "core2") == 1
    assert w.in_call() == {"1002", "2001"}


def test_another_call_of_the_group_counts_its_grants_anew():
    w = talking(fire(hang_time=300.0))
    for number in ("2001", "4001"):
        w.press(number)
        w.run(0.5)
    w.let_go("1001")
    w.run(0.5)
    w.part("core1", "core3")
    w.command(1, "call_release", id=next(iter(w.node(1).procedures.group_call.masters.calls.values())).id)
    w.run(1.0)
    w.dial("1002")
    w.run(1.0)
    w.cut.clear()
    w.run(5.0)
    assert w.heard("2001") == "1002"
    assert w.its("2001").id == w.its("1002").id
    w.let_go("1002")
    w.run(2.0)
    assert w.heard("2001") == ""


# --- how long a request waits


def waits(w: GroupWorld) -> tuple[int, float]:
    """How many grants the master measured, and the seconds they took in all."""
    histogram = w.node(1).meters.histograms["opentcf_floor_grant_seconds", ()]
    return sum(histogram.counts), round(histogram.total)


def test_the_seconds_from_a_request_to_its_grant_are_measured():
    w = talking()
    assert waits(w) == (1, 0)
    w.press("2001")
    w.run(7.0)
    w.press("4001")
    w.run(1.0)
    w.let_go("4001")
    w.run(1.0)
    w.let_go("1001")
    w.run(1.0)
    assert w.floor() == ("2001", [])
    assert waits(w) == (2, 9)
    w.press("4001")
    w.run(3.0)
    w.let_go("2001")
    w.run(1.0)
    assert waits(w) == (3, 12), "a place in the queue that was given back does not count"


def test_a_wait_is_measured_over_a_restart():
    w = talking()
    w.press("2001")
    w.run(5.0)
    w.crash(1)
    w.restart(1)
    w.run(2.0)
    w.let_go("1001")
    w.run(2.0)
    assert w.floor() == ("2001", [])
    assert waits(w) == (1, 7)


def test_a_grant_that_arrives_after_its_talker_was_given_up_is_taken_back():
    w = GroupWorld(at={"1001": 2, "2001": 3, "4001": 4})
    w.dial("1001")
    w.run(1.0)
    w.press("2001")
    w.run(1.0)
    w.part("core1", "core3")
    w.let_go("1001")
    w.run(5.0)
    assert w.floor() == ("", []), "T1 without a word of core3"
    w.cut.clear()
    w.run(6.0)
    assert w.floor() == ("", [])
    assert w.talking() == []
    assert w.heard("2001") == ""


def test_who_arrives_before_the_master_has_answered_is_not_in_a_call_that_it_refuses():
    w = GroupWorld(at={"1001": 2, "2001": 3})
    w.crash(1)
    call = w.dial("1001")
    w.run(1.0)
    w.attach("2002", 2)
    assert w.in_call() == set()
    w.run(40.0)
    assert call.state is CallState.ENDED
    assert w.in_call() == set()


def test_who_arrives_before_the_master_has_answered_enters_once_it_has():
    w = GroupWorld(at={"1001": 2, "2001": 3})
    w.part("core1", "core2", 2.0)
    w.dial("1001")
    w.run(0.5)
    w.attach("2002", 2)
    assert w.in_call() == set()
    w.run(5.0)
    assert w.in_call() == {"1001", "2001", "2002"}
    for number in ("1001", "2001", "2002"):
        w.leave(number)
        w.run(0.5)
    w.assert_over()


@pytest.mark.parametrize("number", ["1002", "4001"])
def test_who_dials_into_a_call_that_runs_learns_its_identity(number: str):
    """Nobody else is in it at his TCF, the master's or another, which first takes it for a new one (profile 2.1)."""
    w = GroupWorld(at={"1001": 2, "1002": 1, "4001": 4})
    call = w.dial("1001")
    w.run(1.0)
    w.leave(number)
    w.run(1.0)
    w.dial(number)
    w.run(1.0)
    assert w.its(number).id == call.id
    assert {row["id"] for core in (1, 4) for row in w.node(core).procedures.group_call.view()} == {call.id}


# --- the master is known to be down


def without_master() -> GroupWorld:
    """2001 has let go, and core2 knows that the master is down."""
    w = GroupWorld(fire(hang_time=900.0), at={"1001": 1, "2001": 2, "2002": 2, "3001": 3})
    w.dial("2001")
    w.run(2.0)
    w.press("2002")
    w.run(1.0)
    w.let_go("2001")
    w.run(1.0)
    w.press("2001")
    w.run(1.0)
    assert w.floor() == ("2002", ["2001"])
    w.crash(1)
    w.run(45.0)
    assert w.in_call() == {"1001", "2001", "2002", "3001"}
    w.clear()
    return w


def test_a_request_fails_fast_while_the_master_is_down_and_the_call_stays():
    w = without_master()
    w.press("2002")
    w.run(1.0)
    refusal = w.last("503 INVITE", "core2", "2002")
    assert "core1.example is down" in (refusal.headers.get("Warning") or "")
    w.run(60.0)
    assert w.in_call() == {"1001", "2001", "2002", "3001"}
    assert w.count("INVITE pttrequest", "core2", "core1") == 0
    w.restart(1)
    w.run(30.0)
    w.press("2002")
    w.run(1.0)
    assert "2002" in (w.floor()[0], *w.floor()[1])


def test_who_dials_while_the_master_is_down_gets_503_and_the_call_stays():
    w = without_master()
    w.attach("2003", 2)
    call = w.dial("2003")
    w.run(60.0)
    assert call.status == 503
    assert w.in_call() == {"1001", "2001", "2002", "3001"}


@pytest.mark.parametrize("leaves", [False, True], ids=["lets go", "hangs up"])
def test_what_a_waiter_gives_back_while_the_master_is_down_it_hears_when_it_is_back(leaves: bool):
    w = without_master()
    if leaves:
        w.leave("2001")
    else:
        w.let_go("2001")
    w.run(60.0)
    assert w.in_call() >= {"1001", "2002", "3001"}
    w.restart(1)
    w.run(30.0)
    assert w.floor() == ("", [])
    assert w.talking() == []


def test_what_is_given_back_to_a_master_whose_heartbeats_are_lost_reaches_it():
    """It answers on the leg, and still counts as down."""
    w = talking(fire(hang_time=300.0))
    w.let_go("1001")
    w.run(1.0)
    w.crash(1)
    w.run(10.0)
    w.press("4001")
    w.run(25.0)
    assert w.node(4).gauges()["opentcf_peer_up", ("core1.example",)] == 0.0
    withdraw(w, "4001")
    held_at_master(w, b" OPTIONS\r\n")
    w.restart(1)
    w.run(8.0)
    assert w.floor() == ("4001", [])
    w.run(5.0)
    assert w.node(4).gauges()["opentcf_peer_up", ("core1.example",)] == 0.0
    assert w.floor() == ("", [])
    assert "4001" in w.in_call()


def test_a_media_change_fails_fast_while_the_master_is_down_and_the_call_stays():
    w = without_master()
    w.offer("2001", CallSetup(CallType.GROUP_AUDIO_VIDEO))
    assert w.count("503 INVITE", "core2", "2001") == 1
    w.run(60.0)
    assert w.in_call() == {"1001", "2001", "2002", "3001"}


# --- the connection of a terminal is lost


def disconnected(number: str) -> GroupWorld:
    """3001 talks, 3002 listens; the connection of one of them closes and nothing comes through any more."""
    w = GroupWorld(fire(hang_time=900.0), at={"1001": 1, "3001": 3, "3002": 3})
    w.dial("3001")
    w.run(2.0)
    w.part("core3", number)
    ua = w.ua(number)
    w.node(3).closed(Flow("d", "udp", ua.host, ua.port), w.now)
    w.touch(w.cores[3])
    return w


def test_a_talker_whose_connection_is_lost_has_t1():
    w = disconnected("3001")
    w.run(3.5)
    assert w.floor() == ("3001", [])
    w.run(1.0)
    assert w.floor() == ("", [])
    w.cut.clear()
    w.run(5.0)
    assert w.talking() == [], "he hears that it was taken"


@pytest.mark.parametrize("moves", [False, True], ids=["on the old way", "from another address"])
def test_a_talker_who_is_heard_again_within_t1_keeps_the_floor(moves: bool):
    w = disconnected("3001")
    w.run(1.0)
    w.cut.clear()
    if moves:
        w.rebind(w.ua("3001"))
        w.register(w.ua("3001"))
    else:
        w.press("3001")
    w.run(10.0)
    assert w.floor() == ("3001", [])
    assert w.talking() == ["3001"]


def test_a_listener_whose_connection_is_lost_takes_the_floor_from_nobody():
    w = disconnected("3002")
    w.run(10.0)
    assert w.floor() == ("3001", [])
