"""The ASGI application of a node."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route

from opentcf.api.guard import Guard
from opentcf.api.problems import on_http_exception
from opentcf.api.resources import LISTS, Resources
from opentcf.runtime.runtime import Runtime


def make_app(runtime: Runtime, token: str | None = None) -> Starlette:
    """All paths of one node; with a `token` they ask for it."""
    resources = Resources(runtime)
    routes = [
        Route("/health", resources.health),
        Route("/metrics", resources.metrics),
        *(Route(f"/api/v1/{name}", resources.listing(name)) for name in LISTS),
        Route("/api/v1/calls/{id:path}/release", resources.release_call, methods=["POST"]),
        Route("/api/v1/floors/{gdn:path}/revoke", resources.revoke_floor, methods=["POST"]),
        Route("/api/v1/users/{udn:path}/kick", resources.kick_user, methods=["POST"]),
        Route("/api/v1/audit", resources.audit),
        Route("/api/v1/trace", resources.trace),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(Guard, token=token)],
        exception_handlers={HTTPException: on_http_exception},
    )
