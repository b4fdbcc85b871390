"""No BYE without a cause."""

import pytest
from tests.chaos.tales import A, B, C, Tale, violated

from opentcf.chaos.cast import Durations

CAUSE = "no BYE without a cause"
PRIVATE = "call-2"
NORMAL, NO_ANSWER, FORCED, MOVED, PEER_DOWN, STUNNED, PREEMPTED = "16", "18", "64", "65", "67", "68", "8"


def private() -> Tale:
    """A calls B."""
    tale = Tale().registered(A, 1).registered(B, 2).heard(B, "up", call=PRIVATE, key=B, remote=A)
    return tale.heard(A, "up", call=PRIVATE, key=A, remote=B).at(50.0)


def test_a_bye_that_says_nothing():
    tale = private().did(B, "hang up", call=PRIVATE)
    assert violated(tale.bye(A, None, call=PRIVATE)) == {CAUSE: [f"{A}: BYE without a cause"]}


def test_a_bye_without_a_reason():
    tale = private().did(B, "hang up", call=PRIVATE)
    assert violated(tale.bye(A, NORMAL, None, call=PRIVATE)) == {CAUSE: [f"{A}: BYE without a Reason"]}


@pytest.mark.parametrize(
    ("what", "cause"),
    [("hang up", NORMAL), ("register", NORMAL), ("unregister", NORMAL), ("register", MOVED)],
)
def test_what_a_party_does_ends_a_call(what, cause):
    who = A if cause == MOVED else B
    told = private().did(who, what, core=3).bye(A, cause, call=PRIVATE)
    assert violated(told) == {}
    assert violated(private().bye(A, cause, call=PRIVATE)).keys() == {CAUSE}


def test_somebody_elses_hanging_up_does_not():
    assert violated(private().did(C, "hang up", call="call-3").bye(A, NORMAL, call=PRIVATE)).keys() == {CAUSE}


@pytest.mark.parametrize("cause", [PEER_DOWN, NO_ANSWER, NORMAL])
def test_a_fault_on_the_path_ends_a_call(cause):
    def tale(who: str) -> Tale:
        return private().fault(who, "kill").at(53.0).fault(who, "ready").bye(A, cause, call=PRIVATE)

    assert violated(tale("core2")) == {}
    assert violated(tale("core4")).keys() == {CAUSE}


def test_a_fault_long_ago_does_not():
    tale = private().at(10.0).fault("core2", "kill").fault("core2", "ready").at(50.0)
    assert violated(tale.bye(A, PEER_DOWN, call=PRIVATE)).keys() == {CAUSE}


def test_who_is_stunned_loses_his_calls_and_nobody_else():
    assert violated(private().order("stun", B, "m1").bye(A, STUNNED, call=PRIVATE)) == {}
    assert violated(private().order("stun", C, "m1").bye(A, STUNNED, call=PRIVATE)).keys() == {CAUSE}


def test_nothing_in_a_run_pre_empts():
    tale = private().did(B, "hang up", call=PRIVATE).fault("core2", "kill")
    assert violated(tale.bye(A, PREEMPTED, call=PRIVATE)).keys() == {CAUSE}


def test_nobody_is_taken_out_of_a_static_group():
    assert violated(Tale().registered(A, 1).at(50.0).bye(A, FORCED)).keys() == {CAUSE}


def test_a_group_call_ends_after_silence():
    def tale(silence: float) -> Tale:
        told = Tale().registered(A, 1).at(50.0).talks(A, 1).silent(A)
        return told.at(told.now + silence).bye(B, NORMAL)

    assert violated(tale(Durations().t4)) == {}
    assert violated(tale(1.0)).keys() == {CAUSE}


def test_a_group_call_ends_after_the_silence_of_a_talker_who_is_down():
    def tale(who: str) -> Tale:
        told = Tale().registered(A, 1).registered(B, 2).at(50.0).talks(B, 1).fault(who, "kill")
        return told.at(70.0).bye(A, NORMAL)

    assert violated(tale("core2")) == {}
    assert violated(tale("core3")).keys() == {CAUSE}
