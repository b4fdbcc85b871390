"""`opentcf chaos` as it is run: real nodes, killed and cut off, and a history that must be clean."""

import json

import pytest
from tests.chaos.tales import A, B, Tale
from tests.cli.process import opentcf

from opentcf.chaos.history import History


@pytest.mark.slow
def test_twenty_kills_under_load_lose_nothing_that_was_acknowledged(tmp_path):
    options = ("--seconds", 6, "--kills", 20, "--faults", 2, "--drills", 1, "--rate", 12, "--seed", 20)
    ended = opentcf("chaos", *options, "--json", "--dir", tmp_path, timeout=250)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    summary = json.loads(ended.stdout.splitlines()[-1])
    assert (summary["kills"], summary["violated"], summary["bugs"]) == (20, {}, [])
    for invariant in ("no acknowledged binding is lost", "no BYE without a cause", "every binding is back"):
        assert summary["judged"][invariant] > 0
    history = tmp_path / "seed-20" / "history.jsonl"
    again = opentcf("chaos", "--check", history, "--json")
    assert json.loads(again.stdout.splitlines()[-1])["judged"] == summary["judged"]


def test_a_violation_is_shown_with_the_history_that_shows_it(tmp_path):
    path = tmp_path / "history.jsonl"
    History(entries=Tale().talks(A, 1).talks(B, 2).silent(A).silent(B).entries).save(path)
    ended = opentcf("chaos", "--check", path)
    assert ended.returncode == 1
    assert "✗ grants never overlap" in ended.stdout
    assert f"heard  {A}   talks" in ended.stdout
    assert f"heard  {B}   talks" in ended.stdout


def test_a_file_that_is_no_history(tmp_path):
    path = tmp_path / "history.jsonl"
    path.write_text("{}\n", "utf-8")
    ended = opentcf("chaos", "--check", path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == f"opentcf: {path}:1: is not an entry of a history\n"
