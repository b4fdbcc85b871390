"""The trace: recent messages as JSON in pages, or as one capture for Wireshark. Secrets never leave."""

from asyncio import to_thread
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from opentcf.api.ladder import Ladder, Row
from opentcf.api.problems import as_json
from opentcf.api.resources import QueryError, read_query
from opentcf.api.table import PAGE, Query
from opentcf.model.peer import Peer
from opentcf.runtime.mask import Mask
from opentcf.runtime.pcapng import Capture, Packet
from opentcf.runtime.runtime import Runtime
from opentcf.runtime.trace import Traced
from opentcf.sip.outbox import Flow
from opentcf.sip.uri import join_host_port
from opentcf.transport.interface import Local

FORMATS = ("json", "pcapng")
FEW = 20
"""So many messages are masked at once."""


class Traces:
    """The endpoint of one node."""

    def __init__(self, runtime: Runtime, known: tuple[Query, ...]) -> None:
        self._runtime = runtime
        self._known = known

    async def serve(self, request: Request) -> Response:
        """What the query asks for."""
        query = read_query(request, self._known)
        if (wanted := query.get("format", "json")) not in FORMATS:
            raise QueryError(f"format={wanted[:40]} is none of {', '.join(FORMATS)}")
        found = self.found(query)
        if wanted == "pcapng":
            return await self._capture(list(islice(found, query.get("limit"))))
        limit = query.get("limit", PAGE)
        page = list(islice(found, limit + 1))
        more = page[limit - 1].number if len(page) > limit else None
        return as_json({"items": await self.rows(page[:limit], raw=bool(query.get("raw"))), "next": more})

    def found(self, query: Mapping[str, Any]) -> Iterator[Traced]:
        """The messages that a query chooses."""
        ring, after = self._runtime.trace, query.get("after", 0)
        if "latest" in query:
            after = max(after, ring.last - query["latest"])
        found = ring.call(query["call"], after) if "call" in query else ring.after(after)
        wanted = query.get("peer")
        return found if wanted is None else (one for one in found if self._peer(one.flow) == wanted)

    async def rows(self, messages: Sequence[Traced], *, raw: bool = False) -> list[dict[str, Any]]:
        """Messages as JSON tells them; `raw` adds their bytes. Many are masked in a thread: SIP goes on meanwhile."""
        calls = [self._runtime.trace.online(message) for message in messages]
        made = partial(self._made, messages, calls, raw=raw)
        return made() if len(messages) <= FEW else await to_thread(made)

    def _made(self, messages: Sequence[Traced], calls: Sequence[str], *, raw: bool) -> list[dict[str, Any]]:
        return [self._row(message, call, raw=raw) for message, call in zip(messages, calls, strict=True)]

    def _row(self, message: Traced, call: str, *, raw: bool) -> dict[str, Any]:
        flow, mask = message.flow, self._runtime.mask
        head, _, body = message.data.partition(b"\r\n\r\n")
        row = {
            "number": message.number,
            "time": message.time,
            "direction": "in" if message.incoming else "out",
            "side": flow.side,
            "transport": flow.transport,
            "local": join_host_port(*message.local),
            "remote": join_host_port(flow.host, flow.port),
            "head": mask(head.decode("utf-8", "replace")),
            "body": mask(body.decode("utf-8", "replace")),
            "call": call or None,
            "connection": flow.connection,
            "peer": self._peer(flow),
        }
        if raw:
            row["data"] = b64encode(mask.in_place(message.data)).decode()
        return row

    async def _capture(self, messages: list[Traced]) -> Response:
        packets = [packet(message, self._runtime.trace.online(message)) for message in messages]
        written = await to_thread(capture, self._runtime.settings.domain, packets, self._runtime.mask)
        name = f'attachment; filename="{self._runtime.settings.domain}.pcapng"'
        return Response(written, media_type="application/x-pcapng", headers={"Content-Disposition": name})

    def _peer(self, flow: Flow) -> str | None:
        """Whose address it is; a stream that the peer dialled has another port."""
        if flow.side != "tc2":
            return None
        settings = self._runtime.settings
        at = [
            peer
            for peer in settings.peers
            if flow.host
            in (*(host for _, host, _ in peer.ways), *settings.peer_addresses.get(peer.domain, ()))
        ]
        exact: list[Peer] = [peer for peer in at if flow.port in (port for _, _, port in peer.ways)]
        return (exact or at)[0].domain if at else None


def packet(message: Traced, call: str) -> Packet:
    """A message of the ring as a packet; its comment names the call."""
    local, remote = message.local, (message.flow.host, message.flow.port)
    source, target = (remote, local) if message.incoming else (local, remote)
    comment = f"OnlineCallID {call}" if call else ""
    return Packet(
        message.time, message.incoming, message.flow.transport, source, target, message.data, comment
    )


def capture(node: str, packets: list[Packet], mask: Mask) -> bytes:
    """One file, secrets starred out."""
    file = Capture([node])
    masked = (one._replace(data=mask.in_place(one.data)) for one in packets)
    return file.head() + b"".join(map(file.blocks, masked))


def merged(told: Ladder) -> bytes:
    """One capture of a ladder, each message once; each node is an interface. Needs rows with their bytes."""
    nodes = list(dict.fromkeys(item["id"].partition("/")[0] for item in told.items))
    file = Capture(nodes)
    pairs = zip(told.items, told.rows, strict=True)
    packets = (_packet(row, nodes.index(item["id"].partition("/")[0])) for item, row in pairs)
    return file.head() + b"".join(map(file.blocks, packets))


def _packet(row: Row, interface: int) -> Packet:
    """A row, which is masked already, as a packet."""
    incoming = row["direction"] == "in"
    local, remote = _address(row["local"]), _address(row["remote"])
    source, target = (remote, local) if incoming else (local, remote)
    comment = f"OnlineCallID {row['call']}" if row["call"] else ""
    data = b64decode(row["data"])
    return Packet(row["time"], incoming, row["transport"], source, target, data, comment, interface)


def _address(text: str) -> Local:
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)
