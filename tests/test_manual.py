"""What the manual tells its reader to type works, and prints what it says."""

import os
import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from tests.pages import Block, Shell, blocks

DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    here = str(Path(sys.executable).parent)
    made = Shell(tmp_path, {**os.environ, "PATH": f"{here}:{os.environ['PATH']}"})
    yield made
    made.end()


def follow(shell: Shell, folder: Path, steps: list[Block]) -> None:
    """Write the files, type the commands, and see what follows each."""
    for block, after in pairwise([*steps, Block("", "", "")]):
        if block.title:
            (folder / block.title).write_text(block.text, "utf-8")
        elif block.kind == "sh":
            shell.run(block.text, after.text if after.kind == "text" else "")


@pytest.mark.slow
def test_the_tutorial(shell: Shell, tmp_path: Path):
    """Its first step installs: `test_packaging` does that."""
    follow(shell, tmp_path, blocks(DOCS / "tutorial.md")[1:])


@pytest.mark.parametrize("page", ["tls", "wire-table"])
def test_a_how_to(shell: Shell, tmp_path: Path, page: str):
    follow(shell, tmp_path, blocks(DOCS / "howto" / f"{page}.md"))


# --- two languages


def pages(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*.md")}


ENGLISH = {name for name in pages(DOCS) if not name.startswith("zh/")}
CHINESE = pages(DOCS / "zh")


def test_each_page_is_there_in_both_languages():
    assert ENGLISH == CHINESE


@pytest.mark.parametrize("name", sorted(CHINESE))
def test_both_languages_show_the_same_commands_and_files(name: str):
    english, chinese = (map(plain, blocks(folder / name)) for folder in (DOCS, DOCS / "zh"))
    assert list(english) == list(chinese)


def plain(block: Block) -> Block:
    """Without comments: they are translated."""
    return block._replace(text=re.sub(r"[ ]*#[ ].*", "", block.text))


def test_both_glossaries_have_the_same_terms():
    """English, Chinese, and the name in the code: all but what a term means."""
    english, chinese = (
        [(row[1], row[2], row[-2]) for row in rows(folder / "glossary.md")] for folder in (DOCS, DOCS / "zh")
    )
    assert english == chinese


def test_both_languages_say_the_same_of_the_aims():
    """The ratios of the first table; all others stand in English only."""
    english, chinese = (seen(folder / "performance.md") for folder in (DOCS, DOCS / "zh"))
    assert english == chinese != []


def seen(page: Path) -> list[str]:
    """The second column of the first table."""
    first = page.read_text("utf-8").split("\n## ")[1]
    return re.findall(r"^\|[^|]*\| ([\d.].*?) \|", first, re.MULTILINE)


def rows(page: Path) -> Iterator[list[str]]:
    """Of all tables, without their heads."""
    lines = [line.split("|") for line in page.read_text("utf-8").splitlines() if line.startswith("|")]
    return (row for row, after in pairwise([*lines, [""]]) if "---" not in row[1] + "".join(after[1:2]))


# --- links


@pytest.mark.parametrize("name", sorted(ENGLISH | {f"zh/{name}" for name in CHINESE}))
def test_links_lead_somewhere(name: str):
    page = DOCS / name
    prose = re.sub(r"```.*?```|`[^`]*`", "", page.read_text("utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", prose):
        where, _, anchor = link.partition("#")
        if "://" not in link:
            target = page.parent / where if where else page
            assert target.is_file(), link
            assert not anchor or anchor in anchors(target), link


def anchors(page: Path) -> set[str]:
    """As the site makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}
