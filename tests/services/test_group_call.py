"""Group calls (profile 4.3) and their floor (4.4), over four TCFs on virtual time."""

import re
from dataclasses import replace

import pytest
from tests.node.net import ANSWER, Net, Party, Phone, polite, tcf
from tests.services.group_world import AUDIO, MEMBERS, GroupWorld, aor, ext, fire

from opentcf.model.bounds import TimerSettings
from opentcf.model.call import CallSetup, CallType
from opentcf.model.group import Member, SetUp
from opentcf.model.subscriber import Role
from opentcf.sip.message import Request
from opentcf.terminal import Behaviour, CallState

AT = {"1001": 2, "1002": 1, "2001": 3, "2002": 3, "3001": 2, "4001": 4}
"""Two behind core2, one at home, two behind core3, one behind core4."""
EMERGENCY = AUDIO._replace(emergency=True)


def talking(*groups, caller: str = "1001", **more) -> GroupWorld:
    """A call in which its caller talks."""
    w = GroupWorld(*groups, at=AT, **more)
    w.dial(caller)
    w.run(1.0)
    assert w.talking() == [caller]
    assert w.in_call() == set(MEMBERS)
    w.clear()
    return w


# --- set-up


@pytest.mark.parametrize("caller", ["1001", "1002", "2001", "4001"])
def test_a_call_reaches_every_member_with_one_leg_for_each_v_tcf(caller):
    """TC2-C 组呼."""
    w = GroupWorld(at=AT)
    w.dial(caller)
    w.run(1.0)
    assert w.in_call() == set(MEMBERS)
    assert w.talking() == [caller]
    for number in ("core2", "core3", "core4"):
        legs = w.count("INVITE", "core1", number) + w.count("INVITE", number, "core1")
        assert legs == 1, number
    assert {w.heard(number) for number in MEMBERS if number != caller} in ({""}, {caller})


def test_what_the_messages_of_a_set_up_say():
    """TC2-C 组呼呼叫建立的成功响应."""
    w = GroupWorld(at=AT)
    w.dial("1001")
    w.run(1.0)
    assert w.said("core2", "core1") == ["INVITE pttcall sendrecv", "ACK"]
    assert w.said("core1", "core2") == ["200 INVITE pttaccept recvonly"]
    assert w.said("core1", "core3") == ["INVITE pttcall sendonly", "ACK"]
    assert w.said("core3", "core1") == ["200 INVITE recvonly"]
    up, down, alert = (
        w.last("INVITE", "core2", "core1"),
        w.last("INVITE", "core1", "core3"),
        w.last("INVITE", "core3", "2001"),
    )
    assert isinstance(up, Request)
    assert isinstance(down, Request)
    assert isinstance(alert, Request)
    assert up.uri == down.uri == "sip:8001@core1.example"
    assert (str(up.to()), str(down.to())) == ("<sip:8001@core1.example>", "<sip:8001@core1.example>")
    assert [str(m.from_().uri) for m in (up, down)] == ["sip:1001@core1.example"] * 2
    assert down.headers.get("P-Asserted-Identity") == "<sip:1001@core1.example>"
    assert "calltype=4" in ext(down)
    assert "callerUDN=1001" in ext(down)
    assert "OnlineCallID=" in ext(down)
    assert str(alert.to().uri) == "sip:2001@core2.example"
    assert str(alert.from_().uri) == "sip:8001@core1.example"
    assert alert.headers.get("P-Asserted-Identity") == "<sip:1001@core1.example>"
    assert alert.headers.get("Answer-Mode") == "Auto"
    assert "answer-after=0" in (alert.headers.get("Call-Info") or "")
    assert "pttaccept;UDN=1001;duration=60;grant=1" in ext(w.last("200 INVITE", "core1", "core2"))


def test_a_dispatcher_who_is_no_member_calls():
    w = GroupWorld(at=AT)
    core = w.cores[1]
    users = tuple(
        replace(user, role=Role.DISPATCHER) if user.aor.number == "1005" else user
        for user in core.settings.subscribers
    )
    core.settings = replace(core.settings, subscribers=users)
    w.command(1, "reload", settings=core.settings)
    w.attach("1005", 1)
    w.dial("1005")
    w.run(1.0)
    assert w.in_call() == {*MEMBERS, "1005"}
    w.leave("1005")
    w.run(1.0)
    assert w.in_call() == set(), "a dispatcher's own call ends with him"
    w.assert_over()


