"""All metrics in one table. The core counts in plain integers; Prometheus' objects are made when somebody asks."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from opentcf import __version__
from opentcf.sip.meters import Histogram, Key, Meters


class Described(NamedTuple):
    """A metric's type ("counter", "gauge", "histogram"), labels and help."""

    kind: str
    labels: tuple[str, ...]
    help: str


METRICS: Mapping[str, Described] = {
    "opentcf_sip_requests_total": Described(
        "counter", ("side", "peer", "method", "direction"), "Requests received (in) and sent (out)"
    ),
    "opentcf_sip_responses_total": Described(
        "counter", ("side", "peer", "method", "direction", "code"), "Responses received (in) and sent (out)"
    ),
    "opentcf_sip_retransmissions_total": Described(
        "counter", ("side", "peer"), "Messages that we sent again"
    ),
    "opentcf_sip_malformed_total": Described("counter", ("reason",), "Messages that could not be read"),
    "opentcf_request_seconds": Described(
        "histogram", ("side", "peer", "method"), "From a request that we sent to its final response"
    ),
    "opentcf_calls_active": Described("gauge", ("type",), "Calls now"),
    "opentcf_floor_requests_total": Described("counter", ("result",), "Floor requests"),
    "opentcf_floor_grant_seconds": Described("histogram", (), "From a floor request to its grant"),
    "opentcf_messages_total": Described(
        "counter", ("kind", "result"), "Short messages to a user or a group, by what became of them"
    ),
    "opentcf_registrations_active": Described("gauge", ("role",), "Users registered now: home or visited"),
    "opentcf_subscriptions_active": Described("gauge", ("event",), "Subscriptions to events now"),
    "opentcf_timers": Described("gauge", (), "Timers that run"),
    "opentcf_transactions": Described("gauge", (), "SIP transactions now, those included that only linger"),
    "opentcf_peer_up": Described("gauge", ("peer",), "1 up, 0 not"),
    "opentcf_peer_address": Described("gauge", ("peer",), "Which of its addresses is in use; 1 is the first"),
    "opentcf_peer_rtt_seconds": Described("gauge", ("peer",), "Time of the latest heartbeat's answer"),
    "opentcf_refused_total": Described(
        "counter", ("reason",), "Requests refused by a limit, for overload or because the sender is no peer"
    ),
    "opentcf_overload_loss": Described(
        "gauge", (), "Share of new requests that is refused for overload now, by us or by whom we told it"
    ),
    "opentcf_queue_seconds": Described("histogram", (), "How long new requests waited for their turn"),
    "opentcf_video_forwards_total": Described(
        "counter", ("result",), "Targets of video forwards, by what became of them"
    ),
    "opentcf_control_total": Described(
        "counter", ("operation", "result"), "Control orders of dispatchers: done or refused"
    ),
    "opentcf_call_records_waiting": Described("gauge", (), "Call records that are not on disk yet"),
    "opentcf_faults_total": Described("counter", (), "Bugs of ours that cost one message each"),
    "opentcf_build_info": Described("gauge", ("version",), "1"),
}


class NodeCollector(Collector):
    """Reads a node's meters and gauges at each scrape."""

    def __init__(self, meters: Meters, gauges: Callable[[], Mapping[Key, float]]) -> None:
        self._meters = meters
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        """Every metric of the table, also those without a sample yet."""
        gauges = {**self._gauges(), ("opentcf_build_info", (__version__,)): 1.0}
        for name, described in METRICS.items():
            match described.kind:
                case "counter":
                    yield _counter(name, described, _of(name, self._meters.counters))
                case "gauge":
                    yield _gauge(name, described, _of(name, gauges))
                case _:
                    yield _histogram(name, described, self._meters.histograms)


def registry(meters: Meters, gauges: Callable[[], Mapping[Key, float]]) -> CollectorRegistry:
    """What `/metrics` shows of one node: its own metrics and the process's."""
    found = CollectorRegistry()
    found.register(NodeCollector(meters, gauges))
    ProcessCollector(registry=found)
    return found


def exposition(found: CollectorRegistry) -> bytes:
    """Prometheus' text format."""
    return generate_latest(found)


def _of(name: str, samples: Mapping[Key, float]) -> Iterable[tuple[tuple[str, ...], float]]:
    return [(labels, value) for (known, labels), value in samples.items() if known == name]


def _counter(name: str, described: Described, samples: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
    family = CounterMetricFamily(name, described.help, labels=described.labels)
    for labels, value in samples:
        family.add_metric(labels, value)
    if not described.labels and not family.samples:
        family.add_metric((), 0)
    return family


def _gauge(name: str, described: Described, samples: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
    family = GaugeMetricFamily(name, described.help, labels=described.labels)
    for labels, value in samples:
        family.add_metric(labels, value)
    return family


def _histogram(name: str, described: Described, histograms: Mapping[Key, Histogram]) -> Metric:
    family = HistogramMetricFamily(name, described.help, labels=described.labels)
    for (known, labels), histogram in histograms.items():
        if known == name:
            family.add_metric(labels, _buckets(histogram), histogram.total)
    return family


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    """Cumulative, as Prometheus wants them."""
    running = 0
    buckets: list[tuple[str, float]] = []
    for bound, count in zip((*histogram.bounds, float("inf")), histogram.counts, strict=True):
        running += count
        buckets.append(("+Inf" if bound == float("inf") else str(bound), running))
    return buckets
