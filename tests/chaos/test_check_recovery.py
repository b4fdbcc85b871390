"""After the last fault everything finds together again."""

from typing import Any

import pytest
from tests.chaos.tales import CALL, CAST, FIRE, A, B, Tale

from opentcf.chaos.check import recovery
from opentcf.chaos.check.verdict import Story

PEERS = "every TCF sees its peers again"
BINDINGS = "every binding is back"
LOCATIONS = "every group location is back"
LEGS = "every call has its legs"
ORPHANS = "no call is left over"
AWAY = [f"{core}00{n}@core{core}.example" for core in (1, 2, 3, 4) for n in (1, 2)]


def row(*peers: str) -> dict[str, Any]:
    return {"called": FIRE, "peers": list(peers)}


def whole() -> dict[tuple[str, str], Any]:
    """Last words of a run in which nothing is missing: A is at home, B at core 3, both in a call of the group."""
    present: dict[str, str | None] = dict.fromkeys(AWAY) | {A: "core1.example", B: "core3.example"}
    found: dict[tuple[str, str], Any] = {("core1", "present 8001"): present}
    places = {1: {A: "core1.example"}, 2: {B: "core3.example"}, 3: {B: "core3.example"}, 4: {}}
    calls = {1: {CALL: row("core1.example", "core3.example")}, 2: {}, 3: {CALL: row()}, 4: {}}
    for core, rows in places.items():
        who = f"core{core}"
        found[who, "peers"] = {f"core{n}.example": "up" for n in (1, 2, 3, 4) if n != core}
        found[who, "registrations"] = rows
        found[who, "subscribers"] = {user: "normal" for user in AWAY if user[0] == str(core)}
        found[who, "calls"] = calls[core]
    return found


def words(said: dict[tuple[str, str], Any]) -> Tale:
    tale = Tale()
    for (who, what), rows in said.items():
        tale.state(who, what, rows, final=True)
    for user, core in ((A, 1), (B, 3)):
        tale.state(user, "terminal", None, final=True, core=core, calls={CALL: FIRE})
    return tale


def violated(tale: Tale) -> set[str]:
    """By the last words alone."""
    story = Story(tale.entries, CAST)
    checks = (recovery.peers, recovery.registrations, recovery.locations, recovery.legs, recovery.orphans)
    return {verdict.invariant for check in checks if (verdict := check(story)).violations}


def test_nothing_is_missing():
    assert violated(words(whole())) == set()


@pytest.mark.parametrize(
    ("who", "what", "rows", "invariant"),
    [
        ("core2", "peers", {"core1.example": "down"}, PEERS),
        ("core2", "registrations", {}, BINDINGS),
        ("core3", "registrations", {}, BINDINGS),
        ("core2", "registrations", {B: "core2.example"}, BINDINGS),
        ("core3", "calls", {}, LEGS),
        ("core1", "calls", {CALL: row("core1.example")}, LEGS),
        ("core1", "calls", {}, LEGS),
        ("core4", "calls", {"call-9": row("core1.example") | {"called": A}}, ORPHANS),
    ],
)
def test_something_is_missing(who, what, rows, invariant):
    assert violated(words(whole() | {(who, what): rows})) == {invariant}


@pytest.mark.parametrize("believed", [None, "core2.example"])
def test_a_master_that_believes_a_member_elsewhere(believed):
    said = whole()
    said["core1", "present 8001"] = said["core1", "present 8001"] | {B: believed}
    assert violated(words(said)) == {LOCATIONS}


def test_who_is_stunned_is_nowhere():
    said = whole()
    said["core2", "subscribers"] = {B: "stunned"}
    assert violated(words(said)) == {LOCATIONS}
    said["core1", "present 8001"] = said["core1", "present 8001"] | {B: None}
    assert violated(words(said)) == set()
