"""The web console: files that a browser runs. They hold no secret, need no build step and nothing from elsewhere."""

import gzip
from collections.abc import Iterable, Mapping
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from opentcf.api.problems import problem, tagged

TYPES: Mapping[str, str] = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Vary": "Accept-Encoding",
}
PAGE = "index.html"


def routes() -> Iterable[Route]:
    """`/`, and the files that it needs under `/console/`."""
    content = load()

    async def page(request: Request) -> Response:
        return _file(request, PAGE, content[PAGE])

    async def file(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in content:
            return problem(404, f"the console has no file {name!r}")
        return _file(request, name, content[name])

    return (Route("/", page), Route("/console/{name}", file))


def load() -> dict[str, tuple[bytes, bytes]]:
    """Name → content of all files, as it is and compressed."""
    folder = files(__package__) / "web"
    found = {one.name: one.read_bytes() for one in folder.iterdir() if one.name.rpartition(".")[2] in TYPES}
    return {name: (content, gzip.compress(content, mtime=0)) for name, content in found.items()}


def _file(request: Request, name: str, content: tuple[bytes, bytes]) -> Response:
    headers, sent = dict(HEADERS), content[0]
    if "gzip" in request.headers.get("accept-encoding", ""):
        sent, headers["Content-Encoding"] = content[1], "gzip"
    media = TYPES[name.rpartition(".")[2]]
    return tagged(request, sent, Response(sent, headers=headers, media_type=media))
