"""What a history must never show."""

from collections.abc import Callable, Sequence

from opentcf.chaos.cast import Cast
from opentcf.chaos.check import floor, message, recovery, release, state
from opentcf.chaos.check.verdict import Story, Verdict
from opentcf.chaos.history import Entry

CHECKS: tuple[Callable[[Story], Verdict], ...] = (
    floor.one_user_a_grant,
    floor.never_overlap,
    floor.cut_off_loses,
    release.has_a_cause,
    state.bindings,
    state.user_states,
    state.temporary_groups,
    message.delivered,
    message.once,
    message.to_every_member,
    recovery.peers,
    recovery.registrations,
    recovery.locations,
    recovery.legs,
    recovery.orphans,
)


def check(entries: Sequence[Entry], cast: Cast) -> list[Verdict]:
    """One verdict an invariant."""
    story = Story(entries, cast)
    return [invariant(story) for invariant in CHECKS]
