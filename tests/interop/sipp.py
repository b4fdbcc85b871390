"""sipp as a terminal or as a foreign TCF. The scenarios are the files beside, their values come by `-key`."""

import re
from collections.abc import Mapping
from pathlib import Path

from tests.interop.network import Core, User, new_host
from tests.interop.programs import Program, need, wait_until
from tests.interop.sockets import free_port, is_bound

SCENARIOS = Path(__file__).parent / "sipp"
MODES = {"udp": "u1", "tcp": "t1"}
TRACED = re.compile(r"^-{20,} .*\n(?:UDP|TCP) message (sent|received).*\n\n", re.MULTILINE)
LAST = {
    "answer": ("BYE ", 1),
    "answer_and_hang_up": ("SIP/2.0 200", 2),
    "answer_media_changes": ("BYE ", 1),
    "busy": ("ACK ", 1),
    "decline": ("ACK ", 1),
    "ring": ("ACK ", 1),
}
"""What a called terminal receives last; the first 200 is to its REGISTER."""
MESSAGE = re.compile(r"^(?:[A-Z]+ \S+ SIP/2\.0|SIP/2\.0 \d{3})", re.MULTILINE)


class Message(str):
    """A SIP message from a trace."""

    __slots__ = ()

    @property
    def first(self) -> str:
        """The start line."""
        return self.splitlines()[0]

    def header(self, name: str) -> str:
        """The value of the first header field of that name, empty when there is none."""
        found = re.search(rf"^{re.escape(name)}[ \t]*:[ \t]*(.*?)\r?$", self, re.MULTILINE | re.IGNORECASE)
        return found[1] if found else ""

    @property
    def body(self) -> str:
        return re.split(r"\r?\n\r?\n", self, maxsplit=1)[1] if "\n" in self else ""


class Sipp:
    """One run of a scenario."""

    def __init__(self, program: Program, folder: Path, name: str) -> None:
        self.program = program
        self.last: tuple[str, int] | None = None
        """What a run receives last that stays on (and how often): its end is not the end of the process."""
        self._trace = folder / f"{name}.msg"
        self._errors = folder / f"{name}.err"

    def messages(self, direction: str) -> list[Message]:
        """What was `sent` or `received`, in order."""
        if not self._trace.exists():
            return []
        text = self._trace.read_bytes().decode("utf-8", "replace")
        parts = TRACED.split(text)
        found = []
        for way, message in zip(parts[1::2], parts[2::2], strict=True):
            if way == direction and MESSAGE.match(message):
                found.append(Message(message.rstrip("\n") + "\n"))
        return found

    def received(self, start: str) -> list[Message]:
        """What it received whose start line begins so: `INVITE `, `SIP/2.0 486`."""
        return [message for message in self.messages("received") if message.startswith(start)]

    def sent(self, start: str) -> list[Message]:
        """The same, sent."""
        return [message for message in self.messages("sent") if message.startswith(start)]

    def wait_received(self, start: str, count: int = 1) -> Message:
        """Until it received such a message."""
        try:
            wait_until(lambda: len(self.received(start)) >= count, f"sipp receives {start!r}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.report()}") from None
        return self.received(start)[count - 1]

    def finish(self, seconds: float = 40.0) -> "Sipp":
        """The scenario went as it was written."""
        if self.last is not None:
            self.wait_received(*self.last)
            return self
        code = self.program.exit_code(seconds)
        assert code == 0, f"{self.program.name} failed ({code}):\n{self.report()}"
        return self

    def report(self) -> str:
        """What sipp has to say about a failure."""
        parts = [
            path.read_bytes().decode("utf-8", "replace")[-12_000:]
            for path in (self._errors, self._trace)
            if path.exists()
        ]
        return "\n".join(parts) or self.program.report()


