"""Writes packaging/grafana/opentcf.json, a dashboard over all nodes: `python -m scripts.dashboard`."""

import json
from pathlib import Path
from typing import Any, NamedTuple

FILE = Path(__file__).parent.parent / "packaging" / "grafana" / "opentcf.json"
SOURCE = {"type": "prometheus", "uid": "${source}"}
WIDE, HIGH = 24, 8


class Panel(NamedTuple):
    """`queries`: PromQL → legend, `$node` stands for the chosen nodes; `width` of 24."""

    title: str
    queries: dict[str, str]
    unit: str = "short"
    width: int = 8
    kind: str = "timeseries"
    says: str = ""


NODE = 'instance=~"$node"'
PANELS = (
    Panel(
        "Peers",
        {f"opentcf_peer_up{{{NODE}}}": "{{instance}} → {{peer}}"},
        kind="stat",
        width=12,
        says="1: it answers heartbeats. 0: it does not",
    ),
    Panel(
        "Faults in the last hour",
        {f"sum(increase(opentcf_faults_total{{{NODE}}}[1h]))": "faults"},
        kind="stat",
        width=6,
        says="Bugs that cost one message each: should be 0",
    ),
    Panel(
        "Version",
        {f"opentcf_build_info{{{NODE}}}": "{{instance}} {{version}}"},
        kind="stat",
        width=6,
    ),
    Panel("Registered users", {f"opentcf_registrations_active{{{NODE}}}": "{{instance}} {{role}}"}),
    Panel("Calls", {f"opentcf_calls_active{{{NODE}}}": "{{instance}} {{type}}"}),
    Panel(
        "Floor requests a second",
        {f"sum by (instance, result) (rate(opentcf_floor_requests_total{{{NODE}}}[1m]))": "{{instance}} {{result}}"},
        "reqps",
    ),
    Panel(
        "From floor request to grant, median and 95 %",
        {
            f"histogram_quantile({part}, sum by (instance, le) ("
            f"rate(opentcf_floor_grant_seconds_bucket{{{NODE}}}[5m])))":
                f"{{{{instance}}}} {part}"
            for part in (0.5, 0.95)
        },
        "s",
        says="Waiting in the queue included",
    ),
    Panel(
        "Address in use of each peer",
        {f"opentcf_peer_address{{{NODE}}}": "{{instance}} → {{peer}}"},
        says="1 is the first; above that the first one does not answer",
    ),
    Panel(
        "Round trip of heartbeats", {f"opentcf_peer_rtt_seconds{{{NODE}}}": "{{instance}} → {{peer}}"}, "s"
    ),
    Panel(
        "From request to final response, 95 %",
        {
            "histogram_quantile(0.95, sum by (instance, peer, method, le) ("
            f'rate(opentcf_request_seconds_bucket{{{NODE}, side="tc2"}}[5m])))': "{{instance}} → {{peer}} {{method}}"
        },
        "s",
        says="An INVITE waits for a person",
    ),
    Panel(
        "Requests a second",
        {
            f"sum by (instance, side, method, direction) (rate(opentcf_sip_requests_total{{{NODE}}}[1m]))":
                "{{instance}} {{side}} {{method}} {{direction}}"
        },
        "reqps",
    ),
    Panel(
        "Failures answered a second",
        {
            "sum by (instance, side, code) ("
            f'rate(opentcf_sip_responses_total{{{NODE}, direction="out", code=~"[456]..", code!="401"}}[1m]))':
                "{{instance}} {{side}} {{code}}"
        },
        "reqps",
    ),
    Panel(
        "Sent again, of requests",
        {
            f"sum by (instance, peer) (rate(opentcf_sip_retransmissions_total{{{NODE}}}[5m])) / "
            f'sum by (instance, peer) (rate(opentcf_sip_requests_total{{{NODE}, direction="out"}}[5m]))':
                "{{instance}} → {{peer}}"
        },
        "percentunit",
        says="Loss on the way, or a TCF that is too slow",
    ),
    Panel(
        "Overload: share of new requests refused",
        {f"opentcf_overload_loss{{{NODE}}}": "{{instance}}"},
        "percentunit",
    ),
    Panel(
        "Wait of new requests, 95 %",
        {
            "histogram_quantile(0.95, sum by (instance, le) ("
            f"rate(opentcf_queue_seconds_bucket{{{NODE}}}[1m])))": "{{instance}}"
        },
        "s",
    ),
    Panel(
        "Address in use",
        {f"opentcf_peer_address{{{NODE}}}": "{{instance}} → {{peer}}"},
        says="1 is the first",
    ),
    Panel(
        "Refused a second",
        {f"sum by (instance, reason) (rate(opentcf_refused_total{{{NODE}}}[1m]))": "{{instance}} {{reason}}"},
        "reqps",
    ),
    Panel(
        "Not readable a second",
        {f"sum by (instance, reason) (rate(opentcf_sip_malformed_total{{{NODE}}}[1m]))": "{{instance}} {{reason}}"},
        "reqps",
    ),
    Panel(
        "Short messages a second",
        {
            f"sum by (instance, kind, result) (rate(opentcf_messages_total{{{NODE}}}[1m]))":
                "{{instance}} {{kind}} {{result}}"
        },
        "reqps",
    ),
    Panel(
        "Orders of dispatchers in 5 minutes",
        {
            f"sum by (instance, operation, result) (increase(opentcf_control_total{{{NODE}}}[5m]))":
                "{{instance}} {{operation}} {{result}}",
            f"sum by (instance, result) (increase(opentcf_video_forwards_total{{{NODE}}}[5m]))":
                "{{instance}} forward {{result}}",
        },
    ),
    Panel(
        "Call records that wait",
        {f"opentcf_call_records_waiting{{{NODE}}}": "{{instance}}"},
        says="More than a few for minutes: their files cannot be written",
    ),
    Panel(
        "Call records that wait",
        {f"opentcf_call_records_waiting{{{NODE}}}": "{{instance}}"},
        says="Not on disk yet: should soon be 0",
    ),
    Panel("Subscriptions to events", {f"opentcf_subscriptions_active{{{NODE}}}": "{{instance}} {{event}}"}),
    Panel(
        "Transactions and timers",
        {
            f"opentcf_transactions{{{NODE}}}": "{{instance}} transactions",
            f"opentcf_timers{{{NODE}}}": "{{instance}} timers",
        },
    ),
    Panel(
        "Processor",
        {f"rate(process_cpu_seconds_total{{{NODE}}}[1m])": "{{instance}}"},
        "percentunit",
        says="1 is one core, and all that a node can use",
    ),
    Panel("Memory", {f"process_resident_memory_bytes{{{NODE}}}": "{{instance}}"}, "bytes"),
    Panel("Open files and connections", {f"process_open_fds{{{NODE}}}": "{{instance}}"}),
)  # fmt: skip


