"""Both stores keep the same promises; the SQLite one also against other processes and damage."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opentcf.node.orders import Save
from opentcf.store import Store, StoreError, check_url, open_store
from opentcf.store.memory import MemoryStore
from opentcf.store.sqlite import SqliteStore


@pytest.fixture(params=["memory:", "sqlite:node.db"])
def store(request, tmp_path):
    store = open_store(request.param, tmp_path)
    yield store
    store.close()


def test_a_new_store_is_empty(store: Store):
    assert store.load() == {}


def test_records_come_back(store: Store):
    store.commit([Save("binding", "1001", {"a": [1, 2.5, None, "é"]}), Save("call", "x", [True])])
    assert store.load() == {"binding": {"1001": {"a": [1, 2.5, None, "é"]}}, "call": {"x": [True]}}


def test_none_deletes(store: Store):
    store.commit([Save("call", "x", 1), Save("call", "y", 2)])
    store.commit([Save("call", "x", None), Save("call", "never", None)])
    assert store.load() == {"call": {"y": 2}}


def test_the_later_save_of_a_key_wins(store: Store):
    store.commit([Save("k", "a", 1), Save("k", "a", None), Save("k", "b", None), Save("k", "b", 2)])
    assert store.load().get("k") == {"b": 2}


texts = st.text(st.characters(codec=None, exclude_categories=()), max_size=8)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
).filter(lambda value: value is not None)


@given(key=texts, value=plain)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_survives_even_what_was_no_utf8(store: Store, key, value):
    store.commit([Save("k", key, value)])
    assert store.load()["k"][key] == value
    store.commit([Save("k", key, None)])
    assert not store.load().get("k")


def test_records_survive_close_and_open(tmp_path: Path):
    first = open_store("sqlite:node.db", tmp_path)
    first.commit([Save("k", "a", 1)])
    first.close()
    second = open_store("sqlite:node.db", tmp_path)
    assert second.load() == {"k": {"a": 1}}
    second.close()


def test_a_relative_path_begins_at_the_base(tmp_path: Path):
    open_store("sqlite:node.db", tmp_path).close()
    assert (tmp_path / "node.db").exists()


WRITER = """
import sys
from contextlib import closing
from pathlib import Path
from opentcf.node.orders import Save
from opentcf.store.sqlite import SqliteStore
store = SqliteStore(Path(sys.argv[1]))
for n in range(1_000_000):
    store.commit([Save("k", "left", n), Save("k", "right", n)])
    print(n, flush=True)
"""


def test_a_commit_survives_kill_9_whole(tmp_path: Path):
    path = tmp_path / "node.db"
    with subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        seen = [int(writer.stdout.readline()) for _ in range(50)]
        os.kill(writer.pid, signal.SIGKILL)
    store = SqliteStore(path)
    kept = store.load()["k"]
    store.close()
    assert kept["left"] == kept["right"] >= seen[-1]


def test_two_processes_cannot_share_a_file(tmp_path: Path):
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, tmp_path / "node.db"], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout
        writer.stdout.readline()
        with pytest.raises(StoreError, match=r"node.db cannot be opened: another process has it open"):
            SqliteStore(tmp_path / "node.db")
        writer.kill()


def test_two_stores_in_one_process_cannot_share_a_file_either(tmp_path: Path):
    store = SqliteStore(tmp_path / "node.db")
    with pytest.raises(StoreError, match="another process has it open"):
        SqliteStore(tmp_path / "node.db")
    store.close()


def test_a_file_that_is_no_database(tmp_path: Path):
    (tmp_path / "node.db").write_bytes(b"Dear diary, " * 1000)
    with pytest.raises(StoreError, match="is damaged"):
        SqliteStore(tmp_path / "node.db")


def test_a_database_with_holes(tmp_path: Path):
    path = tmp_path / "node.db"
    store = SqliteStore(path)
    store.commit([Save("k", str(n), "x" * 500) for n in range(100)])
    store.close()
    data = bytearray(path.read_bytes())
    data[8192:16384] = b"\xff" * 8192
    path.write_bytes(data)
    with pytest.raises(StoreError, match="is damaged"):
        SqliteStore(path)


def test_a_value_that_is_no_json(tmp_path: Path):
    path = tmp_path / "node.db"
    SqliteStore(path).close()
    with sqlite3.connect(path) as db:
        db.execute("INSERT INTO records VALUES ('k', 'a', '{')")
    db.close()
    store = SqliteStore(path)
    with pytest.raises(StoreError, match="is damaged"):
        store.load()
    store.close()


def test_a_newer_layout(tmp_path: Path):
    path = tmp_path / "node.db"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StoreError, match="written by a newer opentcf"):
        SqliteStore(path)


def test_the_database_of_another_program(tmp_path: Path):
    path = tmp_path / "node.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE cookies (a)")
    db.close()
    with pytest.raises(StoreError, match="another program's database"):
        SqliteStore(path)


def test_a_missing_directory(tmp_path: Path):
    with pytest.raises(StoreError, match=r"there is no directory .*/absent"):
        SqliteStore(tmp_path / "absent" / "node.db")


def test_a_directory_instead_of_a_file(tmp_path: Path):
    with pytest.raises(StoreError, match="it is a directory"):
        SqliteStore(tmp_path)


def test_a_full_disk_loses_the_commit_and_says_so(tmp_path: Path):
    store = SqliteStore(tmp_path / "node.db")
    store.commit([Save("k", "a", 1)])
    store._db.execute("PRAGMA max_page_count = 4")
    with pytest.raises(StoreError, match="cannot be written: database or disk is full"):
        store.commit([Save("k", "a", 2), Save("k", "b", "x" * 100_000)])
    assert store.load() == {"k": {"a": 1}}
    store.close()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sqlte:a.db", "did you mean sqlite:?"),
        ("sqlite:", "sqlite: needs a path"),
        ("memory:x", "a memory store has no path"),
        ("redis://localhost", "there is no store 'redis:', only sqlite:PATH and memory:"),
        ("", "only sqlite:PATH and memory:"),
    ],
)
def test_urls_that_name_no_store(url, reason, tmp_path):
    with pytest.raises(ValueError, match=r"no store|needs|has no") as caught:
        check_url(url)
    assert reason in str(caught.value)
    with pytest.raises(StoreError):
        open_store(url, tmp_path)


def test_memory_hands_out_copies():
    store = MemoryStore()
    store.commit([Save("k", "a", 1)])
    loaded = store.load()
    store.commit([Save("k", "a", None)])
    assert loaded == {"k": {"a": 1}}


def test_a_file_of_the_first_layout_is_taken_over(tmp_path):
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "CREATE TABLE records (kind TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,"
            " PRIMARY KEY (kind, key)) WITHOUT ROWID"
        )
        db.execute("INSERT INTO records VALUES ('binding', '1001', '{\"v\":1}')")
        db.execute("PRAGMA user_version = 1")
    with closing(SqliteStore(path)) as store:
        assert store.load() == {"binding": {"1001": {"v": 1}}}
        store.commit([Save("binding", "1001", {"v": 2})])
    with closing(SqliteStore(path)) as store:
        assert store.load() == {"binding": {"1001": {"v": 2}}}
