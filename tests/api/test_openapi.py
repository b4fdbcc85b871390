"""The API's description of itself."""

import json
import re

from opentcf.api import openapi
from opentcf.api.table import ENDPOINTS


def references(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from [inner] if key == "$ref" else references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_every_endpoint_is_described_and_every_reference_leads_somewhere():
    document = openapi.document()
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}
    found = set(references(document))
    assert found == {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    operations = [one["operationId"] for methods in document["paths"].values() for one in methods.values()]
    assert len(operations) == len(set(operations))


def test_parameters_and_bodies_are_described():
    paths = openapi.document()["paths"]
    release = paths["/api/v1/calls/{id}/release"]["post"]
    assert [(one["name"], one["in"], one["required"]) for one in release["parameters"]] == [
        ("id", "path", True)
    ]
    peers = paths["/api/v1/peers"]["get"]["parameters"]
    assert [one["name"] for one in peers] == ["limit", "after"]
    assert "application/problem+json" in release["responses"]["default"]["content"]
    imported = paths["/api/v1/subscribers/import"]["post"]["requestBody"]["content"]
    assert imported == {"text/csv": {"schema": {"type": "string"}}}


def test_the_schema_of_a_subscriber_is_that_of_the_configuration():
    schema = openapi.document()["components"]["schemas"]["SubscriberTable"]
    assert schema["properties"]["priority"] == {
        "type": "integer",
        "minimum": 0,
        "maximum": 255,
        "default": 255,
    }
    assert schema["additionalProperties"] is False


async def test_both_are_served_and_the_page_needs_nothing_from_elsewhere(node):
    async with node() as (client, _):
        document = await client.get("/api/v1/openapi.json")
        page = await client.get("/api/v1/docs")
    assert document.json() == json.loads(json.dumps(openapi.document()))
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert not re.search(r"<script|<link|<img|src=|https?:|@import|url\(", page.text)
    for endpoint in ENDPOINTS:
        assert f"<dt>{endpoint.method} {endpoint.path}<dd>" in page.text
