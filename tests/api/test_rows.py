"""The rows of the lists hold what the OpenAPI document says."""

from typing import Any

import msgspec
import pytest
from tests.node.net import Net, phones, talk
from tests.services.group_world import GroupWorld

from opentcf.api.rows import ROWS


def assert_described(name: str, rows: Any) -> None:
    assert rows
    kind: Any = ROWS[name]
    for row in rows:
        msgspec.convert(row, kind)


@pytest.fixture(scope="module")
def private() -> Net:
    """A private call over two cores."""
    net = Net(2)
    talk(net, *phones(net, 1, 2, "1001", "2001"))
    net.command(1, "user_kick", udn="1003")
    return net


@pytest.mark.parametrize("name", ["peers", "registrations", "subscribers", "calls", "audit"])
def test_rows_are_as_described(private, name):
    assert_described(name, private.rows(1, name))


@pytest.mark.parametrize("name", ["groups", "calls", "floors"])
def test_rows_about_groups_are_as_described(name):
    world = GroupWorld(at={"1001": 1, "2001": 2})
    world.dial("1001")
    world.run(1.0)
    for core in (1, 2) if name == "calls" else (1,):
        world.command(core, name)
        world.run(0.1)
        assert_described(name, world.cores[core].replies[-1].value["items"])


async def test_messages_of_the_trace_are_as_described(node):
    async with node() as (client, runtime):
        while not list(runtime.trace.after(0)):
            await runtime.loop.ask("health")
        assert_described("trace", (await client.get("/api/v1/trace")).json()["items"])
