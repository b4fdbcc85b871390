"""The real tshark reads a capture file."""

import subprocess
from pathlib import Path

from tests.interop.programs import find, need

CHECKS = ["ip.check_checksum", "udp.check_checksum", "tcp.check_checksum"]


def tshark(file: Path, filter_: str, *fields: str, more: tuple[str, ...] = ()) -> list[list[str]]:
    """The fields of what passes a display filter; checksums are checked."""
    need("tshark")
    options = [word for check in CHECKS for word in ("-o", f"{check}:TRUE")]
    wanted = [word for field in fields for word in ("-e", field)]
    command = [find("tshark"), "-r", str(file), "-n", *options, *more, "-Y", filter_, "-T", "fields", *wanted]
    found = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return [line.split("\t") for line in found.stdout.splitlines()]


def complaints(file: Path, more: tuple[str, ...] = ()) -> list[list[str]]:
    """What is malformed, has a wrong checksum or breaks a stream."""
    bad = (
        "_ws.malformed || ip.checksum.status == 0 || udp.checksum.status == 0 || tcp.checksum.status == 0"
        " || tcp.analysis.flags || _ws.expert.severity >= warning"
    )
    return tshark(file, bad, "frame.number", "_ws.expert.message", "_ws.col.Info", more=more)
