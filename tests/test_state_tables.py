"""The page of state tables says what the code does."""

from scripts.state_tables import PAGE, page


def test_the_page_is_what_the_code_says():
    assert PAGE.read_text("utf-8") == page(), "run `python -m scripts.state_tables`"
