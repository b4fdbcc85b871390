"""Writes docs/state-tables.md from the tables in the code: `python -m scripts.state_tables`."""

from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from opentcf.model import floor
from opentcf.services.group_call import masters, visits
from opentcf.sip.transaction import TABLES

PAGE = Path(__file__).parent.parent / "docs" / "state-tables.md"
HEAD = """# State tables

These are the tables that the code runs on, written by `python -m scripts.state_tables`; a test fails when this page
says something else. An input that a state does not name changes nothing there. How an event becomes an input, with all
guards, is said where the table stands.
"""
Table = Mapping[Any, Mapping[Any, tuple[Any, Callable[..., Any]]]]
GROUP_TABLES: tuple[tuple[str, str, Table], ...] = (
    (
        "The floor 话权",
        "`opentcf.model.floor`; group calls and half-duplex private calls use it.",
        floor.TABLE,
    ),
    ("The group call at its master 组呼, G", "`opentcf.services.group_call.masters`.", masters.TABLE),
    ("The group call at a V-TCF 组呼, V", "`opentcf.services.group_call.visits`.", visits.TABLE),
)


def page() -> str:
    """The whole page."""
    parts = [HEAD, *(section(*entry) for entry in GROUP_TABLES)]
    for kind, table in TABLES.items():
        where = "`opentcf.sip.transaction.machines`, RFC 3261 §17 as changed by RFC 6026."
        parts.append(section(f"SIP transaction: {_name(kind)}", where, table))
    return "\n".join(parts)


def section(title: str, where: str, table: Table) -> str:
    """One table."""
    lines = [
        f"## {title}",
        "",
        where,
        "",
        "| state | input | next | what is done |",
        "| --- | --- | --- | --- |",
    ]
    for state, rows in table.items():
        lines += [
            f"| {_name(state)} | {_name(what)} | {_name(after)} | `{deed.__name__}`: {_said(deed)} |"
            for what, (after, deed) in rows.items()
        ]
    return "\n".join(lines) + "\n"


def _name(member: Enum) -> str:
    return member.value if isinstance(member.value, str) else member.name.lower().replace("_", " ")


def _said(deed: Callable[..., Any]) -> str:
    return (deed.__doc__ or "").strip().partition("\n")[0]


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