def test_a_v_that_is_known_to_be_down_is_left_out_and_logged():
    w = GroupWorld(at=AT)
    w.part("core1", "core3")
    w.run(45.0)
    w.notices.clear()
    w.dial("1001")
    w.run(1.0)
    assert w.in_call() == {"1001", "1002", "3001", "4001"}
    left_out = [n.fields for n in w.notices if n.name == "group_call" and n.fields["state"] == "left out"]
    assert [(f["peer"], f["group"]) for f in left_out] == [("core3.example", "8001@core1.example")]


def test_who_is_no_member_gets_403_and_an_unknown_group_404():
    """TC2-C 403."""
    w = GroupWorld(at=AT)
    w.attach("3002", 3)
    w.attach("1003", 1)
    assert [w.dial("3002"), w.dial("1003")]
    unknown = w.dial("1001", group="8009")
    w.run(1.0)
    assert [e.status for e in w.ua("3002").events if e.name == "ended"] == [403]
    assert [e.status for e in w.ua("1003").events if e.name == "ended"] == [403]
    assert unknown.status == 404
    w.assert_over()


def test_a_call_with_nobody_else_is_filled_by_late_entry():
    w = GroupWorld(at={"1001": 2})
    w.dial("1001")
    w.run(1.0)
    assert w.talking() == ["1001"]
    w.attach("2001", 3)
    w.attach("1002", 1)
    w.attach("3001", 2)
    w.run(1.0)
    assert w.in_call() == {"1001", "2001", "1002", "3001"}
    assert w.count("200 INVITE", "core3", "core1") == 1
    assert w.count("INVITE", "core1", "core2") == 0


def test_confirmed_the_caller_waits_for_the_v_tcfs():
    w = GroupWorld(fire(setup=SetUp.CONFIRMED), at=AT)
    w.part("core1", "core4")
    call = w.dial("1001")
    w.run(3.0)
    assert call.state is CallState.CALLING
    w.run(3.0)
    assert w.talking() == ["1001"]
    w.cut.clear()
    w = GroupWorld(fire(setup=SetUp.CONFIRMED), at=AT)
    w.dial("1001")
    w.run(0.5)
    assert w.talking() == ["1001"]


@pytest.mark.parametrize("emergency", [False, True])
def test_confirmed_who_presses_meanwhile_hears_what_the_floor_says_of_himself(emergency: bool):
    """2001's V-TCF has answered, the one that the caller waits for never does: 2001 asks, and may pre-empt him."""
    w = GroupWorld(fire(setup=SetUp.CONFIRMED), at={"1001": 2, "2001": 3, "1002": 1, "4001": 4})
    w.part("core1", "core4")
    w.dial("1001")
    w.run(1.0)
    w.press("2001", emergency=emergency)
    w.run(10.0)
    assert w.talking() == ["2001" if emergency else "1001"]
    assert w.its("1001").state is CallState.UP
    assert w.heard("1001") == w.heard("1002")
    w.let_go(w.talking()[0])
    w.run(2.0)
    assert w.talking() == ([] if emergency else ["2001"])


def test_confirmed_who_calls_meanwhile_is_answered_too():
    """His INVITE crosses the one to his V-TCF."""
    w = GroupWorld(fire(setup=SetUp.CONFIRMED), at={"1001": 2, "2001": 3, "4001": 4})
    w.part("core1", "core4")
    w.dial("1001")
    w.dial("2001")
    w.run(10.0)
    assert (w.its("1001").state, w.its("2001").state) == (CallState.UP, CallState.UP)
    assert w.talking() == ["1001"]
    w.let_go("1001")
    w.run(2.0)
    assert w.talking() == ["2001"]


def test_confirmed_and_nobody_answers_is_480():
    w = GroupWorld(fire(setup=SetUp.CONFIRMED), at={"1001": 2, "2001": 3})
    w.part("core1", "core3")
    call = w.dial("1001")
    w.run(7.0)
    assert call.status == 480
    w.cut.clear()
    w.assert_over()


@pytest.mark.parametrize("caller", ["1001", "1002"])
def test_a_cancelled_confirmed_set_up_ends_the_call(caller):
    w = GroupWorld(fire(setup=SetUp.CONFIRMED), at=AT)
    w.part("core1", "core4")
    call = w.dial(caller)
    w.run(1.0)
    w.hang_up(w.ua(caller), call)
    w.run(1.0)
    assert (call.state, w.in_call()) == (CallState.ENDED, set())
    w.cut.clear()
    w.assert_over()


