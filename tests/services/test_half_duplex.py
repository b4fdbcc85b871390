"""Half-duplex private calls (profile 4.2): auto-answer, and a floor that the caller's home arbitrates."""

import re
from typing import Any

import pytest
from tests.world import World

from opentcf.model.bounds import TimerSettings
from opentcf.model.call import CallSetup
from opentcf.model.registration import RegType
from opentcf.terminal import Behaviour, Call, CallState, Terminal

HALF = CallSetup(full_duplex=False)
PATHS = pytest.mark.parametrize(
    ("caller_at", "called_at", "called"),
    [(1, 1, "1002"), (1, 2, "2001"), (2, 3, "1002"), (2, 3, "4001"), (2, 2, "2001")],
)


class Talk:
    """Two radios in a half-duplex call."""

    def __init__(
        self, caller_at: int, called_at: int, called: str, *, plain: bool = False, **more: Any
    ) -> None:
        self.w = w = World(1, **more)
        self.one = w.terminal("1001", caller_at)
        self.two = w.terminal(called, called_at, plain=plain, behaviour=Behaviour.ANSWER)
        for ua in (self.one, self.two):
            w.register(ua)
        w.run(2.0)
        self.call = w.call(self.one, called, HALF)
        w.run(2.0)
        self.other = next(iter(self.two.calls.values()))

    def press(self, ua: Terminal) -> None:
        ua.press(self.its(ua), self.w.now)
        self.w.touch(ua)
        self.w.run(1.0)

    def let_go(self, ua: Terminal) -> None:
        ua.let_go(self.its(ua), self.w.now)
        self.w.touch(ua)
        self.w.run(1.0)

    def its(self, ua: Terminal) -> Call:
        return self.call if ua is self.one else self.other

    def talking(self) -> tuple[bool, bool]:
        return self.call.talking, self.other.talking

    def floor(self) -> tuple[str | None, list[str]]:
        """As the caller's home has it."""
        (row,) = self.w.node(1).procedures.private_call.floors()
        return row["talker"], row["queue"]

    def heard(self, ua: Terminal) -> list[str]:
        return [f"{e.name} {e.text}".strip() for e in ua.events]

    def agree(self) -> bool:
        """Do the radios know what the caller's home decided?"""
        talker = self.floor()[0]
        return self.talking() == (talker == str(self.one.user), talker == str(self.two.user))

    def restart(self, number: int) -> None:
        """A TCF crashes and comes back, links are whole again."""
        self.w.crash(number)
        self.w.run(0.3)
        self.w.restart(number)
        self.w.cut.clear()
        self.w.run(4.0)

    def end(self) -> None:
        self.w.hang_up(self.one, self.call)
        self.w.settle()
        self.w.check(empty=False)
        assert not self.two.calls


@PATHS
def test_the_caller_starts_with_the_floor_and_the_other_answers_by_himself(
    caller_at: int, called_at: int, called: str
):
    t = Talk(caller_at, called_at, called)
    assert (t.call.state, t.other.state) == (CallState.UP, CallState.UP)
    assert t.talking() == (True, False)
    assert t.other.talker == "1001@core1.example"
    t.end()


@PATHS
def test_the_floor_goes_back_and_forth(caller_at: int, called_at: int, called: str):
    t = Talk(caller_at, called_at, called)
    t.let_go(t.one)
    assert t.floor() == (None, [])
    assert t.other.talker == ""
    t.press(t.two)
    assert t.talking() == (False, True)
    assert t.call.talker == str(t.two.user)
    t.press(t.one)
    assert t.floor() == (str(t.two.user), ["1001@core1.example"])
    t.let_go(t.two)
    assert t.talking() == (True, False)
    t.end()


def test_who_waits_gives_his_place_back():
    t = Talk(2, 3, "4001")
    t.press(t.two)
    assert t.floor()[1] == ["4001@core4.example"]
    t.let_go(t.two)
    assert t.floor() == ("1001@core1.example", [])
    t.let_go(t.one)
    assert t.talking() == (False, False)
    t.end()


def test_talk_time_ends_a_burst():
    t = Talk(2, 3, "4001")
    t.press(t.two)
    t.w.run(61.0)
    assert t.talking() == (False, True)
    assert any(heard.startswith("revoked") for heard in t.heard(t.one))
    t.end()


def test_idle_does_not_end_the_call():
    t = Talk(2, 3, "4001")
    t.let_go(t.one)
    t.w.run(40.0)
    assert t.call.state is CallState.UP, "there is no T4"
    t.end()


def test_a_plain_phone_resumes_and_holds_and_is_never_queued():
    t = Talk(2, 3, "4001", plain=True)
    t.press(t.two)
    assert t.floor() == ("1001@core1.example", [])
    assert [e.status for e in t.two.events if e.name == "failed"] == [486]
    t.let_go(t.one)
    t.press(t.two)
    assert t.floor() == ("4001@core4.example", [])
    t.let_go(t.two)
    assert t.floor() == (None, [])
    t.end()


def test_the_floor_outlives_a_restart_of_the_arbiter():
    t = Talk(2, 3, "4001")
    t.press(t.two)
    t.w.crash(1)
    t.w.restart(1)
    t.w.run(2.0)
    assert t.floor() == ("1001@core1.example", ["4001@core4.example"])
    t.let_go(t.one)
    assert t.talking() == (False, True)
    t.w.run(61.0)
    assert t.talking() == (False, False)
    t.end()


