"""Datagrams over real sockets on loopback."""

import asyncio
import socket
import subprocess
import sys

import pytest
from tests.transport.recorder import Recorder, flow

from opentcf.node.settings import Listener
from opentcf.sip.outbox import Send
from opentcf.transport.interface import ListenError
from opentcf.transport.resolve import Resolver
from opentcf.transport.sockets import Sockets
from opentcf.transport.udp import BURST, UdpPort


async def test_a_datagram_comes_with_the_flow_that_answers_it(ends):
    async with (
        ends.open("udp:127.0.0.1") as (here, hears, (port,)),
        ends.open("udp:127.0.0.1", side="d") as (there, sees, (other,)),
    ):
        there.send(Send(b"hello", flow("udp", port, side="d")))
        event = await hears.next("received")
        assert (event.data, event.flow, event.detail) == (
            b"hello",
            flow("udp", other),
            ("127.0.0.1", port),
        )
        here.send(Send(b"answer", event.flow))
        assert (await sees.next("received")).data == b"answer"
        assert hears.sent_messages == [(b"answer", event.flow, ("127.0.0.1", port))]


async def test_ipv6(ends):
    async with ends.open("udp:::1") as (_, hears, (port,)), ends.open("udp:::1") as (there, _, _):
        there.send(Send(b"hello", flow("udp", port, "::1")))
        assert (await hears.next("received")).flow.host == "::1"


async def test_more_than_a_burst_arrives_whole_and_in_order(ends):
    count = 3 * BURST
    async with ends.open("udp:127.0.0.1") as (_, hears, (port,)), ends.open("udp:127.0.0.1") as (there, _, _):
        for number in range(count):
            there.send(Send(b"%d....." % number, flow("udp", port)))
        assert [(await hears.next("received")).data for _ in range(count)] == [
            b"%d....." % n for n in range(count)
        ]


KEEPS = """
import socket
from collections import deque
from pathlib import Path
from opentcf.transport.udp import BURST, UdpPort

class Ring:
    kept, copies = deque(maxlen=2_000), deque(maxlen=300)
    def received(self, data, flow, local):
        self.kept.append(data)
        self.copies.append(data[: len(data) * 2 // 3])

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

receiver, sender = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
receiver.bind(("127.0.0.1", 0))
receiver.setblocking(False)
port = UdpPort("d", receiver)
port._reports = Ring()
before = resident()
for number in range(20_000):
    sender.sendto(b"x" * (600 + number * 7919 % 600), port.local)
    port._read()
print((resident() - before) // 2**10)
"""


def test_datagrams_that_are_kept_leave_no_holes_in_the_heap():
    """A ring of 2,000 datagrams of 900 bytes, while others come and go, takes its 2 MB and a bit."""
    run = subprocess.run([sys.executable, "-c", KEEPS], check=True, capture_output=True, text=True)
    assert int(run.stdout) < 5_000


async def test_a_wake_up_reads_no_more_than_a_burst():
    recorder = Recorder()
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", 0))
    receiver.setblocking(False)
    port = UdpPort("d", receiver)
    for _ in range(BURST + 1):
        sender.sendto(b"hello", port.local)
    port._reports = recorder
    port._read()
    assert len(recorder.events) == BURST
    port._read()
    assert len(recorder.events) == BURST + 1
    sender.close()
    port.close()


@pytest.mark.parametrize("keep_alive", [b"", b"\r\n", b"\r\n\r\n", b"\0\0\0\0"])
async def test_keep_alives_stop_here(ends, keep_alive):
    async with ends.open("udp:127.0.0.1") as (_, hears, (port,)), ends.open("udp:127.0.0.1") as (there, _, _):
        for data in (keep_alive, b"hello"):
            there.send(Send(data, flow("udp", port)))
        assert (await hears.next("received")).data == b"hello"


@pytest.mark.parametrize(
    ("data", "port", "host", "error"),
    [
        (b"x" * 70_000, 5060, "127.0.0.1", "message too long"),
        (b"x", 0, "127.0.0.1", "invalid argument"),
        (b"x", 70_000, "127.0.0.1", "port"),
        (b"x", 5060, "::1", "[tc2] listens on no udp: address of IPv6"),
        (b"x", 5060, "255.255.255.255", "permission denied"),
    ],
)
async def test_what_cannot_be_sent_is_reported(ends, data, port, host, error):
    async with ends.open("udp:127.0.0.1") as (here, hears, _):
        order = Send(data, flow("udp", port, host), "transaction")
        here.send(order)
        event = await hears.next("failed")
        assert error in str(event.detail)
        assert hears.sent_messages == []


async def test_a_side_without_a_listener(ends):
    async with ends.open("udp:127.0.0.1") as (here, hears, _):
        here.send(Send(b"x", flow("udp", 5060, side="d")))
        assert (await hears.next("failed")).detail == "[d] listens on no udp: address of IPv4"


async def test_of_two_listeners_the_one_that_was_spoken_to_answers(ends):
    async with (
        ends.open("udp:127.0.0.1", "udp:127.0.0.2") as (here, hears, ports),
        ends.open("udp:127.0.0.1") as (there, sees, _),
    ):
        for host, port in zip(("127.0.0.1", "127.0.0.2"), ports, strict=True):
            there.send(Send(b"hello", flow("udp", port, host)))
            event = await hears.next("received")
            here.send(Send(b"answer", event.flow))
            answer = await sees.next("received")
            assert (answer.flow.host, answer.flow.port) == (host, port)


class Busy(socket.socket):
    """A socket whose kernel buffer is full for the first three attempts."""

    refusals = 3

    def sendto(self, *arguments):
        if self.refusals:
            self.refusals -= 1
            raise BlockingIOError
        return super().sendto(*arguments)


async def test_datagrams_wait_for_the_kernel_and_keep_their_order(ends):
    async with ends.open("udp:127.0.0.1") as (_, hears, (port,)):
        sock = Busy(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", 0))
        sock.setblocking(False)
        sender = UdpPort("d", sock)
        sender.start(Recorder())
        for number in range(5):
            sender.send(Send(b"%d....." % number, flow("udp", port)))
        assert [(await hears.next("received")).data for _ in range(5)] == [b"%d....." % n for n in range(5)]
        sender.close()


def test_a_port_in_use_gets_one_line():
    sockets = Sockets(Resolver())
    port = sockets.bind("d", Listener("udp", "127.0.0.1", 0)).port
    with pytest.raises(
        ListenError, match=rf"^cannot listen on udp:127.0.0.1:{port}: address already in use$"
    ):
        sockets.bind("d", Listener("udp", "127.0.0.1", port))
    port = sockets.bind("d", Listener("tcp", "::1", 0)).port
    with pytest.raises(ListenError, match=rf"^cannot listen on tcp:\[::1\]:{port}: address already in use$"):
        sockets.bind("d", Listener("tcp", "::1", port))
    with pytest.raises(
        ListenError, match=r"^cannot listen on udp:192.0.2.1:5060: cannot assign requested address$"
    ):
        sockets.bind("d", Listener("udp", "192.0.2.1", 5060))
    asyncio.run(sockets.close())