def test_a_v_tcf_that_is_silent_is_left_out_and_taken_in_later():
    w = GroupWorld(at=AT)
    w.part("core1", "core4")
    w.dial("1001")
    w.run(40.0)
    assert w.in_call() == set(MEMBERS) - {"4001"}
    w.let_go("1001")
    w.press("2001")
    w.cut.clear()
    w.run(15.0)
    assert w.in_call() == set(MEMBERS)
    assert 'callerUDN="2001@core2.example"' in ext(w.last("INVITE", "core1", "core4"))


def test_a_v_tcf_that_refuses_is_asked_again():
    w = GroupWorld(at={"1001": 2, "2001": 3})
    node = w.node(3)
    attachment = node._ctx.directory.attachment(aor("2001"))
    assert attachment is not None
    groups, attachment.groups = attachment.groups, ()
    node._ctx.directory.attach(attachment)
    w.dial("1001")
    w.run(1.0)
    assert w.count("480 INVITE", "core3", "core1") == 1
    assert w.in_call() == {"1001"}
    attachment.groups = groups
    node._ctx.directory.attach(attachment)
    w.run(10.0)
    assert w.in_call() == {"1001", "2001"}


def test_an_invite_into_a_running_call_joins():
    w = talking()
    w.leave("4001")
    w.run(1.0)
    w.dial("4001")
    w.run(1.0)
    assert w.floor() == ("1001", ["4001"])
    assert w.said("core1", "core4")[-2:] == ["200 INVITE pttwaiting sendonly", "INFO pttinfo"]
    assert w.told_events("4001")[-2:] == ["queued 1", "floor taken 1001@core1.example"]


def test_who_joins_without_a_queue_listens():
    w = talking(fire(queue_length=0))
    w.leave("4001")
    w.run(1.0)
    w.dial("4001")
    w.run(1.0)
    assert "4001" in w.in_call()
    assert w.said("core1", "core4")[-2:] == ["200 INVITE pttreleasefloor sendonly", "INFO pttinfo"]
    assert w.told_events("4001")[-2:] == ["denied denied", "floor taken 1001@core1.example"]


def test_a_member_behind_the_same_v_joins_within_its_leg():
    w = talking()
    w.leave("2001")
    w.run(1.0)
    assert 'pttinfo;Alerttype=left;UDN="2001@core2.example"' in ext(w.last("INFO", "core3", "core1"))
    w.clear()
    w.dial("2001")
    w.run(1.0)
    assert w.said("core3", "core1") == ["INVITE pttrequest sendrecv", "ACK"]
    assert w.floor() == ("1001", ["2001"])


def test_one_member_in_two_groups():
    w = GroupWorld(fire(), fire("1001", "2001", number="8002"), at=AT)
    w.dial("1001")
    w.dial("1001", group="8002")
    w.run(1.0)
    assert [len(w.ua(number).calls) for number in ("1001", "2001", "4001")] == [2, 2, 1]
    assert w.floor("8001") == w.floor("8002") == ("1001", [])


def test_calls_that_cross_become_one():
    w = GroupWorld(at=AT)
    for number in ("1001", "2001", "4001", "1002"):
        w.dial(number)
    w.run(6.0)
    assert w.in_call() == set(MEMBERS)
    assert len(w.talking()) == 1
    talker, queue = w.floor()
    assert {talker, *queue} == {"1001", "2001", "4001", "1002"}
    assert all(len(w.ua(number).calls) == 1 for number in MEMBERS)


# --- late entry


def test_a_new_member_is_brought_in():
    w = GroupWorld(fire("1001", "2001"), at=AT)
    w.dial("1001")
    w.run(1.0)
    assert w.in_call() == {"1001", "2001"}
    w.regroup(fire())
    w.run(2.0)
    assert w.in_call() == set(MEMBERS)


def test_a_member_who_is_taken_out_leaves():
    w = talking()
    w.regroup(fire(*(set(MEMBERS) - {"2001", "1002"})))
    w.run(2.0)
    assert w.in_call() == set(MEMBERS) - {"2001", "1002"}


def test_who_hung_up_is_not_called_back_until_he_registers():
    w = talking()
    w.leave("2001")
    w.leave("4001")
    w.run(1.0)
    assert w.count("BYE pttrelease", "core4", "core1") == 1
    w.register(w.ua("2002"))
    w.regroup(fire(preemption=True))
    w.run(15.0)
    assert w.in_call() == set(MEMBERS) - {"2001", "4001"}
    w.register(w.ua("2001"))
    w.run(2.0)
    assert "2001" in w.in_call()


