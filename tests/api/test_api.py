"""The HTTP API of a real node."""

import asyncio
import re
from base64 import b64decode
from dataclasses import replace

import httpx
import pytest
from tests.cli.process import Terminal

from opentcf import __version__
from opentcf.api.problems import as_json
from opentcf.api.server import serve_api
from opentcf.api.table import ENDPOINTS
from opentcf.node.commands import COMMANDS
from opentcf.transport.interface import ListenError

ENDLESS = {"events": "?events=none"}
"""What makes an answer end that would go on for ever."""


async def registered(runtime) -> str:
    """Register 1001 from a thread while the node runs here; his terminal's host and port."""
    port = runtime.settings.d.listen[0].port
    terminal = Terminal(port)
    try:
        assert await asyncio.to_thread(terminal.register) == 200
    finally:
        terminal.close()
    return "1001@core1.example"


async def test_health(node):
    async with node() as (client, _):
        answer = await client.get("/health")
    assert answer.status_code == 200
    assert answer.json().items() >= {"status": "ok", "domain": "core1.example"}.items()


async def test_metrics(node):
    async with node() as (client, _):
        answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert f'opentcf_build_info{{version="{__version__}"}} 1.0' in answer.text
    assert 'opentcf_registrations_active{role="home"} 0.0' in answer.text


async def test_lists(node):
    async with node() as (client, runtime):
        user = await registered(runtime)
        peers, registrations, groups, calls = [
            (await client.get(f"/api/v1/{name}")).json()
            for name in ("peers", "registrations", "groups", "calls")
        ]
    assert peers["items"][0]["domain"] == "core2.example"
    assert peers["items"][0]["state"] in ("up", "down", "unknown")
    (registration,) = registrations["items"]
    assert registration.items() >= {"user": user, "home": "core1.example", "visited": "core1.example"}.items()
    assert groups["items"][0]["number"] == "8001"
    assert calls == {"items": [], "next": None}


def test_every_look_and_act_of_the_node_has_a_path():
    """What only the shell asks is left out."""
    assert COMMANDS.keys() - {"reload", "leave"} <= {endpoint.name for endpoint in ENDPOINTS}


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: f"{endpoint.method} {endpoint.path}")
async def test_every_endpoint_answers(node, endpoint):
    async with node() as (client, _):
        path = re.sub(r"\{\w+\}", "77", endpoint.path)
        answer = await client.request(endpoint.method, path + ENDLESS.get(endpoint.name, ""))
    assert answer.status_code in (200, 400, 404)
    assert ": not found" not in answer.text
    wanted = endpoint.media if answer.status_code == 200 else "application/problem+json"
    assert answer.headers["content-type"].startswith(wanted)


async def test_pages(node):
    async with node() as (client, _):
        numbers: list[str] = []
        after = None
        while True:
            query = {"limit": "4"} | ({"after": after} if after else {})
            page = (await client.get("/api/v1/subscribers", params=query)).json()
            assert len(page["items"]) <= 4
            numbers += [row["number"] for row in page["items"]]
            if (after := page["next"]) is None:
                break
    assert numbers == ["1001", *map(str, range(2001, 2011))]


@pytest.mark.parametrize(
    ("method", "path", "status", "detail"),
    [
        ("GET", "/api/v1/nothing", 404, "GET /api/v1/nothing: not found"),
        ("POST", "/api/v1/peers", 405, "POST /api/v1/peers: method not allowed"),
        ("GET", "/api/v1/users/1001/kick", 405, "GET /api/v1/users/1001/kick: method not allowed"),
        ("GET", "/api/v1/peers?limit=0", 400, "limit=0 is not a number from 1"),
        ("GET", "/api/v1/peers?limit=x", 400, "limit=x is not a number from 1"),
        (
            "GET",
            "/api/v1/peers?lmit=1",
            400,
            'lmit is no parameter of /api/v1/peers; did you mean "limit"?',
        ),
        ("GET", "/api/v1/peers?x=", 400, "x is no parameter of /api/v1/peers; it takes limit, after"),
        (
            "POST",
            "/api/v1/users/1001/kick?force=1",
            400,
            "force is no parameter of /api/v1/users/1001/kick; it takes none",
        ),
        (
            "GET",
            "/api/v1/events?event=call",
            400,
            'event is no parameter of /api/v1/events; did you mean "events"?',
        ),
        ("GET", "/api/v1/trace?after=-1", 400, "after=-1 is not a number from 0"),
        ("POST", "/api/v1/calls/none/release", 404, "there is no call 'none'"),
        (
            "POST",
            "/api/v1/users/1002/kick",
            404,
            "there is no subscriber 1002@core1.example; see the list of subscribers",
        ),
        ("POST", "/api/v1/users/x/kick", 400, "'x' is not number@domain with 1 to 15 digits"),
    ],
)
async def test_errors_are_problem_documents(node, method, path, status, detail):
    async with node() as (client, _):
        answer = await client.request(method, path)
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert (answer.status_code, document["status"], document["detail"]) == (status, status, detail)
    assert document["type"] == "about:blank"
    assert document["title"]


async def test_a_probe_may_add_parameters(node):
    async with node() as (client, _):
        assert [(await client.get(f"{path}?now=1")).status_code for path in ("/health", "/metrics")] == [
            200,
            200,
        ]


