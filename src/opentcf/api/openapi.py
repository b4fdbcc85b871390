"""The table of endpoints as an OpenAPI 3.1 document, and as a page for people that needs nothing from elsewhere."""

import re
from html import escape
from typing import Any

import msgspec
from msgspec import Struct

from opentcf import __version__
from opentcf.api.rows import ROWS
from opentcf.api.table import ENDPOINTS, Body, Endpoint, Query

_PLACE = re.compile(r"\{(\w+)\}")
_REF = "#/components/schemas/{name}"


def document(endpoints: tuple[Endpoint, ...] = ENDPOINTS) -> dict[str, Any]:
    """The OpenAPI document."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "OpenTCF",
            "version": __version__,
            "description": "One node of OpenTCF: looking at it and acting on it.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"token": []}, {}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": _schemas(endpoints),
        },
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    method = endpoint.method.lower()
    operation: dict[str, Any] = {
        "operationId": f"{method}_{endpoint.name}{'_by_number' if '{number}' in endpoint.path else ''}",
        "summary": endpoint.summary,
        "tags": [tag(endpoint)],
        "parameters": [_in_path(name) for name in _PLACE.findall(endpoint.path)]
        + [_in_query(query) for query in endpoint.query],
        "responses": {
            str(endpoint.answer): {"description": "Done", "content": _content(endpoint)},
            "default": {
                "description": "Why not (RFC 9457)",
                "content": {"application/problem+json": {"schema": {"$ref": _REF.format(name="Problem")}}},
            },
        },
    }
    if endpoint.body is not None:
        operation["requestBody"] = {"required": True, "content": _carried(endpoint.body)}
    return operation


def tag(endpoint: Endpoint) -> str:
    """The subject of a path: its first step."""
    return endpoint.path.removeprefix("/api/v1").split("/")[1]


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _in_query(query: Query) -> dict[str, Any]:
    schema = {"type": "string"} if query.low is None else {"type": "integer", "minimum": query.low}
    return {"name": query.name, "in": "query", "description": query.summary, "schema": schema}


def _content(endpoint: Endpoint) -> dict[str, Any]:
    if endpoint.media != "application/json":
        return {endpoint.media: {"schema": {"type": "string"}}}
    return {"application/json": {"schema": _answer(endpoint)}}


def _answer(endpoint: Endpoint) -> dict[str, Any]:
    """A page of rows where there are such, else any object."""
    row = ROWS.get(endpoint.name)
    if row is None and endpoint.query == ():
        return {"type": "object"}
    items = {"type": "object"} if row is None else {"$ref": _REF.format(name=row.__name__)}
    after = {"type": ["string", "integer", "null"], "description": "`after` of the next page"}
    properties = {"items": {"type": "array", "items": items}, "next": after}
    return {"type": "object", "required": ["items", "next"], "properties": properties}


def _carried(body: Body) -> dict[str, Any]:
    schema = {"type": "string"} if body.schema is None else {"$ref": _REF.format(name=body.schema.__name__)}
    return {body.media: {"schema": schema}}


def _schemas(endpoints: tuple[Endpoint, ...]) -> dict[str, Any]:
    known = {e.body.schema for e in endpoints if e.body is not None and e.body.schema is not None}
    known |= {ROWS[endpoint.name] for endpoint in endpoints if endpoint.name in ROWS}
    ordered: list[type[Struct]] = sorted(known, key=lambda schema: schema.__name__)
    _, found = msgspec.json.schema_components(ordered, ref_template=_REF)
    text = {"type": "string"}
    return found | {
        "Problem": {
            "type": "object",
            "required": ["type", "title", "status", "detail"],
            "properties": {"type": text, "title": text, "status": {"type": "integer"}, "detail": text},
        },
    }


_STYLE = """
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h2 { margin-top: 2rem; text-transform: capitalize }
dt { font: 600 0.95rem ui-monospace, monospace; margin-top: 1rem }
dd { margin-left: 1.5rem }
table { border-collapse: collapse; font-size: 0.9rem }
td { padding: 0.1rem 1rem 0.1rem 0; vertical-align: top }
code { font-family: ui-monospace, monospace }
"""


def page(endpoints: tuple[Endpoint, ...] = ENDPOINTS) -> str:
    """The page for people."""
    subjects: dict[str, list[Endpoint]] = {}
    for endpoint in endpoints:
        subjects.setdefault(tag(endpoint), []).append(endpoint)
    schemas = document(endpoints)["components"]["schemas"]
    parts = [
        f"<h2>{escape(subject)}</h2><dl>{''.join(_described(one, schemas) for one in found)}</dl>"
        for subject, found in subjects.items()
    ]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>OpenTCF API</title><style>{_STYLE}</style>'
        f"<h1>OpenTCF {escape(__version__)}: HTTP API</h1>"
        "<p>Lists are <code>{items, next}</code>; errors are problem documents (RFC 9457); with a token every "
        'request carries <code>Authorization: Bearer …</code>. For programs: <a href="openapi.json">'
        f"openapi.json</a>.</p>{''.join(parts)}</html>"
    )


def _described(endpoint: Endpoint, schemas: dict[str, Any]) -> str:
    rows = [(query.name, query.summary) for query in endpoint.query]
    carries = _lists(endpoint, schemas)
    if endpoint.body is not None:
        carries += f"<p>Carries <code>{endpoint.body.media}</code></p>"
        if endpoint.body.schema is not None:
            properties = schemas[endpoint.body.schema.__name__]["properties"]
            rows += [(name, _type(said)) for name, said in properties.items()]
    cells = "".join(f"<tr><td><code>{escape(n)}</code><td>{_html(text)}" for n, text in rows)
    table = f"<table>{cells}</table>" if cells else ""
    head = f"{endpoint.method} {endpoint.path}"
    return f"<dt>{escape(head)}<dd>{_html(endpoint.summary)}{carries}{table}"


def _lists(endpoint: Endpoint, schemas: dict[str, Any]) -> str:
    row = ROWS.get(endpoint.name)
    if row is None:
        return ""
    said = schemas[row.__name__]
    keys = " ".join(f"<code>{escape(name)}</code>" for name in said["properties"])
    return f"<p>{_html(said.get('description', ''))} {keys}</p>"


def _html(text: str) -> str:
    """Words in backticks are code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _type(said: dict[str, Any]) -> str:
    """A JSON schema in a few words."""
    if "$ref" in said:
        return str(said["$ref"].rpartition("/")[2]).lower()
    if "enum" in said:
        return " | ".join(map(str, said["enum"]))
    if "anyOf" in said:
        return " | ".join(_type(one) for one in said["anyOf"])
    if said.get("type") == "array":
        return f"list of {_type(said.get('items', {}))}"
    return str(said.get("type", "anything"))