def test_a_terminal_that_does_not_answer_is_given_up():
    w = GroupWorld(at={"1001": 2, "1002": 1})
    w.attach("2001", 3, behaviour=Behaviour.IGNORE)
    w.dial("1001")
    w.run(4.0)
    assert w.count("INVITE", "core3", "2001") == 1
    w.run(3.0)
    assert w.count("CANCEL pttrelease", "core3", "2001") == 1
    assert w.count("BYE", "core3", "core1") == 1
    w.let_go("1001")
    w.assert_over()


def test_a_terminal_that_is_busy_does_not_end_the_call():
    w = GroupWorld(at={"1001": 2, "2002": 3})
    w.attach("2001", 3, behaviour=Behaviour.BUSY)
    w.dial("1001")
    w.run(2.0)
    assert w.in_call() == {"1001", "2002"}


# --- release


def test_a_members_leaving_leaves_the_others():
    w = talking()
    w.leave("1001")
    w.run(1.0)
    assert w.in_call() == set(MEMBERS) - {"1001"}
    assert w.floor() == ("", [])


@pytest.mark.parametrize("caller", ["1001", "1002", "4001"])
def test_the_originator_releases_where_the_group_says_so(caller):
    w = talking(fire(owner_release=True), caller=caller)
    w.leave(caller)
    w.run(1.0)
    assert w.in_call() == set()
    w.assert_over()


def test_hang_time():
    w = talking(fire(hang_time=7.0))
    w.let_go("1001")
    w.run(6.0)
    assert w.in_call() == set(MEMBERS)
    w.run(2.0)
    assert w.in_call() == set()
    assert "pttrelease;cause=16" in ext(w.last("BYE", "core1", "core3"))
    w.assert_over()


def test_hang_time_when_nobody_ever_talked():
    members = tuple(Member(aor(n), listen_only=True) for n in MEMBERS)
    w = GroupWorld(replace(fire(hang_time=7.0), members=members), at=AT)
    w.dial("1001")
    w.run(2.0)
    assert w.told_events("1001")[-1].startswith("denied receiveonly")
    w.run(7.0)
    w.assert_over()


def test_the_longest_call():
    w = talking(fire(max_duration=20.0))
    w.run(20.0)
    assert w.in_call() == set()
    assert "pttrelease;cause=66" in ext(w.last("BYE", "core1", "core3"))
    w.assert_over()


def test_the_last_member_leaves():
    w = talking()
    for number in MEMBERS:
        w.leave(number)
        w.run(0.5)
    assert w.calls() == 0
    w.assert_over()


def test_a_full_queue_is_emptied_when_the_call_is_released():
    w = talking()
    for number in ("1002", "2001", "2002", "4001"):
        w.press(number)
        w.run(0.5)
    w.command(1, "call_release", id=w.node(1).procedures.group_call.view()[0]["id"])
    w.run(1.0)
    assert "pttrelease;cause=64" in ext(w.last("BYE", "core1", "core3"))
    w.assert_over()


# --- kinds of calls


@pytest.mark.parametrize("kind", [CallType.AUDIO_MULTICAST, CallType.VIDEO_MULTICAST])
def test_in_a_multicast_call_the_others_only_listen(kind):
    w = GroupWorld(at=AT)
    w.dial("1001", CallSetup(kind))
    w.run(1.0)
    assert f"calltype={kind.value}" in ext(w.last("INVITE", "core1", "core3"))
    w.press("2001")
    w.run(1.0)
    assert w.count("603 INVITE pttreleasefloor", "core1", "core3") == 1
    assert w.told_events("2001")[-2] == "denied receiveonly"
    assert w.floor() == ("1001", [])


def test_audio_and_video():
    w = GroupWorld(at=AT)
    w.dial("1001", CallSetup(CallType.GROUP_AUDIO_VIDEO))
    w.run(1.0)
    assert "calltype=5" in ext(w.last("INVITE", "core3", "2001"))
    assert w.in_call() == set(MEMBERS)


def test_an_emergency_preempts_and_stays():
    w = talking()
    w.press("2001")
    w.run(1.0)
    w.clear()
    w.press("4001", emergency=True)
    w.run(1.0)
    assert w.floor() == ("4001", ["2001"])
    assert w.talking() == ["4001"]
    assert w.said("core1", "core4")[0] == "200 INVITE pttwaiting sendonly"
    revoke = w.last("INVITE pttreleasefloor sendonly", "core1", "core2")
    assert "cause=preempted" in ext(revoke)
    assert "emergency=1" in ext(w.last("INFO", "core1", "core3"))
    w.let_go("4001")
    w.run(1.0)
    assert w.floor() == ("2001", [])
    w.press("4001")
    w.run(1.0)
    assert w.floor() == ("4001", []), "his later requests are an emergency's, too"


