"""H→G: where members are reaches the masters of their groups, whatever happens on the way."""

import pytest
from tests.services.group_world import GroupWorld, aor

from opentcf.model.numbers import Aor

FIRE = Aor("8001", "core1.example")


def believed(w: GroupWorld, number: str) -> str | None:
    """Where the group's master believes a member to be."""
    return w.node(1)._ctx.directory.where(FIRE, aor(number))


def kill_home_before_it_is_heard(w: GroupWorld, number: str, to: int | None) -> None:
    """He moves, or de-registers, while his home cannot reach the master, and then the home dies."""
    w.part("core1", "core2")
    ua = w.ua(number)
    if to is None:
        w.register(ua, 0)
    else:
        w.move(ua, to)
    w.run(1.0)
    w.crash(2)
    w.restart(2)
    w.cut.clear()
    w.run(25.0)


@pytest.mark.parametrize(("to", "where"), [(3, "core3.example"), (None, None)], ids=["moves", "leaves"])
def test_a_location_that_was_not_answered_is_told_after_a_restart_of_the_home(to, where):
    w = GroupWorld(at={"1001": 1, "2001": 2})
    assert believed(w, "2001") == "core2.example"
    kill_home_before_it_is_heard(w, "2001", to)
    assert believed(w, "2001") == where


def test_a_location_that_was_answered_is_not_told_again_after_a_restart():
    w = GroupWorld(at={"1001": 1, "2001": 2})
    w.crash(2)
    w.restart(2)
    before = len(w.transcript)
    w.run(25.0)
    assert not [m for m in w.transcript[before:] if m.data.startswith(b"REGISTER") and m.source == "core2"]
