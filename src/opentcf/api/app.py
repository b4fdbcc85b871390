"""The ASGI application of a node: the table of endpoints as routes."""

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from opentcf.api import console, openapi
from opentcf.api.bundle import Bundle
from opentcf.api.guard import Guard
from opentcf.api.ladders import Ladders
from opentcf.api.problems import as_json, on_bug, on_http_exception, on_wrong_value
from opentcf.api.resources import BodyError, QueryError, Resources, Serve, check_query
from opentcf.api.stream import EventStream
from opentcf.api.table import ENDPOINTS, Endpoint
from opentcf.api.traces import Traces
from opentcf.runtime.runtime import Runtime


def make_app(
    runtime: Runtime, tokens: Mapping[str, str] | None = None, readers: Mapping[str, str] | None = None
) -> Starlette:
    """All paths of one node; with `tokens` (name → secret) they ask for one of them. `readers` may only look."""
    resources = Resources(runtime)
    by_path: dict[str, dict[str, Serve]] = {}
    for endpoint in ENDPOINTS:
        by_path.setdefault(endpoint.path, {})[endpoint.method] = _serve(runtime, resources, endpoint)
    return Starlette(
        routes=[*console.routes(), *(_route(path, methods) for path, methods in by_path.items())],
        middleware=[Middleware(Guard, tokens=tokens or {}, readers=readers or {})],
        exception_handlers={
            HTTPException: on_http_exception,
            QueryError: on_wrong_value,
            BodyError: on_wrong_value,
            Exception: on_bug,
        },
    )


def _serve(runtime: Runtime, resources: Resources, endpoint: Endpoint) -> Serve:
    """What serves an endpoint: the API itself, or a command of the node."""
    ladders = Ladders(runtime, endpoint.query)
    own: dict[str, Serve] = {
        "metrics": resources.metrics,
        "trace": Traces(runtime, endpoint.query).serve,
        "node": resources.node,
        "ladder": ladders.ladder,
        "ladder_message": ladders.message,
        "bundle": Bundle(runtime).serve,
        "events": EventStream(resources.events).serve,
        "openapi": _openapi,
        "docs": _docs,
    }
    return _strict(endpoint, own.get(endpoint.name) or resources.command(endpoint))


def _strict(endpoint: Endpoint, serve: Serve) -> Serve:
    """Refuses parameters that the endpoint does not know; outside the API, probes and scrapers may add theirs."""
    if not endpoint.path.startswith("/api/"):
        return serve

    async def strict(request: Request) -> Response:
        check_query(request, endpoint.query)
        return await serve(request)

    return strict


def _route(path: str, methods: Mapping[str, Serve]) -> Route:
    """One route a path, so that 405 names all of its methods. A parameter may hold slashes."""

    async def serve(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await methods[method](request)

    return Route(path.replace("}", ":path}"), serve, methods=list(methods))


async def _openapi(request: Request) -> Response:
    return as_json(openapi.document())


async def _docs(request: Request) -> Response:
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return HTMLResponse(openapi.page(), headers={"Content-Security-Policy": policy})
