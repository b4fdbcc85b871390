"""What is done in a run, and when: a function of the seed alone."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from random import Random
from typing import NamedTuple

from opentcf.chaos.cast import Cast, Group, home


class Verb(StrEnum):
    """Operations of terminals, and faults."""

    ROAM = "roam"
    UNREGISTER = "unregister"
    CALL = "call"
    HANG_UP = "hang up"
    GROUP = "group call"
    PRESS = "press"
    RELEASE = "release"
    TEXT = "text"
    GROUP_TEXT = "group text"
    STUN = "stun"
    REVIVE = "revive"
    CREATE = "create"
    ADD = "add"
    REMOVE = "remove"
    DELETE = "delete"
    KILL = "kill"
    FREEZE = "freeze"
    PART = "part"
    ISOLATE = "isolate"
    IMPAIR = "impair"


class Step(NamedTuple):
    """At `at` seconds `who` (a user, or core networks `1` or `1-3`) does or suffers it. `to` is the other party,
    `seconds` how long a fault lasts; `loss`, `double` and `delay` are those of an impaired way."""

    at: float
    verb: Verb
    who: str
    to: str = ""
    seconds: float = 0.0
    loss: float = 0.0
    double: float = 0.0
    delay: float = 0.0
    members: tuple[str, ...] = ()


class Wish(NamedTuple):
    """What a run is to be. `rate` is operations a second; `kills` and `faults` (the others) are numbers for the run;
    `drills` are talkers who are cut off from their group on purpose."""

    seconds: float = 30.0
    rate: float = 6.0
    kills: int = 8
    faults: int = 6
    drills: int = 2


OPERATIONS: tuple[tuple[Verb, int], ...] = (
    (Verb.PRESS, 24),
    (Verb.RELEASE, 14),
    (Verb.GROUP, 10),
    (Verb.TEXT, 14),
    (Verb.GROUP_TEXT, 5),
    (Verb.CALL, 8),
    (Verb.HANG_UP, 8),
    (Verb.ROAM, 7),
    (Verb.UNREGISTER, 1),
    (Verb.STUN, 2),
    (Verb.REVIVE, 3),
    (Verb.CREATE, 2),
    (Verb.ADD, 2),
    (Verb.REMOVE, 2),
    (Verb.DELETE, 1),
)
"""With their weights."""
FAULTS = (Verb.FREEZE, Verb.PART, Verb.PART, Verb.ISOLATE, Verb.IMPAIR, Verb.IMPAIR)


def plan(seed: int, cast: Cast, wish: Wish) -> list[Step]:
    """The schedule. The same arguments always give the same one."""
    chance = Random(f"chaos {seed}")
    steps = [
        *_operations(chance, cast, wish),
        *_kills(chance, cast, wish),
        *_faults(chance, cast, wish),
        *_drills(chance, cast, wish),
    ]
    return sorted(steps, key=lambda step: step.at)


def _operations(chance: Random, cast: Cast, wish: Wish) -> Iterator[Step]:
    verbs, weights = zip(*OPERATIONS, strict=True)
    for _ in range(round(wish.rate * wish.seconds)):
        at, verb = chance.uniform(0.0, wish.seconds), chance.choices(verbs, weights)[0]
        yield _MAKE.get(verb, _alone)(chance, cast, Step(at, verb, chance.choice(cast.everybody)))


def _alone(chance: Random, cast: Cast, step: Step) -> Step:
    return step


def _roam(chance: Random, cast: Cast, step: Step) -> Step:
    return step._replace(to=str(chance.choice(cast.numbers)))


def _to_somebody(chance: Random, cast: Cast, step: Step) -> Step:
    return step._replace(to=chance.choice([user for user in cast.everybody if user != step.who]))


def _to_his_group(chance: Random, cast: Cast, step: Step) -> Step:
    group = chance.choice([group for group in cast.groups if step.who in group.members] or cast.groups)
    return step._replace(who=chance.choice(group.members), to=group.aor)


def _by_dispatcher(chance: Random, cast: Cast, step: Step) -> Step:
    """Stun and revive meet at few users, so that they meet at all."""
    return step._replace(who=cast.dispatcher, to=cast.users(chance.choice(cast.numbers))[-1])


def _regroup(chance: Random, cast: Cast, step: Step) -> Step:
    members = tuple(chance.sample(cast.everybody, 3 if step.verb is Verb.CREATE else 1))
    return step._replace(who=cast.dispatcher, to=chance.choice(cast.temporary), members=members)


_MAKE: dict[Verb, Callable[[Random, Cast, Step], Step]] = {
    Verb.ROAM: _roam,
    Verb.CALL: _to_somebody,
    Verb.TEXT: _to_somebody,
    Verb.GROUP: _to_his_group,
    Verb.GROUP_TEXT: _to_his_group,
    Verb.STUN: _by_dispatcher,
    Verb.REVIVE: _by_dispatcher,
    Verb.CREATE: _regroup,
    Verb.ADD: _regroup,
    Verb.REMOVE: _regroup,
    Verb.DELETE: _regroup,
}


def _kills(chance: Random, cast: Cast, wish: Wish) -> Iterator[Step]:
    """Spread over the run; a node is not chosen twice in a row."""
    before = 0
    for number in range(wish.kills):
        at = (number + chance.uniform(0.1, 0.9)) * wish.seconds / wish.kills
        before = chance.choice([core for core in cast.numbers if core != before])
        yield Step(at, Verb.KILL, str(before))


def _faults(chance: Random, cast: Cast, wish: Wish) -> Iterator[Step]:
    for number in range(wish.faults):
        at = (number + chance.uniform(0.0, 0.9)) * wish.seconds / wish.faults
        verb = chance.choice(FAULTS)
        one, other = chance.sample(cast.numbers, 2)
        step = Step(at, verb, str(one), seconds=min(chance.uniform(0.5, 5.0), wish.seconds - at))
        yield step if verb in (Verb.FREEZE, Verb.ISOLATE) else _way(chance, step, other)


def _way(chance: Random, step: Step, other: int) -> Step:
    """An impaired way is bad in one direction only in half of the cases."""
    step = step._replace(who=f"{step.who}-{other}")
    if step.verb is Verb.PART:
        return step
    both = "both" if chance.random() < 0.5 else ""
    loss, double = chance.uniform(0.0, 0.4), chance.choice((0.0, 0.3))
    return step._replace(to=both, loss=loss, double=double, delay=0.3)


def _drills(chance: Random, cast: Cast, wish: Wish) -> Iterator[Step]:
    """A member at another core network than his group's talks, and the way between the two parts."""
    lasts = cast.durations.cut_off + 1.5
    for number in range(wish.drills):
        share = wish.seconds / wish.drills
        at = number * share + chance.uniform(0.0, max(0.0, share - lasts - 1.0))
        group = chance.choice(cast.groups)
        yield from _drill(at, group, chance.choice(_abroad(group)), lasts)


def _abroad(group: Group) -> list[str]:
    return [user for user in group.members if home(user) != group.core] or list(group.members)


def _drill(at: float, group: Group, talker: str, lasts: float) -> Iterator[Step]:
    yield Step(at, Verb.ROAM, talker, str(home(talker)))
    yield Step(at + 0.4, Verb.GROUP, talker, group.aor)
    yield Step(at + 0.9, Verb.PRESS, talker)
    if home(talker) != group.core:
        yield Step(at + 1.0, Verb.PART, f"{home(talker)}-{group.core}", seconds=lasts)
