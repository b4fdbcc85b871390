"""Where the time of a TCF goes, stage by stage."""

import json
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from bench import calls
from bench.servers import OpenTcf

MESSAGES = 13
"""Messages in and out of one hop for a call: INVITE 100 INVITE 180 180 200 ACK 200 ACK BYE 200 BYE 200."""


class Profile(NamedTuple):
    """`stages` and `functions` are shares of the CPU time; `cpu` is microseconds a message, sampling included."""

    cpu: float
    stages: Mapping[str, float]
    functions: Mapping[str, float]


def measure(folder: Path, rate: float, seconds: float) -> Profile:
    """Calls over one hop while the node samples itself."""
    out = folder.with_suffix(".json")
    root = Path(__file__).parent.parent
    launcher = ("env", f"PYTHONPATH={root}", sys.executable, "-m", "bench.sampler", str(out))
    with calls.running(lambda place: OpenTcf(place, 1, launcher), folder) as servers:
        calls.measure(servers, folder, rate, 2)
        servers.programs[0].process.send_signal(signal.SIGUSR1)
        sample = calls.measure(servers, folder, rate, seconds)
    found = json.loads(out.read_text())
    total = sum(found["stages"].values())
    return Profile(
        sample.cpu / sample.load.succeeded / MESSAGES * 1e6,
        {name: count / total for name, count in found["stages"].items()},
        {name: count / total for name, count in found["functions"].items()},
    )
