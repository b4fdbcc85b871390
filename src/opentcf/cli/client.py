"""A running node, seen over HTTP."""

import http.client
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn
from urllib.parse import quote, urlencode, urlsplit

from opentcf.cli.errors import WRONG, fail
from opentcf.transport.interface import reason

DEFAULT_URL = "http://127.0.0.1:8060"
_SECONDS = 15.0


class Client:
    """Talks to one node's API. What goes wrong ends the command with one line; `about` begins what the node refuses."""

    def __init__(self, url: str, token: str | None = None, about: str = "") -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            fail(f"--url {url!r} is not http://HOST:PORT", WRONG)
        self._url = url
        self._token = token
        self._about = about
        self._path = parts.path.rstrip("/")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        try:
            self._connection = kind(parts.hostname, parts.port, timeout=_SECONDS)
        except ValueError:
            fail(f"--url {url!r} is not http://HOST:PORT", WRONG)

    def items(
        self, name: str, start: int | str | None = None, limit: int | None = None, *, cursor: str = "after"
    ) -> Iterator[dict[str, Any]]:
        """The rows of a list, page by page: those from `start` on, at most `limit`; `cursor` names its parameter."""
        left = limit
        while True:
            query = {cursor: start} | ({"limit": left} if left is not None else {})
            page = self.ask("GET", (name,), {key: value for key, value in query.items() if value is not None})
            yield from page["items"]
            left = None if left is None else left - len(page["items"])
            start = page["next"]
            if start is None or left == 0:
                return

    def act(self, *steps: str) -> Any:
        """Carry out an action, `act("calls", "abc", "release")`."""
        return self.ask("POST", steps)

    def ask(
        self,
        method: str,
        steps: Sequence[str],
        query: Mapping[str, int | str] = {},
        body: Any = None,
    ) -> Any:
        """One request to the path of these steps; `body` is what JSON can carry, or the bytes of a CSV file."""
        return self._json(self._exchange(method, "/api/v1/" + _path(steps), query, body))

    def fetch(self, path: str, query: Mapping[str, int | str] = {}) -> bytes:
        """What stands at a path, `/metrics`, as it is."""
        return self._exchange("GET", path, query, None)

    def _exchange(self, method: str, path: str, query: Mapping[str, int | str], body: Any) -> bytes:
        target = f"{self._path}{path}" + (f"?{urlencode(query)}" if query else "")
        headers, data = self._carried(body)
        try:
            self._connection.request(method, target, data, headers)
            response = self._connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            fail(f"no node answers at {self._url}: {reason(error)}")
        if response.status >= 400:
            self._refused(response.status, self._json(answer))
        return answer

    def _json(self, answer: bytes) -> Any:
        try:
            return json.loads(answer or b"null")
        except ValueError:
            fail(f"what answers at {self._url} is no OpenTCF node")

    def _refused(self, status: int, document: Any) -> NoReturn:
        detail = document.get("detail") if isinstance(document, dict) else None
        hint = "; set OPENTCF_TOKEN" if status == 401 else ""
        fail(f"{self._about}{detail or f'{self._url} answered {status}'}{hint}")

    def _carried(self, body: Any) -> tuple[dict[str, str], bytes | None]:
        headers = {"Accept": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if body is None:
            return headers, None
        if isinstance(body, bytes):
            return headers | {"Content-Type": "text/csv"}, body
        return headers | {"Content-Type": "application/json"}, json.dumps(body).encode()


def _path(steps: Sequence[str]) -> str:
    return "/".join(quote(step, safe="") for step in steps)
