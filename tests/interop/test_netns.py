"""Four nodes in four kernel namespaces, whose links go down: no person is needed to bring them together again."""

import json
import os

import pytest
from tests.cli.process import opentcf
from tests.interop.programs import lacking

from opentcf.chaos.network import own_namespace
from opentcf.chaos.node import ChaosError

RECOVERED = (
    "every TCF sees its peers again",
    "every binding is back",
    "every group location is back",
    "every call has its legs",
)


@pytest.mark.slow
@pytest.mark.interop
def test_what_links_that_go_down_and_bad_ways_part_finds_together_again(tmp_path):
    """Two of the twenty schedules of `make chaos`, shorter."""
    try:
        own_namespace()
    except ChaosError as error:
        lacking(str(error))
    options = ("--namespaces", "--seed", 3, "--runs", 2, "--seconds", 3, "--kills", 0, "--faults", 3)
    ended = opentcf("chaos", *options, "--drills", 1, "--rate", 12, "--json", "--dir", tmp_path, timeout=250)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    summaries = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [summary["seed"] for summary in summaries] == [3, 4]
    for summary in summaries:
        assert all(summary["judged"][invariant] > 0 for invariant in RECOVERED)
    histories = "".join(path.read_text("utf-8") for path in tmp_path.glob("*/history.jsonl"))
    assert '"link": "down"' in histories
    assert '"what": "impair"' in histories


def test_where_namespaces_cannot_be_made_it_says_what_is_missing():
    ended = opentcf("chaos", "--namespaces", env={**os.environ, "PATH": "/nonexistent"})
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("opentcf: unshare is not installed (Debian: apt install ")
