"""The ladder of a call over all TCFs: our own trace, and those of the peers whose console is known."""

from asyncio import gather
from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from opentcf.api.consoles import Consoles, Row
from opentcf.api.explain import explained
from opentcf.api.ladder import ladder
from opentcf.api.problems import as_json, problem, tagged
from opentcf.api.resources import QueryError
from opentcf.api.traces import Traces
from opentcf.runtime.runtime import Runtime
from opentcf.transport.interface import reason


class Ladders:
    """The endpoints of one node."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._traces = Traces(runtime, ())
        self._consoles = Consoles(lambda: runtime.config.consoles)

    async def ladder(self, request: Request) -> Response:
        """One call as this node and all whose console it knows traced it. What was seen already is 304."""
        call = request.query_params.get("call", "")
        if not call:
            raise QueryError("call= is needed: an OnlineCallID or a Call-ID")
        traces: dict[str, Sequence[Row]] = {self._own: self._call(call)}
        failed: dict[str, str] = {}
        peers = list(self._consoles)
        for domain, told in zip(peers, await gather(*(self._peer_trace(domain, call) for domain in peers))):
            if isinstance(told, str):
                failed[domain] = told
            else:
                traces[domain] = told
        drawn = ladder(traces)
        answer = as_json({**drawn, "failed": failed})
        return tagged(request, bytes(answer.body), answer)

    async def message(self, request: Request) -> Response:
        """One message of a ladder, and what its parts mean."""
        domain, text = request.path_params["domain"], request.path_params["number"]
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
        row: Row | None = None
        if domain == self._own:
            found = next(self._runtime.trace.after(number - 1), None) if number else None
            row = self._traces.row(found) if found is not None and found.number == number else None
        elif domain in self._consoles:
            row = await self._peer_message(domain, number)
        if row is None:
            return problem(404, f"the trace of {domain} has no message {number}")
        return as_json({**row, "teller": domain, "extension": explained(row)})

    @property
    def _own(self) -> str:
        return self._runtime.settings.domain

    def _call(self, call: str) -> list[Row]:
        return [self._traces.row(message) for message in self._runtime.trace.call(call)]

    async def _peer_trace(self, domain: str, call: str) -> Sequence[Row] | str:
        try:
            return await self._consoles.trace(domain, call)
        except OSError as error:
            return reason(error)

    async def _peer_message(self, domain: str, number: int) -> Row | None:
        try:
            return await self._consoles.message(domain, number)
        except OSError as error:
            raise HTTPException(502, f"{domain} tells nothing: {reason(error)}") from None
