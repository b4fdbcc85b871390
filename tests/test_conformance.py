"""Every line of the interface is done somewhere and shown by a test, and the page says where."""

from itertools import chain

import pytest
from scripts.conformance import DOCS, Line, files, marks, sections

LINES = list(chain.from_iterable(section.lines for section in sections()))
CODE, TESTS = marks("src"), marks("tests")


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.term)
def test_a_line_is_done_and_shown(line: Line):
    assert bool(CODE.get(line.term)) is not line.awaited
    assert bool(TESTS.get(line.term)) is not line.awaited


@pytest.mark.parametrize("found", [CODE, TESTS], ids=["code", "tests"])
def test_no_mark_names_a_line_that_does_not_exist(found: dict[str, list[str]]):
    known = {line.term for line in LINES} | {"and"}
    assert {term: places for term, places in found.items() if term not in known} == {}


FILES = files()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DOCS)))
def test_the_page_is_what_the_marks_say(path):
    assert path.read_text("utf-8") == FILES[path], "run `python -m scripts.conformance`"
