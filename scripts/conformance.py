"""Writes docs/conformance.md from marks in code and tests: `python -m scripts.conformance`.

A mark is the text `TC2-C <term>` in the docstring of what does it, or of the test that shows it. A test module may
have a table `LINES` of terms, one row a line, which its `test_line` shows. The terms stand in docs/conformance.toml.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
LINES, PAGE = ROOT / "docs" / "conformance.toml", ROOT / "docs" / "conformance.md"
TABLE = "\nLINES: "
MARK = re.compile(r"TC2-C ([^\s,.;:()`\"]+)")
HEAD = """# Conformance 符合性

Each line of the interface TC2-C: where it is implemented and which test shows it. Written by
`python -m scripts.conformance` from marks in code and tests; a test fails when a line has none.

接口TC2-C的每一项：实现位置与验证用例。本页由代码和测试中的标记生成。
"""
_NOWHERE = "not yet 尚未实现"


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


def page() -> str:
    """The whole page."""
    code, tests = marks("src"), marks("tests")
    return "\n".join([HEAD, *(_told(section, code, tests) for section in sections())])


def _told(section: Section, code: dict[str, list[str]], tests: dict[str, list[str]]) -> str:
    rows = [
        f"## {section.chinese} {section.english}",
        "",
        "| 中文 | English | implemented 实现 | shown by 验证 |",
        "| --- | --- | --- | --- |",
    ]
    rows += [
        f"| {line.term} | {line.english} | {_places(code, line.term)} | {_places(tests, line.term)} |"
        for line in section.lines
    ]
    return "\n".join(rows) + "\n"


def _places(found: dict[str, list[str]], term: str) -> str:
    places = (place.removeprefix("src/opentcf/").removeprefix("tests/") for place in found.get(term, ()))
    return "<br>".join(f"`{place}`" for place in places) or _NOWHERE


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
