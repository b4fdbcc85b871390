"""Who may ask. With a token everybody must carry it; without one only this machine's own programs are let in."""

import hmac
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from opentcf.api.problems import problem
from opentcf.transport.literal import is_literal

OPEN = frozenset(("/", "/health"))
"""Paths that need no token: a load balancer has none."""
CONSOLE = "/console/"
"""The files of the console, the same for everybody: it asks for the token itself."""


class Guard:
    """Middleware in front of everything.

    Without a token the node listens on loopback only, but a web page in a browser on this machine can reach that too.
    So `Host` must be an address or localhost (else a foreign name was bent to us), and `Origin`, which only browsers
    send, must be our own.
    """

    def __init__(self, app: ASGIApp, tokens: Mapping[str, str], readers: Mapping[str, str]) -> None:
        self._app = app
        self._readers = frozenset(readers)
        self._tokens = {name: secret.encode() for name, secret in {**tokens, **readers}.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on."""
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        state = scope.setdefault("state", {})
        state["who"], state["reader"] = "local", False
        if not self._tokens:
            return _foreign(headers)
        if scope["path"] in OPEN or scope["path"].startswith(CONSOLE):
            return None
        name = self._name(headers.get("authorization", ""))
        if name is not None:
            state["who"], state["reader"] = f"token {name}", name in self._readers
            return self._reading(scope, name)
        detail = "this node asks for its token: Authorization: Bearer …"
        return problem(401, detail, {"WWW-Authenticate": 'Bearer realm="opentcf"'})

    def _reading(self, scope: Scope, name: str) -> Response | None:
        if name in self._readers and scope["method"] not in ("GET", "HEAD"):
            return problem(403, f"the token {name} may look and not act")
        return None

    def _name(self, authorization: str) -> str | None:
        """Whose token it is; every one is compared, each in constant time."""
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return None
        secret = given.strip().encode()
        found = [name for name, known in self._tokens.items() if hmac.compare_digest(secret, known)]
        return found[0] if found else None


def who(request: Request) -> str:
    """Who asks, for the audit log: `token NAME`, or `local` where there is no token."""
    return str(request.state.who)


def is_reader(request: Request) -> bool:
    """May he look only?"""
    return bool(request.state.reader)


def _foreign(headers: Headers) -> Response | None:
    host = headers.get("host", "")
    name = urlsplit(f"//{host}").hostname or ""
    if name != "localhost" and not is_literal(name):
        return problem(403, "without a token this node answers to an address or localhost only")
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != host:
        return problem(403, f"without a token this node takes nothing from pages of {origin}")
    return None
