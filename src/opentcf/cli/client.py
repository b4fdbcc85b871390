"""A running node, seen over HTTP."""

import http.client
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from opentcf.cli.errors import WRONG, fail
from opentcf.transport.interface import reason

DEFAULT_URL = "http://127.0.0.1:8060"
_SECONDS = 15.0


class Client:
    """Talks to one node's API. What goes wrong ends the command with one line."""

    def __init__(self, url: str, token: str | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            fail(f"--url {url!r} is not http://HOST:PORT", WRONG)
        self._url = url
        self._token = token
        self._path = parts.path.rstrip("/")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        try:
            self._connection = kind(parts.hostname, parts.port, timeout=_SECONDS)
        except ValueError:
            fail(f"--url {url!r} is not http://HOST:PORT", WRONG)

    def items(self, name: str) -> Iterator[dict[str, Any]]:
        """All rows of a list, page by page."""
        after = None
        while True:
            page = self._ask("GET", f"/api/v1/{name}", {"after": after} if after is not None else {})
            yield from page["items"]
            after = page["next"]
            if after is None:
                return

    def act(self, *steps: str) -> Any:
        """Carry out an action, `act("calls", "abc", "release")`."""
        return self._ask("POST", "/api/v1/" + "/".join(quote(step, safe="") for step in steps), {})

    def _ask(self, method: str, path: str, query: Mapping[str, str]) -> Any:
        headers = {"Accept": "application/json"} | (
            {"Authorization": f"Bearer {self._token}"} if self._token else {}
        )
        target = f"{self._path}{path}" + (f"?{urlencode(query)}" if query else "")
        try:
            self._connection.request(method, target, headers=headers)
            response = self._connection.getresponse()
            document = json.loads(response.read() or b"null")
        except (OSError, http.client.HTTPException) as error:
            fail(f"no node answers at {self._url}: {reason(error)}")
        except ValueError:
            fail(f"what answers at {self._url} is no OpenTCF node")
        if response.status >= 400:
            detail = document.get("detail") if isinstance(document, dict) else None
            hint = "; set OPENTCF_TOKEN" if response.status == 401 else ""
            fail(f"{detail or f'{self._url} answered {response.status}'}{hint}")
        return document
