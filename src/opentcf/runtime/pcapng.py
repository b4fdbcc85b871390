"""Captures for Wireshark: SIP messages as Ethernet frames with their real addresses (draft-ietf-opsawg-pcapng).

What TLS carried is written as plain TCP on its port, and a comment says so.
"""

import struct
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

from opentcf.transport.interface import Local

_SECTION, _INTERFACE, _PACKET = 0x0A0D0D0A, 1, 6
_COMMENT, _APPLICATION, _NAME, _FLAGS = 1, 4, 2, 2
_ETHERNET = 1
_INBOUND, _OUTBOUND = 1, 2
_UDP, _TCP = 17, 6
_PUSH_ACK = 0x18
_SEGMENT = 32_768
_DIRECTED = struct.pack("<I", _INBOUND), struct.pack("<I", _OUTBOUND)

Address = IPv4Address | IPv6Address


class Packet(NamedTuple):
    """One SIP message as a node saw it, from `source` to `target`. `interface` is the number of the node."""

    time: float
    incoming: bool
    transport: str
    source: Local
    target: Local
    data: bytes
    comment: str = ""
    interface: int = 0


class Capture:
    """Writes one file: `head`, then `blocks` for each packet. Each of the `nodes` is an interface."""

    def __init__(self, nodes: Sequence[str]) -> None:
        self._nodes = nodes
        self._sent: dict[tuple[Local, Local], int] = {}
        self._count = 0

    def head(self) -> bytes:
        """The section and its interfaces."""
        section = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + _options((_APPLICATION, b"OpenTCF"))
        interfaces = (
            struct.pack("<HHI", _ETHERNET, 0, 0) + _options((_NAME, name.encode())) for name in self._nodes
        )
        return _block(_SECTION, section) + b"".join(_block(_INTERFACE, body) for body in interfaces)

    def blocks(self, packet: Packet) -> bytes:
        """A message: one datagram, or as many TCP segments as it needs."""
        options = [(_FLAGS, _DIRECTED[not packet.incoming])]
        if comment := _comment(packet):
            options.insert(0, (_COMMENT, comment.encode()))
        stamp, written = int(packet.time * 1_000_000), b""
        for frame in self._frames(packet):
            head = struct.pack(
                "<IIIII", packet.interface, stamp >> 32, stamp & 0xFFFFFFFF, len(frame), len(frame)
            )
            written += _block(_PACKET, head + _padded(frame) + _options(*options))
        return written

    # --- inside

    def _frames(self, packet: Packet) -> Iterator[bytes]:
        source, target = _address(packet.source[0]), _address(packet.target[0])
        ports = struct.pack("!HH", packet.source[1], packet.target[1])
        if packet.transport == "udp":
            yield self._frame(source, target, _UDP, _udp(source, target, ports, packet.data))
            return
        for at in range(0, len(packet.data), _SEGMENT):
            segment = packet.data[at : at + _SEGMENT]
            numbers = self._numbers(packet.source, packet.target, len(segment))
            yield self._frame(source, target, _TCP, _tcp(source, target, ports + numbers, segment))

    def _numbers(self, source: Local, target: Local, size: int) -> bytes:
        """Sequence and acknowledgement numbers, as if the stream began with its first message here."""
        sent = self._sent.get((source, target), 1)
        self._sent[source, target] = (sent + size) & 0xFFFFFFFF
        return struct.pack("!II", sent, self._sent.get((target, source), 1))

    def _frame(self, source: Address, target: Address, protocol: int, segment: bytes) -> bytes:
        self._count += 1
        stations = b"\x02\x00" + target.packed[-4:] + b"\x02\x00" + source.packed[-4:]
        if source.version == 6:
            head = struct.pack("!IHBB", 6 << 28, len(segment), protocol, 64) + source.packed + target.packed
            return stations + b"\x86\xdd" + head + segment
        start = struct.pack(
            "!BBHHHBB", 0x45, 0, 20 + len(segment), self._count & 0xFFFF, 0x4000, 64, protocol
        )
        addresses = source.packed + target.packed
        check = struct.pack("!H", _checksum(start + b"\0\0" + addresses))
        return stations + b"\x08\x00" + start + check + addresses + segment


def _comment(packet: Packet) -> str:
    inside = "decrypted from TLS" if packet.transport == "tls" else ""
    return "; ".join(filter(None, (packet.comment, inside)))


def _address(host: str) -> Address:
    """A literal, its zone left out."""
    return ip_address(host.partition("%")[0])


def _udp(source: Address, target: Address, ports: bytes, data: bytes) -> bytes:
    head = ports + struct.pack("!H", 8 + len(data))
    check = _checksum(_pseudo(source, target, _UDP, 8 + len(data)) + head + b"\0\0" + data) or 0xFFFF
    return head + struct.pack("!H", check) + data


def _tcp(source: Address, target: Address, head: bytes, data: bytes) -> bytes:
    head += struct.pack("!BBH", 5 << 4, _PUSH_ACK, 0xFFFF)
    check = _checksum(_pseudo(source, target, _TCP, 20 + len(data)) + head + b"\0\0\0\0" + data)
    return head + struct.pack("!HH", check, 0) + data


def _pseudo(source: Address, target: Address, protocol: int, length: int) -> bytes:
    """What the checksum covers besides (RFC 768, RFC 9293 §3.1, RFC 8200 §8.1)."""
    if source.version == 6:
        return source.packed + target.packed + struct.pack("!II", length, protocol)
    return source.packed + target.packed + struct.pack("!HH", protocol, length)


def _checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071): 2^16 is 1 modulo 65535, so the whole is one big number modulo that."""
    data += b"\0" * (len(data) % 2)
    return 0xFFFF - int.from_bytes(data, "big") % 0xFFFF


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)


def _options(*options: tuple[int, bytes]) -> bytes:
    body = b"".join(struct.pack("<HH", code, len(value)) + _padded(value) for code, value in options)
    return body + struct.pack("<HH", 0, 0)


def _block(kind: int, body: bytes) -> bytes:
    size = struct.pack("<I", 12 + len(body))
    return struct.pack("<I", kind) + size + body + size
