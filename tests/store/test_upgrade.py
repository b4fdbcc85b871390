"""A store of each layout there was, written by the code of that time, is read: three registrations and a call.

`layoutN.json` holds the wall time at which that node was killed.
"""

import json
import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.world import Chance

from opentcf.model.numbers import Aor
from opentcf.model.peer import Peer
from opentcf.model.subscriber import Subscriber
from opentcf.node.node import Node
from opentcf.node.orders import Command
from opentcf.node.settings import Listener, Settings, Side
from opentcf.runtime.record_files import COLUMNS, readable
from opentcf.store.sqlite import VERSION, SqliteStore

NUMBERS = ("1001", "1002", "1003")
FIXTURES = Path(__file__).parent / "fixtures"


def settings() -> Settings:
    return Settings(
        domain="core1.example",
        tc2=Side((Listener("udp", "127.0.0.1", 5060),)),
        d=Side((Listener("udp", "127.0.0.1", 25070),)),
        subscribers=tuple(Subscriber(Aor(number, "core1.example")) for number in NUMBERS),
        peers=(Peer("core2.example", "udp", "127.0.0.9", 5999),),
    )


@pytest.mark.parametrize("layout", range(1, VERSION + 1))
def test_a_store_of_each_layout_is_read(layout: int, tmp_path: Path):
    path = tmp_path / "node.db"
    shutil.copy(FIXTURES / f"layout{layout}.sqlite", path)
    wall = json.loads((FIXTURES / f"layout{layout}.json").read_text())["wall"]
    with closing(SqliteStore(path)) as store:
        snapshot = store.load()
    node = Node(settings(), Chance("upgrade"))
    node.load(snapshot, 100.0, wall)
    assert node.quiet()["calls"] == 1
    ticket = node.command(Command("registrations", {}), 100.0)
    (reply,) = [reply for reply in node.drain().replies if reply.ticket == ticket]
    assert [row["user"] for row in reply.value["items"]] == [f"{number}@core1.example" for number in NUMBERS]


def test_the_call_records_of_a_version_without_queues_and_entries_are_read():
    """`records1.json`: a group call in which 1001 has talked and 2001 does, and what was not written to a file yet."""
    rows = json.loads((FIXTURES / "records1.json").read_text())
    node = Node(replace(settings(), records=True), Chance("upgrade"))
    node.load({"account": rows["account"]}, 100.0, rows["wall"])
    *legs, call = [notice.fields for notice in node.drain().notices if notice.name == "call_record"]
    assert len(legs) == 2
    assert (call["cause"], call["talks"], call["waits"], call["entry"]) == ("restart", 2, 0, "")
    assert call["talkers"].split("=")[0] == "1001@core1.example"
    assert call["talk_seconds"] == pytest.approx(7.0, abs=0.1)
    for row in rows["call_record"].values():
        line = readable(row)
        assert tuple(line) == COLUMNS
        assert (line["waits"], line["wait_seconds"], line["entry"]) == (0, 0.0, "")


def test_there_is_a_fixture_for_every_layout():
    assert len(list(FIXTURES.glob("*.sqlite"))) == VERSION
