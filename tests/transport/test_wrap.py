"""Bad networks, seeded."""

from pathlib import Path
from random import Random

import pytest
from tests.transport.recorder import Recorder, flow

from opentcf.sip.outbox import Flow, Send
from opentcf.transport.wrap import Capture, Captured, Delay, Duplicate, Impair, Loss


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


# --- as a file says


def impair(path: Path, text: str) -> None:
    """As whoever impairs a running node does it."""
    path.with_suffix(".new").write_text(text, "utf-8")
    path.with_suffix(".new").replace(path)


def to(host: str, transport: str = "udp") -> Send:
    return Send(b"x", Flow("tc2", transport, host, 5060))


def test_a_file_may_change_the_network_at_any_time(tmp_path):
    sink = Sink()
    path = tmp_path / "ways.toml"
    network = Impair(sink, path, lambda *_: None)
    ways = [to("127.0.0.2"), to("127.0.0.3"), to("127.0.0.3", "tcp")]
    passed = []
    for text in ("", '[way."127.0.0.3"]\nloss = 1.0', '[way."127.0.0.3"]\ncut = true', "loss = 1.0", ""):
        impair(path, text)
        for order in ways:
            network.send(order)
        passed.append([ways.index(order) for order in sink.orders])
        sink.orders.clear()
    path.unlink()
    network.send(ways[1])
    assert passed == [[0, 1, 2], [0, 2], [0], [0], [0, 1, 2]], "a file that cannot be read changes nothing"
    assert sink.orders == [ways[1]]


def test_a_way_may_be_bad_in_every_manner(tmp_path):
    sink = Sink()
    held = []
    path = tmp_path / "ways.toml"
    path.write_text('seed = 1\n[way."127.0.0.2"]\nloss = 0.5\ndouble = 1.0\ndelay = [0.1, 0.3]\n', "utf-8")
    network = Impair(sink, path, lambda delay, deed, order: held.append(delay))
    for _ in range(1000):
        network.send(to("127.0.0.2"))
    assert sink.orders == []
    assert 900 <= len(held) <= 1100
    assert all(0.1 <= delay <= 0.3 for delay in held)
