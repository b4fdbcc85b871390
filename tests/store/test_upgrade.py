"""A store of each layout there was, written by the code of that time, is read: three registrations and a call.

`layoutN.json` holds the wall time at which that node was killed.
"""

import json
import shutil
from contextlib import closing
from pathlib import Path

import pytest
from tests.world import Chance

from opentcf.model.numbers import Aor
from opentcf.model.peer import Peer
from opentcf.model.subscriber import Subscriber
from opentcf.node.node import Node
from opentcf.node.orders import Command
from opentcf.node.settings import Listener, Settings, Side
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


def test_there_is_a_fixture_for_every_layout():
    assert len(list(FIXTURES.glob("*.sqlite"))) == VERSION
