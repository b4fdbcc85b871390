"""The numbers that belong to the visitor, and to nobody else in the demonstration."""

from collections.abc import Mapping
from typing import Any

VISITOR, PARTNERS, GROUP = "1200", {2: "2200", 3: "3200"}, "8009"
VISITORS = {1: VISITOR, **PARTNERS}
"""Core network → the number at home there."""
_THEIRS = {*VISITORS.values(), GROUP}


def concerns(row: Mapping[str, Any]) -> bool:
    """Is a row of a list about the visitor, so that no procedure asks for it?"""
    said = (str(row.get(key) or "") for key in ("user", "caller", "called", "group", "sender"))
    return any(text.partition("@")[0] in _THEIRS for text in said)


def mentions(head: str) -> bool:
    """Is a message the visitor's?"""
    return any(f"sip:{number}@" in head for number in _THEIRS)
