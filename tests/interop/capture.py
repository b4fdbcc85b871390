"""tshark: a capture of the loopback, and what Wireshark's dissectors think of it."""

import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.interop.network import D_PORT, TC2_PORT, network_prefix, new_host
from tests.interop.programs import Program, find, need, wait_until

DECODE = [f"udp.port=={D_PORT},sip", f"tcp.port=={D_PORT},sip"]
MARKER_PORT = 9


class Capture:
    """Records what `hosts` (a capture filter) say over SIP, until `end`; else this test process's part of 127/8."""

    def __init__(self, folder: Path, hosts: str = "") -> None:
        need("tshark")
        self.file = folder / "capture.pcapng"
        sip = f"({hosts}) and (port {TC2_PORT} or port {D_PORT})" if hosts else f"net {network_prefix()}"
        self._markers: Iterator[str] = iter((new_host(), new_host()))
        command = [
            "tshark",
            "-i",
            "lo",
            "-f",
            f"({sip}) or (net {network_prefix()} and port {MARKER_PORT})",
            "-w",
            str(self.file),
            "-P",
            "-l",
            "-n",
        ]
        self.program = Program("tshark", command, folder)
        self._marker = next(self._markers)
        wait_until(self._sees_marker, f"tshark captures: {self.program.output}")

    def end(self) -> None:
        """Everything sent until now is in the file."""
        self._marker = next(self._markers)
        wait_until(self._sees_marker, "tshark wrote all")
        self.program.stop(signal.SIGINT)

    def read(self, filter_: str, *fields: str, decode: list[str] | None = None) -> list[list[str]]:
        """The fields of the messages that pass a display filter."""
        command = [
            find("tshark"),
            "-r",
            str(self.file),
            "-n",
            "-Y",
            filter_,
            "-T",
            "fields",
            "-E",
            "separator=/t",
        ]
        for entry in DECODE + (decode or []):
            command += ["-d", entry]
        for name in fields:
            command += ["-e", name]
        found = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        return [line.split("\t") for line in found.stdout.splitlines()]

    def complaints(self, decode: list[str] | None = None) -> list[str]:
        """Malformed messages, and expert warnings and errors of SIP and SDP, one line each."""
        bad = "(sip || sdp) && (_ws.malformed || _ws.expert.severity >= warning)"
        rows = self.read(
            bad, "frame.number", "sip.Request-Line", "sip.Status-Line", "_ws.expert.message", decode=decode
        )
        return [" | ".join(filter(None, row)) for row in rows]

    def _sees_marker(self) -> bool:
        assert self.program.running, self.program.output
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"marker", (self._marker, MARKER_PORT))
        return re.search(rf" {re.escape(self._marker)} ", self.program.output) is not None
