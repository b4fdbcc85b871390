"""A clock that is set by an hour moves no deadline, as long as the machine goes on."""

import pytest
from structlog.testing import capture_logs

from opentcf.node.orders import Save
from opentcf.runtime.clock import boot_id, settle_clock

WALL, BOOT = 1_700_000_000.0, "boot-1"


def stored(save: Save):
    return {save.kind: {save.key: save.value}}


def test_the_first_start_believes_the_clock():
    wall, save = settle_clock({}, 100.0, BOOT, WALL)
    assert wall == WALL
    assert save.value == [BOOT, WALL - 100.0]


@pytest.mark.parametrize("jump", [-3600.0, 3600.0])
def test_a_restart_is_told_how_long_it_was_away_whatever_the_clock_says(jump):
    snapshot = stored(settle_clock({}, 100.0, BOOT, WALL)[1])
    with capture_logs() as logs:
        wall, save = settle_clock(snapshot, 130.0, BOOT, WALL + 30.0 + jump)
    assert wall == WALL + 30.0
    assert stored(save) == snapshot
    (line,) = logs
    assert line["event"].startswith("the clock was set")
    assert line["seconds"] == jump


def test_a_clock_that_was_not_set_is_no_news():
    snapshot = stored(settle_clock({}, 100.0, BOOT, WALL)[1])
    with capture_logs() as logs:
        settle_clock(snapshot, 130.0, BOOT, WALL + 30.2)
    assert logs == []


@pytest.mark.parametrize("boot", ["boot-2", ""])
def test_after_a_boot_the_clock_is_all_there_is(boot):
    snapshot = stored(settle_clock({}, 100.0, BOOT, WALL)[1])
    assert settle_clock(snapshot, 5.0, boot, WALL + 900.0)[0] == WALL + 900.0


def test_a_boot_has_one_name():
    assert boot_id() == boot_id()
