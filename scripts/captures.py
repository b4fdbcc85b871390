"""Ladders as captures for Wireshark."""

from collections.abc import Mapping, Sequence

from scripts.ladder import Step

from opentcf.runtime.mask import Mask
from opentcf.runtime.pcapng import Capture, Packet

BEGIN = 1_767_225_600
"""2026-01-01 00:00 UTC: when the first ladder begins. Virtual time has no date of its own."""


def written(ladders: Mapping[str, Sequence[Step]]) -> bytes:
    """One file of all ladders, by title; each begins a minute or more after the one before. Secrets are masked."""
    capture, mask, begin = Capture(("OpenTCF",)), Mask(), BEGIN
    parts = [capture.head()]
    for title, told in ladders.items():
        first = told[0].at
        for step in told:
            data, at = mask.in_place(step.data), begin + step.at - first
            parts.append(capture.blocks(Packet(at, False, "udp", step.sender, step.receiver, data, title)))
        begin += 60 * (int(told[-1].at - first) // 60 + 1)
    return b"".join(parts)
