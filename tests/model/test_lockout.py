"""Wrong passwords."""

from opentcf.model.lockout import FORGIVEN, LONGEST, SHORTEST, Lockouts


def guess(lockouts: Lockouts, times: int, now: float = 0.0) -> list[float]:
    return [lockouts.wrong("a", 3, now) for _ in range(times)]


def test_the_first_lock_out_comes_at_the_limit_and_ends():
    lockouts = Lockouts()
    assert guess(lockouts, 3) == [0.0, 0.0, SHORTEST]
    assert lockouts.locked("a", SHORTEST - 0.1)
    assert not lockouts.locked("a", SHORTEST)
    assert not lockouts.locked("b", 0.0)


def test_each_lasts_twice_as_long_up_to_the_longest():
    lockouts = Lockouts()
    spells = [seconds for seconds in guess(lockouts, 30) if seconds]
    assert spells[:3] == [SHORTEST, 2 * SHORTEST, 4 * SHORTEST]
    assert spells[-1] == LONGEST


def test_the_right_password_or_a_long_time_forgives():
    lockouts = Lockouts()
    guess(lockouts, 2)
    lockouts.right("a")
    assert guess(lockouts, 3) == [0.0, 0.0, SHORTEST]
    assert guess(lockouts, 3, FORGIVEN + 1.0) == [0.0, 0.0, SHORTEST]


def test_memory_is_bounded():
    lockouts = Lockouts(most=2)
    for name in "abcdef":
        lockouts.wrong(name, 3, 0.0)
    assert len(lockouts) == 2
