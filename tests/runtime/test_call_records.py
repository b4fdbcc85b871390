"""Call records on their way to files."""

import asyncio
import csv
import json
import os
import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.cli.process import CONFIG
from tests.interop.programs import wait_until

from opentcf.model.account import CallRecord
from opentcf.node.orders import Notice
from opentcf.runtime.call_records import RECORD, CallRecords
from opentcf.runtime.config import ConfigError, load_config
from opentcf.runtime.record_files import COLUMNS, RecordFile, RecordFiles
from opentcf.runtime.runtime import Runtime

DOCS = Path(__file__).parent.parent.parent / "docs"
ROW = CallRecord(
    "1-a", "core1.example", "call", "abc", "private_audio", "caller's V", 255, False,
    "1001@core1.example", "2001@core2.example", start=1_000_000_000.0, answer=1_000_000_002.5, end=1_000_000_010.0,
    cause="normal", released_by="1001@core1.example",
)._asdict()  # fmt: skip


def settings(*files: Path, rotate: int = 10**6, daily: bool = False, keep: int = 0) -> RecordFiles:
    return RecordFiles(files, rotate, daily, keep)


def named(name: str) -> dict:
    return {**ROW, "record": name}


# --- files


def test_csv_and_json_lines_say_the_same(tmp_path):
    for name in ("calls.csv", "calls.jsonl"):
        file = RecordFile(tmp_path / name, settings())
        file.write([ROW])
        file.write([{**ROW, "answer": None, "code": 486}])
        assert file.path.stat().st_mode & 0o007 == 0, "not for everybody"
    with (tmp_path / "calls.csv").open() as text:
        table = list(csv.DictReader(text))
    lines = [json.loads(line) for line in (tmp_path / "calls.jsonl").read_text().splitlines()]
    assert tuple(lines[0]) == tuple(table[0]) == COLUMNS
    assert (table[0]["emergency"], lines[0]["emergency"]) == ("false", False)
    assert table[0]["start"] == lines[0]["start"] == "2001-09-09T01:46:40.000Z"
    assert (table[0]["duration"], lines[0]["duration"]) == ("7.5", 7.5)
    assert (table[1]["answer"], table[1]["code"], lines[1]["answer"]) == ("", "486", None)


@pytest.mark.parametrize("page", ["call-records.md", "zh/call-records.md"])
def test_the_manual_names_each_column(page):
    rows = re.findall(r"^\| `(\w+)` \|", (DOCS / page).read_text("utf-8"), re.MULTILINE)
    assert tuple(rows) == COLUMNS


def test_a_full_file_is_moved_away_and_the_oldest_go(tmp_path):
    path = tmp_path / "calls.jsonl"
    file = RecordFile(path, settings(rotate=100, keep=2))
    for n in range(5):
        file.write([named(str(n))])
        for old in tmp_path.glob("calls-*"):
            os.utime(old)
    old = sorted(tmp_path.glob("calls-*.jsonl"))
    kept = [json.loads(one.read_text())["record"] for one in (*old, path)]
    assert kept == ["2", "3", "4"]


def test_a_new_day_begins_a_new_file(tmp_path):
    path = tmp_path / "calls.csv"
    file = RecordFile(path, settings(daily=True))
    file.write([ROW])
    os.utime(path, (1e9, 1e9))
    file.write([ROW])
    file.write([ROW])
    (old,) = tmp_path.glob("calls-*.csv")
    assert [len(one.read_text().splitlines()) for one in (old, path)] == [2, 3]


def test_a_file_with_the_columns_of_an_older_version_is_moved_away(tmp_path):
    path = tmp_path / "calls.csv"
    path.write_text("record,node\n1,core1.example\n")
    file = RecordFile(path, settings())
    file.write([ROW])
    file.write([ROW])
    (old,) = tmp_path.glob("calls-*.csv")
    assert old.read_text() == "record,node\n1,core1.example\n"
    assert len(path.read_text().splitlines()) == 3


def test_what_an_older_version_left_in_the_store_has_the_columns_of_now(tmp_path):
    old = {name: value for name, value in ROW.items() if name not in ("talks", "talkers")}
    file = RecordFile(tmp_path / "calls.jsonl", settings())
    file.write([old])
    (line,) = [json.loads(line) for line in file.path.read_text().splitlines()]
    assert (line["talks"], line["talkers"]) == (0, "")


def test_a_torn_line_is_taken_away(tmp_path):
    path = tmp_path / "calls.jsonl"
    path.write_text('{"record": "1"}\n{"recor')
    RecordFile(path, settings()).write([ROW])
    assert [json.loads(line)["record"] for line in path.read_text().splitlines()] == ["1", "1-a"]


