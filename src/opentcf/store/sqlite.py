"""The embedded store: one table in an SQLite file (WAL, synchronous=NORMAL).

What a commit wrote survives the death of the process at any moment (kill -9), and of the machine except for the
last commits before the power went. SQLite's exclusive locking keeps a second node away from the file.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from opentcf.node.orders import Save, Snapshot, Value
from opentcf.store.interface import StoreError
from opentcf.store.values import decode, decode_key, encode, encode_key

VERSION = 2
"""Layout of the file, kept in SQLite's user_version. In layout 1 the values stood in the index itself."""

_TABLE = """
CREATE TABLE records (
    kind TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (kind, key)
)
"""
_FROM_1 = (
    "ALTER TABLE records RENAME TO records_1",
    _TABLE,
    "INSERT INTO records SELECT * FROM records_1",
    "DROP TABLE records_1",
)
_PUT = "INSERT INTO records VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value"
_DROP = "DELETE FROM records WHERE kind = ? AND key = ?"
_LOCK_WAIT = 1.0


class SqliteStore:
    """Records in the file `path`, which is made when it is missing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._explained("cannot be opened"):
            self._db = sqlite3.connect(path, timeout=_LOCK_WAIT, isolation_level="IMMEDIATE")
        try:
            with self._explained("cannot be opened"):
                self._prepare()
        except StoreError:
            self._db.close()
            raise

    def load(self) -> Snapshot:
        """Read the whole file."""
        snapshot: dict[str, dict[str, Value]] = {}
        with self._explained("cannot be read"), closing(self._db.execute("SELECT * FROM records")) as rows:
            for kind, key, value in rows:
                snapshot.setdefault(kind, {})[decode_key(key)] = decode(value)
        return snapshot

    def commit(self, saves: Sequence[Save]) -> None:
        """One transaction. Each key is written once, however often it was saved."""
        latest = {(kind, encode_key(key)): value for kind, key, value in saves}
        puts = [(kind, key, encode(value)) for (kind, key), value in latest.items() if value is not None]
        drops = [where for where, value in latest.items() if value is None]
        try:
            with self._db:
                self._db.executemany(_PUT, puts)
                self._db.executemany(_DROP, drops)
        except (sqlite3.Error, ValueError) as error:
            raise self._explanation("cannot be written", error) from error

    def close(self) -> None:
        """Fold the journal into the file and unlock it."""
        with self._explained("cannot be closed"):
            self._db.close()

    def _prepare(self) -> None:
        db = self._db
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        with db:
            db.execute("BEGIN IMMEDIATE")
            self._check_layout()
        (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise StoreError(
                f"{self._name} is damaged: {verdict.splitlines()[-1]}; move it away or restore a copy"
            )

    def _check_layout(self) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise StoreError(
                f"{self._name} was written by a newer opentcf (layout {version}, this one reads {VERSION})"
            )
        if version == 0:
            if self._db.execute("SELECT 1 FROM sqlite_master").fetchone():
                raise StoreError(f"{self._name} is another program's database")
            self._db.execute(_TABLE)
        if version == 1:
            for step in _FROM_1:
                self._db.execute(step)
        if version < VERSION:
            self._db.execute(f"PRAGMA user_version = {VERSION}")

    @property
    def _name(self) -> str:
        return f"store sqlite:{self._path}"

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, ValueError) as error:
            raise self._explanation(what, error) from error

    def _explanation(self, what: str, error: Exception) -> StoreError:
        if isinstance(error, sqlite3.OperationalError):
            return StoreError(f"{self._name} {what}: {self._reason(error)}")
        return StoreError(f"{self._name} is damaged: {error}; move it away or restore a copy")

    def _reason(self, error: sqlite3.OperationalError) -> str:
        if "locked" in str(error):
            return "another process has it open"
        return obstacle(self._path) or str(error)


def obstacle(path: Path) -> str:
    """Why no store can be at `path`; empty when one can."""
    folder = path.parent
    if path.is_dir():
        return "it is a directory"
    if not folder.is_dir():
        return f"there is no directory {folder}; make it, or name another in [store] url"
    for place in (folder, path) if path.exists() else (folder,):
        if not os.access(place, os.W_OK):
            return f"{place} may not be written by this user"
    return ""
