"""Run a node and note, every few milliseconds of its CPU time, what it is doing: `python -m bench.sampler OUT run …`.

A stage is found from the innermost frame outwards: the first file that belongs to one decides.
"""

import atexit
import json
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

from opentcf.cli import main

EVERY = 0.002
STAGES = (
    ("opentcf/transport/udp.py:send", "send"),
    ("opentcf/transport/udp.py:_read", "receive"),
    ("opentcf/transport/sockets.py", "send"),
    ("opentcf/runtime/trace.py", "trace"),
    ("opentcf/runtime/logs.py", "log"),
    ("structlog/", "log"),
    ("opentcf/runtime/runtime.py:write", "log"),
    ("opentcf/store/", "save"),
    ("opentcf/services/leg_record.py:write", "save"),
    ("opentcf/services/private_call/records.py:save", "save"),
    ("opentcf/sip/digest.py", "digest"),
    ("opentcf/sip/render.py", "render"),
    ("opentcf/sip/parse.py", "parse"),
    ("opentcf/sip/headers.py", "parse"),
    ("opentcf/sip/grammar.py", "parse"),
    ("opentcf/sip/uri.py", "parse"),
    ("opentcf/sip/transaction/", "transaction"),
    ("opentcf/sip/timers.py", "transaction"),
    ("opentcf/services/", "service"),
    ("opentcf/btrunc/", "service"),
    ("opentcf/model/", "service"),
    ("opentcf/node/", "service"),
    ("opentcf/runtime/loop.py", "loop"),
)
_stages: Counter[str] = Counter()
_lines: Counter[str] = Counter()


def _sample(number: int, frame: FrameType | None) -> None:
    innermost = True
    while frame is not None:
        code = frame.f_code
        where = f"{code.co_filename}:{code.co_name}"
        if innermost:
            _lines[f"{code.co_filename.rpartition('opentcf/')[2]}:{code.co_name}"] += 1
            innermost = False
        for part, stage in STAGES:
            if part in where:
                _stages[stage] += 1
                return
        frame = frame.f_back
    _stages["loop"] += 1


def _write(path: Path) -> None:
    signal.setitimer(signal.ITIMER_PROF, 0)
    path.write_text(json.dumps({"stages": _stages, "functions": dict(_lines.most_common(40))}, indent=1))


def _begin(number: int, frame: FrameType | None) -> None:
    """SIGUSR1: from now on."""
    _stages.clear()
    _lines.clear()
    signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)


if __name__ == "__main__":
    signal.signal(signal.SIGPROF, _sample)
    signal.signal(signal.SIGUSR1, _begin)
    atexit.register(_write, Path(sys.argv[1]).absolute())
    main(sys.argv[2:], prog_name="opentcf")
