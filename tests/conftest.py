"""How the tests are spread over workers, and which of them measure coverage.

What waits for real programs comes first, so that no worker is left alone with it. A file stays in one worker, for its
fixtures; random worlds need none, so each is given to whoever is free, and fills the end. They only walk again, in
other orders, what the other tests walk, and tracing would take more time than they do: they measure no coverage.
"""

from pathlib import Path

import pytest
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

TESTS = Path(__file__).parent
WAITING = ("cli", "interop")
RANDOM = ("fuzz", "property")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if place(item.path) in RANDOM:
            item.add_marker(pytest.mark.no_cover)
    items.sort(key=rank)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return Spread(config, log)


class Spread(LoadScopeScheduling):  # type: ignore[misc]
    """Gives out files, and single tests of random worlds."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return nodeid if place(self.config.rootpath / file) in RANDOM else file


def place(path: Path) -> str:
    """The folder below `tests`, or the file."""
    return path.relative_to(TESTS).parts[0]


def rank(item: pytest.Item) -> int:
    if place(item.path) in RANDOM:
        return 2
    return 0 if place(item.path) in WAITING or item.path.parent == TESTS else 1
