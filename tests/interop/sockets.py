"""Which local sockets are open, read from the kernel: to know that a program listens before one talks to it."""

import ipaddress
import socket
import sys
from pathlib import Path

LISTENING = {"udp": "07", "tcp": "0A"}


def is_bound(transport: str, host: str, port: int) -> bool:
    """Does a socket wait at this very address?"""
    family = "6" if ":" in host else ""
    wanted = f"{_kernel_form(host)}:{port:04X}"
    lines = Path(f"/proc/net/{transport}{family}").read_text().splitlines()[1:]
    return any(fields[1] == wanted and fields[3] == LISTENING[transport] for fields in map(str.split, lines))


def free_port(host: str) -> int:
    """A port that is free for UDP and TCP at this address now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        with (
            socket.socket(family, socket.SOCK_STREAM) as stream,
            socket.socket(family, socket.SOCK_DGRAM) as datagrams,
        ):
            stream.bind((host, 0))
            port: int = stream.getsockname()[1]
            try:
                datagrams.bind((host, port))
            except OSError:
                continue
            return port


def has_ipv6() -> bool:
    """Does ::1 work here?"""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def _kernel_form(host: str) -> str:
    packed = ipaddress.ip_address(host).packed
    words = (packed[start : start + 4] for start in range(0, len(packed), 4))
    return "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)
