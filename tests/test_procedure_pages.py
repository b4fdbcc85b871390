"""The pages of the procedures say what the code does today."""

import pytest
from scripts.procedure_pages import FOLDER, written
from scripts.scenes import PAGES, Page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.slug)
def test_a_page_is_what_is_played(page: Page):
    said = (FOLDER / f"{page.slug}.md").read_text("utf-8")
    assert said == written(page), "run `python -m scripts.procedure_pages`"


def test_there_are_no_other_pages():
    assert {path.stem for path in FOLDER.glob("*.md")} == {page.slug for page in PAGES}
