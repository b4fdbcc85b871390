"""A node of a run: a real `opentcf run` process, and what its API tells."""

import asyncio
import contextlib
import http.client
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from opentcf.chaos.cast import name
from opentcf.chaos.configuration import HTTP_PORT

START_SECONDS, STOP_SECONDS, ASK_SECONDS = 60.0, 1.0, 10.0


class ChaosError(Exception):
    """The run itself cannot go on: one line."""


class Node:
    """`prefix` are words before the command, which put it into its network; `host` is where its API listens."""

    def __init__(self, core: int, folder: Path, host: str, token: str, prefix: Sequence[str] = ()) -> None:
        self.core = core
        self.name = name(core)
        self.host = host
        self.log = folder / f"{self.name}.log"
        self.config = folder / f"{self.name}.toml"
        self.ways = folder / f"{self.name}.ways.toml"
        self.frozen = False
        self.up = False
        self._token = token
        self._prefix = tuple(prefix)
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it and wait for its ready line. ChaosError when it does not serve."""
        command = [sys.executable, "-m", "opentcf.cli", "run", str(self.config), "--impair", str(self.ways)]
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._prefix, *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
                stderr=log, start_new_session=True,
            )  # fmt: skip
        assert self._process.stdout is not None
        line = b""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_SECONDS):
                line = await self._process.stdout.readline()
        if not line.startswith(b"ready"):
            raise ChaosError(f"{self.name} did not start: {self._last_words()}")
        self.up = True

    async def kill(self) -> None:
        """`kill -9`."""
        self.up = self.frozen = False
        self._signal(signal.SIGKILL)
        if self._process is not None:
            await self._process.wait()

    def freeze(self) -> None:
        """It stands still (SIGSTOP)."""
        self.frozen = True
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on (SIGCONT)."""
        self.frozen = False
        self._signal(signal.SIGCONT)

    async def end(self) -> None:
        """SIGTERM, a second one for one that waits for open transactions, and SIGKILL for one that does not listen."""
        if self._process is None:
            return
        self.thaw()
        for _ in range(2):
            self._signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await self._process.wait()
        await self.kill()

    def died(self) -> str:
        """Why it ended although nobody ended it; empty while it runs."""
        if not self.up or self._process is None or self._process.returncode is None:
            return ""
        return f"{self.name} ended with {self._process.returncode}: {self._last_words()}"

    def faults(self) -> list[str]:
        """Lines of its log that tell of a bug."""
        if not self.log.exists():
            return []
        lines = self.log.read_text("utf-8", "replace").splitlines()
        return [line for line in lines if "event=fault" in line or "Traceback" in line or "event=bug" in line]

    async def rows(self, what: str) -> list[dict[str, Any]]:
        """A list of its API. OSError when it does not answer."""
        return await asyncio.to_thread(self._rows, what)

    def _rows(self, what: str) -> list[dict[str, Any]]:
        connection = http.client.HTTPConnection(self.host, HTTP_PORT, timeout=ASK_SECONDS)
        try:
            target = f"/api/v1/{what}?limit=1000"
            connection.request("GET", target, headers={"Authorization": f"Bearer {self._token}"})
            answer = connection.getresponse()
            found: list[dict[str, Any]] = json.loads(answer.read())["items"]
        except (KeyError, ValueError, http.client.HTTPException) as error:
            raise OSError(f"{self.name} gives no {what}: {error!r}") from None
        finally:
            connection.close()
        return found

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    def _last_words(self) -> str:
        lines = self.log.read_text("utf-8", "replace").splitlines() if self.log.exists() else []
        return lines[-1] if lines else "it said nothing"
