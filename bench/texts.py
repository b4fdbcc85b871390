"""Short data over one hop and over a chain of four, beside Kamailio that relays the same MESSAGE statefully."""

from collections.abc import Callable
from pathlib import Path

from bench import calls
from bench.calls import Sample
from bench.servers import Kamailio, OpenTcf, Servers, missing_kamailio

RATES = {
    "one hop": {"OpenTCF": (400.0, 800.0, 1600.0, 3200.0), "Kamailio": (800.0, 1600.0, 3200.0)},
    "chain of four": {"OpenTCF": (100.0, 200.0, 400.0), "Kamailio": (200.0, 400.0, 800.0)},
}
"""Texts a second that are tried, each the double of the one before."""
HOPS = {"one hop": 1, "chain of four": 4}
Note = Callable[[str], None]


def measure(
    path: str, folder: Path, rounds: int, seconds: float, note: Note
) -> tuple[dict[tuple[str, float], list[Sample]], list[str]]:
    """Every rate of every program, in turn, `rounds` times; and why some are not measured."""
    hops, lacking = HOPS[path], missing_kamailio()
    makers: dict[str, Callable[[Path], Servers]] = {"OpenTCF": lambda place: OpenTcf(place, hops)}
    if not lacking:
        makers["Kamailio"] = lambda place: Kamailio(place, hops, hops > 1)
    samples: dict[tuple[str, float], list[Sample]] = {}
    for number in range(rounds):
        for name, make in makers.items():
            with calls.running(make, folder, "read") as servers:
                for rate in RATES[path][name]:
                    note(f"texts, {path}, {name}, {rate:g}/s, round {number + 1}")
                    sample = calls.measure(servers, folder, rate, seconds, "text")
                    samples.setdefault((name, rate), []).append(sample)
    return samples, [lacking] if lacking else []
