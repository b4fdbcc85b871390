"""Real programs as test partners: found or skipped, watched by what they print, and always ended."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn, TypeVar

import pytest

T = TypeVar("T")
PATIENCE = 30.0
"""Seconds that a condition may take before the test fails."""


def need(*programs: str) -> None:
    """Skip the test when a program is missing; in CI that is a failure."""
    missing = [name for name in programs if not is_installed(name)]
    if missing:
        lacking(f"{', '.join(missing)} not installed (Debian: apt install {' '.join(missing)})")


def lacking(line: str) -> NoReturn:
    """Skip the test for what is not installed; in CI that is a failure."""
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(line)
    pytest.skip(line)


def is_installed(program: str) -> bool:
    """Is it at hand?"""
    return shutil.which(program, path=_search_path()) is not None


def find(program: str) -> str:
    """The path of a program, /usr/sbin included."""
    return shutil.which(program, path=_search_path()) or program


def _search_path() -> str:
    return os.environ.get("PATH", os.defpath) + os.pathsep + "/usr/sbin"


def wait_until(condition: Callable[[], T | None], what: str, seconds: float = PATIENCE) -> T:
    """Ask again and again, until it holds; AssertionError naming `what` when it does not within `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.02)


def _end_with_parent() -> list[str]:
    """Words before a command that make the kernel end it should the test process be killed (Linux)."""
    setpriv = shutil.which("setpriv", path=_search_path())
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []


class Program:
    """A process in a group of its own, its output in a file. `name` is for messages."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.killed = False
        self.leaving = False
        self.output_file = folder / f"{name}.out"
        with self.output_file.open("ab") as output:
            self.process = subprocess.Popen(
                [*_end_with_parent(), find(command[0]), *command[1:]],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        """All that it printed."""
        return self.output_file.read_text("utf-8", "replace")

    @property
    def running(self) -> bool:
        """Not ended yet."""
        return self.process.poll() is None

    def wait_for(self, pattern: str, seconds: float = PATIENCE, *, count: int = 1) -> re.Match[str]:
        """Until `pattern` stands `count` times in its output; the last of them."""

        def found() -> re.Match[str] | None:
            matches = list(re.finditer(pattern, self.output, re.MULTILINE))
            if len(matches) < count:
                assert self.running, f"{self.name} ended ({self.process.returncode}):\n{self.report()}"
                return None
            return matches[count - 1]

        try:
            match = wait_until(found, pattern, seconds)
        except AssertionError as error:
            raise AssertionError(f"{self.name}: {error}\n{self.report()}") from None
        assert match is not None
        return match

    def say(self, text: str) -> None:
        """Type at it."""
        assert self.process.stdin
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def exit_code(self, seconds: float = PATIENCE) -> int:
        """Wait for its end."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} does not end:\n{self.report()}") from None

    def report(self) -> str:
        """What helps to understand a failure."""
        return self.output[-8000:]

    def tell(self, number: signal.Signals) -> None:
        """Send a signal to the whole group, SIGTERM only once: a second one means hurry."""
        if self.running and not (self.leaving and number is signal.SIGTERM):
            os.killpg(self.process.pid, number)
        self.leaving = self.leaving or number is signal.SIGTERM

    def kill(self) -> None:
        """`kill -9`."""
        self.killed = self.killed or self.running
        self.tell(signal.SIGKILL)
        self.process.wait()

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 10.0) -> int:
        """End it politely, then surely. Returns the exit code."""
        if self.running:
            self.tell(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
        self.kill()
        if self.process.stdin:
            self.process.stdin.close()
        return self.process.returncode
