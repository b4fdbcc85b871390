"""Server-sent events: what happens in the node, as it happens (WHATWG HTML, §9.2)."""

import asyncio
from collections.abc import AsyncGenerator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from opentcf.api.problems import encode, problem
from opentcf.runtime.events import EVENTS, Event, Events, Watcher

HEARTBEAT = 15.0
"""Seconds of silence after which a comment says that the stream still lives."""
STREAMS = 100
RETRY = b"retry: 2000\n\n"


class EventStream:
    """The endpoint. An id is RUN-NUMBER: it says which run of the node counted the event."""

    def __init__(self, events: Events, heartbeat: float = HEARTBEAT) -> None:
        self._events = events
        self._heartbeat = heartbeat

    async def serve(self, request: Request) -> Response:
        """From now on, or with Last-Event-ID from where the client was; `?events=` names those that are wanted."""
        asked = request.query_params.get("events")
        names = frozenset(asked.split(",")) if asked else frozenset(EVENTS)
        if strange := sorted(names - EVENTS.keys()):
            return problem(400, f"events={strange[0]} is none of {', '.join(EVENTS)}")
        if len(self._events) >= STREAMS:
            return problem(503, f"{STREAMS} clients watch already", {"Retry-After": "10"})
        if request.method == "HEAD":
            return Response(media_type="text/event-stream")
        seen = request.headers.get("last-event-id") or request.query_params.get("after")
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self.stream(names, seen), headers=headers, media_type="text/event-stream")

    async def stream(self, names: frozenset[str], seen: str | None) -> AsyncGenerator[bytes, None]:
        """One client's stream: what he missed since `seen`, then what comes."""
        events = self._events
        watcher = events.watch(names)
        try:
            yield RETRY + b"".join(self._missed(names, seen))
            while True:
                try:
                    yield await self._next(watcher)
                except StopAsyncIteration:
                    return
        finally:
            events.leave(watcher)

    def _missed(self, names: frozenset[str], seen: str | None) -> list[bytes]:
        """What came since the client was here; `reset` tells it when some of that is gone."""
        if seen is None:
            return []
        run, _, text = seen.rpartition("-")
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1
        known = run == self._events.run and self._events.complete_after(number)
        lines = [] if known else [b"event: reset\ndata: {}\n\n"]
        after = number if run == self._events.run and number >= 0 else 0
        return lines + [self._written(event) for event in self._events.after(after) if event.name in names]

    async def _next(self, watcher: Watcher) -> bytes:
        try:
            async with asyncio.timeout(self._heartbeat):
                event = await watcher.next()
        except TimeoutError:
            return b": still here\n\n"
        if event is None:
            raise StopAsyncIteration
        return self._written(event)

    def _written(self, event: Event) -> bytes:
        data = encode({"time": event.time, **event.fields})
        return f"id: {self._events.run}-{event.number}\nevent: {event.name}\ndata: ".encode() + data + b"\n\n"
