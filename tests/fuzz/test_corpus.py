"""What coverage-guided fuzzing reached (`python -m fuzz`), once more: every promise still holds."""

from pathlib import Path

import pytest
from fuzz.seeds import seeds
from fuzz.targets import TARGETS

CORPUS = Path(__file__).parents[2] / "fuzz" / "corpus"


@pytest.mark.parametrize("target", TARGETS)
def test_corpus(target: str):
    inputs = [*seeds(target), *(path.read_bytes() for path in sorted((CORPUS / target).iterdir()))]
    assert len(inputs) > len(seeds(target)), "the corpus is there"
    for text in inputs:
        TARGETS[target](text)


def test_every_corpus_has_its_target():
    assert {folder.name for folder in CORPUS.iterdir()} == set(TARGETS)
