"""`opentcf ue` as a real process."""

import json
import subprocess
import sys

from tests.cli.process import Running


class Prompt:
    """A `ue` process; events come as JSON lines, commands go in as text."""

    def __init__(self, node: Running, number: str, password: str, *options: str) -> None:
        command = [
            sys.executable,
            "-m",
            "opentcf.cli",
            "ue",
            f"sip:{number}@core{number[0]}.example",
            "--json",
            *options,
        ]
        command += ["--password", password, "--proxy", f"udp:127.0.0.1:{node.ports['d/udp']}"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.events: list[dict] = []

    def type(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self, name: str) -> dict:
        """The next event of that name."""
        assert self.process.stdout
        for line in self.process.stdout:
            event = json.loads(line)
            self.events.append(event)
            if event["event"] == name:
                return event
        raise AssertionError(f"ended without {name}: {self.events}")

    def leave(self) -> int:
        self.type("quit")
        assert self.process.stdout
        self.process.stdout.read()
        return self.process.wait(20)

    def close(self) -> None:
        """Kill it, whatever it does."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()
