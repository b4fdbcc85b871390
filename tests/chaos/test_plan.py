"""The schedule, a function of the seed; the history, kept and read again."""

from collections import Counter

import pytest
from tests.chaos.tales import A, Tale

from opentcf.chaos.cast import Cast, home
from opentcf.chaos.configuration import configuration
from opentcf.chaos.history import History, load
from opentcf.chaos.plan import Verb, Wish, plan
from opentcf.runtime.config import load_config

WISH = Wish(seconds=300.0, kills=40, faults=60, drills=20)


def test_a_seed_gives_one_schedule():
    assert plan(7, Cast(), WISH) == plan(7, Cast(), WISH)
    assert plan(7, Cast(), WISH) != plan(8, Cast(), WISH)


@pytest.mark.parametrize("cores", [2, 4, 9])
def test_a_schedule_is_what_was_wished(cores):
    steps = plan(1, Cast(cores=cores), WISH)
    counts = Counter(step.verb for step in steps)
    assert counts[Verb.KILL] == 40
    faults = (Verb.FREEZE, Verb.PART, Verb.ISOLATE, Verb.IMPAIR)
    assert 60 <= sum(counts[verb] for verb in faults) <= 80, "drills part ways too"
    assert counts.keys() == set(Verb), "every operation and fault"
    assert all(0.0 <= step.at <= 300.0 for step in steps)
    assert [step.at for step in steps] == sorted(step.at for step in steps)


def test_a_drill_cuts_a_talker_off_from_his_group():
    cast = Cast()
    steps = plan(3, cast, Wish(seconds=20.0, rate=0.0, kills=0, faults=0, drills=1))
    assert [step.verb for step in steps] == [Verb.ROAM, Verb.GROUP, Verb.PRESS, Verb.PART]
    talker, group, part = steps[0].who, steps[1].to, steps[3]
    assert part.who == f"{home(talker)}-{home(group)}"
    assert part.seconds > cast.durations.cut_off


@pytest.mark.parametrize("core", [1, 2, 3, 4])
def test_the_configurations_are_valid(core, tmp_path):
    path = tmp_path / "core.toml"
    hosts = {n: f"127.0.0.{n}" for n in (1, 2, 3, 4)}
    path.write_text(configuration(Cast(), core, hosts, hosts[core], "secret"), "utf-8")
    settings = load_config(path).settings
    assert len(settings.peers) == 3
    assert settings.timers.t1 == Cast().durations.t1


def test_a_history_is_kept_and_read_again(tmp_path):
    entries = Tale().talks(A, 1).silent(A).fault("core1", "kill").entries
    path = tmp_path / "history.jsonl"
    History(entries=entries).save(path)
    assert load(path) == entries
    path.write_text(path.read_text("utf-8") + "[]\n", "utf-8")
    with pytest.raises(ValueError, match=r"history.jsonl:4: is not an entry"):
        load(path)
