"""The pages of the procedures say what the code does today, and so do their captures."""

from pathlib import Path

import pytest
from scripts.procedure_pages import DOCS, files

FILES = files()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DOCS)))
def test_a_page_or_capture_is_what_is_played(path: Path):
    assert path.read_bytes() == FILES[path], "run `python -m scripts.procedure_pages`"


def test_there_are_no_other_pages():
    assert set(DOCS.glob("**/procedures/*")) == FILES.keys()
