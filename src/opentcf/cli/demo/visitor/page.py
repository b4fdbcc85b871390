"""The visitor's page: one file, no build step, nothing from elsewhere."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from opentcf.api.requests import OpenRequests
from opentcf.api.server import QuietServer
from opentcf.cli.demo.visitor.people import Visitor

HOST, PORT = "127.0.0.1", 8069
PAGE = Path(__file__).with_name("page.html")
BREATH = 15.0
"""Seconds after which a quiet stream says that it lives."""


def make_app(visitor: Visitor) -> Starlette:
    """The page, what it asks, and the stream that it follows."""

    async def page(request: Request) -> Response:
        return HTMLResponse(PAGE.read_text("utf-8"))

    async def do(request: Request) -> Response:
        try:
            asked = json.loads(await request.body() or b"{}")
            words = {key: str(asked.get(key, "")) for key in ("verb", "number", "text")}
        except (ValueError, AttributeError):
            return JSONResponse({"wrong": "this is no JSON object"}, 400)
        wrong = visitor.do(**words)
        return JSONResponse({"wrong": wrong}, 400 if wrong else 200)

    async def events(request: Request) -> Response:
        return StreamingResponse(_stream(visitor), media_type="text/event-stream")

    return Starlette(
        routes=[
            Route("/", page),
            Route("/do", do, methods=["POST"]),
            Route("/events", events),
        ]
    )


async def _stream(visitor: Visitor) -> AsyncIterator[str]:
    last = 0
    while True:
        visitor.changed.clear()
        new = [entry for entry in visitor.log if entry["n"] > last]
        last = new[-1]["n"] if new else last
        yield f"data: {json.dumps({'state': visitor.state(), 'log': new}, ensure_ascii=False)}\n\n"
        try:
            async with asyncio.timeout(BREATH):
                await visitor.changed.wait()
        except TimeoutError:
            continue


@asynccontextmanager
async def serve_visitor(visitor: Visitor) -> AsyncIterator[str]:
    """Serve it for as long as the demonstration runs; gives its address."""
    sock = _listening()
    requests = OpenRequests(make_app(visitor))
    config = uvicorn.Config(requests, lifespan="off", log_config=None, access_log=False, ws="none")
    config.timeout_graceful_shutdown = 1
    server = QuietServer(config)
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    try:
        yield f"http://{HOST}:{sock.getsockname()[1]}/"
    finally:
        server.should_exit = True
        requests.end()
        await serving
        sock.close()


def _listening() -> socket.socket:
    """Its usual port, or a free one."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((HOST, PORT))
    except OSError:
        sock.bind((HOST, 0))
    sock.listen(16)
    sock.setblocking(False)
    return sock