async def test_the_members_of_a_group_come_in_pages(node):
    async with node() as (client, _):
        await client.patch("/api/v1/groups/8001", json={"add_members": ["1002", "1003"]})
        first = (await client.get("/api/v1/groups/8001/present?limit=2")).json()
        rest = (await client.get("/api/v1/groups/8001/present", params={"after": first["next"]})).json()
    assert [row["member"][:4] for row in (*first["items"], *rest["items"])] == ["1001", "1002", "1003"]
    assert (len(first["items"]), rest["next"]) == (2, None)


async def test_kick_a_user(node):
    async with node() as (client, runtime):
        user = await registered(runtime)
        answer = await client.post("/api/v1/users/1001/kick")
        assert (answer.status_code, answer.json()) == (200, {"kicked": user})
        assert (await client.get("/api/v1/registrations")).json()["items"] == []


async def test_trace(node):
    async with node() as (client, runtime):
        await registered(runtime)
        everything = (await client.get("/api/v1/trace")).json()["items"]
        some = (await client.get("/api/v1/trace", params={"after": 2, "limit": 1})).json()
        call_id = next(
            line.partition(": ")[2]
            for line in everything[-1]["head"].split("\r\n")
            if line.startswith("Call-ID")
        )
        call = (await client.get("/api/v1/trace", params={"call": call_id})).json()["items"]
    assert [message["number"] for message in everything] == list(range(1, len(everything) + 1))
    assert (some["items"][0]["number"], some["next"]) == (3, 3)
    assert {message["direction"] for message in call} == {"in", "out"}
    assert all(call_id in message["head"] for message in call)
    last = everything[-1]
    assert set(last) == {
        "number", "time", "direction", "side", "transport", "local", "remote", "head", "body",
        "call", "connection", "peer",
    }  # fmt: skip
    assert (last["side"], last["transport"], last["body"]) == ("d", "udp", "")
    assert last["local"] == f"127.0.0.1:{runtime.settings.d.listen[0].port}"


async def test_no_secret_in_the_trace(node):
    async with node() as (client, runtime):
        await registered(runtime)
        text = (await client.get("/api/v1/trace")).text
    assert 'response=\\"***\\"' in text


@pytest.mark.parametrize("query", [{"raw": "1"}, {"format": "pcapng"}])
async def test_no_secret_in_raw_messages(node, query):
    async with node() as (client, runtime):
        await registered(runtime)
        answer = await client.get("/api/v1/trace", params=query)
        secrets = [
            found[1]
            for message in runtime.trace.after(0)
            if (found := re.search(rb'response="?(\w+)', message.data))
        ]
    sent = answer.content
    if "raw" in query:
        sent = b"".join(b64decode(row["data"]) for row in answer.json()["items"])
    assert secrets
    assert b"Authorization: Digest" in sent
    assert not [secret for secret in secrets if secret in sent]


async def test_latest_messages_only(node):
    async with node() as (client, runtime):
        await registered(runtime)
        items = (await client.get("/api/v1/trace", params={"latest": 2})).json()["items"]
        assert [row["number"] for row in items] == [runtime.trace.last - 1, runtime.trace.last]
        wrong = await client.get("/api/v1/trace", params={"format": "xml"})
    assert (wrong.status_code, wrong.json()["detail"]) == (400, "format=xml is none of json, pcapng")


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/api/v1/peers", {}, 401),
        ("/api/v1/peers", {"Authorization": "Bearer wrong"}, 401),
        ("/api/v1/peers", {"Authorization": "Basic sesame"}, 401),
        ("/api/v1/peers", {"Authorization": "bearer sesame"}, 200),
        ("/metrics", {}, 401),
        ("/metrics", {"Authorization": "Bearer sesame"}, 200),
        ("/nothing", {}, 401),
        ("/health", {}, 200),
    ],
)
async def test_a_token_is_asked_of_everybody(node, path, headers, status):
    async with node(token="sesame", base_url="http://tcf.example:8060") as (client, _):
        answer = await client.get(path, headers=headers)
    assert answer.status_code == status
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 404),
        ({"Host": "localhost:8060"}, 404),
        ({"Host": "[::1]:8060"}, 404),
        ({"Host": "evil.example"}, 403),
        ({"Host": ""}, 403),
        ({"Origin": "http://127.0.0.1:8060"}, 404),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
async def test_without_a_token_no_web_page_gets_in(node, headers, status):
    async with node() as (client, _):
        answer = await client.post("/api/v1/calls/none/release", headers=headers)
    assert answer.status_code == status


async def test_it_is_served_in_the_node_s_loop(node):
    async with node() as (_, runtime), serve_api(runtime) as beside:
        async with httpx.AsyncClient(base_url=f"http://{beside.removeprefix('http=')}") as client:
            answer = await client.get("/health")
        assert answer.json()["domain"] == "core1.example"
        assert "server" not in answer.headers


async def test_a_port_in_use(node):
    async with node() as (_, runtime), serve_api(runtime) as beside:
        port = int(beside.rpartition(":")[2])
        assert runtime.config.http
        runtime.config = replace(runtime.config, http=replace(runtime.config.http, port=port))
        with pytest.raises(
            ListenError, match=rf"^cannot listen on http 127.0.0.1:{port}: address already in use$"
        ):
            await serve_api(runtime).__aenter__()


async def test_without_an_http_table_nothing_is_served(node):
    async with node() as (_, runtime):
        runtime.config = replace(runtime.config, http=None)
        async with serve_api(runtime) as beside:
            assert beside == ""


def test_text_that_was_no_utf8_is_shown_all_the_same():
    assert as_json({"a\udcff": ["\udcff", 1, None]}).body == b'{"a?":["?",1,null]}'
