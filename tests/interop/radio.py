"""`opentcf ue` as a terminal that speaks the extension."""

import json
import sys
from pathlib import Path
from typing import Any

from tests.interop.network import Core, User
from tests.interop.programs import Program, wait_until


class Radio:
    """`opentcf ue` of a user: typed at, and heard by its events."""

    def __init__(self, folder: Path, core: Core, user: User) -> None:
        command = [sys.executable, "-m", "opentcf.cli", "ue", f"sip:{user.aor}", "--json"]
        command += ["--password", user.password, "--proxy", f"udp:{core.d}"]
        self.user = user
        self.program = Program(f"ue{user.number}", command, folder, {"PYTHONUNBUFFERED": "1"})
        self._read = 0

    def type(self, line: str) -> None:
        self.program.say(line + "\n")

    def skip(self) -> None:
        """What it heard until now is no matter."""
        self._read = self.program.output.count("\n")

    def hear(self, name: str) -> dict[str, Any]:
        """The next event of that name."""
        return wait_until(lambda: self._next(name), f"{self.user.aor} hears {name}: {self.program.output}")

    def _next(self, name: str) -> dict[str, Any] | None:
        lines = self.program.output.split("\n")[:-1]
        while self._read < len(lines):
            event: dict[str, Any] = json.loads(lines[self._read])
            self._read += 1
            if event["event"] == name:
                return event
        return None
