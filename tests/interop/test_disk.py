"""Disks that fill, refuse and tear under a real node: one clear line, nothing promised that is not kept."""

import os
import resource
import signal
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.cli.process import CONFIG, Terminal, opentcf, running
from tests.interop.programs import lacking

from opentcf.node.orders import Save
from opentcf.store import StoreError
from opentcf.store.sqlite import SqliteStore


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "node.toml"
    path.write_text(CONFIG)
    return path


def registered(config: Path) -> Mapping[str, Any]:
    """The bindings that the store holds."""
    with closing(SqliteStore(config.parent / "node.db")) as store:
        return store.load().get("binding", {})


def test_a_full_disk_stops_the_node_before_it_promises(config: Path):
    """No file may grow any more: the REGISTER is not answered 200, and the next start finds what was before."""
    with running(config) as node:
        terminal = Terminal(node.ports["d/udp"])
        assert terminal.register() == 200
        authorization = terminal.authorization()
        resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, (1, 1))
        terminal.send(terminal.request(authorization))
        assert node.process.wait() == 1
        log = node.log()
        assert "SIP/2.0 200" not in terminal.pending()
        terminal.close()
    assert "cannot be written" in log
    ours = str(
        Path("src") / "opentcf"
    )  # a measurement of coverage cannot write either, and says so by a traceback
    assert ours not in log.partition("Traceback")[2]
    assert len(registered(config)) == 1
    with running(config) as node:
        assert "1001@core1.example" in opentcf("registrations", "--url", node.url, "--json").stdout


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A directory with a store that cannot be written."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() == 0:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "tmpfs", folder], capture_output=True, text=True, check=False
        )
        if mounted.returncode:
            lacking(f"root may not mount here: {mounted.stderr.strip()}")
    try:
        SqliteStore(folder / "node.db").close()
        if os.geteuid() == 0:
            subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        else:
            (folder / "node.db").chmod(0o444)
            folder.chmod(0o555)
        yield folder
    finally:
        if os.geteuid() == 0:
            subprocess.run(["umount", "-l", folder], check=True)
        else:
            folder.chmod(0o755)


def test_a_read_only_disk_is_named_at_the_start(config: Path, read_only: Path):
    config.write_text(CONFIG.replace("sqlite:node.db", f"sqlite:{read_only}/node.db"))
    ended = opentcf("run", config)
    assert ended.returncode == 2
    assert f"store sqlite:{read_only}/node.db cannot be" in ended.stderr
    assert "Traceback" not in ended.stderr


PAIRS = 60


@pytest.fixture
def torn(tmp_path: Path) -> tuple[Path, bytes, bytes]:
    """File and journal as a death in the middle left them: pairs that were written together."""
    path = tmp_path / "node.db"
    with closing(SqliteStore(path)) as store:
        for number in range(PAIRS):
            store.commit(
                [Save("k", "left", number), Save("k", "right", number), Save("k", str(number), "x" * 300)]
            )
        return path, path.read_bytes(), (tmp_path / "node.db-wal").read_bytes()


def check_whole(path: Path) -> None:
    """It opens with whole commits only, or says that it is damaged."""
    kept, trouble = contents(path)
    assert "damaged" in trouble or kept.get("left") == kept.get("right")
    assert not kept or len(kept) == kept["left"] + 3


def contents(path: Path) -> tuple[Mapping[str, Any], str]:
    """What it holds, or why it cannot be read."""
    try:
        with closing(SqliteStore(path)) as store:
            return store.load().get("k", {}), ""
    except StoreError as error:
        return {}, str(error)


@pytest.mark.parametrize("seed", range(40))
def test_a_torn_journal_loses_whole_commits_or_none(
    torn: tuple[Path, bytes, bytes], tmp_path: Path, seed: int
):
    _, file, journal = torn
    chance = Random(seed)
    cut = chance.randrange(len(journal))
    bad = journal[:cut] if seed % 2 else journal[:cut] + chance.randbytes(min(4096, len(journal) - cut))
    copy = tmp_path / "copy.db"
    copy.write_bytes(file)
    (tmp_path / "copy.db-wal").write_bytes(bad)
    check_whole(copy)


@pytest.mark.parametrize("seed", range(40))
def test_a_torn_file_is_damaged_or_whole(torn: tuple[Path, bytes, bytes], tmp_path: Path, seed: int):
    path, _, _ = torn
    SqliteStore(path).close()
    data = bytearray(path.read_bytes())
    chance = Random(seed)
    at = chance.randrange(len(data))
    if seed % 2:
        del data[at:]
    else:
        data[at : at + 512] = chance.randbytes(len(data[at : at + 512]))
    copy = tmp_path / "copy.db"
    copy.write_bytes(data)
    check_whole(copy)


def test_a_node_with_a_damaged_store_says_so_and_leaves_it_alone(config: Path):
    path = config.parent / "node.db"
    with running(config) as node:
        node.stop(signal.SIGKILL)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(path.read_bytes())
    data[100:4096] = b"\xff" * 3996
    path.write_bytes(data)
    ended = opentcf("run", config)
    assert ended.returncode == 2
    assert "is damaged" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert path.read_bytes() == data
