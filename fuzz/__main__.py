"""Fuzz by coverage, the targets in turn, until the time is over or something was found.

What was found is in `.fuzz/TARGET-crash-…` (exit 1); `python -m fuzz --again FILE` plays it. What reached new lines is
in `.fuzz/TARGET`, and with `--keep` goes into the corpus of the repository, as far as no other reaches the same.
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

from fuzz.keep import keep
from fuzz.seeds import seeds, words
from fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
WORK = Path(".fuzz")
SHARES = {"node": 6}
"""Of the time; the others have one each."""
LONGEST = {"transaction": 400, "extension": 400, "sdp": 1_500, "xml": 1_500}
LONGEST_OTHER = 4_000
STATISTIC = re.compile(r"^stat::number_of_executed_units: (\d+)", re.MULTILINE)
TURN = 120.0
"""Seconds of one turn of one share at most."""


def main() -> int:
    """Do what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600.0, metavar="N", help="of all targets together")
    parser.add_argument(
        "--keep", action="store_true", help="only put what earlier runs reached into the corpus"
    )
    parser.add_argument("--again", type=Path, metavar="FILE", help="play what was found")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"only these: {', '.join(TARGETS)}")
    options = parser.parse_args()
    targets = options.targets or list(TARGETS)
    if any(target not in TARGETS for target in targets):
        parser.error(f"the targets are {', '.join(TARGETS)}")
    if options.again:
        TARGETS[options.again.name.partition("-")[0]](options.again.read_bytes())
        return 0
    for target in targets:
        prepare(target)
        if options.keep:
            print(f"{target}: {keep(target, WORK / target, CORPUS / target)} inputs in the corpus")
    return 0 if options.keep else fuzz(targets, options.seconds)


def prepare(target: str) -> None:
    """The seeds are in a folder, and the words in a file."""
    (CORPUS / target).mkdir(parents=True, exist_ok=True)
    (WORK / target).mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(target)):
        (WORK / target / f"seed{number:03}").write_bytes(seed)
    quoted = ("".join(f"\\x{byte:02x}" for byte in word.encode()) for word in words())
    (WORK / "words").write_text("".join(f'"{word}"\n' for word in quoted))


def fuzz(targets: list[str], seconds: float) -> int:
    """Turns of all targets, each by its shares. 1 when one found something."""
    shares = sum(SHARES.get(target, 1) for target in targets)
    turns = max(1, round(seconds / shares / TURN))
    executed = dict.fromkeys(targets, 0)
    for _ in range(turns):
        for target in targets:
            limit = seconds / turns * SHARES.get(target, 1) / shares
            code, units = run(
                target, f"-max_total_time={limit:.0f}", str(WORK / target), str(CORPUS / target)
            )
            executed[target] += units
            print(f"{target}: {executed[target]:,} executions", flush=True)
            if code:
                return 1
    return 0


def run(target: str, *arguments: str) -> tuple[int, int]:
    """One run of the engine: its exit code, and how many inputs it played."""
    longest = LONGEST.get(target, LONGEST_OTHER)
    command = [
        sys.executable,
        "-m",
        "fuzz.instrumented",
        target,
        *arguments,
        f"-max_len={longest}",
        "-timeout=20",
    ]
    command += [f"-dict={WORK / 'words'}", f"-artifact_prefix={WORK}/{target}-", "-print_final_stats=1"]
    with (WORK / f"{target}.log").open("w+b") as log:
        code = subprocess.run(command, stdout=log, stderr=log, env=os.environ, check=False).returncode
        log.seek(0)
        text = log.read().decode("utf-8", "replace")
    if code:
        print(text[-6000:])
    return code, max((int(found[1]) for found in STATISTIC.finditer(text)), default=0)


if __name__ == "__main__":
    sys.exit(main())
