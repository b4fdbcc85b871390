"""The endpoints: most hand a command to the node; metrics are read where they are."""

from asyncio import to_thread
from collections.abc import Awaitable, Callable
from difflib import get_close_matches
from functools import partial
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from opentcf import __version__
from opentcf.api.bodies import LONG, LONGEST, BodyError
from opentcf.api.guard import is_reader, who
from opentcf.api.problems import as_json, problem
from opentcf.api.table import Endpoint, Query
from opentcf.runtime.metrics import exposition
from opentcf.runtime.runtime import Runtime

Serve = Callable[[Request], Awaitable[Response]]


class QueryError(ValueError):
    """A query parameter that cannot be meant."""


class Resources:
    """The endpoints of one node."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.events = runtime.events

    def command(self, endpoint: Endpoint) -> Serve:
        """What hands the command of an endpoint to the node."""

        async def serve(request: Request) -> Response:
            arguments: dict[str, Any] = read_query(request, endpoint.query)
            if endpoint.body is not None:
                data, domain = await _data(request), self._runtime.settings.domain
                read = partial(endpoint.body.read, data, request.path_params, domain)
                arguments |= await to_thread(read) if len(data) > LONG else read()
            arguments |= request.path_params
            reply = await self._runtime.loop.ask(endpoint.name, arguments, who=who(request))
            if reply.error is not None:
                return problem(reply.status, reply.error)
            return as_json(reply.value, endpoint.answer)

        return serve

    async def metrics(self, request: Request) -> Response:
        """Prometheus' text format."""
        return Response(
            exposition(self._runtime.metrics), media_type="text/plain; version=0.0.4; charset=utf-8"
        )

    async def node(self, request: Request) -> Response:
        """Who this node is, what it has to do, and whose consoles it knows."""
        reply = await self._runtime.loop.ask("node", {}, who=who(request))
        known = [{"domain": domain, "url": one.url} for domain, one in self._runtime.config.consoles.items()]
        may_act = not is_reader(request)
        return as_json({**reply.value, "version": __version__, "consoles": known, "may_act": may_act})


def check_query(request: Request, known: tuple[Query, ...]) -> None:
    """QueryError for a parameter that an endpoint does not know."""
    names = [query.name for query in known]
    for name in request.query_params:
        if name not in names:
            near = get_close_matches(name, names, 1, 0.5)
            takes = f"it takes {', '.join(names) or 'none'}"
            hint = f'did you mean "{near[0]}"?' if near else takes
            raise QueryError(f"{name[:40]} is no parameter of {request.url.path}; {hint}")


def read_query(request: Request, known: tuple[Query, ...]) -> dict[str, Any]:
    """The query parameters that an endpoint knows; QueryError for one that cannot be meant."""
    given = request.query_params
    return {query.name: _value(query, given[query.name]) for query in known if query.name in given}


def _value(query: Query, text: str) -> str | int:
    if query.low is None:
        return text
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or int(text) < query.low:
        raise QueryError(f"{query.name}={text[:40]} is not a number from {query.low}")
    return min(int(text), query.high)


async def _data(request: Request) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        chunks.append(chunk)
        size += len(chunk)
        if size > LONGEST:
            raise HTTPException(413, f"the body is longer than {LONGEST} bytes")
    return b"".join(chunks)


__all__ = ["BodyError", "QueryError", "Resources", "check_query", "read_query"]
