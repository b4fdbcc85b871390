"""Calls as OpenTelemetry traces, as the SDK's own exporter holds them."""

import gzip
import subprocess
import sys
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from tests.cli.process import CONFIG
from tests.runtime.test_call_records import ROW
from tests.world import World

from opentcf.runtime.config import ConfigError, load_config
from opentcf.runtime.otel import Otel
from opentcf.runtime.spans import Spans


@pytest.fixture
def spans():
    """Of a call from core 1 to core 2, each TCF's by itself."""
    w = World(nodes=2)
    for core in w.cores.values():
        core.settings = replace(core.settings, records=True)
        w.command(core.number, "reload", settings=core.settings)
    ann, bob = w.terminal("1001", 1), w.terminal("2001", 2)
    for ua in (ann, bob):
        w.register(ua)
    w.run(2.0)
    w.call(ann, "2001")
    w.run(10.0)
    w.hang_up(ann)
    w.settle()
    found: list[ReadableSpan] = []
    for core in w.cores.values():
        exporter = InMemorySpanExporter()
        made = Spans(SimpleSpanProcessor(exporter), core.domain)
        made.write(list(core.store["call_record"].values()))
        found += exporter.get_finished_spans()
        made.close()
    return found


def test_one_trace_a_call_and_one_span_a_leg(spans):
    assert len(spans) == 6
    assert len({span.context.trace_id for span in spans}) == 1
    assert len({span.context.span_id for span in spans}) == 6
    (root,) = [span for span in spans if span.parent is None]
    assert root.resource.attributes["service.instance.id"] == "core1.example"
    (other,) = [span for span in spans if span.kind is SpanKind.INTERNAL and span is not root]
    assert other.parent.span_id == root.context.span_id
    legs = [span for span in spans if span.kind is not SpanKind.INTERNAL]
    assert sorted(span.parent.span_id for span in legs) == sorted(
        2 * [root.context.span_id, other.context.span_id]
    )


def test_a_span_tells_the_record(spans):
    root = next(span for span in spans if span.parent is None)
    assert root.name == "private_audio call 2001@core2.example"
    assert 9.5e9 < root.end_time - root.start_time < 10.5e9
    attributes = root.attributes
    assert attributes["opentcf.released_by"] == "1001@core1.example"
    assert attributes["opentcf.cause"] == "normal"
    assert root.status.status_code is StatusCode.UNSET


def made_of(*rows):
    exporter = InMemorySpanExporter()
    spans = Spans(SimpleSpanProcessor(exporter), "core1.example")
    spans.write(rows)
    spans.close()
    return list(exporter.get_finished_spans())


def test_the_way_of_who_enters_is_a_part_of_the_trace_and_not_its_root():
    boss = "3005@core3.example"
    way = {**ROW, "node": "core4.example", "role": "caller's V", "caller": boss, "entry": "insertion"}
    leg = {"kind": "leg", "party": boss, "direction": "in", "entry": "insertion"}
    call, guest, entering, his, uplink = made_of(
        ROW,
        {**ROW, **leg, "record": "2"},
        way,
        {**way, **leg, "record": "3"},
        {**way, **leg, "record": "4", "direction": "out", "party": "1001@core1.example"},
    )
    assert call.parent is None
    assert guest.parent.span_id == entering.parent.span_id == call.context.span_id
    assert his.parent.span_id == uplink.parent.span_id == entering.context.span_id
    assert entering.attributes["opentcf.entry"] == "insertion"


def test_a_forward_is_a_part_of_its_source_and_its_legs_of_the_calls_to_the_targets():
    forward = {**ROW, "role": "forward", "caller": "3005@core3.example"}
    leg = {**forward, "record": "2", "kind": "leg", "call": "pushed", "party": "8001@core1.example"}
    source, whole, target, master = made_of(ROW, forward, leg, {**ROW, "call": "pushed", "role": "master"})
    assert whole.parent.span_id == source.context.span_id
    assert target.parent.span_id == master.context.span_id
    assert target.context.trace_id == master.context.trace_id != source.context.trace_id


def test_nothing_is_imported_when_off(tmp_path):
    path = tmp_path / "core1.toml"
    path.write_text(CONFIG)
    code = "import sys, opentcf.runtime.service as s; from opentcf.runtime.config import load_config; "
    code += f"load_config(__import__('pathlib').Path({str(path)!r})); "
    code += "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_address_of_a_collector_is_checked(tmp_path):
    path = tmp_path / "core1.toml"
    path.write_text(CONFIG + '[otel]\nendpoint = "collector:4318"\n')
    with pytest.raises(ConfigError, match=r"otel.endpoint"):
        load_config(path)


class Collector(BaseHTTPRequestHandler):
    """Takes OTLP over HTTP, and tells its server what it got."""

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        data = gzip.decompress(data) if self.headers.get("Content-Encoding") == "gzip" else data
        self.server.got.append((self.path, self.headers.get("X-Token"), data))  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


def test_a_collector_gets_them_by_otlp():
    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        server.got = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        otel = Otel(f"http://127.0.0.1:{server.server_port}/v1/traces", {"X-Token": "t"})
        spans = Spans.exported(otel, "core1.example")
        spans.write([ROW])
        spans.close()
        server.shutdown()
        ((path, token, data),) = server.got  # type: ignore[attr-defined]
    assert (path, token) == ("/v1/traces", "t")
    (sent,) = ExportTraceServiceRequest.FromString(data).resource_spans
    (span,) = sent.scope_spans[0].spans
    assert span.name == "private_audio call 2001@core2.example"
    assert span.end_time_unix_nano - span.start_time_unix_nano == 10 * 10**9


def test_nobody_waits_for_a_collector_that_is_away():
    hangs = Hanging()
    spans = Spans(hangs, "core1.example", patience=0.01)
    spans.write([ROW])
    spans.close()
    assert hangs.asked.wait(20)
    assert not hangs.done.is_set(), "it was left alone"
    hangs.done.set()


class Hanging(SpanProcessor):
    """Does not end by itself."""

    def __init__(self) -> None:
        self.asked, self.done = threading.Event(), threading.Event()

    def shutdown(self) -> None:
        self.asked.set()
        self.done.wait()
