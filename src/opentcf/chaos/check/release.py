"""No BYE without a cause: it says one, and something that happened accounts for it."""

from collections.abc import Callable, Iterator

from opentcf.chaos.cast import home, name
from opentcf.chaos.check.floor import Burst, bursts
from opentcf.chaos.check.verdict import RECOVERY, SLACK, Story, Verdict, Violation
from opentcf.chaos.history import Entry, Kind

WAITS = 60.0
"""Seconds that an order may take: his terminal asks for 32, and then it waits for a home that is down."""
LEAVES = ("hang up", "register", "unregister")
"""What ends a terminal's own part in its calls."""


class _Releases:
    """The BYEs of a history, and who was in which call."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.bursts = list(bursts(story))
        self.parties: dict[str, set[str]] = {}
        for entry in story.entries:
            if entry.kind is Kind.HEARD and entry.about.get("call"):
                self.parties.setdefault(entry.about["call"], set()).add(entry.who)

    def path(self, bye: Entry) -> set[str]:
        """The nodes that had to do with the call."""
        remote, call = bye.about["remote"], bye.about["call"]
        users = {bye.who} if _is_group(self.story, remote) else self.parties.get(call, set()) | {bye.who}
        users |= set() if _is_group(self.story, remote) else {remote}
        nodes = {name(home(remote))}
        for user in users:
            nodes |= {name(home(user)), *self.served(user, bye.at)}
        return nodes

    def served(self, user: str, at: float) -> set[str]:
        """Where the user was attached lately."""
        return {self.story.serving(user, at), self.story.serving(user, at - RECOVERY)}

    def did(self, users: set[str], verbs: tuple[str, ...], since: float, until: float) -> bool:
        """Did one of them do one of these in that time?"""
        return any(
            entry.kind is Kind.DID and entry.who in users and entry.what in verbs
            for entry in self.story.entries
            if since <= entry.at <= until
        )

    def ordered(self, verbs: tuple[str, ...], users: set[str], until: float) -> bool:
        """Did the dispatcher order that of one of them, no longer ago than it may have waited?"""
        return any(
            entry.kind is Kind.DID and entry.what in verbs and entry.about.get("to") in users
            for entry in self.story.entries
            if until - WAITS <= entry.at <= until
        )


def has_a_cause(story: Story) -> Verdict:
    """Every BYE that a terminal hears."""
    releases = _Releases(story)
    judged, wrong = 0, list[Violation]()
    for bye in story.all(Kind.HEARD, "bye"):
        judged += 1
        reason = _unexplained(releases, bye)
        if reason:
            wrong.append(Violation(f"{bye.who}: BYE {reason}", (*_around(story, bye), bye)))
    return Verdict("no BYE without a cause", judged, tuple(wrong))


def _unexplained(releases: _Releases, bye: Entry) -> str:
    cause, reason = bye.about.get("cause"), bye.about.get("reason")
    if not cause or not reason:
        return "without a cause" if not cause else "without a Reason"
    account = _ACCOUNTS.get(str(cause))
    if account is None or not account(releases, bye):
        return f"of cause {cause}, for which nothing happened"
    return ""


def _normal(releases: _Releases, bye: Entry) -> bool:
    """The other party hung up; the group was silent for T4."""
    story, remote = releases.story, bye.about["remote"]
    users = {bye.who} if _is_group(story, remote) else releases.parties.get(bye.about["call"], set())
    if releases.did(users | {remote, bye.who}, LEAVES, bye.at - 2 * RECOVERY, bye.at):
        return True
    return (_is_group(story, remote) and _was_silent(releases, bye)) or _trouble(releases, bye)


def _was_silent(releases: _Releases, bye: Entry) -> bool:
    """T4 ran out: nobody talked; or only one did whom a fault kept from G, which took his floor long ago."""
    story = releases.story
    since = bye.at - story.cast.durations.t4 + SLACK
    talkers = {burst.user for burst in releases.bursts if _talked(burst, bye.about["call"], since, bye.at)}
    return all(
        story.trouble.touching(releases.served(user, bye.at), since - RECOVERY, bye.at) for user in talkers
    )


def _talked(burst: Burst, call: str, since: float, until: float) -> bool:
    return burst.call == call and burst.since <= until and since <= burst.until


def _trouble(releases: _Releases, bye: Entry) -> bool:
    """Faults on the path of the call, up to Tdown and its discovery ago."""
    durations = releases.story.cast.durations
    reach = RECOVERY + durations.tdown + 3 * durations.heartbeat + durations.heartbeat_wait
    return releases.story.trouble.touching(releases.path(bye), bye.at - reach, bye.at)


def _stunned(releases: _Releases, bye: Entry) -> bool:
    users = releases.parties.get(bye.about["call"], set()) | {bye.who, bye.about["remote"]}
    return releases.ordered(("stun",), users, bye.at)


def _forced(releases: _Releases, bye: Entry) -> bool:
    """He was taken out of a temporary group, or it ended."""
    return releases.ordered(("remove", "delete"), {bye.about["remote"]}, bye.at)


def _moved(releases: _Releases, bye: Entry) -> bool:
    return releases.did({bye.who}, ("register",), bye.at - 2 * RECOVERY, bye.at)


_ACCOUNTS: dict[str, Callable[[_Releases, Entry], bool]] = {
    "16": _normal,
    "18": _trouble,
    "64": _forced,
    "65": _moved,
    "66": _trouble,
    "67": _trouble,
    "68": _stunned,
}
"""By the cause's code on the wire (profile 3.1); of the others none is given cause for in a run."""


def _is_group(story: Story, aor: str) -> bool:
    return aor in {group.aor for group in story.cast.groups} or aor in story.cast.temporary


def _around(story: Story, bye: Entry) -> Iterator[Entry]:
    """What else was heard and done in the same call."""
    call = bye.about.get("call")
    return (entry for entry in story.entries if call and entry.about.get("call") == call and entry is not bye)