class Partner:
    """A place from which sipp speaks: a terminal, a TCF."""

    def __init__(
        self, folder: Path, name: str, host: str = "", port: int = 0, transport: str = "udp"
    ) -> None:
        need("sipp")
        self.folder = folder
        self.name = name
        self.host = host or new_host()
        self.port = port or free_port(self.host)
        self.transport = transport
        self.runs: list[Sipp] = []

    @property
    def address(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def start(
        self, scenario: str | Path, remote: str, keys: Mapping[str, str], *options: str, calls: int = 1
    ) -> Sipp:
        """Run a scenario, one of the files beside or a file of its own; a waiting one is ready when this returns."""
        file = scenario if isinstance(scenario, Path) else SCENARIOS / f"{scenario}.xml"
        name = f"{self.name}-{len(self.runs) + 1}-{file.stem}"
        command = [
            "sipp",
            remote,
            "-sf",
            str(file),
            "-i",
            self.host,
            "-p",
            str(self.port),
        ]
        command += ["-t", MODES[self.transport], "-nostdin", "-trace_msg", "-message_file", f"{name}.msg"]
        command += ["-trace_err", "-error_file", f"{name}.err", "-timeout", "60s", "-timeout_error"]
        if calls:
            command += ["-m", str(calls)]
        for key, value in keys.items():
            command += ["-key", key, value]
        run = Sipp(Program(name, [*command, *options], self.folder, {"TERM": "xterm"}), self.folder, name)
        self.runs.append(run)
        return run

    def wait(
        self, scenario: str | Path, remote: str, keys: Mapping[str, str], *options: str, calls: int = 1
    ) -> Sipp:
        """Run a scenario that begins with waiting; it listens when this returns."""
        run = self.start(scenario, remote, keys, *options, calls=calls)
        wait_until(
            lambda: is_bound(self.transport, self.host, self.port) or not run.program.running, "sipp listens"
        )
        assert run.program.running, run.report()
        return run

    def stop(self) -> None:
        """End what still runs."""
        for run in self.runs:
            run.program.kill()


class Phone(Partner):
    """A terminal of `user` attached to `core` over D."""

    def __init__(self, folder: Path, user: User, core: Core, transport: str = "udp") -> None:
        host = "::1" if ":" in core.host else ""
        super().__init__(folder, f"ue{user.number}-{core.digit}", host, 0, transport)
        self.user = user
        self.core = core

    def keys(self, **more: str) -> dict[str, str]:
        """What every scenario of a terminal wants to know."""
        return {"domain": self.user.domain, "number": self.user.number, **more}

    def options(self) -> tuple[str, ...]:
        """Credentials."""
        return ("-au", self.user.number, "-ap", self.user.password, "-auth_uri", f"sip:{self.user.domain}")

    def register(self, expires: int = 600) -> Sipp:
        """Register; the answer is 200."""
        keys = self.keys(expires=str(expires))
        return self.start("register", self.core.d, keys, *self.options()).finish()

    def register_refused(self) -> Message:
        """Register; the answer, which refuses."""
        keys = self.keys(expires="600")
        run = self.start("register_refused", self.core.d, keys, *self.options()).finish()
        return run.messages("received")[-1]

    def call(self, scenario: str, called: User, **more: str) -> Sipp:
        """Call somebody."""
        keys = self.keys(called=called.number, called_domain=called.domain, **more)
        return self.start(scenario, self.core.d, keys, *self.options())

    def answer(self, scenario: str, calls: int = 1) -> Sipp:
        """Wait for a call. Over TCP a call comes by the connection on which the terminal registered."""
        if self.transport == "udp":
            return self.wait(scenario, self.core.d, self.keys(), *self.options(), calls=calls)
        more = ("-oocsf", str(SCENARIOS / f"{scenario}.xml"))
        run = self.start("register_and_stay", self.core.d, self.keys(expires="600"), *self.options(), *more)
        run.wait_received("SIP/2.0 200")
        run.last = LAST[scenario]
        return run
