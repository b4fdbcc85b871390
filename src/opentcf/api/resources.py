"""Paths of the API. Lists and actions are commands of the node; the trace is read from the runtime's ring."""

from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from opentcf.api.problems import as_json, problem
from opentcf.runtime.metrics import exposition
from opentcf.runtime.runtime import Runtime
from opentcf.runtime.trace import Traced
from opentcf.sip.uri import join_host_port

LISTS = ("peers", "registrations", "subscribers", "groups", "calls", "floors")
PAGE = 1000
"""The longest page, and the usual one."""

Endpoint = Callable[[Request], Awaitable[Response]]


class QueryError(ValueError):
    """A query parameter that cannot be meant."""


class Resources:
    """The endpoints of one node."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def health(self, request: Request) -> Response:
        """200 while the node serves."""
        return await self._command("health", {})

    async def metrics(self, request: Request) -> Response:
        """Prometheus' text format."""
        return Response(
            exposition(self._runtime.metrics), media_type="text/plain; version=0.0.4; charset=utf-8"
        )

    def listing(self, name: str) -> Endpoint:
        """One page of a list; `?limit=` and `?after=` (the `next` of the page before) say which."""

        async def endpoint(request: Request) -> Response:
            try:
                arguments = {
                    "limit": _number(request, "limit", PAGE, 1, PAGE),
                    "after": request.query_params.get("after"),
                }
            except QueryError as error:
                return problem(400, str(error))
            return await self._command(name, arguments)

        return endpoint

    async def release_call(self, request: Request) -> Response:
        """End a call on all its hops."""
        return await self._command("call_release", {"id": request.path_params["id"]})

    async def revoke_floor(self, request: Request) -> Response:
        """Take the floor from who talks in a group."""
        return await self._command("floor_revoke", {"gdn": request.path_params["gdn"]})

    async def kick_user(self, request: Request) -> Response:
        """Take a user's registration away."""
        return await self._command("user_kick", {"udn": request.path_params["udn"]})

    async def audit(self, request: Request) -> Response:
        """Who did what, oldest first; `?after=` is the number seen last."""
        try:
            after = _number(request, "after", 0, 0, 2**63)
            limit = _number(request, "limit", PAGE, 1, PAGE)
        except QueryError as error:
            return problem(400, str(error))
        return await self._command("audit", {"after": after, "limit": limit})

    async def trace(self, request: Request) -> Response:
        """Messages later than number `?after=`, at most `?limit=`, of one call with `?call=`."""
        try:
            after = _number(request, "after", 0, 0, 2**63)
            limit = _number(request, "limit", PAGE, 1, PAGE)
        except QueryError as error:
            return problem(400, str(error))
        ring, call = self._runtime.trace, request.query_params.get("call")
        found = ring.call(call, after) if call else ring.after(after)
        page = list(islice(found, limit + 1))
        more = page[limit - 1].number if len(page) > limit else None
        return as_json({"items": [self._traced(message) for message in page[:limit]], "next": more})

    def _traced(self, message: Traced) -> dict[str, Any]:
        flow = message.flow
        head, _, body = message.data.partition(b"\r\n\r\n")
        return {
            "number": message.number,
            "time": message.time,
            "direction": "in" if message.incoming else "out",
            "side": flow.side,
            "transport": flow.transport,
            "local": join_host_port(*message.local),
            "remote": join_host_port(flow.host, flow.port),
            "head": self._runtime.mask(head.decode("utf-8", "replace")),
            "body": self._runtime.mask(body.decode("utf-8", "replace")),
        }

    async def _command(self, name: str, arguments: dict[str, Any]) -> Response:
        reply = await self._runtime.loop.ask(name, arguments)
        if reply.error is not None:
            return problem(reply.status, reply.error)
        return as_json(reply.value)


def _number(request: Request, name: str, usual: int, low: int, high: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return usual
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or int(text) < low:
        raise QueryError(f"{name}={text[:40]} is not a number from {low}")
    return min(int(text), high)
