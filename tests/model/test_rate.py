"""Token buckets."""

from opentcf.model.rate import BURST, Rates


def test_a_burst_then_the_rate():
    rates = Rates()
    burst = [rates.spend("a", 2.0, 0.0) for _ in range(int(2 * BURST) + 1)]
    assert burst == [True] * int(2 * BURST) + [False]
    assert not rates.spend("a", 2.0, 0.25)
    assert rates.spend("a", 2.0, 0.5)
    assert not rates.spend("a", 2.0, 0.5)


def test_names_do_not_share():
    rates = Rates()
    assert [rates.spend("a", 0.2, 0.0) for _ in range(2)] == [True, False]
    assert rates.spend("b", 0.2, 0.0)


def test_a_slow_rate_still_lets_one_through():
    rates = Rates()
    assert rates.spend("a", 0.01, 0.0)
    assert not rates.spend("a", 0.01, 99.0)
    assert rates.spend("a", 0.01, 100.0)


def test_memory_is_bounded_and_the_one_unseen_longest_goes():
    rates = Rates(most=2)
    for name in "abac":
        rates.spend(name, 0.2, 0.0)
    assert len(rates) == 2
    assert not rates.spend("a", 0.2, 0.0)
