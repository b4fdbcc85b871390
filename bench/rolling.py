"""Rolling restarts of four nodes under load: is a call lost, and how long is a node away?"""

from collections.abc import Callable
from pathlib import Path
from statistics import median

from tests.interop.rolling import Found, four, roll
from tests.transport.conftest import make_certificates

TRANSPORTS = ("udp", "tcp", "tls")


def measure(folder: Path, rounds: int, note: Callable[[str], None]) -> dict[str, Found]:
    """Per transport between the nodes; each of the four is restarted `rounds` times."""
    found = {}
    for transport in TRANSPORTS:
        note(f"rolling restart over {transport}")
        home = folder / transport
        home.mkdir(parents=True)
        certificates = make_certificates(home) if transport == "tls" else None
        network = four(home, transport, certificates)
        try:
            network.start()
            found[transport] = roll(network, rounds, standing=8, short=4)
        finally:
            network.stop()
    return found


def table(found: dict[str, Found]) -> str:
    """For docs/reliability.md."""
    heads = ("between nodes", "restarts", "node away: median, longest", "standing calls", "lost", "grants",
             "short calls: 200", "503", "other")  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"]
    lines += [_row(transport, each) for transport, each in found.items()]
    return "\n".join(lines) + "\n"


def _row(transport: str, found: Found) -> str:
    other = sum(found.short.values()) - found.short[200] - found.short[503]
    away = f"{median(found.away):.1f} s, {max(found.away):.1f} s"
    cells = (
        len(found.away),
        away,
        found.standing,
        found.lost,
        found.talks,
        found.short[200],
        found.short[503],
        other,
    )
    return f"| {transport} | {' | '.join(map(str, cells))} |"
