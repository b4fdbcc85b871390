"""Programs under measurement: pinned to a core, their CPU time and memory read from /proc, always ended."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

SERVER_CORE, SIPP_CORE = 0, 1
PATIENCE = 20.0
_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_NET = 20 + os.getpid() % 40


def host(number: int) -> str:
    """A loopback address of its own for each server of this run."""
    return f"127.{_NET}.{number}.1"


def find(program: str) -> str | None:
    """The path of a program, /usr/sbin included."""
    return shutil.which(program, path=os.environ.get("PATH", os.defpath) + os.pathsep + "/usr/sbin")


def wait_until(condition: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Ask again and again; RuntimeError when it does not hold in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.02)


class Program:
    """A process in a session of its own on one core, its output in a file."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        core: int,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.output_file = folder / f"{name}.out"
        with self.output_file.open("ab") as output:
            self.process = subprocess.Popen(
                ["taskset", "-c", str(core), *command],
                stdin=subprocess.DEVNULL,
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

    def wait_for(self, text: str) -> None:
        """Until it printed `text`."""

        def printed() -> bool:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended ({self.process.returncode}): {self.output[-2000:]}")
            return text in self.output

        wait_until(printed, f"{self.name} prints {text!r}")

    def cpu(self) -> float:
        """User and system seconds of all processes of its session."""
        return sum(int(fields[11]) + int(fields[12]) for fields in self._stats()) / _TICK

    def memory(self) -> int:
        """Resident bytes of all processes of its session."""
        return sum(int(fields[21]) for fields in self._stats()) * _PAGE

    def _stats(self) -> list[list[str]]:
        """The fields of /proc/PID/stat behind the name, of each process of the session."""
        found = []
        for path in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                fields = path.read_text().rpartition(")")[2].split()
                if int(fields[3]) == self.process.pid:
                    found.append(fields)
        return found

    def wait(self, seconds: float) -> int:
        """Its exit code."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.stop()
            raise RuntimeError(f"{self.name} did not end within {seconds:.0f} s") from None

    def stop(self) -> None:
        """End it politely, then surely."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.process.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(self.process.pid, number)
                with suppress(subprocess.TimeoutExpired):
                    self.process.wait(10)


@contextmanager
def stopped_on_failure(programs: Sequence[Program]) -> Iterator[None]:
    """A chain that does not come up leaves nothing behind."""
    try:
        yield
    except BaseException:
        for program in programs:
            program.stop()
        raise


def bound(where: str, port: int) -> bool:
    """Does a UDP socket wait at this address?"""
    packed = bytes(map(int, where.split(".")))
    wanted = f"{int.from_bytes(packed, 'little'):08X}:{port:04X}"
    return any(line.split()[1] == wanted for line in Path("/proc/net/udp").read_text().splitlines()[1:])
