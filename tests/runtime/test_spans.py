"""Calls as OpenTelemetry traces, as the SDK's own exporter holds them."""

import subprocess
import sys
from dataclasses import replace

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from tests.cli.process import CONFIG
from tests.world import World

from opentcf.runtime.config import ConfigError, load_config
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
