"""Fixtures of the tests with real partners. Everything that a test starts ends with it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.interop.network import Core, Network, User, build
from tests.interop.sipp import Partner, Phone
from tests.transport.conftest import certificates

__all__ = ["certificates", "network", "partner", "phone"]
PhoneMaker = Callable[..., Phone]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """Four core networks that see each other up; the tests of a module share them and take users of their own."""
    four = build(tmp_path_factory.mktemp("network"), 4)
    try:
        four.start()
        yield four
    finally:
        four.stop()


@pytest.fixture
def phone(tmp_path: Path) -> Iterator[PhoneMaker]:
    """Makes terminals: `phone(user, core)` is attached to `core`, which may be another one than his home."""
    phones: list[Phone] = []

    def make(user: User, core: Core, transport: str = "udp") -> Phone:
        phones.append(Phone(tmp_path, user, core, transport))
        return phones[-1]

    yield make
    for made in phones:
        made.stop()


@pytest.fixture
def partner(tmp_path: Path) -> Iterator[Callable[..., Partner]]:
    """Makes places from which sipp speaks."""
    partners: list[Partner] = []

    def make(name: str, **more: object) -> Partner:
        partners.append(Partner(tmp_path, name, **more))  # type: ignore[arg-type]
        return partners[-1]

    yield make
    for made in partners:
        made.stop()
