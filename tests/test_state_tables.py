"""The page of state tables says what the code does, in both languages."""

import pytest
from scripts import chinese
from scripts.state_tables import CHINESE, DOCS, files, page

FILES = files()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DOCS)))
def test_the_page_is_what_the_code_says(path):
    assert path.read_text("utf-8") == FILES[path], "run `python -m scripts.state_tables`"


def test_nothing_is_translated_that_the_code_does_not_say():
    said = page(CHINESE)
    assert [one for one in (*chinese.TRUNKING.values(), *chinese.SIP.values()) if one not in said] == []
