"""Subscribers and groups over HTTP."""

import hashlib
import sqlite3

import pytest

from opentcf.api.bodies import LONGEST

CSV = {"Content-Type": "text/csv"}
NO_GROUP = "there is no group 8009@core1.example; see the list of groups"
HEADER = "number,name,role,rights,priority,roaming,password\r\n"


async def row(client, kind: str, number: str):
    answer = await client.get(f"/api/v1/{kind}/{number}")
    return answer.json()["items"][0] if answer.status_code == 200 else None


async def test_a_subscriber_s_life(node):
    async with node() as (client, _):
        entry = {"number": "1900", "name": "Zoë", "role": "dispatcher", "rights": ["stun"]}
        answer = await client.post("/api/v1/subscribers", json=entry)
        assert (answer.status_code, answer.json()) == (201, {"subscriber": "1900"})
        assert (await client.post("/api/v1/subscribers", json=entry)).status_code == 409
        await client.patch(
            "/api/v1/subscribers/1900", json={"rights": ["stun", "kill"], "roaming": ["core2.example"]}
        )
        found = await row(client, "subscribers", "1900")
        assert (found["name"], found["rights"], found["roaming"]) == (
            "Zoë",
            ["kill", "stun"],
            ["core2.example"],
        )
        await client.put("/api/v1/subscribers/1900", json={"priority": 4})
        found = await row(client, "subscribers", "1900")
        assert (found["name"], found["priority"], found["role"]) == ("", 4, "terminal")
        assert (await client.delete("/api/v1/subscribers/1900")).json() == {"removed": "1900"}
        assert await row(client, "subscribers", "1900") is None
        assert (await client.delete("/api/v1/subscribers/1900")).status_code == 404


async def test_a_group_s_life(node):
    async with node() as (client, _):
        members = ["1001", "sip:2001@core2.example;priority=100;listen_only", {"uri": "1002", "priority": 3}]
        entry = {"number": "8002", "name": "Fire 2", "members": members, "hang_time": 4}
        assert (await client.post("/api/v1/groups", json=entry)).status_code == 201
        found = await row(client, "groups", "8002")
        assert (found["hang_time"], found["talk_time"]) == (4.0, None)
        assert found["members"] == [
            "1001@core1.example",
            "2001@core2.example;priority=100;listen_only",
            "1002@core1.example;priority=3",
        ]
        changes = {"add_members": ["1003"], "remove_members": ["1001"], "hang_time": None}
        await client.patch("/api/v1/groups/8002", json=changes)
        found = await row(client, "groups", "8002")
        assert (found["hang_time"], [member.partition("@")[0] for member in found["members"]]) == (
            None,
            ["2001", "1002", "1003"],
        )
        await client.delete("/api/v1/groups/8001")
        assert (await client.get("/api/v1/groups")).json()["items"] == [found]
        await client.post("/api/v1/groups/8001/reset")
        assert (await row(client, "groups", "8001"))["source"] == "configuration"


async def test_a_password_is_kept_as_its_digest_and_shown_nowhere(node, tmp_path):
    async with node() as (client, _):
        await client.post("/api/v1/subscribers", json={"number": "1900", "password": "s3cr3t-word"})
        found = await row(client, "subscribers", "1900")
        audit = (await client.get("/api/v1/audit")).text
    assert found["digest"] == ["MD5", "SHA-256"]
    ha1 = hashlib.md5(b"1900:core1.example:s3cr3t-word").hexdigest()
    stored = sqlite3.connect(tmp_path / "node.db").execute(
        "SELECT value FROM records WHERE kind = 'subscriber'"
    )
    (value,) = stored.fetchone()
    assert ha1.encode() in value
    assert b"s3cr3t" not in value
    assert "1900 ha1=***" in audit


