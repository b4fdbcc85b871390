"""Store URLs: `memory:` and `sqlite:PATH`."""

from difflib import get_close_matches
from pathlib import Path

from opentcf.store.interface import Store, StoreError
from opentcf.store.memory import MemoryStore
from opentcf.store.sqlite import SqliteStore, obstacle

_SCHEMES = ("memory", "sqlite")


def check_url(url: str) -> None:
    """ValueError with a reason when `open_store` would not know this URL."""
    scheme, _, path = url.partition(":")
    if scheme not in _SCHEMES:
        near = get_close_matches(scheme, _SCHEMES, 1)
        hint = f"; did you mean {near[0]}:?" if near else ""
        raise ValueError(f"there is no store {scheme + ':'!r}, only sqlite:PATH and memory:{hint}")
    if (scheme == "sqlite") != bool(path):
        raise ValueError("a memory store has no path" if path else "sqlite: needs a path")


def open_store(url: str, base: Path) -> Store:
    """Open the store that `url` names; a relative path begins at `base`. StoreError says why it cannot be used."""
    path = _path(url, base)
    return MemoryStore() if path is None else SqliteStore(path)


def check_place(url: str, base: Path) -> None:
    """StoreError when `open_store` would find no place for its file. A node may have the store open meanwhile."""
    path = _path(url, base)
    if path is not None and (reason := obstacle(path)):
        raise StoreError(f"store sqlite:{path} cannot be opened: {reason}")


def _path(url: str, base: Path) -> Path | None:
    """Where an SQLite store stands, None for one in memory."""
    try:
        check_url(url)
    except ValueError as error:
        raise StoreError(f"store {url}: {error}") from error
    scheme, _, path = url.partition(":")
    return None if scheme == "memory" else base / path
