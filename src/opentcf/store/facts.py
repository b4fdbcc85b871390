"""What can be said of a store from outside: its files and the room that is left for them."""

import os
import sqlite3
from pathlib import Path

from opentcf.sip.outbox import Value

_FILES = ("", "-wal", "-shm")


def store_facts(url: str, base: Path) -> dict[str, Value]:
    """Sizes in bytes; of a file that is not there none is said."""
    scheme, _, name = url.partition(":")
    if scheme != "sqlite":
        return {"url": f"{scheme}:", "files": {}}
    path = base / name
    found = {path.name + ending: Path(f"{path}{ending}") for ending in _FILES}
    sizes: Value = {name: file.stat().st_size for name, file in found.items() if file.is_file()}
    room = os.statvfs(path.parent)
    facts: dict[str, Value] = {"url": url, "files": sizes, "free_bytes": room.f_bavail * room.f_frsize}
    return facts | {"sqlite": sqlite3.sqlite_version}
