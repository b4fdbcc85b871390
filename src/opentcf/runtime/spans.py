"""Calls as OpenTelemetry traces: one trace a call over all TCFs, in it a span for each TCF's part and for each leg.

Spans are made of call records, when a leg or a call is over. All TCFs give a call's trace the same
id, made of its OnlineCallID.
"""

from collections.abc import Sequence
from hashlib import sha256
from threading import Thread
from typing import TYPE_CHECKING

from opentcf import __version__
from opentcf.runtime.otel import Otel
from opentcf.runtime.record_files import Row, readable

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import SpanProcessor

PREFIX = "opentcf."
FAILURES = frozenset(("peer_down", "timeout", "session_expired", "restart"))
"""Causes that say that something went wrong, not that somebody hung up."""
PATIENCE = 3.0
"""Seconds that leaving may take."""
FORWARD = "forward"
"""The role of a TCF that forwards video: its legs are parts of the calls to the targets, not of the source."""
_BEGINS = ("caller's V", "master")
"""Whose span of a call is the root of its trace."""


class Spans:
    """Takes call records. `processor` gets their spans, and never makes anybody wait."""

    def __init__(self, processor: "SpanProcessor", node: str, patience: float = PATIENCE) -> None:
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415

        self._patience = patience
        self._ids = _Ids()
        resource = Resource.create({"service.name": "opentcf", "service.instance.id": node})
        self._provider = TracerProvider(resource=resource, id_generator=self._ids, shutdown_on_exit=False)  # type: ignore[arg-type]
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("opentcf", __version__)

    @classmethod
    def exported(cls, otel: Otel, node: str) -> "Spans":
        """To a collector, by OTLP over HTTP, in batches and in a thread of their own."""
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

        exporter = OTLPSpanExporter(endpoint=otel.endpoint, headers=dict(otel.headers), timeout=5)
        return cls(BatchSpanProcessor(exporter), node)

    def write(self, rows: Sequence[Row]) -> None:
        """Each becomes a span."""
        for row in rows:
            self._write(row)

    def close(self) -> None:
        """Send what waits. A collector that is away would have the SDK try for long: nobody waits for that."""
        ending = Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        ending.join(self._patience)

    # --- inside

    def _write(self, row: Row) -> None:
        from opentelemetry.trace import SpanKind, Status, StatusCode  # noqa: PLC0415

        parent = self._place(row)
        kinds = {"in": SpanKind.SERVER, "out": SpanKind.CLIENT, "": SpanKind.INTERNAL}
        name = f"{row['type']} {row['kind']} {row['party'] or row['called']}"
        attributes = {PREFIX + key: value for key, value in readable(row).items() if value not in (None, "")}
        span = self._tracer.start_span(
            name, parent, kinds[row["direction"]], attributes, start_time=_nanoseconds(row["start"])
        )
        if row["cause"] in FAILURES or (row["code"] or 0) >= 500:
            span.set_status(Status(StatusCode.ERROR, row["cause"] or str(row["code"])))
        span.end(_nanoseconds(row["end"]))

    def _place(self, row: Row) -> "Context | None":
        """Set the ids of the next span; its parent, None for the root."""
        call, part = row["call"], f"{row['call']} {row['node']} {row['role']}"
        root, whole = _number(f"{call} root", 8), row["role"].startswith(_BEGINS) and not _enters(row)
        own = root if whole else _number(part, 8)
        self._ids.trace = _number(call, 16)
        if row["kind"] == "leg":
            self._ids.span = _number(row["record"], 8)
            return _within(self._ids.trace, root if row["role"] == FORWARD else own)
        self._ids.span = own
        return None if whole else _within(self._ids.trace, root)


class _Ids:
    """Gives the ids that were set, as an IdGenerator."""

    trace = 0
    span = 0

    def generate_trace_id(self) -> int:
        return self.trace

    def generate_span_id(self) -> int:
        return self.span

    def is_trace_id_random(self) -> bool:
        return False


def _enters(row: Row) -> bool:
    """Is it of the way of somebody into a call of others? The leg by which he is in that call is none of it."""
    guest = row["kind"] == "leg" and row["direction"] == "in" and row["party"] != row["caller"]
    return bool(row.get("entry")) and not guest


def _within(trace: int, span: int) -> "Context":
    from opentelemetry.trace import (  # noqa: PLC0415
        NonRecordingSpan,
        SpanContext,
        TraceFlags,
        set_span_in_context,
    )

    parent = SpanContext(trace, span, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    return set_span_in_context(NonRecordingSpan(parent))


def _number(text: str, size: int) -> int:
    return int.from_bytes(sha256(text.encode()).digest()[:size], "big") or 1


def _nanoseconds(when: float) -> int:
    return int(when * 1e9)
