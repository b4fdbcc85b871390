"""Captures that the real tshark reads without a complaint."""

import pytest
from tests.tshark import complaints, tshark

from opentcf.runtime.pcapng import Capture, Packet

pytestmark = pytest.mark.interop
A, B = ("127.0.1.1", 5060), ("127.0.2.1", 5060)
SIX = ("::1", 5060), ("2001:db8::2", 5060)


def message(call: str, body: str = "") -> bytes:
    head = (
        "MESSAGE sip:2001@core2.example SIP/2.0\r\n"
        "Via: SIP/2.0/UDP 127.0.1.1;branch=z9hG4bK-1\r\nMax-Forwards: 70\r\n"
        f"From: <sip:1001@core1.example>;tag=a\r\nTo: <sip:2001@core2.example>\r\nCall-ID: {call}\r\n"
        f"CSeq: 1 MESSAGE\r\nContent-Type: text/plain\r\nContent-Length: {len(body.encode())}\r\n\r\n"
    )
    return (head + body).encode()


def written(path, packets, nodes=("core1.example",)):
    capture = Capture(nodes)
    path.write_bytes(capture.head() + b"".join(map(capture.blocks, packets)))
    return path


def calls(path) -> list[str]:
    return [row[0] for row in tshark(path, "sip", "sip.Call-ID")]


def test_datagrams_of_both_families_and_of_odd_lengths(tmp_path):
    packets = [
        Packet(1.5 + n, n % 2 == 0, "udp", *ends, message(f"c{n}", "x" * n))
        for n, ends in enumerate([(A, B), (B, A), SIX, SIX[::-1], (A, B)])
    ]
    packets.append(Packet(9.0, True, "udp", A, B, message("long", "y" * 60_000)))
    path = written(tmp_path / "udp.pcapng", packets)
    assert complaints(path) == []
    assert calls(path) == ["c0", "c1", "c2", "c3", "c4", "long"]
    assert tshark(path, "sip", "frame.time_epoch", "udp.srcport", "ip.src")[0] == [
        "1.500000000", "5060", "127.0.1.1",
    ]  # fmt: skip


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_streams_are_put_together(tmp_path, transport):
    """A long message takes several segments; the next one follows it in the stream."""
    one, two = ("127.0.1.1", 40_001), ("127.0.2.1", 5061 if transport == "tls" else 5060)
    datas = [message("a"), message("b", "z" * 100_000), message("c"), message("d")]
    ends = [(one, two), (one, two), (two, one), (one, two)]
    packets = [
        Packet(float(n), False, transport, *where, data) for n, (where, data) in enumerate(zip(ends, datas))
    ]
    path = written(tmp_path / "tcp.pcapng", packets)
    decode = ("-d", "tcp.port==5061,sip") if transport == "tls" else ()
    assert complaints(path, decode) == []
    assert [row[0] for row in tshark(path, "sip", "sip.Call-ID", more=decode)] == ["a", "b", "c", "d"]
    said = {row[0] for row in tshark(path, "frame", "frame.comment")}
    assert said == ({"decrypted from TLS"} if transport == "tls" else {""})


def test_nodes_are_interfaces(tmp_path):
    packets = [
        Packet(1.0, False, "udp", A, B, message("x"), "OnlineCallID abc"),
        Packet(1.1, True, "udp", A, B, message("y"), interface=1),
    ]
    path = written(tmp_path / "two.pcapng", packets, ("core1.example", "core2.example"))
    rows = tshark(path, "sip", "frame.interface_name", "frame.packet_flags_direction", "frame.comment")
    assert rows == [["core1.example", "0x00000002", "OnlineCallID abc"], ["core2.example", "0x00000001", ""]]
