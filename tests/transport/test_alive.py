"""Keep-alive and back-off in virtual time."""

import pytest

from opentcf.transport.alive import LONGEST_WAIT, SHORTEST_WAIT, BackOff, Beat, KeepAlive


def beats(keep: KeepAlive, start: int, end: int) -> list[tuple[int, Beat]]:
    return [(now, beat) for now in range(start, end) if (beat := keep.beat(float(now))) is not Beat.NONE]


def test_silence_is_asked_once_and_then_taken_for_death():
    keep = KeepAlive(silence=30.0, pong=10.0, now=0.0)
    assert beats(keep, 0, 41)[:2] == [(30, Beat.PING), (40, Beat.DEAD)]


def test_who_answers_lives_and_is_asked_again_after_the_next_silence():
    keep = KeepAlive(silence=30.0, pong=10.0, now=0.0)
    assert beats(keep, 0, 39) == [(30, Beat.PING)]
    keep.heard(39.0)
    assert beats(keep, 39, 79) == [(69, Beat.PING)]


def test_who_speaks_is_never_asked():
    keep = KeepAlive(silence=30.0, pong=10.0, now=0.0)
    for now in range(0, 300, 29):
        keep.heard(float(now))
        assert beats(keep, now, now + 29) == []


def test_the_time_for_the_answer_begins_with_the_question():
    """The loop looked late: the other side still has its ten seconds."""
    keep = KeepAlive(silence=30.0, pong=10.0, now=0.0)
    assert beats(keep, 100, 111) == [(100, Beat.PING), (110, Beat.DEAD)]


def waits(back_off: BackOff, times: int) -> list[float]:
    found, now = [], 0.0
    for _ in range(times):
        back_off.failed("address", now)
        found.append(back_off.wait("address", now))
        now += found[-1]
        assert back_off.wait("address", now) == pytest.approx(0.0)
    return found


def test_each_wait_is_twice_as_long_up_to_a_bound():
    assert waits(BackOff(lambda: 1.0), 8) == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0])


def test_chance_takes_up_to_half_of_it():
    assert waits(BackOff(lambda: 0.0), 3) == pytest.approx([0.1, 0.2, 0.4])
    draws = iter((0.0, 0.5, 1.0))
    assert waits(BackOff(lambda: next(draws)), 3) == pytest.approx([0.1, 0.3, 0.8])


def test_who_was_reached_begins_anew_and_others_are_not_concerned():
    back_off = BackOff(lambda: 1.0)
    waits(back_off, 5)
    back_off.failed("other", 0.0)
    assert back_off.wait("other", 0.0) == pytest.approx(SHORTEST_WAIT)
    back_off.reached("address")
    assert back_off.wait("address", 0.0) == 0.0
    assert waits(back_off, 1) == pytest.approx([SHORTEST_WAIT])
    assert max(waits(back_off, 100)) == LONGEST_WAIT


def test_what_is_remembered_is_bounded():
    back_off = BackOff(lambda: 1.0)
    for number in range(10_001):
        back_off.failed(number, 0.0)
    assert back_off.wait(0, 0.0) == 0.0
    assert back_off.wait(10_000, 0.0) > 0.0
