"""The diagnostic bundle: what somebody needs who is to help with a node, in one zip, without a secret."""

import platform
import ssl
import sys
from asyncio import to_thread
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, requires, version
from io import BytesIO
from time import time
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from msgspec import json
from starlette.requests import Request
from starlette.responses import Response

from opentcf import __version__
from opentcf.api import picture
from opentcf.api.guard import who
from opentcf.api.ladder import ladder
from opentcf.api.problems import encode
from opentcf.api.table import PAGE
from opentcf.api.traces import Traces, capture, packet
from opentcf.runtime import logs
from opentcf.runtime.masked_config import masked_configuration, scrubbed, secrets
from opentcf.runtime.metrics import exposition
from opentcf.runtime.pcapng import Packet
from opentcf.runtime.runtime import Runtime
from opentcf.store.facts import store_facts

LISTS: Mapping[str, Mapping[str, int]] = {
    "peers": {}, "calls": {}, "floors": {}, "registrations": {}, "messages": {}, "audit": {"before": 0},
}  # fmt: skip
"""Commands whose answer is a member of the zip, and their arguments besides the limit."""
MEMBERS: Mapping[str, str] = {
    "version.json": "versions of OpenTCF, Python, the system and the packages; when the bundle was made",
    "node.json": "the node's name, epoch and load",
    "configuration.json": "the configuration file as it is now, each secret replaced by ***",
    "store.json": "sizes of the store's files, room on the disk",
    "metrics.txt": "all metrics",
    "log.txt": "the latest 2,000 lines of the log",
    "trace.pcapng": "all messages that the trace holds, for Wireshark",
    "ladder.html": "the latest 1,000 of them as a ladder, each in full",
    "peers.json": "the other TCFs",
    "calls.json": "the calls that go on",
    "floors.json": "who talks, who waits",
    "registrations.json": "who is registered where, the first 1,000",
    "messages.json": "the latest short messages, without their text",
    "audit.json": "the latest 1,000 entries of the audit log",
}
Part = bytes | Callable[[], bytes]


class Bundle:
    """The endpoint of one node."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._traces = Traces(runtime, ())

    async def serve(self, request: Request) -> Response:
        """The zip. The node goes on meanwhile: only what has to be of one moment is taken in its loop."""
        parts: dict[str, Part] = {"node.json": await self._ask("node", {}, request)}
        for name, arguments in LISTS.items():
            parts[f"{name}.json"] = await self._ask(name, {**arguments, "limit": PAGE}, request)
        known = secrets(self._runtime.config)
        parts |= await self._recent(known) | self._standing()
        name = f"opentcf-{self._runtime.settings.domain}.zip"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return Response(await to_thread(_zip, parts, known), media_type="application/zip", headers=headers)

    async def _ask(self, name: str, arguments: Mapping[str, int], request: Request) -> bytes:
        reply = await self._runtime.loop.ask(name, arguments, who=who(request))
        return _shown(reply.value if reply.error is None else {"error": reply.error})

    async def _recent(self, known: frozenset[bytes]) -> dict[str, Part]:
        """Messages and lines of the log, of this moment. In a capture no word has an end that can be seen."""
        runtime = self._runtime
        messages = list(runtime.trace.after(0))
        packets = [packet(message, runtime.trace.online(message)) for message in messages]
        rows = await self._traces.rows(messages[-PAGE:])
        domain, lines = runtime.settings.domain, "\n".join(logs.recent()) + "\n"
        return {
            "trace.pcapng": lambda: capture(domain, [_without(one, known) for one in packets], runtime.mask),
            "ladder.html": lambda: picture.html(ladder({domain: rows}), domain).encode(),
            "log.txt": lines.encode("utf-8", "replace"),
        }

    def _standing(self) -> dict[str, Part]:
        """What does not change from one moment to the next."""
        config, metrics = self._runtime.config, self._runtime.metrics
        return {
            "version.json": lambda: _shown(_versions(self._runtime.settings.domain)),
            "configuration.json": lambda: _shown(masked_configuration(config.path)),
            "store.json": lambda: _shown(store_facts(config.store_url, config.base)),
            "metrics.txt": lambda: exposition(metrics),
        }


def _without(one: Packet, known: frozenset[bytes]) -> Packet:
    return one._replace(data=scrubbed(one.data, known))


def _zip(parts: Mapping[str, Part], known: frozenset[bytes]) -> bytes:
    """In the order in which they are described; no secret gets in, whatever wrote it."""
    written = BytesIO()
    with ZipFile(written, "w", ZIP_DEFLATED) as file:
        for name in MEMBERS:
            part = parts[name]
            file.writestr(name, scrubbed(part if isinstance(part, bytes) else part(), known))
    return written.getvalue()


def _versions(domain: str) -> dict[str, Any]:
    packages = {name: _version(name) for name in sorted(map(_name, requires("opentcf") or ()))}
    return {
        "domain": domain,
        "made": time(),
        "opentcf": __version__,
        "python": sys.version,
        "system": platform.platform(),
        "tls": ssl.OPENSSL_VERSION,
        "packages": {name: found for name, found in packages.items() if found},
    }


def _name(requirement: str) -> str:
    end = next((n for n, char in enumerate(requirement) if not (char.isalnum() or char in "-_.")), None)
    return requirement[:end]


def _version(name: str) -> str:
    """Empty for an extra that is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _shown(value: Any) -> bytes:
    return json.format(encode(value), indent=2)
