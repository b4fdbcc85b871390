"""Uvicorn in the node's own event loop, for as long as the node serves."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn

from opentcf.api.app import make_app
from opentcf.api.requests import OpenRequests
from opentcf.runtime.runtime import Runtime
from opentcf.sip.uri import join_host_port
from opentcf.transport.interface import ListenError, reason


class QuietServer(uvicorn.Server):
    """Signals are the node's business."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serve_api(runtime: Runtime) -> AsyncIterator[str]:
    """Serve the API where the configuration wants it; gives `http=…` for the ready line. ListenError when it cannot."""
    http = runtime.config.http
    if http is None:
        yield ""
        return
    sock = _listening(http.host, http.port)
    requests = OpenRequests(make_app(runtime, http.tokens, http.readers))
    config = uvicorn.Config(
        requests,
        lifespan="off",
        log_config=None,
        access_log=False,
        ws="none",
        http="h11",
        timeout_graceful_shutdown=1,
        server_header=False,
    )
    server = QuietServer(config)
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    try:
        yield f"http={join_host_port(*sock.getsockname()[:2])}"
    finally:
        server.should_exit = True
        requests.end()
        await serving
        sock.close()


def _listening(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(128)
    except OSError as error:
        sock.close()
        raise ListenError(f"cannot listen on http {join_host_port(host, port)}: {reason(error)}") from error
    sock.setblocking(False)
    return sock
