"""Bad networks, seeded."""

from random import Random

import pytest
from tests.transport.recorder import Recorder, flow

from opentcf.sip.outbox import Send
from opentcf.transport.wrap import Capture, Captured, Delay, Duplicate, Loss


class Sink:
    def __init__(self) -> None:
        self.orders: list[Send] = []

    def send(self, order: Send) -> None:
        self.orders.append(order)


def orders(transport: str) -> list[Send]:
    return [Send(b"%d" % number, flow(transport, 5060)) for number in range(1000)]


@pytest.mark.parametrize(("rate", "low", "high"), [(0.0, 1000, 1000), (0.1, 860, 940), (1.0, 0, 0)])
def test_loss(rate, low, high):
    sink = Sink()
    network = Loss(sink, rate, Random(1))
    for order in orders("udp"):
        network.send(order)
    assert low <= len(sink.orders) <= high


def test_duplicates():
    sink = Sink()
    network = Duplicate(sink, 0.1, Random(1))
    for order in orders("udp"):
        network.send(order)
    assert 1060 <= len(sink.orders) <= 1140


def test_delay_reorders():
    sink = Sink()
    due = []
    network = Delay(sink, 0.0, 1.0, Random(1), lambda delay, deed, order: due.append((delay, deed, order)))
    sent = orders("udp")
    for order in sent:
        network.send(order)
    assert sink.orders == []
    for _, deed, order in sorted(due, key=lambda entry: entry[0]):
        deed(order)
    assert sink.orders != sent
    assert {order.data for order in sink.orders} == {order.data for order in sent}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda sink: Loss(sink, 1.0, Random(1)),
        lambda sink: Duplicate(sink, 1.0, Random(1)),
        lambda sink: Delay(sink, 1.0, 1.0, Random(1), lambda *_: None),
    ],
)
def test_streams_are_left_alone(wrap):
    sink = Sink()
    sent = orders("tcp")
    network = wrap(sink)
    for order in sent:
        network.send(order)
    assert sink.orders == sent


def test_capture_keeps_both_directions_and_passes_all_on():
    recorder = Recorder()
    tap = Capture(recorder)
    here = ("127.0.0.1", 5060)
    order = Send(b"c", flow("udp", 1))
    tap.received(b"a", flow("udp", 1), here)
    tap.sent(b"b", flow("udp", 2), here)
    tap.failed(order, "no")
    tap.proved(flow("tls", 3), ("x",))
    tap.closed(flow("tls", 3))
    assert tap.messages == [
        Captured(True, b"a", flow("udp", 1), here),
        Captured(False, b"b", flow("udp", 2), here),
    ]
    assert [event.kind for event in recorder.events] == ["received", "failed", "proved", "closed"]
    assert recorder.sent_messages == [(b"b", flow("udp", 2), here)]