# --- the floor


def test_queue_grant_and_release():
    """TC2-C 话权信息通知, TC2-C 话权申请, TC2-C 话权授权, TC2-C 话权排队, TC2-C 话权授权响应, TC2-C 话权信息通知响应,
    TC2-C INFO/TC2.
    """
    w = talking()
    w.press("2001")
    w.run(0.5)
    w.press("4001")
    w.run(0.5)
    assert w.said("core3", "core1") == ["INVITE pttrequest sendrecv", "ACK"]
    assert w.said("core1", "core3") == ["200 INVITE pttwaiting sendonly"]
    assert (w.told_events("2001")[-1], w.told_events("4001")[-1]) == ("queued 1", "queued 2")
    w.clear()
    w.let_go("1001")
    w.run(0.5)
    assert w.said("core2", "core1")[:2] == ["INVITE pttreleasefloor recvonly", "ACK"]
    assert w.said("core1", "core2") == ["200 INVITE sendonly", "INFO pttinfo"]
    assert w.said("core1", "core3") == ["INVITE pttaccept recvonly", "ACK"]
    assert w.said("core3", "core1") == ["200 INVITE sendonly"]
    infos = [ext(m) for m in w.messages("core1", "core4")]
    assert infos == [
        'pttinfo;Alerttype=taken;UDN="2001@core2.example";grant=2',
        'pttinfo;Alerttype=queue;position=1;UDN="4001@core4.example"',
    ]
    assert w.talking() == ["2001"]
    assert {w.heard(number) for number in MEMBERS} == {"2001"}
    w.clear()
    w.let_go("2001")
    w.run(0.5)
    assert w.talking() == ["4001"]
    w.let_go("4001")
    w.run(0.5)
    assert w.floor() == ("", [])
    assert ext(w.last("INFO", "core1", "core3")) == "pttinfo;Alerttype=idle;grant=3"
    assert {w.heard(number) for number in MEMBERS} == {""}


def test_a_waiter_leaves_the_queue():
    w = talking()
    for number in ("2001", "4001"):
        w.press(number)
        w.run(0.5)
    w.let_go("2001")
    w.run(0.5)
    assert w.floor() == ("1001", ["4001"])
    w.leave("4001")
    w.run(0.5)
    assert w.floor() == ("1001", [])


def test_a_full_queue():
    w = talking(fire(queue_length=1))
    for number in ("2001", "4001"):
        w.press(number)
        w.run(0.5)
    assert w.count("486 INVITE pttreleasefloor", "core1", "core4") == 1
    assert "denied queuefull" in w.told_events("4001")
    assert "4001" in w.in_call()


def test_a_listener_is_refused_with_603():
    members = tuple(Member(aor(n), listen_only=n == "2001") for n in MEMBERS)
    w = talking(replace(fire(), members=members))
    w.press("2001")
    w.run(0.5)
    assert ext(w.last("603 INVITE", "core1", "core3")) == "pttreleasefloor;cause=receiveonly"


def test_a_better_priority_preempts_and_t3_ends_the_grace():
    members = tuple(Member(aor(n), priority=10 if n == "2001" else 100) for n in MEMBERS)
    w = talking(replace(fire(preemption=True), members=members))
    w.part("core2", "1001")
    w.part("core1", "core2")
    w.press("2001")
    w.run(2.5)
    assert w.floor() == ("1001", ["2001"])
    w.run(1.0)
    assert w.floor() == ("2001", [])
    w.cut.clear()
    w.run(10.0)
    assert w.talking() == ["2001"]
    assert w.heard("1001") == "2001"


def test_talk_time():
    w = talking(fire(talk_time=5.0))
    w.press("2001")
    w.run(5.0)
    assert "cause=timeout" in ext(w.last("INVITE pttreleasefloor", "core1", "core2"))
    assert w.floor() == ("2001", [])
    assert w.talking() == ["2001"]


def test_a_talker_who_asks_again_hears_what_is_left():
    w = talking(fire(talk_time=60.0))
    w.run(28.5)
    w.press("1001")
    w.run(0.5)
    assert "pttaccept;UDN=1001;duration=30;grant=1" in ext(w.last("200 INVITE", "core1", "core2"))
    w.run(29.0)
    assert w.floor() == ("1001", [])
    w.run(2.0)
    assert w.floor() == ("", [])