@pytest.mark.parametrize("late", [0.005, 0.02, 0.03, 0.05, 0.08, 0.2])
def test_a_talker_who_asks_again_while_his_v_restarts_talks_on_only_with_the_floor(late: float):
    t = Talk(2, 3, "4001")
    t.let_go(t.one)
    t.press(t.two)
    assert t.talking() == (False, True)
    t.two.press(t.other, t.w.now)
    t.w.touch(t.two)
    t.w.run(late)
    t.restart(3)
    t.w.run(5.0)
    assert t.agree()
    t.end()


def test_what_is_given_back_of_an_older_grant_changes_nothing():
    t = Talk(2, 3, "4001")
    t.let_go(t.one)
    t.press(t.one)
    old = b'pttreleasefloor;UDN="1001@core1.example";cause=gone;grant=1'
    t.w.garble = lambda source, data: (
        re.sub(rb"pttreleasefloor[^\r]*", old, data)
        if source == "core2" and data.startswith(b"INVITE")
        else data
    )
    t.one.events.clear()
    t.let_go(t.one)
    t.w.run(3.0)
    assert t.floor() == ("1001@core1.example", [])
    assert not any(heard.startswith("revoked") for heard in t.heard(t.one))


@pytest.mark.parametrize("restarted", [False, True])
def test_talk_time_means_nothing_to_a_call_that_is_being_released(restarted: bool):
    """Its other side is cut off, and does not answer the BYE."""
    t = Talk(2, 3, "4001", timers=TimerSettings(t2=10.0))
    t.w.part("core1", "core4", 5.0)
    t.w.run(5.0)
    t.w.part("core1", "core4")
    t.w.hang_up(t.one, t.call)
    t.w.run(1.0)
    if restarted:
        t.w.crash(1)
        t.w.restart(1)
    t.w.run(20.0)
    assert not any(notice.name == "fault" for notice in t.w.notices)


def test_half_duplex_goes_on_over_a_handover():
    t = Talk(2, 3, "4001")
    t.let_go(t.one)
    t.two.move(t.w.cores[1].proxy, t.w.now, RegType.HANDOVER, t.other)
    t.w.touch(t.two)
    t.w.run(3.0)
    t.press(t.two)
    assert t.talking() == (False, True)
    t.end()


def test_a_release_that_meets_an_open_grant_on_the_way_is_said_again():
    t = Talk(2, 3, "4001")
    t.press(t.two)
    t.one.let_go(t.call, t.w.now)
    t.w.touch(t.one)
    while not t.other.talking:
        t.w.run(0.001)
    t.two.let_go(t.other, t.w.now)
    t.w.touch(t.two)
    t.w.run(6.0)
    assert t.floor() == (None, [])
    t.end()


def _until_revoked(t: Talk) -> None:
    node = t.w.node(1)
    while node.procedures.private_call.floors()[0]["state"] == "taken":
        t.w.run(0.001)


@pytest.mark.parametrize(
    ("lost", "crashed"),
    [
        (("core1", "core4"), 1),
        (("core3", "4001"), 4),
        (("core4", "core3"), 1),
        (("core1", "core2"), 2),
    ],
    ids=["master's grant", "grant before a relay", "grant behind a relay", "release behind the V"],
)
def test_a_grant_that_a_restart_cut_off_is_given_or_taken_back(lost: tuple[str, str], crashed: int):
    t = Talk(2, 3, "4001")
    t.press(t.two)
    t.w.part(*lost)
    t.one.let_go(t.call, t.w.now)
    t.w.touch(t.one)
    t.w.run(0.2)
    t.restart(crashed)
    assert t.agree()
    t.w.run(40.0)
    t.end()


@pytest.mark.parametrize(
    ("lost", "crashed"),
    [(("core1", "core2"), 1), (("core2", "1001"), 2)],
    ids=["by the master", "by the V"],
)
def test_a_revoke_that_a_restart_cut_off_comes_again(lost: tuple[str, str], crashed: int):
    t = Talk(2, 3, "4001")
    t.press(t.two)
    t.w.run(56.0)
    t.w.part(*lost)
    _until_revoked(t)
    t.w.run(0.2)
    t.restart(crashed)
    assert t.talking() == (False, True)
    assert t.agree()
    t.w.run(40.0)
    t.end()


@pytest.mark.parametrize(("crashed", "late"), [(3, 0.06), (3, 0.07), (4, 0.06), (4, 0.08)])
def test_a_relay_that_restarts_while_a_grant_passes_leaves_nobody_in_error(late: float, crashed: int):
    t = Talk(2, 3, "4001")
    t.press(t.two)
    t.one.let_go(t.call, t.w.now)
    t.w.touch(t.one)
    t.w.run(late)
    t.restart(crashed)
    assert t.agree()
    t.end()


@pytest.mark.parametrize("asks_again", [False, True])
def test_a_revoke_that_an_offer_crossed_reaches_its_talker_after_the_grace(asks_again: bool):
    """The 491 wait may outlast T3: the floor is free by then, and he is told all the same, unless he asked anew."""
    t = Talk(2, 3, "4001", delay=(0.01, 0.01), timers=TimerSettings(t3=1.0))
    t.let_go(t.one)
    t.press(t.two)
    t.w.run(60.005 - 1.0)  # the revoke leaves at 60.03, when the offer is between core4 and core1
    t.two.change(t.other, "sendrecv", t.w.now)
    t.w.touch(t.two)
    t.w.run(1.5)
    assert t.w.ladder().count("core4 core1 491 INVITE") == 1
    assert t.floor() == (None, [])
    if asks_again:
        t.press(t.two)
    t.w.run(5.0)
    assert t.agree()
    assert ("revoked timeout" in t.heard(t.two)) is not asks_again
    t.end()
