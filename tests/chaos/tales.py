"""Histories told by hand."""

from typing import Any

from opentcf.chaos.cast import Cast
from opentcf.chaos.check import check
from opentcf.chaos.history import Entry, Kind

CAST = Cast()
CUT_OFF = CAST.durations.cut_off
FIRE, CALL = "8001@core1.example", "call-1"
A, B, C = "1001@core1.example", "2001@core2.example", "3001@core3.example"
OPEN = "8901@core1.example"


class Tale:
    """Entries in the order in which they are told; `at` sets the time, which else goes on by a tenth of a second."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.now = 0.0

    def at(self, seconds: float) -> "Tale":
        self.now = seconds
        return self

    def _add(self, kind: Kind, who: str, what: str, about: dict[str, Any]) -> "Tale":
        self.entries.append(Entry(self.now, kind, who, what, about))
        self.now += 0.1
        return self

    def did(self, who: str, what: str, **about: Any) -> "Tale":
        return self._add(Kind.DID, who, what, about)

    def heard(self, who: str, what: str, **about: Any) -> "Tale":
        return self._add(Kind.HEARD, who, what, about)

    def fault(self, who: str, what: str) -> "Tale":
        return self._add(Kind.FAULT, who, what, {})

    def state(self, who: str, what: str, rows: Any, **about: Any) -> "Tale":
        return self._add(Kind.STATE, who, what, {"rows": rows, **about})

    def end(self) -> "Tale":
        """The history goes on until now."""
        return self._add(Kind.NOTE, "chaos", "end", {})

    # --- what often happens

    def talks(self, who: str, grant: int) -> "Tale":
        return self.heard(who, "talks", key=who, call=CALL, remote=FIRE, grant=grant)

    def silent(self, who: str) -> "Tale":
        return self.heard(who, "silent", key=who)

    def registered(self, who: str, core: int) -> "Tale":
        return self.did(who, "register", core=core).heard(who, "registered", core=core)

    def bye(
        self, who: str, cause: str | None, reason: str | None = "SIP;cause=200", call: str = CALL
    ) -> "Tale":
        remote = FIRE if call == CALL else B
        return self.heard(who, "bye", key=who, call=call, remote=remote, cause=cause, reason=reason)

    def order(self, what: str, to: str, msgid: str, *members: str) -> "Tale":
        return self.did(CAST.dispatcher, what, to=to, msgid=msgid, members=list(members))

    def obeyed(self, msgid: str) -> "Tale":
        return self.heard(CAST.dispatcher, "delivered", msgid=msgid)


def violated(tale: Tale) -> dict[str, list[str]]:
    """What the checker says: invariant → violations."""
    found = check(tale.entries, CAST)
    return {v.invariant: [violation.text for violation in v.violations] for v in found if v.violations}


def judged(tale: Tale) -> set[str]:
    """The invariants that were put to the test."""
    return {verdict.invariant for verdict in check(tale.entries, CAST) if verdict.judged}