@pytest.mark.parametrize("gdn", ["8001", "8001@core1.example", "sip:8001@Core1.example"])
def test_a_revoke_by_command(gdn: str):
    w = talking()
    w.command(1, "floor_revoke", gdn=gdn)
    w.run(1.0)
    assert "cause=forced" in ext(w.last("INVITE pttreleasefloor", "core1", "core2"))
    assert (w.floor(), w.talking()) == (("", []), [])


def test_two_members_behind_one_v_are_served_one_after_the_other():
    w = talking()
    w.press("2001")
    w.press("2002")
    w.run(1.0)
    assert w.floor()[0] == "1001"
    assert sorted(w.floor()[1]) == ["2001", "2002"]
    assert w.count("491") == 0


def test_a_request_crosses_a_grant():
    """2001 is being granted while 2002 behind the same V asks: glare, and both are served."""
    w = talking()
    w.press("2001")
    w.run(1.0)
    w.let_go("1001")
    w.run(0.02)
    w.press("2002")
    w.run(8.0)
    assert w.floor() == ("2001", ["2002"])
    assert w.talking() == ["2001"]


def test_a_waiters_release_crosses_his_grant():
    w = talking(delay=(0.05, 0.05))
    w.press("2001")
    w.run(1.0)
    w.press("4001")
    w.run(1.0)
    w.let_go("1001")
    w.run(0.02)
    w.let_go("2001")
    w.run(8.0)
    assert w.floor() == ("4001", [])
    assert w.talking() == ["4001"]


def test_a_release_crosses_a_revoke():
    w = talking(fire(talk_time=10.0), delay=(0.05, 0.05))
    w.press("2001")
    w.run(8.87)
    w.let_go("1001")
    w.run(10.0)
    assert w.floor() == ("2001", [])
    assert w.talking() == ["2001"]


def test_a_talkers_tcf_goes_down():
    w = talking()
    w.press("4001")
    w.run(1.0)
    w.crash(2)
    w.run(45.0)
    assert w.floor() == ("4001", [])
    assert {"1002", "2001", "2002", "4001"} <= w.in_call()


def test_a_v_that_is_cut_off_takes_the_floor_from_its_talker():
    w = talking(fire(hang_time=300.0))
    w.part("core1", "core2")
    w.run(50.0)
    assert w.talking() == []
    w.cut.clear()
    w.run(30.0)
    assert w.in_call() >= {"1002", "2001", "2002", "4001"}


@pytest.mark.parametrize("answer", [200, 487])
def test_a_v_that_answers_too_late_is_told_that_nobody_waits(answer: int):
    """RFC 3261 §9.1: what was answered provisionally is cancelled, not only forgotten; §13.2.2.4: a 2xx that crosses
    this gets its ACK, and a BYE."""
    net = Net(2, groups=(fire("1001", "2001"),), timers=TimerSettings(tring=10.0))
    net.nodes.pop(tcf(2))
    v = Party(net, 1, "tc2", tcf(2), 5060)
    v.auto = polite
    located = v.make(
        "REGISTER", "sip:core1.example", "<sip:2001@core2.example>;tag=v", "<sip:2001@core2.example>"
    )
    located.headers.set("Contact", f"<sip:{tcf(2)}:5060>")
    located.headers.set("Expires", "600")
    located.headers.set("Ptt-Extension", 'pttregister;GDN="8001@core1.example";UDN=2001')
    located.headers.set("P-Visited-Network-ID", "core2.example")
    v.send(located)
    assert v.response("REGISTER").status == 200
    caller = Phone(net, "1001", 1)
    caller.register()
    caller.auto = polite
    caller.invite("8001@core1.example", extension="pttcall;calltype=4")
    v.answer(v.request("INVITE"), 100)
    net.advance(16.0)
    assert "cause=18;optype=pttcall" in (v.request("CANCEL").headers.get("Ptt-Extension") or "")
    first, _ = v.requests("INVITE")
    if answer == 487:
        v.answer(first, 487)
        assert len(v.requests("ACK")) == 1
        return
    for _ in range(2):
        v.answer(first, 200, ANSWER)
    assert len(v.requests("ACK")) == 2
    assert len(v.requests("BYE")) == 1


G729 = b"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18\r\n"


