"""Writes docs/conformance.md and docs/zh/conformance.md from marks in code and tests: `python -m scripts.conformance`.

A mark is the text `TC2-C <term>` in the docstring of what does it, or of the test that shows it. A test module may
have a table `LINES` of terms, one row a line, which its `test_line` shows. The terms stand in docs/conformance.toml.
"""

import ast
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
LINES = DOCS / "conformance.toml"
TABLE = "\nLINES: "
MARK = re.compile(r"TC2-C ([^\s,.;:()`\"]+)")
HEAD = """# Conformance

Each line of the interface TC2-C: where it is implemented and which test shows it. Written by
`python -m scripts.conformance` from marks in code and tests; a test fails when a line has none.
"""
HEAD_ZH = """# 符合性

接口TC2-C的每一项：实现位置与验证用例。
本页由`python -m scripts.conformance`根据代码和测试中的标记生成；某一项没有标记时测试不通过。
"""


class Line(NamedTuple):
    """One thing that the interface asks for. `awaited`: nothing does it yet."""

    term: str
    english: str
    awaited: bool


class Section(NamedTuple):
    """Lines under one heading."""

    chinese: str
    english: str
    lines: list[Line]


def sections() -> list[Section]:
    """What the interface asks for."""
    read = tomllib.loads(LINES.read_text("utf-8"))["section"]
    return [
        Section(
            part["chinese"],
            part["english"],
            [Line(row["term"], row["english"], row.get("awaited", False)) for row in part["lines"]],
        )
        for part in read
    ]


def marks(folder: str) -> dict[str, list[str]]:
    """Term → the places under a folder that bear it, as `path:name`."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / folder).rglob("*.py")):
        text = path.read_text("utf-8")
        if "TC2-C " not in text and TABLE not in text:
            continue
        tree = ast.parse(text)
        for name, said in _docstrings(tree):
            for term in dict.fromkeys(MARK.findall(said)):
                found.setdefault(term, []).append(f"{path.relative_to(ROOT)}:{name}".rstrip(":"))
        for term in _rows(tree):
            found.setdefault(term, []).append(f"{path.relative_to(ROOT)}:test_line[{term}]")
    return found


def _rows(tree: ast.Module) -> list[str]:
    """The terms of a table of lines."""
    tables = [
        node.value
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "LINES"
    ]
    return [
        ast.literal_eval(key) for table in tables if isinstance(table, ast.Dict) for key in table.keys if key
    ]


def _docstrings(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module):
            yield "", ast.get_docstring(node) or ""
        elif isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, ast.get_docstring(node) or ""


class Language(NamedTuple):
    """What stands around the tables, and what of a section and of a line stands in them."""

    head: str
    columns: str
    heading: Callable[[Section], str]
    cells: Callable[[Line], str]
    nowhere: str


ENGLISH = Language(
    HEAD,
    "| 中文 | English | implemented | shown by |\n| --- | --- | --- | --- |",
    lambda section: section.english,
    lambda line: f"{line.term} | {line.english}",
    "not yet",
)
CHINESE = Language(
    HEAD_ZH,
    "| 项目 | 实现 | 验证 |\n| --- | --- | --- |",
    lambda section: section.chinese,
    lambda line: line.term,
    "尚未实现",
)


def files() -> dict[Path, str]:
    """Path → content: the page in both languages."""
    return {DOCS / "conformance.md": page(ENGLISH), DOCS / "zh" / "conformance.md": page(CHINESE)}


def page(language: Language) -> str:
    """The whole page."""
    code, tests = marks("src"), marks("tests")
    return "\n".join([language.head, *(_told(section, code, tests, language) for section in sections())])


def _told(
    section: Section, code: dict[str, list[str]], tests: dict[str, list[str]], language: Language
) -> str:
    rows = [f"## {language.heading(section)}", "", language.columns]
    for line in section.lines:
        places = (_places(found, line.term) or language.nowhere for found in (code, tests))
        rows.append(f"| {language.cells(line)} | {' | '.join(places)} |")
    return "\n".join(rows) + "\n"


def _places(found: dict[str, list[str]], term: str) -> str:
    places = (place.removeprefix("src/opentcf/").removeprefix("tests/") for place in found.get(term, ()))
    return "<br>".join(f"`{place}`" for place in places)


if __name__ == "__main__":
    for path, content in files().items():
        path.write_text(content, "utf-8")
