"""One heap of deadlines."""

from hypothesis import given
from hypothesis import strategies as st

from opentcf.sip.timers import Timer, Timers


def test_targets_come_back_when_due_in_order():
    timers = Timers()
    for when, target in ((3.0, "c"), (1.0, "a"), (2.0, "b")):
        timers.start(when, target)
    assert timers.deadline() == 1.0
    assert timers.due(0.5) is None
    assert [timers.due(2.0), timers.due(2.0), timers.due(2.0)] == ["a", "b", None]
    assert timers.deadline() == 3.0


def test_what_is_due_at_one_instant_keeps_the_order_of_starting():
    timers = Timers()
    for target in "abc":
        timers.start(1.0, target)
    assert [timers.due(1.0) for _ in range(3)] == ["a", "b", "c"]


def test_a_cancelled_timer_is_gone():
    timers = Timers()
    first, second = timers.start(1.0, "a"), timers.start(2.0, "b")
    first.cancel()
    first.cancel()
    assert (len(timers), timers.deadline(), timers.due(5.0), timers.due(5.0)) == (1, 2.0, "b", None)
    second.cancel()
    assert (len(timers), timers.deadline()) == (0, None)


def test_what_a_due_target_does_may_cancel_the_next():
    timers = Timers()
    timers.start(1.0, "a")
    other = timers.start(1.0, "b")
    assert timers.due(1.0) == "a"
    other.cancel()
    assert timers.due(1.0) is None


def test_cancelled_timers_do_not_pile_up():
    timers = Timers()
    timers.start(10.0, "kept")
    for number in range(100_000):
        timers.start(1000.0 + number, "dropped").cancel()
    assert len(timers._heap) < 10_000
    assert (len(timers), timers.due(10.0)) == (1, "kept")


@given(st.lists(st.tuples(st.floats(0, 100), st.booleans()), max_size=60))
def test_it_is_a_sorted_list(entries: list[tuple[float, bool]]):
    timers = Timers()
    started: list[tuple[float, int, Timer]] = []
    for number, (when, _) in enumerate(entries):
        started.append((when, number, timers.start(when, number)))
    for (_, cancelled), (_, _, timer) in zip(entries, started):
        if cancelled:
            timer.cancel()
    living = sorted((when, number) for (when, number, timer) in started if timer.target is not None)
    found = []
    while (target := timers.due(100.0)) is not None:
        found.append(target)
    assert found == [number for _, number in living]
