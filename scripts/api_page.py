"""Writes docs/api.md from the table of endpoints: `python -m scripts.api_page`."""

from pathlib import Path

from opentcf.api.openapi import tag
from opentcf.api.table import ENDPOINTS, Body, Endpoint
from opentcf.runtime.events import EVENTS, KEPT, WAITING

PAGE = Path(__file__).parent.parent / "docs" / "api.md"
HEAD = """# HTTP API

Written by `python -m scripts.api_page` from the table that the node serves; a test fails when this page says
something else. A running node shows the same at `/api/v1/docs`, and to programs as an OpenAPI 3.1 document at
`/api/v1/openapi.json`.

- **Lists** are `{"items": […], "next": …}`. `?limit=` makes pages shorter (1000 at most), `?after=` takes the
  `next` of the page before; `next` is null at the end.
- **Errors** are problem documents (RFC 9457), `application/problem+json`; `detail` says in one line what is wrong,
  and where.
- **Tokens**: when [`[http]`](configuration.md#http) has any, every request but `/health` carries one:
  `Authorization: Bearer …`. The audit log says whose. Without one the node listens on loopback only, and takes
  nothing from web pages of other hosts.
- **Numbers** of users in paths are `1001` or `1001@core1.example`; what stands in a path is escaped as in any URL.
"""
TAIL = """## Events

A stream of server-sent events, each with an id, a name and a JSON object. A comment breaks 15 seconds of silence.
A client that comes back with `Last-Event-ID` (or `?after=`) gets what it missed, as far as the node still has it:
the latest {kept} events of this run. An event `reset` tells it when something is gone, and that it should read the
lists again. A client that leaves {waiting} events unread is disconnected.

| event | when |
| --- | --- |
"""


def page() -> str:
    """The whole page."""
    subjects: dict[str, list[Endpoint]] = {}
    for endpoint in ENDPOINTS:
        subjects.setdefault(tag(endpoint), []).append(endpoint)
    lines = [HEAD]
    for subject, found in subjects.items():
        lines += [
            f"## `{subject}`",
            "",
            "| request | does | parameters and body |",
            "| --- | --- | --- |",
            *map(_row, found),
            "",
        ]
    events = [f"| `{name}` | {when} |" for name, when in EVENTS.items()]
    return "\n".join(lines) + "\n" + TAIL.format(kept=KEPT, waiting=WAITING) + "\n".join(events) + "\n"


def _row(endpoint: Endpoint) -> str:
    takes = [f"`?{query.name}=`" for query in endpoint.query]
    if endpoint.body is not None:
        takes.append(_carried(endpoint.body))
    return f"| `{endpoint.method} {endpoint.path}` | {endpoint.summary} | {', '.join(takes)} |"


def _carried(body: Body) -> str:
    if body.schema is None:
        return f"`{body.media}`"
    return "JSON: " + ", ".join(f"`{name}`" for name in body.schema.__struct_encode_fields__)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
