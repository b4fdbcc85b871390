"""The floor: histories that violate an invariant, and their neighbours that do not."""

import pytest
from tests.chaos.tales import CUT_OFF, A, B, C, Tale, judged, violated

from opentcf.chaos.check.verdict import SLACK

ONE_USER = "a grant number is one user's"
OVERLAP = "grants never overlap"
CUT = "a cut-off talker loses the floor within T1"


def test_one_after_the_other_is_as_it_should_be():
    tale = Tale().talks(A, 1).silent(A).talks(B, 2).silent(B).talks(A, 3).end()
    assert violated(tale) == {}
    assert judged(tale) == {ONE_USER, OVERLAP}


def test_a_number_that_two_users_got():
    tale = Tale().talks(A, 1).silent(A).talks(B, 1).silent(B)
    assert violated(tale).keys() == {ONE_USER}


def test_two_talk_at_once():
    tale = Tale().talks(A, 1).talks(B, 2).silent(A).silent(B)
    assert violated(tale).keys() == {OVERLAP}


def test_two_talk_at_once_although_the_older_began_later():
    """A grant that comes late is void when a newer one was given."""
    tale = Tale().talks(B, 2).talks(A, 1).silent(A).silent(B)
    assert violated(tale).keys() == {OVERLAP}


def test_the_same_grant_told_again_is_no_overlap():
    assert violated(Tale().talks(A, 1).talks(A, 1).silent(A).talks(B, 2).end()) == {}


def parted(seconds: float) -> Tale:
    """B, at core 2, is cut off from G, core 1; A gets the floor, and B talks on for so long."""
    tale = Tale().registered(B, 2).talks(B, 1).fault("core1-core2", "part").talks(A, 2)
    return tale.at(tale.now + seconds).silent(B).silent(A).at(60.0).fault("core1-core2", "join")


def test_a_zombie_is_silent_in_time():
    assert violated(parted(CUT_OFF - 0.5)) == {}


def test_a_zombie_talks_on():
    assert violated(parted(CUT_OFF + SLACK + 0.2)).keys() == {OVERLAP, CUT}


def test_who_is_about_to_move_still_talks_where_he_is_registered():
    tale = Tale().registered(B, 3).did(B, "register", core=1).talks(B, 1).fault("core3", "kill").talks(A, 2)
    tale.heard(B, "registered", core=1).silent(B).silent(A).fault("core3", "ready")
    assert violated(tale) == {}


def test_a_fault_elsewhere_excuses_nothing():
    tale = Tale().registered(B, 2).fault("core3-core4", "part").talks(B, 1).talks(A, 2).silent(B).end()
    assert violated(tale).keys() == {OVERLAP}


@pytest.mark.parametrize(
    ("who", "begin", "end"),
    [
        ("core1-core3", "part", "join"),
        ("core1", "kill", "ready"),
        ("core1", "freeze", "thaw"),
        ("core3", "isolate", "rejoin"),
    ],
)
def test_a_talker_who_is_cut_off_talks_on(who, begin, end):
    tale = Tale().registered(C, 3).talks(C, 1).fault(who, begin).at(30.0).fault(who, end).silent(C)
    assert violated(tale).keys() == {CUT}
    in_time = Tale().registered(C, 3).talks(C, 1).fault(who, begin).at(2.9).silent(C).at(30.0).fault(who, end)
    assert violated(in_time) == {}
    assert CUT in judged(in_time)


def test_who_is_at_the_master_itself_is_never_cut_off():
    tale = (
        Tale().registered(C, 1).talks(C, 1).fault("core1-core3", "part").at(30.0).fault("core1-core3", "join")
    )
    assert CUT not in judged(tale)


def test_a_talker_whose_own_node_does_not_run_is_not_judged():
    tale = Tale().registered(C, 3).talks(C, 1).fault("core1", "freeze").fault("core3", "kill").at(9.0)
    assert CUT not in judged(tale.fault("core3", "ready").at(30.0).fault("core1", "thaw").silent(C))


def test_a_short_cut_is_not_judged():
    tale = (
        Tale().registered(C, 3).talks(C, 1).fault("core1-core3", "part").at(2.0).fault("core1-core3", "join")
    )
    assert CUT not in judged(tale.at(30.0).silent(C))
