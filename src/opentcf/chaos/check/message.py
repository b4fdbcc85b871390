"""Short data (profile 4.5): delivered when that was said, once, and to every member of a group."""

from collections.abc import Iterator

from opentcf.chaos.cast import home, name
from opentcf.chaos.check.verdict import Story, Verdict, Violation
from opentcf.chaos.history import Entry, Kind

CALM = 3.0
"""Seconds without a fault, or without moving, after which nothing is under way any more."""
SOON = 5.0
"""The same where no fault is felt on the way."""
LATEST = 40.0
"""Seconds after which a group's message has reached everybody whom it can: G asks a silent V-TCF anew every 30."""


def _heard(story: Story) -> dict[str, list[Entry]]:
    """Who heard which message."""
    found: dict[str, list[Entry]] = {}
    for entry in story.all(Kind.HEARD, "message"):
        if not entry.about["msgid"]:
            continue  # no short data
        found.setdefault(entry.about["msgid"], []).append(entry)
    return found


def _accepted(story: Story, verb: str) -> Iterator[tuple[Entry, Entry]]:
    """Messages that were sent, and the 200 to each that got one."""
    sent = {entry.about["msgid"]: entry for entry in story.all(Kind.DID, verb)}
    for entry in story.all(Kind.HEARD, "delivered"):
        if entry.about["msgid"] in sent:
            yield sent[entry.about["msgid"]], entry


def delivered(story: Story) -> Verdict:
    """200 to a message means that the other terminal has it."""
    heard = _heard(story)
    judged, wrong = 0, list[Violation]()
    for sent, answer in _accepted(story, "text"):
        judged += 1
        arrived = [e for e in heard.get(answer.about["msgid"], ()) if e.who == sent.about["to"]]
        if not arrived or arrived[0].at > answer.at:
            text = f"{sent.who} was told that {sent.about['to']} has message {answer.about['msgid']}"
            wrong.append(Violation(text, (sent, answer, *arrived[:1])))
    return Verdict("a message said to be delivered is", judged, tuple(wrong))


def once(story: Story) -> Verdict:
    """No terminal hears a message twice, unless its V-TCF was killed before it could know that it was heard."""
    judged, wrong = 0, list[Violation]()
    for entries in _heard(story).values():
        first: dict[str, Entry] = {}
        for entry in entries:
            judged += entry.who not in first
            before = first.setdefault(entry.who, entry)
            serving = story.serving(entry.who, before.at)
            if before is not entry and not story.trouble.killed(serving, before.at - 1.0, entry.at):
                text = f"{entry.who} has message {entry.about['msgid']} twice"
                wrong.append(Violation(text, (before, entry)))
    return Verdict("no message is delivered twice", judged, tuple(wrong))


def to_every_member(story: Story) -> Verdict:
    """200 from G means that every member whom it can reach gets it."""
    heard = _heard(story)
    judged, wrong = 0, list[Violation]()
    groups = {group.aor: group for group in story.cast.groups}
    for sent, answer in _accepted(story, "group text"):
        group = groups[sent.about["to"]]
        arrived = {entry.who: entry.at for entry in reversed(heard.get(answer.about["msgid"], []))}
        for member in group.members:
            until = answer.at + _patience(story, member, group.core, answer.at)
            if member != sent.who and until < story.end and _reachable(story, member, answer.at, until):
                judged += 1
                if arrived.get(member, until + 1.0) > until:
                    wrong.append(Violation(f"{member} did not get {answer.about['msgid']}", (sent, answer)))
    return Verdict("an accepted group message reaches its members", judged, tuple(wrong))


def _patience(story: Story, member: str, master: int, at: float) -> float:
    """Seconds until he must have it."""
    way = {name(master), name(home(member)), story.serving(member, at)}
    return LATEST if story.trouble.touching(way, at - CALM, at + SOON) else SOON


def _reachable(story: Story, member: str, at: float, until: float) -> bool:
    """He stayed where he was, and nobody stunned him."""
    for entry in story.entries:
        if not at - CALM <= entry.at <= until:
            continue
        if entry.who == member and entry.what in ("register", "unregister", "stunned", "kicked", "refused"):
            return False
    return not _stunned(story, member, until)


def _stunned(story: Story, member: str, until: float) -> bool:
    return any(entry.about.get("to") == member for entry in story.all(Kind.DID, "stun") if entry.at <= until)
