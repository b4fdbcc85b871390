"""Copies for Homer, as a receiver of HEP3 reads them."""

import asyncio
import socket
import struct

import pytest

from opentcf.runtime.config import ConfigError, load_config
from opentcf.runtime.hep import HepSender, Homer
from opentcf.runtime.mask import Mask
from opentcf.runtime.runtime import Runtime
from opentcf.runtime.trace import Trace
from opentcf.sip.outbox import Flow

FLOW = Flow("tc2", "udp", "127.0.2.1", 5060)
LOCAL = ("127.0.1.1", 5060)
SIX = Flow("d", "tls", "2001:db8::2", 40_000, 7), ("2001:db8::1", 5061)


def invite(call: str, extension: str) -> bytes:
    return (
        "INVITE sip:2001@core2.example SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.1.1;branch=z9hG4bK-1\r\n"
        "From: <sip:1001@core1.example>;tag=a\r\nTo: <sip:2001@core2.example>\r\nMax-Forwards: 70\r\n"
        f'Call-ID: {call}\r\nCSeq: 1 INVITE\r\nAuthorization: Digest username="1001", response="cafe"\r\n'
        f"{extension}Content-Length: 0\r\n\r\n"
    ).encode()


class Collector(asyncio.DatagramProtocol):
    """Receives HEP3. It reads it by the format's own words, not by ours."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.queue.put_nowait(data)

    async def next(self) -> dict[int, bytes]:
        data = await self.queue.get()
        assert data[:4] == b"HEP3"
        assert int.from_bytes(data[4:6], "big") == len(data)
        chunks, at = {}, 6
        while at < len(data):
            vendor, kind, length = struct.unpack_from("!HHH", data, at)
            assert vendor == 0
            chunks[kind] = data[at + 6 : at + length]
            at += length
        return chunks


async def collector() -> tuple[Collector, int]:
    transport, found = await asyncio.get_running_loop().create_datagram_endpoint(
        Collector, local_addr=("127.0.0.1", 0)
    )
    return found, transport.get_extra_info("sockname")[1]


def traced() -> Trace:
    trace = Trace(1_000_000)
    trace.add(True, invite("x", "Ptt-Extension: pttcall;OnlineCallID=abc\r\n"), FLOW, LOCAL)
    trace.add(False, invite("y", ""), *SIX)
    return trace


async def test_a_collector_gets_each_message_with_its_call():
    found, port = await collector()
    sender = HepSender(Homer("127.0.0.1", port, 7, "geheim"), "core1.example", traced(), Mask())
    sender.start()
    one, two = await found.next(), await found.next()
    await sender.close()
    assert one[1] + one[2] + one[11] == bytes([2, 17, 1])
    assert (socket.inet_ntoa(one[3]), socket.inet_ntoa(one[4])) == ("127.0.2.1", "127.0.1.1")
    assert (one[7], one[8]) == (struct.pack("!H", 5060),) * 2
    assert (one[12], one[14], one[17], one[19]) == (b"\0\0\0\7", b"geheim", b"abc", b"core1.example")
    assert b'response="****"' in one[15]
    assert two[1] + two[2] == bytes([10, 6])
    assert socket.inet_ntop(socket.AF_INET6, two[5]) == "2001:db8::1"
    assert 17 not in two


async def test_a_message_longer_than_a_datagram_is_cut():
    found, port = await collector()
    trace = Trace(1_000_000)
    trace.add(True, b"x" * 65_530, FLOW, LOCAL)
    sender = HepSender(Homer("127.0.0.1", port), "core1.example", trace, Mask())
    sender.start()
    assert len((await found.next())[15]) > 65_000
    await sender.close()


async def test_a_name_of_a_call_longer_than_a_chunk_stops_no_copies():
    found, port = await collector()
    trace = Trace(1_000_000)
    sender = HepSender(Homer("127.0.0.1", port), "core1.example", trace, Mask())
    sender.start()
    trace.add(True, invite("a", f"Ptt-Extension: pttcall;OnlineCallID={'x' * 66_000}\r\n"), FLOW, LOCAL)
    assert 17 not in await found.next()
    trace.add(True, invite("b", "Ptt-Extension: pttcall;OnlineCallID=1\r\n"), FLOW, LOCAL)
    assert (await found.next())[17] == b"1"
    await sender.close()


async def test_a_node_copies_what_it_says(tmp_path):
    found, port = await collector()
    path = tmp_path / "core1.toml"
    path.write_text(
        '[tcf]\ndomain = "core1.example"\n[tc2]\nlisten = ["udp:127.0.0.1:0"]\n[store]\nurl = "memory:"\n'
        f'[[peer]]\ndomain = "core2.example"\naddress = "udp:127.0.0.9:5999"\n[trace]\nhep = "udp:127.0.0.1:{port}"\n'
    )
    runtime = Runtime(load_config(path))
    await runtime.start()
    chunks = await found.next()
    await runtime.close()
    assert chunks[15].startswith(b"OPTIONS sip:core2.example")
    assert chunks[19] == b"core1.example"


@pytest.mark.parametrize("where", ["tcp:127.0.0.1:9060", "127.0.0.1"])
def test_homer_is_reached_by_udp_only(tmp_path, where):
    path = tmp_path / "core1.toml"
    path.write_text(
        f'[tcf]\ndomain = "core1.example"\n[d]\nlisten = ["udp:127.0.0.1:0"]\n[trace]\nhep = "{where}"\n'
    )
    with pytest.raises(ConfigError, match=r"core1.toml:6: trace.hep: .* is not udp:"):
        load_config(path)