@pytest.mark.parametrize("at", [1, 2, 3])
@pytest.mark.parametrize("behaviour", [Behaviour.ANSWER, Behaviour.BUSY])
def test_who_offers_no_codec_of_the_running_call_gets_488_and_changes_nothing(at: int, behaviour: Behaviour):
    """TC2-C 488."""
    w = GroupWorld(at={"1001": 1, "2001": 2})
    w.attach("4001", at, behaviour=behaviour)
    w.dial("1001")
    w.run(1.0)
    before = w.in_call() - {"4001"}
    w.clear()
    ua = w.ua("4001")
    call = ua.call("8001@core1.example", w.now, AUDIO, G729)
    w.touch(ua)
    w.run(2.0)
    assert call.status == 488
    assert w.in_call() - {"4001"} == before
    assert w.floor() == ("1001", [])
    w.let_go("1001")
    w.run(1.0)
    assert w.floor() == ("", [])


@pytest.mark.parametrize("at", [1, 3])
def test_a_call_without_a_description_has_g711_and_nothing_else(at: int):
    """Its caller left the offer to the other side."""
    w = GroupWorld(at={"1001": 1, "2001": 2})
    w.attach("4001", at, behaviour=Behaviour.BUSY)
    for number, described, status in (("1001", b"", 0), ("4001", G729, 488)):
        ua = w.ua(number)
        call = ua.call("8001@core1.example", w.now, AUDIO, described)
        w.touch(ua)
        w.run(1.0)
        assert call.status in (status, 200)
    assert w.floor() == ("1001", [])
    w.let_go("1001")
    w.run(1.0)
    assert w.floor() == ("", [])


def test_confirmed_a_member_who_only_receives_is_told_so():
    members = tuple(Member(aor(number), listen_only=number == "2001") for number in ("1001", "2001", "4001"))
    w = GroupWorld(
        replace(fire(setup=SetUp.CONFIRMED), members=members), at={"1001": 2, "2001": 3, "4001": 4}
    )
    w.part("core1", "core4")
    w.dial("1001")
    w.dial("2001")
    w.run(10.0)
    assert any("receiveonly" in ext(message) for message in w.messages("core1", "core3"))


@pytest.mark.parametrize("listens", ["Recv-Info: g.3gpp.mcptt, ptt-floor", "Recv-Info: PTT-Floor"])
@pytest.mark.parametrize("restarted", [False, True])
def test_floor_information_names_its_package_where_that_was_asked_for(listens: str, restarted: bool):
    """RFC 6086: the V-TCF behind core3 listens for it, that behind core2 does not."""
    w = GroupWorld(at=AT)
    w.garble = lambda source, data: (
        data.replace(b"Supported: timer", b"Supported: timer\r\n" + listens.encode())
        if source == "core3"
        else data
    )
    w.dial("1001")
    w.run(1.0)
    if restarted:
        w.crash(1)
        w.restart(1)
        w.run(1.0)
    w.let_go("1001")
    w.run(1.0)
    assert w.last("INFO", "core1", "core3").headers.get("Info-Package") == "ptt-floor"
    assert "Info-Package" not in w.last("INFO", "core1", "core2").headers


# --- a master that says less


OWN_WORDS = re.compile(rb";(grant|duration|position)=\d+")


def test_a_master_that_numbers_nothing_gives_and_takes_the_floor():
    """`grant` is our own; a foreign master knows nothing of it. TC2-C 话权授权."""
    w = GroupWorld(at=AT)
    w.garble = lambda source, data: OWN_WORDS.sub(b"", data) if source == "core1" else data
    w.dial("1001")
    w.run(1.0)
    for asks, lets_go in (("2001", "1001"), ("1001", "2001"), ("2001", "1001")):
        w.press(asks)
        w.run(1.0)
        w.let_go(lets_go)
        w.run(1.0)
        assert w.floor() == (asks, [])
        assert w.talking() == [asks]
    grant = next(m for m in w.messages("core3", "2001") if "pttaccept" in ext(m))
    assert ext(grant) == "pttaccept;UDN=2001"
    w.press("4001", emergency=True)
    w.run(1.0)
    assert w.talking() == ["4001"]


# --- bad input