@contextmanager
def no_file_grows_beyond(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_does_not_fit_is_not_written_in_part(tmp_path):
    path = tmp_path / "calls.jsonl"
    file = RecordFile(path, settings())
    file.write([ROW])
    before = path.read_bytes()
    with (
        no_file_grows_beyond(len(before) + 100),
        pytest.raises(OSError, match=r"File too large"),
    ):
        file.write([ROW, ROW])
    assert path.read_bytes() == before


# --- the writer


class Kept:
    """A store, as far as records go."""

    def __init__(self) -> None:
        self.rows = {name: named(name) for name in ("1", "2")}

    def forget(self, names) -> None:
        for name in names:
            del self.rows[name]


async def written(path: Path, lines: int) -> list[str]:
    """The records in a file, as soon as there are so many."""
    return await asyncio.to_thread(
        wait_until, lambda: records_in(path)[lines - 1 :] and records_in(path), str(path)
    )


def records_in(path: Path) -> list[str]:
    text = path.read_text() if path.is_file() else ""
    return [json.loads(line)["record"] for line in text.splitlines(keepends=True) if line.endswith("\n")]


async def test_what_a_crash_left_in_the_store_comes_first(tmp_path):
    path, kept = tmp_path / "calls.jsonl", Kept()
    records = CallRecords([RecordFile(path, settings())], kept.forget)
    records.start(dict(kept.rows))
    kept.rows["3"] = named("3")
    records.add(Notice(RECORD, named("3")))
    records.add(Notice("call", {}))
    assert await written(path, 3) == ["1", "2", "3"]
    await records.close()
    assert kept.rows == {}


async def test_a_file_that_cannot_be_written_delays_its_records_only(tmp_path, capsys):
    good, bad, kept = tmp_path / "calls.jsonl", tmp_path / "disk" / "calls.jsonl", Kept()
    (tmp_path / "disk").write_text("no folder")
    records = CallRecords([RecordFile(one, settings()) for one in (bad, good)], kept.forget, retry=0.01)
    records.start(dict(kept.rows))
    assert await written(good, 2) == ["1", "2"]
    assert sorted(kept.rows) == ["1", "2"]
    assert records.gauge() == 2
    (tmp_path / "disk").unlink()
    assert await written(bad, 2) == ["1", "2"]
    await records.close()
    assert records.gauge() == 0
    assert kept.rows == {}
    assert await written(good, 2) == ["1", "2"]


async def test_octets_of_a_message_that_are_no_text_do_not_end_the_records(tmp_path):
    """One is in the store from before, one comes."""
    path, kept = tmp_path / "calls.csv", Kept()
    kept.rows["1"] = {**named("1"), "sip_call_id": "a\udcff"}
    records = CallRecords([RecordFile(path, settings())], kept.forget)
    records.start(dict(kept.rows))
    kept.rows["3"] = {**named("3"), "sip_call_id": "b\udc80"}
    records.add(Notice(RECORD, kept.rows["3"]))
    await records.close()
    with path.open() as text:
        rows = {row["record"]: row["sip_call_id"] for row in csv.DictReader(text)}
    assert rows == {"1": r"a\udcff", "2": ROW["sip_call_id"], "3": r"b\udc80"}
    assert kept.rows == {}


async def test_what_cannot_be_written_at_the_end_stays_in_the_store(tmp_path):
    (tmp_path / "disk").write_text("no folder")
    kept = Kept()
    records = CallRecords([RecordFile(tmp_path / "disk" / "calls.csv", settings())], kept.forget)
    records.start(dict(kept.rows))
    await records.close()
    assert sorted(kept.rows) == ["1", "2"]


async def test_a_node_writes_them(tmp_path):
    path = tmp_path / "core1.toml"
    path.write_text(CONFIG + '[records]\nfiles = ["calls.jsonl"]\n')
    runtime = Runtime(load_config(path))
    await runtime.start()
    runtime.records.add(Notice(RECORD, ROW))
    await runtime.close()
    assert await written(tmp_path / "calls.jsonl", 1) == ["1-a"]


def test_a_file_has_to_say_its_format(tmp_path):
    path = tmp_path / "core1.toml"
    path.write_text(CONFIG + '[records]\nfiles = ["calls.txt"]\n')
    with pytest.raises(ConfigError, match=r"'calls.txt' has to end in .csv or .jsonl"):
        load_config(path)
