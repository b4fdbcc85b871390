"""The floor (profile 4.4): G's order of grants, as the terminals live it."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

from opentcf.chaos.cast import home, name
from opentcf.chaos.check.verdict import RECOVERY, SLACK, Story, Verdict, Violation
from opentcf.chaos.history import Entry


class Burst(NamedTuple):
    """A user talks in a call. `entries`: how it began, and how it ended if it did."""

    call: str
    group: str
    user: str
    grant: int
    since: float
    until: float
    entries: tuple[Entry, ...]


def bursts(story: Story) -> Iterator[Burst]:
    """All of them, by the time they ended."""
    open_: dict[tuple[str, str], Entry] = {}
    for entry in story.entries:
        key = (entry.who, str(entry.about.get("key")))
        if entry.what in ("talks", "silent") and key in open_:
            yield _burst(open_.pop(key), entry.at, (entry,))
        if entry.what == "talks":
            open_[key] = entry
    for entry in open_.values():
        yield _burst(entry, story.end, ())


def _burst(begin: Entry, until: float, end: tuple[Entry, ...]) -> Burst:
    about = begin.about
    return Burst(
        about["call"], about["remote"], begin.who, int(about["grant"]), begin.at, until, (begin, *end)
    )


def _together(story: Story, key: Callable[[Burst], str]) -> list[list[Burst]]:
    """Those of one call, or of one group, by their grants."""
    found: dict[str, list[Burst]] = {}
    for burst in bursts(story):
        found.setdefault(key(burst), []).append(burst)
    return [sorted(some, key=lambda burst: (burst.grant, burst.since)) for some in found.values()]


def one_user_a_grant(story: Story) -> Verdict:
    """A number is given to one user only."""
    judged, wrong = 0, list[Violation]()
    for call in _together(story, lambda burst: burst.call):
        judged += len(call)
        for one, other in pairwise(call):
            if one.grant == other.grant and one.user != other.user:
                text = f"grant {one.grant} of {one.group} is both {one.user}'s and {other.user}'s"
                wrong.append(Violation(text, one.entries + other.entries))
    return Verdict("a grant number is one user's", judged, tuple(wrong))


def never_overlap(story: Story) -> Verdict:
    """Who has a lower number is silent before who has a higher one talks. Where a fault keeps his TCF from G, he is
    silent within the time in which a TCF that is cut off takes the floor from him."""
    judged, wrong = 0, list[Violation]()
    for group in _together(story, lambda burst: burst.group):
        for index, lower in enumerate(group):
            for higher in group[index + 1 :]:
                judged += 1
                wrong += _overlapping(story, lower, higher)
    return Verdict("grants never overlap", judged, tuple(wrong))


def _overlapping(story: Story, lower: Burst, higher: Burst) -> Iterator[Violation]:
    begin, end = max(lower.since, higher.since), min(lower.until, higher.until)
    if lower.user == higher.user or end <= begin:
        return
    serving = story.carrying(lower.user, begin) | story.carrying(higher.user, begin)
    allowed = 0.0
    if story.trouble.touching(serving | {name(home(lower.group))}, begin - RECOVERY, end):
        excused = sum(story.trouble.down(core, begin, end) for core in serving) + story.late(begin, end)
        allowed = story.cast.durations.cut_off + SLACK + excused
    if end - begin > allowed:
        text = (
            f"{lower.user} (grant {lower.grant}) and {higher.user} (grant {higher.grant}) talk at once in "
            f"{lower.group} for {end - begin:.3f} s"
        )
        yield Violation(text, lower.entries + higher.entries)


def cut_off_loses(story: Story) -> Verdict:
    """A talker whose V cannot reach G loses the floor at his V within T1 of the first heartbeat without an answer."""
    judged, wrong = 0, list[Violation]()
    for burst in bursts(story):
        for since, deadline in _cuts(story, burst):
            judged += 1
            if burst.until > deadline:
                text = (
                    f"{burst.user} is cut off from {burst.group} at {since:.3f} and still talks "
                    f"{min(burst.until, story.end) - since:.3f} s later"
                )
                wrong.append(Violation(text, burst.entries))
    return Verdict("a cut-off talker loses the floor within T1", judged, tuple(wrong))


def _cuts(story: Story, burst: Burst) -> Iterator[tuple[float, float]]:
    """Times from which he was cut off for longer than his V may need, and until when it had to act."""
    serving, master = story.serving(burst.user, burst.since), name(home(burst.group))
    if serving == master:
        return
    for begin, end in story.trouble.silences(serving, master):
        since = max(begin, burst.since)
        if since >= burst.until:
            continue
        deadline = since + story.cast.durations.cut_off + SLACK
        deadline += story.late(since, deadline)
        if deadline < end and not story.trouble.down(serving, since - RECOVERY, deadline):
            yield since, deadline