async def test_an_import_adds_and_changes(node):
    text = (
        HEADER
        + '1001,"Alice, A.",dispatcher,stun kill,7,,\r\n\r\n1901,Bob,,,,core2.example core3.example,pw\r\n'
    )
    async with node() as (client, _):
        answer = await client.post("/api/v1/subscribers/import", content=text, headers=CSV)
        assert (answer.status_code, answer.json()) == (200, {"imported": 2})
        alice, bob = [await row(client, "subscribers", number) for number in ("1001", "1901")]
        text = "number,members,hang_time,preemption\n8005,1001 2001@core2.example;priority=9,2.5,true\n"
        await client.post("/api/v1/groups/import", content=text, headers=CSV)
        group = await row(client, "groups", "8005")
    assert (alice["name"], alice["rights"], alice["priority"]) == ("Alice, A.", ["kill", "stun"], 7)
    assert alice["digest"] == ["MD5", "SHA-256"], "what has no column or an empty cell stays"
    assert (bob["roaming"], bob["digest"]) == (["core2.example", "core3.example"], ["MD5", "SHA-256"])
    assert group["members"] == ["1001@core1.example", "2001@core2.example;priority=9"]
    assert (group["hang_time"], group["preemption"]) == (2.5, True)


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("", 'row 1: there is no column "number"'),
        ("name\nZoe\n", 'row 1: there is no column "number"'),
        ("number,number\n1,2\n", "row 1: column 'number' comes twice"),
        ("number,priorty\n1900,3\n", 'row 2, column priorty: unknown key; did you mean "priority"?'),
        ("number,priority\n1900,1\n1901,300\n", "row 3, column priority: expected a whole number <= 255"),
        (
            "number,priority\n1900,high\n",
            "row 2, column priority: expected a whole number, got text in quotes",
        ),
        ("number,name\n1900\n", "row 2: has 1 cells, the header has 2"),
        ("number\n19x\n", "row 2, column number: '19x' is not a number of 1 to 15 digits"),
        ("number\n1900\n1901\n1900\n", "row 4, column number: 1900 comes twice, also in row 2"),
        ("number,role\n1900,boss\n", "row 2, column role: 'boss' is none of terminal, dispatcher"),
        ("number,rights\n1900,stun\n", 'row 2, column rights: are for role = "dispatcher"'),
        ("number,roaming\n1900,no domain!\n", "row 2, column roaming: 'domain!' is not a domain name"),
        (
            "number,password_file\n1900,x\n",
            "row 2, column password_file: is for the configuration file; give the password itself, or its hash",
        ),
        ("number,name\n1900,Zoe\n8001,Fire\n", "row 3, column number: 8001 is a group's number"),
        ('number,name\n1900,"Zoe\n', "is not CSV: unexpected end of data"),
        (b"number,name\n1900,\xff\n", "is not UTF-8 text"),
    ],
)
async def test_a_bad_import_names_row_and_column_and_does_nothing(node, text, detail):
    async with node() as (client, _):
        before = (await client.get("/api/v1/subscribers")).json()
        answer = await client.post("/api/v1/subscribers/import", content=text, headers=CSV)
        assert (await client.get("/api/v1/subscribers")).json() == before
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["detail"]) in ((400, detail), (409, detail))


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "detail"),
    [
        ("POST", "subscribers", "{", 400, "is not JSON: Input data was truncated"),
        ("POST", "subscribers", "[]", 400, "number: is missing or no text in quotes"),
        ("POST", "subscribers", '{"number": 1900}', 400, "number: is missing or no text in quotes"),
        (
            "POST",
            "subscribers",
            '{"number": "1900", "nmae": "x"}',
            400,
            'nmae: unknown key; did you mean "name"?',
        ),
        ("PATCH", "subscribers/1001", "[]", 400, "expected a table"),
        ("PATCH", "subscribers/1001", '{"number": "1002"}', 400, "number: '1002' is not '1001'"),
        (
            "PATCH",
            "subscribers/1001",
            '{"priority": "3"}',
            400,
            "priority: expected a whole number, got text in quotes",
        ),
        ("PATCH", "subscribers/1001", '{"rights": ["stun"]}', 400, 'rights: are for role = "dispatcher"'),
        (
            "PATCH",
            "groups/8001",
            '{"members": ["x"]}',
            400,
            "members: 'x' is not number@domain with 1 to 15 digits",
        ),
        (
            "PATCH",
            "groups/8001",
            '{"add_members": ["1001;prio=3"]}',
            400,
            "add_members: 'prio=3' is neither priority=0 to 255 nor listen_only",
        ),
        (
            "PATCH",
            "groups/8001",
            '{"remove_members": ["1009"]}',
            404,
            "remove_members: 1009@core1.example is no member of 8001",
        ),
        ("PUT", "groups/1001", "{}", 409, "number: 1001 is a subscriber's number"),
        ("GET", "groups/8009", "", 404, NO_GROUP),
        ("DELETE", "groups/8009", "", 404, NO_GROUP),
    ],
)
async def test_what_cannot_be_is_a_problem_document(node, method, path, body, status, detail):
    async with node() as (client, _):
        answer = await client.request(method, f"/api/v1/{path}", content=body)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["detail"]) == (status, detail)


async def test_a_number_may_bear_our_own_domain(node):
    async with node() as (client, _):
        at = "@core1.example"
        added = {"number": f"1900{at}", "name": "Zoë"}
        assert (await client.post("/api/v1/subscribers", json=added)).json() == {"subscriber": "1900"}
        assert (
            await client.patch(f"/api/v1/subscribers/1900{at}", json={"number": "1900", "priority": 9})
        ).is_success
        assert (await row(client, "subscribers", f"1900{at}"))["priority"] == 9
        found = (await client.get("/api/v1/subscribers", params={"search": f"1900{at}"})).json()["items"]
        assert [one["name"] for one in found] == ["Zoë"]
        text = f"number,name\n1900{at},Ann\n"
        assert (await client.post("/api/v1/subscribers/import", content=text)).json() == {"imported": 1}
        assert (await row(client, "subscribers", "1900"))["name"] == "Ann"
        assert (await client.delete(f"/api/v1/subscribers/1900{at}")).json() == {"removed": "1900"}
        assert (await client.post(f"/api/v1/subscribers/1900{at}/reset")).json() == {"reset": "1900"}
        present = await client.get(f"/api/v1/groups/8001{at}/present")
        assert [one["member"] for one in present.json()["items"]] == [f"1001{at}"]
        made = await client.post(
            f"/api/v1/groups/8901{at}/regroup", json={"action": "create", "members": ["1001"]}
        )
        assert made.json()["group"] == f"8901{at}"
        elsewhere = await client.get("/api/v1/groups/8001@core2.example")
    assert (elsewhere.status_code, elsewhere.json()["detail"]) == (
        404,
        "8001@core2.example has another home; ask that TCF",
    )


async def test_a_body_that_is_too_long_is_413(node):
    async def endless():
        while True:
            yield b"1900\n" * 100_000

    async with node() as (client, _):
        answer = await client.post("/api/v1/subscribers/import", content=endless())
    assert (answer.status_code, answer.json()["detail"].partition(": ")[2]) == (
        413,
        f"the body is longer than {LONGEST} bytes",
    )


async def test_the_audit_log_names_the_token(node):
    async with node(token="sesame") as (client, _):
        client.headers["Authorization"] = "Bearer sesame"
        await client.patch("/api/v1/subscribers/1001", json={"priority": 3})
        (entry,) = (await client.get("/api/v1/audit")).json()["items"]
    assert (entry["who"], entry["action"], entry["target"]) == (
        "token alice",
        "subscriber set",
        "1001 priority=3",
    )
