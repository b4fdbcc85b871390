"""Writes docs/state-tables.md and docs/zh/state-tables.md from the code: `python -m scripts.state_tables`."""

from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

from scripts import chinese

from opentcf.model import floor
from opentcf.services.group_call import masters, visits
from opentcf.sip.transaction import TABLES

DOCS = Path(__file__).parent.parent / "docs"
HEAD = """# State tables

These are the tables that the code runs on, written by `python -m scripts.state_tables`; a test fails when this page
says something else. An input that a state does not name changes nothing there. How an event becomes an input, with all
guards, is said where the table stands."""
HEAD_ZH = """# 状态表

以下为代码运行所用的状态表，由`python -m scripts.state_tables`生成，有测试保证本页与代码一致。
状态未列出的输入不引起变化。事件按哪些条件归为哪个输入，见状态表所在的模块。"""
Table = Mapping[Any, Mapping[Any, tuple[Any, Callable[..., Any]]]]
TRUNKING: tuple[tuple[str, str, Table], ...] = (
    (
        "The floor 话权",
        "`opentcf.model.floor`; group calls and half-duplex private calls use it.",
        floor.TABLE,
    ),
    ("The group call at its master 组呼, G", "`opentcf.services.group_call.masters`.", masters.TABLE),
    ("The group call at a V-TCF 组呼, V", "`opentcf.services.group_call.visits`.", visits.TABLE),
)
SIP = "`opentcf.sip.transaction.machines`, RFC 3261 §17 as changed by RFC 6026."
Words = Callable[[str], str]
"""How a phrase of the code is said."""


class Language(NamedTuple):
    """What stands around the tables, and the words in them."""

    head: str
    columns: str
    trunking: Words
    sip: Words


ENGLISH = Language(HEAD, "| state | input | next | what is done |", str, str)
CHINESE = Language(
    HEAD_ZH,
    "| 状态 | 输入 | 下一状态 | 处理 |",
    chinese.TRUNKING.__getitem__,
    chinese.SIP.__getitem__,
)


def files() -> dict[Path, str]:
    """Path → content: the page in both languages."""
    return {DOCS / "state-tables.md": page(ENGLISH), DOCS / "zh" / "state-tables.md": page(CHINESE)}


def page(language: Language) -> str:
    """The whole page."""
    parts = [language.head]
    for title, where, table in TRUNKING:
        parts += section(title, where, language.columns, table, language.trunking)
    for kind, table in TABLES.items():
        parts += section(f"SIP transaction: {_name(kind)}", SIP, language.columns, table, language.sip)
    return "\n".join(parts) + "\n"


def section(title: str, where: str, columns: str, table: Table, said: Words) -> Iterator[str]:
    """The lines of one table."""
    yield from ("", f"## {said(title)}", "", said(where), "", columns, "| --- | --- | --- | --- |")
    for state, rows in table.items():
        for what, (after, deed) in rows.items():
            states = said(_name(state)), said(_name(after))
            done = f"`{deed.__name__}`: {said(_docstring(deed))}"
            yield f"| {states[0]} | {said(_name(what))} | {states[1]} | {done} |"


def _name(member: Enum) -> str:
    return member.value if isinstance(member.value, str) else member.name.lower().replace("_", " ")


def _docstring(deed: Callable[..., Any]) -> str:
    return (deed.__doc__ or "").strip().partition("\n")[0]


if __name__ == "__main__":
    for path, content in files().items():
        path.write_text(content, "utf-8")
