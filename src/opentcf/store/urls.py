"""Store URLs: `memory:` and `sqlite:PATH`."""

from difflib import get_close_matches
from pathlib import Path

from opentcf.store.interface import Store, StoreError
from opentcf.store.memory import MemoryStore
from opentcf.store.sqlite import SqliteStore

_SCHEMES = ("memory", "sqlite")


def check_url(url: str) -> None:
    """ValueError with a reason when `open_store` would not know this URL."""
    scheme, _, path = url.partition(":")
    if scheme == "redis":
        raise ValueError("redis is not supported yet; use sqlite:PATH or memory:")
    if scheme not in _SCHEMES:
        near = get_close_matches(scheme, _SCHEMES, 1)
        raise ValueError(
            f"no such store, it is sqlite:PATH or memory:{f'; did you mean {near[0]}:?' if near else ''}"
        )
    if (scheme == "sqlite") != bool(path):
        raise ValueError("a memory store has no path" if path else "sqlite: needs a path")


def open_store(url: str, base: Path) -> Store:
    """Open the store that `url` names; a relative path begins at `base`. StoreError says why it cannot be used."""
    try:
        check_url(url)
    except ValueError as error:
        raise StoreError(f"store {url}: {error}") from error
    scheme, _, path = url.partition(":")
    return MemoryStore() if scheme == "memory" else SqliteStore(base / path)
