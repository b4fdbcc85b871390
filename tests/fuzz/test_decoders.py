"""Whatever arrives: it is read, or there is one RemoteError, and nothing else."""

import os

import pytest
from tests.fuzz.corpus import CORPUS
from tests.fuzz.exercise import exercise
from tests.fuzz.mutate import Mutator

MUTATIONS = 200_000 if os.environ.get("FUZZ") == "full" else 20_000
BLOCKS = 20
MUTATOR = Mutator(CORPUS)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_damaged_messages(block):
    for number in range(block, MUTATIONS, BLOCKS):
        data = MUTATOR.make(number)
        try:
            exercise(data)
        except Exception as problem:  # noqa: BLE001 - whatever it is, its number must be told
            pytest.fail(f"mutation {number}: {problem!r}\n{data!r}")


def test_a_mutation_can_be_made_again():
    assert Mutator(CORPUS).make(77) == MUTATOR.make(77) != Mutator(CORPUS, seed=2).make(77)
