"""Chance."""

import re

from opentcf.runtime.ids import SystemIds


def test_tokens_are_new_and_plain():
    ids = SystemIds()
    tokens = [ids.token() for _ in range(1000)]
    assert len(set(tokens)) == 1000
    assert all(re.fullmatch("[0-9a-f]{20}", token) for token in tokens)


def test_uniform():
    ids = SystemIds()
    assert all(2.1 <= ids.uniform(2.1, 4.0) <= 4.0 for _ in range(100))
