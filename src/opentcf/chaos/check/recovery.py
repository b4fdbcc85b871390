"""After the last fault everything finds together again, without a person: what the nodes say at the very end."""

from collections.abc import Iterator
from typing import Any

from opentcf.chaos.cast import domain, home, name
from opentcf.chaos.check.verdict import Story, Verdict, Violation
from opentcf.chaos.history import Entry, Kind


class _End:
    """The last words of every node, and of the terminals: `phones` maps each user to where he is registered (or None)
    and to the calls he has, by their identities, with whom."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.entries: dict[tuple[str, str], Entry] = {}
        for entry in story.entries:
            if entry.kind is Kind.STATE and entry.about.get("final"):
                self.entries[entry.who, entry.what] = entry
        self.phones: dict[str, dict[str, Any]] = {
            who: dict(entry.about) for (who, what), entry in self.entries.items() if what == "terminal"
        }

    def rows(self, core: int, what: str) -> Any:
        """What a node said; empty for one that said nothing."""
        entry = self.entries.get((name(core), what))
        return entry.about["rows"] if entry is not None else {}

    def show(self, core: int, what: str) -> tuple[Entry, ...]:
        entry = self.entries.get((name(core), what))
        return (entry,) if entry is not None else ()

    def located(self, user: str) -> str | None:
        """Where the masters of his groups are to believe him."""
        core = self.phones[user]["core"] if user in self.phones else None
        stunned = self.rows(home(user), "subscribers").get(user) != "normal"
        return None if core is None or stunned else domain(core)

    def registered(self) -> Iterator[tuple[str, int]]:
        """Users and the core networks that they are registered at."""
        for user, phone in self.phones.items():
            if phone["core"] is not None:
                yield user, phone["core"]


def peers(story: Story) -> Verdict:
    """Every node sees every other one up."""
    end = _End(story)
    judged, wrong = 0, list[Violation]()
    for core in story.cast.numbers if end.entries else ():
        for peer, state in end.rows(core, "peers").items():
            judged += 1
            if state != "up":
                wrong.append(Violation(f"{name(core)} sees {peer} {state}", end.show(core, "peers")))
    return Verdict("every TCF sees its peers again", judged, tuple(wrong))


def registrations(story: Story) -> Verdict:
    """H and V know every registered user."""
    end = _End(story)
    judged, wrong = 0, list[Violation]()
    for user, core in end.registered():
        judged += 1
        for where in {home(user), core}:
            visited = end.rows(where, "registrations").get(user)
            if visited != domain(core):
                text = (
                    f"{user} is registered at {name(core)}; {name(where)} has him at {visited or 'no place'}"
                )
                wrong.append(Violation(text, end.show(where, "registrations")))
    return Verdict("every binding is back", judged, tuple(wrong))


def locations(story: Story) -> Verdict:
    """G knows which V serves each member; who is stunned is nowhere."""
    end = _End(story)
    judged, wrong = 0, list[Violation]()
    for group in story.cast.groups:
        present = end.rows(group.core, f"present {group.number}")
        for member in group.members if present else ():
            judged += 1
            wanted = end.located(member)
            if present.get(member) != wanted:
                text = f"{member} of {group.aor} is at {wanted}; its master believes {present.get(member)}"
                wrong.append(Violation(text, end.show(group.core, f"present {group.number}")))
    return Verdict("every group location is back", judged, tuple(wrong))


def legs(story: Story) -> Verdict:
    """A call that a terminal is in goes on at its V; a group's call at G too, with a leg to that V."""
    end = _End(story)
    masters = {group.aor: group.core for group in story.cast.groups}
    judged, wrong = 0, list[Violation]()
    for user, core in end.registered():
        for call, remote in end.phones[user]["calls"].items():
            judged += 1
            missing = _missing(end, call, remote, core, masters.get(remote))
            if missing:
                wrong.append(
                    Violation(f"{user} is in {call} with {remote}; {missing}", end.show(core, "calls"))
                )
    return Verdict("every call has its legs", judged, tuple(wrong))


def _missing(end: _End, call: str, remote: str, core: int, master: int | None) -> str:
    if call not in end.rows(core, "calls"):
        return f"{name(core)} has no such call"
    if master is None or master == core:
        return ""
    rows = [row for row in end.rows(master, "calls").values() if row["called"] == remote]
    if not rows:
        return f"{name(master)}, its master, has no such call"
    peers = {peer for row in rows for peer in row["peers"]}
    return "" if domain(core) in peers else f"{name(master)}, its master, has no leg to {name(core)}"


def orphans(story: Story) -> Verdict:
    """No node keeps a call that no terminal is in."""
    end = _End(story)
    groups = {group.aor for group in story.cast.groups}
    calls = [phone["calls"] for phone in end.phones.values()]
    alive = {call for found in calls for call in found} | {who for found in calls for who in found.values()}
    judged, wrong = 0, list[Violation]()
    for core in story.cast.numbers if end.entries else ():
        for call, row in end.rows(core, "calls").items():
            judged += 1
            if call not in alive and row["called"] not in groups & alive:
                wrong.append(
                    Violation(f"{name(core)} keeps {call}, in which nobody is", end.show(core, "calls"))
                )
    return Verdict("no call is left over", judged, tuple(wrong))
