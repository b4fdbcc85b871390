"""The commands of a page of the manual, run as its reader would run them."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
PATIENCE = 30.0


class Block(NamedTuple):
    """`kind` is `sh`, `text` (what the commands before it print) or the kind of the file `title`."""

    kind: str
    title: str
    text: str


def blocks(page: Path) -> list[Block]:
    """All of a page, in order."""
    return [Block(*found) for found in BLOCK.findall(page.read_text("utf-8"))]


def patterns(text: str) -> Iterator[re.Pattern[str]]:
    """One for each line: `…` is anything, blanks are as many as you like."""
    for line in filter(None, text.splitlines()):
        parts = [r"\s+".join(map(re.escape, part.split())) for part in line.split("…")]
        yield re.compile(r"\s*.*".join(parts))


class Shell:
    """A bash that is fed block by block. What runs in its background dies with it."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._bash = subprocess.Popen(
            ["timeout", str(PATIENCE * 8), "bash", "-u"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
        )
        self._said: list[str] = []

    def run(self, commands: str, printed: str) -> None:
        """Run them; each must succeed, and every line of `printed` must appear, in whatever order."""
        assert self._bash.stdin
        self._bash.stdin.write(f"set -e\n{commands}\nset +e; echo DONE\n")
        self._bash.stdin.flush()
        missing = [*patterns(printed), re.compile("^DONE$")]
        seen: list[str] = []
        while missing:
            line = self._line(missing, seen)
            seen.append(line)
            missing = [one for one in missing if not one.search(line)]

    def _line(self, missing: list[re.Pattern[str]], seen: list[str]) -> str:
        assert self._bash.stdout
        line = self._bash.stdout.readline()
        assert line, f"never printed: {[one.pattern for one in missing]}\nprinted:\n{''.join(seen)}"
        return line

    def end(self) -> None:
        """End it and all that it started."""
        self._bash.terminate()
        self._bash.communicate(timeout=PATIENCE)