def dashboard() -> dict[str, Any]:
    """For Grafana 10 and newer; it asks for the data source when it is imported."""
    return {
        "title": "OpenTCF",
        "uid": "opentcf",
        "tags": ["b-trunc", "tcf"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [_source(), _nodes()]},
        "panels": _placed(),
    }


def _source() -> dict[str, Any]:
    return {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}


def _nodes() -> dict[str, Any]:
    return {
        "name": "node",
        "label": "Node",
        "type": "query",
        "datasource": SOURCE,
        "query": "label_values(opentcf_build_info, instance)",
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def _placed() -> list[dict[str, Any]]:
    """Row by row."""
    placed, x, y = [], 0, 0
    for number, panel in enumerate(PANELS, 1):
        if x + panel.width > WIDE:
            x, y = 0, y + HIGH
        placed.append(
            {"id": number, "gridPos": {"x": x, "y": y, "w": panel.width, "h": HIGH}, **_drawn(panel)}
        )
        x += panel.width
    return placed


def _drawn(panel: Panel) -> dict[str, Any]:
    targets = [
        {"refId": chr(65 + n), "datasource": SOURCE, "expr": query, "legendFormat": legend}
        for n, (query, legend) in enumerate(panel.queries.items())
    ]
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.says,
        "datasource": SOURCE,
        "targets": targets,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
    }


def text() -> str:
    return json.dumps(dashboard(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
