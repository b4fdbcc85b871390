"""The ladder over all TCFs: our own trace, and those of the peers whose console is known."""

import re
from asyncio import gather, to_thread
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from opentcf.api import picture
from opentcf.api.consoles import Consoles, Row
from opentcf.api.explain import explained
from opentcf.api.ladder import Ladder, ladder
from opentcf.api.problems import as_json, problem, tagged
from opentcf.api.resources import QueryError, read_query
from opentcf.api.table import Query
from opentcf.api.traces import Traces, merged
from opentcf.runtime.runtime import Runtime
from opentcf.transport.interface import reason

LATEST = 1000
"""Messages of each node, where no call is named."""
FORMATS = ("json", *picture.ENDINGS)


class Ladders:
    """The endpoints of one node."""

    def __init__(self, runtime: Runtime, known: tuple[Query, ...]) -> None:
        self._known = known
        self._runtime = runtime
        self._traces = Traces(runtime, ())
        self._consoles = Consoles(lambda: runtime.config.consoles)

    async def ladder(self, request: Request) -> Response:
        """What this node and all whose console it knows traced. What was seen already is 304."""
        query = read_query(request, self._known)
        wanted = query.get("format", "json")
        if wanted not in FORMATS:
            raise QueryError(f"format={wanted[:40]} is none of {', '.join(FORMATS)}")
        traces, failed = await self._told({"latest": LATEST, **query}, raw=wanted == "pcapng")
        drawn = await to_thread(
            ladder, traces, query.get("peer", ""), heartbeats=bool(query.get("heartbeats", 1))
        )
        if wanted != "json":
            return await to_thread(_file, drawn, wanted, query.get("call", self._own))
        answer = as_json({**drawn.document(query.get("last", 0)), "failed": failed})
        return tagged(request, bytes(answer.body), answer)

    async def message(self, request: Request) -> Response:
        """One message of a ladder, and what its parts mean."""
        domain, text = request.path_params["domain"], request.path_params["number"]
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
        row: Row | None = None
        if domain == self._own:
            first = islice(self._runtime.trace.after(number - 1), 1)
            rows = await self._traces.rows([one for one in first if one.number == number])
            row = rows[0] if rows else None
        elif domain in self._consoles:
            row = await self._peer_message(domain, number)
        if row is None:
            return problem(404, f"the trace of {domain} has no message {number}")
        return as_json({**row, "teller": domain, "extension": explained(row)})

    @property
    def _own(self) -> str:
        return self._runtime.settings.domain

    async def _told(
        self, query: dict[str, Any], *, raw: bool
    ) -> tuple[dict[str, Sequence[Row]], dict[str, str]]:
        """The rows of each node that told, and why others did not."""
        asked = {"call": query["call"]} if "call" in query else {"latest": query["latest"]}
        traces: dict[str, Sequence[Row]] = {
            self._own: await self._traces.rows(list(self._traces.found(asked)), raw=raw)
        }
        failed: dict[str, str] = {}
        peers = list(self._consoles)
        ask = asked | {"raw": int(raw)}
        for domain, told in zip(peers, await gather(*(self._peer_trace(domain, ask) for domain in peers))):
            if isinstance(told, str):
                failed[domain] = told
            else:
                traces[domain] = told
        return traces, failed

    async def _peer_trace(self, domain: str, query: Mapping[str, object]) -> Sequence[Row] | str:
        try:
            return await self._consoles.trace(domain, query)
        except OSError as error:
            return reason(error)

    async def _peer_message(self, domain: str, number: int) -> Row | None:
        try:
            return await self._consoles.message(domain, number)
        except OSError as error:
            raise HTTPException(502, f"{domain} tells nothing: {reason(error)}") from None


def _file(drawn: Ladder, wanted: str, title: str) -> Response:
    """As a file of the wanted format, named after what it shows."""
    name = re.sub(r"[^\w.@-]", "_", title, flags=re.ASCII)
    headers = {"Content-Disposition": f'attachment; filename="{name}.{picture.ENDINGS[wanted]}"'}
    match wanted:
        case "pcapng":
            return Response(merged(drawn), media_type="application/x-pcapng", headers=headers)
        case "svg":
            return Response(picture.svg(drawn), media_type="image/svg+xml", headers=headers)
        case "html":
            headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
            return Response(picture.html(drawn, title), media_type="text/html", headers=headers)
    return Response(picture.mermaid(drawn), media_type="text/plain", headers=headers)
