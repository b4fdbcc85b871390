"""What coverage-guided fuzzing reached (`python -m fuzz`), once more: every promise still holds."""

from pathlib import Path

import pytest
from fuzz.seeds import seeds
from fuzz.stage import Stage
from fuzz.targets import TARGETS

from opentcf.sip.render import render

CORPUS = Path(__file__).parents[2] / "fuzz" / "corpus"


@pytest.mark.parametrize("target", TARGETS)
def test_corpus(target: str):
    inputs = [*seeds(target), *(path.read_bytes() for path in sorted((CORPUS / target).iterdir()))]
    assert len(inputs) > len(seeds(target)), "the corpus is there"
    for text in inputs:
        TARGETS[target](text)


def test_what_a_text_says_is_not_taken_for_the_request_for_a_challenge():
    """A text may bear any branch that a phone of the stage comes to use."""
    stage = Stage()
    caller = stage.users[b"caller"]
    request = caller.make("OPTIONS", "sip:core1.example", f"{caller.aor};tag=x", "<sip:core1.example>")
    said = b"=== caller\n" + render(request)
    used = caller.number
    for number in range(used - 4, used + 1):
        caller.number = number
        stage.play(said + said)


def test_every_corpus_has_its_target():
    assert {folder.name for folder in CORPUS.iterdir()} == set(TARGETS)