@pytest.mark.parametrize("leaves_out", [b"calltype=4;", b"Ptt-Extension: pttcall;[^\r]*\r\n"])
def test_a_master_need_not_say_that_it_calls_a_group(leaves_out: bytes):
    """An INVITE without a type is a group call when a group is called (profile 3)."""
    w = GroupWorld(at=AT)
    w.garble = lambda source, data: (
        re.sub(leaves_out, b"", data, count=1) if source == "core1" and data.startswith(b"INVITE") else data
    )
    w.dial("1001")
    w.run(1.0)
    assert w.in_call() >= {"1001", "2001", "2002", "3001", "4001"}


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        (b"pttaccept;UDN=", b"pttgive;UDN=", 488),
        (b"pttaccept;UDN=", b"pttrequest;UDN=", 488),
        (b"pttaccept;UDN=", b"pttaccept;XDN=", 400),
        (b"Content-Type: application/sdp", b"Content-Type: text/plain", 415),
    ],
)
def test_a_grant_that_is_wrong_is_answered_and_the_leg_stays_free(old, new, status):
    w = talking()
    w.press("2001")
    w.run(1.0)
    w.garble = lambda source, data: data.replace(old, new) if source == "core1" else data
    w.let_go("1001")
    w.run(1.0)
    assert w.count(f"{status} INVITE", "core3", "core1") == 1
    assert w.talking() == []
    w.garble = lambda source, data: data
    w.press("2001")
    w.run(1.0)
    assert w.talking() == ["2001"]


def foreign(w: GroupWorld, old: bytes, new: bytes) -> None:
    """What core3 sends says something else."""
    w.garble = lambda source, data: data.replace(old, new) if source == "core3" else data


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        (b'UDN="2001@core2.example"', b'UDN="4001@core4.example"', 403),
        (b'UDN="2001@core2.example"', b'UDN="3002@core3.example"', 403),
        (b'UDN="2001@core2.example"', b'XDN="2001@core2.example"', 400),
        (b"v=0", b"v=7", 400),
        (b"RTP/AVP", b"XXX/XXX", 488),
        (b"pttrequest", b"pttask", 488),
        (b"Content-Type: application/sdp", b"Content-Type: text/plain", 415),
        (b"Content-Type: application/sdp", b"Content-Type: multipart/mixed;boundary=b", 415),
        (b"pttrequest", b"pttaccept", 488),
    ],
)
def test_a_request_that_is_wrong_is_answered_and_the_floor_stays(old, new, status):
    w = talking()
    foreign(w, old, new)
    w.press("2001")
    w.run(1.0)
    assert w.count(f"{status} INVITE", "core1", "core3") == 1
    accepted = w.last(f"{status} INVITE", "core1", "core3").headers.get("Accept")
    assert accepted == ("application/sdp" if status == 415 else None)
    assert w.floor() == ("1001", [])
    w.garble = lambda source, data: data
    w.press("2001")
    w.run(1.0)
    assert w.floor() == ("1001", ["2001"]), "the leg is free again"


def test_a_terminals_broken_description_is_refused_and_the_floor_stays():
    w = talking()
    w.garble = lambda source, data: data.replace(b"v=0", b"v=7") if source == "2001" else data
    w.press("2001")
    w.run(1.0)
    assert w.count("400 INVITE", "core3", "2001") == 1
    assert w.floor() == ("1001", [])


def test_a_request_on_a_dead_dialog_is_481():
    w = talking()
    w.lose = lambda source, target, data: data.startswith(b"BYE") and target == "core3"
    w.command(1, "call_release", id=w.node(1).procedures.group_call.view()[0]["id"])
    w.press("2001")
    w.run(1.0)
    assert w.count("481 INVITE", "core1", "core3") == 1
    assert "2001" not in w.in_call()


def calm(w: GroupWorld, number: str) -> None:
    """The terminal says that the emergency is over."""
    ua, call = w.ua(number), w.its(number)
    ua.line.now = w.now
    ua._calls.invite(call, AUDIO, "pttcall;emergency=0")
    w.touch(ua)


def test_an_emergency_is_called_off_by_who_called_it_out():
    w = GroupWorld(at=AT)
    w.dial("2001", EMERGENCY)
    w.run(1.0)
    assert "emergency=1" in ext(w.last("INVITE", "core1", "core2"))
    calm(w, "2002")
    w.run(1.0)
    assert w.count("INFO", "core1") == 0, "another member cannot"
    calm(w, "2001")
    w.run(1.0)
    info = ext(w.last("INFO", "core1", "core2"))
    assert info == 'pttinfo;Alerttype=taken;UDN="2001@core2.example";grant=1'
    w.press("1001", emergency=True)
    w.run(1.0)
    assert w.floor() == ("2001", ["1001"]), "his own burst is still an emergency's"
    w.let_go("2001")
    w.run(1.0)
    w.press("2001")
    w.run(1.0)
    assert w.floor() == ("1001", ["2001"])
