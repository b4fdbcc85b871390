"""The requests that are being served, so that the node can leave without waiting for them."""

import asyncio
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from opentcf.api.problems import problem


class OpenRequests:
    """Middleware around everything. `end` ends them all: with 503 where no answer began, else with what was sent."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._tasks: set[asyncio.Task[object]] = set()

    def end(self) -> None:
        """The node leaves."""
        for task in self._tasks:
            task.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, and finish the answer when it is cut short."""
        began = False

        async def watched(message: Message) -> None:
            nonlocal began
            began = began or message["type"] == "http.response.start"
            await send(message)

        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._app(scope, receive, watched)
        except asyncio.CancelledError:
            await _finish(scope, receive, send, began=began)
        finally:
            self._tasks.discard(task)


async def _finish(scope: Scope, receive: Receive, send: Send, *, began: bool) -> None:
    if not began:
        await problem(503, "this node is leaving", {"Connection": "close"})(scope, receive, send)
        return
    with suppress(
        RuntimeError
    ):  # shorter than its Content-Length said: the connection is closed all the same
        await send({"type": "http.response.body", "body": b"", "more_body": False})
