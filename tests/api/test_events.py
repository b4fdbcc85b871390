"""Server-sent events and leaving, over a real socket."""

import asyncio
import json
import logging
from contextlib import asynccontextmanager

import httpx
import pytest

from opentcf.api.server import serve_api
from opentcf.api.stream import EventStream
from opentcf.node.orders import Notice
from opentcf.runtime.events import Events


@pytest.fixture
def served(node):
    """`async with served() as (http client, runtime)`: over a socket."""

    @asynccontextmanager
    async def served():
        async with node() as (_, runtime), serve_api(runtime) as beside:
            url = f"http://{beside.removeprefix('http=')}"
            async with httpx.AsyncClient(base_url=url, timeout=20) as client:
                yield client, runtime

    return served


async def event(lines) -> dict[str, str]:
    """The next event of a stream."""
    found: dict[str, str] = {}
    async for line in lines:
        if line:
            name, _, value = line.partition(": ")
            found[name] = value
        elif "data" in found:
            return found
        else:
            found = {}
    return found


async def test_what_is_done_is_seen_as_it_happens(served):
    async with served() as (client, runtime), client.stream("GET", "/api/v1/events?events=audit") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.aiter_lines()
        assert await anext(lines) == "retry: 2000"
        await client.post("/api/v1/users/1001/kick")
        seen = await event(lines)
    assert seen["event"] == "audit"
    data = json.loads(seen["data"])
    assert (data["action"], data["target"], data["who"]) == ("user kick", "1001", "local")
    assert seen["id"] == f"{runtime.events.run}-{runtime.events.last}"


async def test_a_client_that_comes_back_goes_on_where_it_was(served):
    async with served() as (client, runtime):
        for number in range(3):
            runtime.events.add(Notice("call", {"id": str(number)}))
        seen = f"{runtime.events.run}-{runtime.events.last - 2}"
        for headers, query in (({"Last-Event-ID": seen}, ""), ({}, f"&after={seen}")):
            async with client.stream("GET", f"/api/v1/events?events=call{query}", headers=headers) as stream:
                lines = stream.aiter_lines()
                got = [json.loads((await event(lines))["data"])["id"] for _ in range(2)]
            assert got == ["1", "2"]


@pytest.mark.parametrize("seen", ["other-1", "run-999", "run-x", "nonsense"])
async def test_a_client_that_missed_something_is_told(seen):
    events = Events("run")
    events.add(Notice("call", {"id": "c1"}))
    stream = EventStream(events).stream(frozenset(("call",)), seen)
    assert b"event: reset\ndata: {}\n\n" in await anext(stream)
    await stream.aclose()
    assert len(events) == 0


async def test_silence_is_broken_by_a_comment():
    stream = EventStream(Events("run"), heartbeat=0.01).stream(frozenset(("call",)), None)
    assert [await anext(stream) for _ in range(3)] == [b"retry: 2000\n\n"] + [b": still here\n\n"] * 2
    await stream.aclose()


async def test_an_event_that_there_is_not(served):
    async with served() as (client, _):
        answer = await client.get("/api/v1/events?events=call,coffee")
    assert (answer.status_code, answer.json()["detail"].partition(" is ")[0]) == (400, "events=coffee")


async def test_head_does_not_wait_for_events(served):
    async with served() as (client, _):
        answer = await client.head("/api/v1/events")
    assert answer.headers["content-type"].startswith("text/event-stream")


async def test_there_are_only_so_many_streams(served):
    async with served() as (client, runtime):
        watchers = [runtime.events.watch(frozenset()) for _ in range(100)]
        assert (await client.get("/api/v1/events")).status_code == 503
        runtime.events.leave(watchers[0])
        async with client.stream("GET", "/api/v1/events") as stream:
            assert stream.status_code == 200


async def test_leaving_ends_open_requests_without_a_word_in_the_log(node, caplog):
    caplog.set_level(logging.INFO)
    slow = b"POST /api/v1/subscribers/import HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nnumber"
    stream = b"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    async with node() as (_, runtime):
        async with serve_api(runtime) as beside:
            port = int(beside.rpartition(":")[2])
            connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
            for (_, writer), data in zip(connections, (slow, stream, b"")):
                writer.write(data)
            assert b"200 OK" in await connections[1][0].readuntil(b"retry: 2000\n\n")
        answers = [await reader.read() for reader, _ in connections]
        for _, writer in connections:
            writer.close()
    assert answers[0].startswith(b"HTTP/1.1 503")
    assert b"this node is leaving" in answers[0]
    assert answers[1].endswith(b"0\r\n\r\n")
    assert answers[2] == b""
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []
