"""Metrics in Prometheus' text format."""

import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

import opentcf
from opentcf import __version__
from opentcf.runtime.metrics import METRICS, exposition, registry
from opentcf.sip.meters import Meters


def scrape(meters: Meters, gauges=None) -> dict:
    text = exposition(registry(meters, lambda: gauges or {})).decode()
    """Values by name and set of label values."""
    return {
        (sample.name, frozenset(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_every_metric_is_announced():
    text = exposition(registry(Meters(), dict)).decode()
    for name, described in METRICS.items():
        assert f"# TYPE {name} {described.kind}" in text
        assert f"# HELP {name} {described.help}" in text


def test_counters_gauges_and_histograms():
    meters = Meters()
    for _ in range(3):
        meters.count("opentcf_sip_requests_total", "tc2", "core2.example", "INVITE", "in")
    meters.count("opentcf_refused_total", "max_calls")
    for seconds in (0.0005, 0.002, 0.002, 99.0):
        meters.observe("opentcf_request_seconds", seconds, "tc2", "core2.example", "INVITE")
    found = scrape(meters, {("opentcf_peer_up", ("core2.example",)): 1.0})

    def value(name: str, *labels: str) -> float:
        return found[name, frozenset(labels)]

    assert value("opentcf_sip_requests_total", "tc2", "core2.example", "INVITE", "in") == 3
    assert value("opentcf_refused_total", "max_calls") == 1
    assert value("opentcf_faults_total") == 0
    assert value("opentcf_peer_up", "core2.example") == 1
    assert value("opentcf_build_info", __version__) == 1
    labels = ("tc2", "core2.example", "INVITE")
    assert value("opentcf_request_seconds_bucket", *labels, "0.001") == 1
    assert value("opentcf_request_seconds_bucket", *labels, "0.0025") == 3
    assert value("opentcf_request_seconds_bucket", *labels, "+Inf") == 4
    assert value("opentcf_request_seconds_count", *labels) == 4
    assert value("opentcf_request_seconds_sum", *labels) == 99.0045
    assert value("process_resident_memory_bytes") > 0


def test_the_order_of_labels_is_that_of_the_table():
    meters = Meters()
    meters.count("opentcf_sip_responses_total", "d", "", "REGISTER", "out", "401")
    text = exposition(registry(meters, dict)).decode()
    assert (
        'opentcf_sip_responses_total{code="401",direction="out",method="REGISTER",peer="",side="d"} 1.0'
        in text
    )


def test_the_table_has_every_metric_that_the_code_counts():
    source = "".join(path.read_text() for path in Path(opentcf.__path__[0]).rglob("*.py"))
    counted = re.findall(r'(?:count|observe)\(\s*"(opentcf_\w+)"', source)
    assert set(counted) - METRICS.keys() == set()
    assert set(re.findall(r'"(opentcf_\w+)"', source)) == METRICS.keys()
