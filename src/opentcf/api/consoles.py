"""The consoles of the peers: this node asks them for their traces, so that a browser talks to one node only."""

import asyncio
import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from opentcf.runtime.config import PeerConsole

SECONDS = 3.0
"""How long a peer may take; a ladder shows what the others said."""
LONGEST = 16 * 2**20
PAGES = 5

Row = Mapping[str, Any]


class Consoles:
    """Reads, and never acts. OSError says in one line why a peer told nothing."""

    def __init__(self, known: Callable[[], Mapping[str, PeerConsole]]) -> None:
        self._known = known

    def __iter__(self) -> Iterator[str]:
        """The domains of the peers whose console is known."""
        return iter(self._known())

    async def trace(self, domain: str, query: Mapping[str, object]) -> list[Row]:
        """A peer's messages that a query of its trace chooses."""
        found: list[Row] = []
        after = 0
        for _ in range(PAGES):
            page = await self._get(domain, {**query, "after": after})
            found += page["items"]
            if page["next"] is None:
                break
            after = page["next"]
        return found

    async def message(self, domain: str, number: int) -> Row | None:
        """One message of a peer's trace, if it is still there."""
        page = await self._get(domain, {"after": number - 1, "limit": 1})
        return next((row for row in page["items"] if row["number"] == number), None)

    async def _get(self, domain: str, query: Mapping[str, object]) -> Any:
        return await asyncio.to_thread(_fetch, self._known()[domain], query)


def _fetch(console: PeerConsole, query: Mapping[str, object]) -> Any:
    parts = urlsplit(console.url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=SECONDS)
    headers = {"Authorization": f"Bearer {console.token}"} if console.token else {}
    try:
        connection.request(
            "GET", f"{parts.path}/api/v1/trace?{urlencode(query, quote_via=quote)}", headers=headers
        )
        answer = connection.getresponse()
        data = answer.read(LONGEST + 1)
        if answer.status != 200 or len(data) > LONGEST:
            raise OSError(f"{console.url} answered {answer.status}, {len(data)} bytes")
        page = json.loads(data)
        if not isinstance(page, dict) or not isinstance(page.get("items"), list) or "next" not in page:
            raise OSError(f"what answers at {console.url} is no node")
        return page
    except (http.client.HTTPException, ValueError) as error:
        raise OSError(f"what answers at {console.url} is no node: {error}") from None
    finally:
        connection.close()
