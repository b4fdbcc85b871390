"""Softphones in group calls (profile 6, 7): no `Ptt-Extension`, resume asks, hold releases, nobody queues them."""

from typing import Any

from tests.services.group_world import GroupWorld, ext, fire

from opentcf.terminal import CallState

AT = {"1002": 1, "2001": 3, "2002": 3}


def with_phone(where: int = 2, **values: Any) -> GroupWorld:
    """1001 is a softphone; nobody has called yet."""
    w = GroupWorld(fire(**values), at=AT)
    w.attach("1001", where, plain=True)
    return w


def test_a_phone_dials_the_group_and_talks():
    for where in (1, 2):
        w = with_phone(where)
        call = w.dial("1001", None)
        w.run(1.0)
        assert call.state is CallState.UP
        assert b"a=recvonly" in call.remote_sdp
        assert w.floor() == ("1001", [])
        assert w.in_call() == {"1001", "1002", "2001", "2002"}
        assert "pttaccept" not in ext(w.last("200 INVITE", f"core{where}", "1001"))


def test_a_phone_that_dials_in_while_another_talks_listens_and_does_not_wait():
    for where in (1, 2, 3):
        w = with_phone(where)
        w.dial("1002")
        w.run(1.0)
        w.leave("1001")
        w.run(1.0)
        call = w.dial("1001", None)
        w.run(1.0)
        assert call.state is CallState.UP
        assert b"a=sendonly" in call.remote_sdp
        assert w.floor() == ("1002", [])


def test_a_called_phone_listens():
    w = with_phone()
    w.dial("1002")
    w.run(1.0)
    assert b"a=sendonly" in w.its("1001").remote_sdp
    assert w.count("INFO", "core2", "1001") == 0


def test_resume_asks_and_hold_releases():
    w = with_phone()
    w.dial("1002")
    w.run(1.0)
    w.let_go("1002")
    w.run(1.0)
    w.clear()
    w.press("1001")
    w.run(1.0)
    assert w.said("1001", "core2")[0] == "INVITE sendrecv"
    assert w.said("core2", "core1")[0] == "INVITE pttrequest sendrecv"
    assert w.last("200 INVITE", "core2", "1001").body.count(b"a=recvonly") == 1
    assert w.floor() == ("1001", [])
    assert w.heard("2001") == "1001"
    w.let_go("1001")
    w.run(1.0)
    assert w.floor() == ("", [])
    assert "grant=2" in ext(w.last("INVITE pttreleasefloor", "core2", "core1"))


def test_a_denied_resume_is_486_and_the_session_stays():
    for where in (1, 2, 3):
        w = with_phone(where)
        w.dial("1002")
        w.run(1.0)
        w.press("1001")
        w.run(3.0)
        assert w.count("486 INVITE", f"core{where}", "1001") == 1
        assert w.its("1001").state is CallState.UP
        assert w.floor() == ("1002", [])
        w.let_go("1002")
        w.run(1.0)
        assert w.floor() == ("", [])
        w.press("1001")
        w.run(1.0)
        assert w.floor() == ("1001", [])


def test_inactive_holds_and_sendonly_asks():
    w = with_phone()
    call = w.dial("1001", None)
    w.run(1.0)
    for direction, talker in (("inactive", ""), ("sendonly", "1001")):
        w.ua("1001").change(call, direction, w.now)
        w.touch(w.ua("1001"))
        w.run(1.0)
        assert w.floor() == (talker, [])


def test_a_phone_hangs_up():
    w = with_phone(owner_release=True)
    w.dial("1001", None)
    w.run(1.0)
    w.leave("1001")
    w.run(1.0)
    assert w.in_call() == set()
    w.assert_over()


def test_a_phone_whose_floor_is_revoked_is_told_by_a_re_invite():
    for where in (1, 2):
        w = with_phone(where, talk_time=5.0)
        w.dial("1001", None)
        w.run(1.0)
        w.clear()
        w.run(6.0)
        assert w.floor() == ("", [])
        revoke = w.last("INVITE", f"core{where}", "1001")
        assert b"a=sendonly" in revoke.body
        assert not ext(revoke)
        assert w.its("1001").state is CallState.UP
        w.press("1001")
        w.run(1.0)
        assert w.floor() == ("1001", [])


def test_a_talker_that_holds_in_the_usual_way_gives_the_floor_back():
    """Most phones hold with sendonly (RFC 3264 §8.4): nobody who talks asks for the floor."""
    for where in (1, 2):
        w = with_phone(where)
        call = w.dial("1001", None)
        w.run(1.0)
        for direction, talker, answer in (
            ("sendonly", "", b"a=inactive"),
            ("sendrecv", "1001", b"a=recvonly"),
        ):
            w.ua("1001").change(call, direction, w.now)
            w.touch(w.ua("1001"))
            w.run(1.0)
            assert w.floor() == (talker, [])
            assert answer in call.remote_sdp
