"""Every method of every path in one table: routes, the OpenAPI document and the page for people are made of it."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from msgspec import Struct

from opentcf.api.bodies import HandoverBody, RegroupBody, as_given, one, regroup, rows
from opentcf.runtime.entries import GroupChanges
from opentcf.runtime.events import EVENTS
from opentcf.runtime.schema import GroupTable, SubscriberTable


class Query(NamedTuple):
    """A query parameter: text, or a number from `low` when that is said."""

    name: str
    summary: str
    low: int | None = None
    high: int = 2**63


class Body(NamedTuple):
    """What a request carries. `read` makes arguments of it: (bytes, path parameters, our domain) → arguments."""

    schema: type[Struct] | None
    read: Callable[[bytes, Mapping[str, str], str], Mapping[str, Any]]
    media: str = "application/json"


class Endpoint(NamedTuple):
    """One method of one path. Path and query parameters and the body become the arguments of the command `name`.

    Names that are no command of the node are served by the API itself, see `app`. `answer` is the status of success.
    """

    method: str
    path: str
    name: str
    summary: str
    query: tuple[Query, ...] = ()
    body: Body | None = None
    answer: int = 200
    media: str = "application/json"
    """Of the answer."""


PAGE = 1000
"""The longest page, and the usual one."""
LIMIT = Query("limit", f"The longest page, at most {PAGE}", 1, PAGE)
BY_KEY = (LIMIT, Query("after", "The `next` of the page before"))
SEARCHED = (*BY_KEY, Query("search", "Only rows in which this text stands"))
BY_NUMBER = (LIMIT, Query("after", "The number that was seen last", 0))


def json_body(schema: type[Struct]) -> Body:
    """A JSON object whose keys are arguments."""
    return Body(schema, as_given(schema))


def _enrolment(word: str, table: type[SubscriberTable] | type[GroupTable]) -> tuple[Endpoint, ...]:
    path = f"/api/v1/{word}s"
    entry = Body(table, one(table))
    changes = Body(GroupChanges if table is GroupTable else table, one(table))
    return (
        Endpoint("GET", path, f"{word}s", f"The {word}s of this core network", SEARCHED),
        Endpoint("POST", path, f"{word}_add", f"Add a {word}", body=entry, answer=201),
        Endpoint(
            "POST",
            f"{path}/import",
            f"{word}_import",
            f"Add or change many {word}s: all rows or, when one is wrong, none",
            body=Body(None, rows(table), "text/csv"),
        ),
        Endpoint("GET", f"{path}/{{number}}", f"{word}s", f"One {word}, as a list of one"),
        Endpoint("PUT", f"{path}/{{number}}", f"{word}_put", f"Add or replace a {word}", body=entry),
        Endpoint("PATCH", f"{path}/{{number}}", f"{word}_set", f"Change settings of a {word}", body=changes),
        Endpoint("DELETE", f"{path}/{{number}}", f"{word}_remove", f"Remove a {word}"),
        Endpoint(
            "POST",
            f"{path}/{{number}}/reset",
            f"{word}_reset",
            f"Forget what was changed of a {word}: the configuration says what it is",
        ),
    )


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", "/health", "health", "200 while the node serves; asks for no token"),
    Endpoint("GET", "/metrics", "metrics", "Metrics in Prometheus' text format", media="text/plain"),
    Endpoint("GET", "/api/v1/node", "node", "Who this node is, what it has to do, whose consoles it knows"),
    Endpoint("GET", "/api/v1/peers", "peers", "The other TCFs and whether they answer", BY_KEY),
    Endpoint("GET", "/api/v1/registrations", "registrations", "Who is registered where", SEARCHED),
    *_enrolment("subscriber", SubscriberTable),
    Endpoint(
        "GET",
        "/api/v1/groups/{number}/present",
        "group_present",
        "The members of a group, and where each is",
        BY_KEY,
    ),
    *_enrolment("group", GroupTable),
    Endpoint("GET", "/api/v1/calls", "calls", "The calls that go on", SEARCHED),
    Endpoint("POST", "/api/v1/calls/{id}/release", "call_release", "Release a call on all its hops"),
    Endpoint("GET", "/api/v1/subscriptions", "subscriptions", "Who watches which events", BY_KEY),
    Endpoint("GET", "/api/v1/messages", "messages", "The latest short messages, and who got them", BY_KEY),
    Endpoint("GET", "/api/v1/floors", "floors", "Who talks in which group, and who waits", BY_KEY),
    Endpoint("POST", "/api/v1/floors/{gdn}/revoke", "floor_revoke", "Take the floor from who talks"),
    Endpoint("POST", "/api/v1/users/{udn}/kick", "user_kick", "Take a user's registration away"),
    Endpoint("POST", "/api/v1/users/{udn}/stun", "user_stun", "Refuse a user every service until revived"),
    Endpoint("POST", "/api/v1/users/{udn}/kill", "user_kill", "Refuse a user registration until revived"),
    Endpoint("POST", "/api/v1/users/{udn}/revive", "user_revive", "Undo a stun or kill"),
    Endpoint(
        "POST",
        "/api/v1/users/{udn}/handover",
        "user_handover",
        "Prepare the handover of a user in a private call",
        body=json_body(HandoverBody),
    ),
    Endpoint(
        "POST",
        "/api/v1/groups/{gdn}/regroup",
        "group_regroup",
        "Make, change or end a temporary group",
        body=Body(RegroupBody, regroup),
    ),
    Endpoint(
        "GET",
        "/api/v1/audit",
        "audit",
        "Who did what, oldest first; newest first with `before`",
        (*BY_NUMBER, Query("before", "Newest first, from before this number on; 0: from the latest", 0)),
    ),
    Endpoint(
        "GET",
        "/api/v1/trace",
        "trace",
        "Recent messages, secrets masked",
        (
            *BY_NUMBER,
            Query("call", "Of this call only: its OnlineCallID or a Call-ID"),
            Query("peer", "Only what this TCF sent and got: its domain"),
            Query("latest", "Begin with the latest so many", 0),
            Query("raw", "1 adds the bytes of each in base64, secrets starred out", 0, 1),
            Query("format", "`json`, or `pcapng` for a file that Wireshark reads; it has no pages"),
        ),
    ),
    Endpoint(
        "GET",
        "/api/v1/ladder",
        "ladder",
        "The messages of all TCFs whose console is known, each once and named, and who talked",
        (
            Query("call", "Of this call only: its OnlineCallID or a Call-ID"),
            Query("peer", "Only what this TCF sent and got: its domain"),
            Query(
                "latest",
                "Without `call`: of each TCF the latest so many messages, 1000 when not said",
                0,
                5000,
            ),
            Query("last", "Only the last so many of the ladder; `earlier` counts the others", 0),
            Query("heartbeats", "0 leaves heartbeats out", 0, 1),
            Query("format", "`json`, or a file: `svg`, `html`, `mermaid`, `pcapng`"),
        ),
    ),
    Endpoint(
        "GET",
        "/api/v1/ladder/{domain}/{number}",
        "ladder_message",
        "One message of a ladder, and what its extension means",
    ),
    Endpoint(
        "GET",
        "/api/v1/bundle",
        "bundle",
        "What somebody needs who is to help with this node, in one zip; no secret is in it",
        media="application/zip",
    ),
    Endpoint(
        "GET",
        "/api/v1/events",
        "events",
        "Server-sent events: what happens, as it happens",
        (
            Query("events", f"Only these, separated by commas: {', '.join(EVENTS)}"),
            Query("after", "The id seen last, where a client cannot send Last-Event-ID"),
        ),
        media="text/event-stream",
    ),
    Endpoint("GET", "/api/v1/openapi.json", "openapi", "This API as an OpenAPI document"),
    Endpoint("GET", "/api/v1/docs", "docs", "This API as a page for people", media="text/html"),
)
