"""How the tests are spread over workers, and which of them measure coverage.

What waits for real programs comes first, so that no worker is left alone with it. A file stays in one worker, for its
fixtures; random worlds need none, so each is given to whoever is free, and fills the end. They only walk again, in
other orders, what the other tests walk, and tracing would take more time than they do: they measure no coverage.
"""

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
WAITING = ("cli", "interop")
RANDOM = ("fuzz", "property")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if place(item) in RANDOM:
            item.add_marker(pytest.mark.no_cover)
        else:
            item.add_marker(pytest.mark.xdist_group(str(item.path.relative_to(TESTS))))
    items.sort(key=rank)


def place(item: pytest.Item) -> str:
    """The folder below `tests`, or the file."""
    return item.path.relative_to(TESTS).parts[0]


def rank(item: pytest.Item) -> int:
    if place(item) in RANDOM:
        return 2
    return 0 if place(item) in WAITING or item.path.parent == TESTS else 1
