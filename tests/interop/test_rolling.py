"""A rolling restart of four real nodes while terminals call: no call is lost."""

from pathlib import Path

import pytest
from tests.interop.rolling import four, roll

pytestmark = [pytest.mark.interop, pytest.mark.slow]


def test_a_rolling_restart_loses_no_call(tmp_path: Path, certificates: Path) -> None:
    """Over TLS, where a connection that is cut takes with it what nobody repeats."""
    network = four(tmp_path, "tls", certificates)
    try:
        network.start()
        found = roll(network, 1, standing=4, short=2)
        assert (found.standing, found.lost) == (8, 0), found
        assert found.talks > 0
        assert set(found.short) <= {200, 503}
        for core in network.cores:
            core.wait_quiet()
    finally:
        network.stop()
