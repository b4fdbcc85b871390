"""Core networks on loopback, each TCF a real `opentcf run` process. Every host is an address of its own in 127/8."""

import itertools
import json
import random
import re
import signal
import socket
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.interop.programs import Program, wait_until

TC2_PORT, D_PORT, HTTP_PORT = 5060, 5070, 8060
TC2_TLS_PORT, D_TLS_PORT = 5061, 5071
SUBSCRIBERS = 200
"""Users configured in each core; a test takes new ones, so that tests may share a network."""

_hosts = itertools.count(1)
_held: list[socket.socket] = []


def new_host() -> str:
    """A loopback address that nobody else uses."""
    number = next(_hosts)
    return f"127.{_net()}.{number % 250 + 1}.{number // 250 + 1}"


def network_prefix() -> str:
    """What all of `new_host` have in common, as a capture filter reads it."""
    return f"127.{_net()}.0.0/16"


@cache
def _net() -> int:
    """A part of 127/8 for this test process alone: it holds a port there as long as it lives."""
    for net in random.sample(range(64, 250), 186):
        probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first:
                first.bind((f"127.{net}.1.1", TC2_PORT))
            probe.bind((f"127.{net}.255.1", TC2_PORT))
        except OSError:
            probe.close()
            continue
        _held.append(probe)
        return net
    raise AssertionError("no part of 127/8 is free")


@dataclass(frozen=True)
class User:
    """A subscriber, as a terminal sees himself."""

    number: str
    domain: str

    @property
    def password(self) -> str:
        return f"secret-{self.number}"

    @property
    def aor(self) -> str:
        return f"{self.number}@{self.domain}"


@dataclass
class PeerEntry:
    """A `[[peer]]` of a core; `more` are its other keys in TOML."""

    domain: str
    address: str
    more: str = "heartbeat = 2.0"


@dataclass
class Core:
    """One core network: its configuration, and its node while it runs."""

    domain: str
    host: str
    folder: Path
    digit: str
    tc2_port: int = TC2_PORT
    d_port: int = D_PORT
    http_port: int = HTTP_PORT
    peers: list[PeerEntry] = field(default_factory=list)
    digest: list[str] = field(default_factory=lambda: ["MD5"])
    certificates: Path | None = None
    """Where its certificate is (`core1.pem` …) and its authority's (`ca.pem`); with these it listens by TLS too."""
    more: str = ""
    program: Program | None = None
    starts: int = 0
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def shown_host(self) -> str:
        """The host, in brackets where it is IPv6."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def tc2(self) -> str:
        return f"{self.shown_host}:{self.tc2_port}"

    @property
    def d(self) -> str:
        return f"{self.shown_host}:{self.d_port}"

    def address(self, side: str, transport: str) -> str:
        """HOST:PORT of its listener on `tc2` or `d`."""
        if transport != "tls":
            return self.tc2 if side == "tc2" else self.d
        return f"{self.shown_host}:{TC2_TLS_PORT if side == 'tc2' else D_TLS_PORT}"

    def _listen(self, side: str) -> str:
        transports = ("udp", "tcp", "tls") if self.certificates else ("udp", "tcp")
        return json.dumps([f"{transport}:{self.address(side, transport)}" for transport in transports])

    def _tls(self) -> str:
        files = (("certificate", f"core{self.digit}.pem"), ("key", f"core{self.digit}.key"), ("ca", "ca.pem"))
        return "[tls]\n" + "\n".join(f'{key} = "{self.certificates}/{name}"' for key, name in files)

    @property
    def store(self) -> Path:
        return self.folder / "node.db"

    def user(self) -> User:
        """A subscriber of this core that no other test uses."""
        number = next(self.numbers)
        assert number <= SUBSCRIBERS
        return User(f"{self.digit}{number:03}", self.domain)

    def config(self) -> str:
        """The configuration file."""
        tables = [
            f'[tcf]\ndomain = "{self.domain}"',
            f"[tc2]\nlisten = {self._listen('tc2')}",
            f"[d]\nlisten = {self._listen('d')}\ndigest = {json.dumps(self.digest)}",
            '[store]\nurl = "sqlite:node.db"',
            f'[http]\nlisten = "{self.shown_host}:{self.http_port}"',
            *(f'[[peer]]\ndomain = "{p.domain}"\naddress = "{p.address}"\n{p.more}' for p in self.peers),
        ]
        for number in range(1, SUBSCRIBERS + 1):
            user = User(f"{self.digit}{number:03}", self.domain)
            tables.append(f'[[subscriber]]\nnumber = "{user.number}"\npassword = "{user.password}"')
        if self.certificates:
            tables.append(self._tls())
        return "\n\n".join([*tables, self.more]) + "\n"

    def start(self) -> None:
        """Run the node and wait until it serves."""
        self.launch()
        self.wait_ready()

    def launch(self) -> None:
        """Run the node."""
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "node.toml"
        config.write_text(self.config())
        command = [sys.executable, "-m", "opentcf.cli", "run", str(config), "--log-level", "debug"]
        self.program = Program(self.domain, command, self.folder, {"PYTHONUNBUFFERED": "1"})
        self.starts += 1

    def wait_ready(self) -> None:
        """Until it serves."""
        assert self.program is not None
        self.program.wait_for(rf"^ready {re.escape(self.domain)} ", count=self.starts)

    def get(self, path: str) -> Any:
        """An answer of the node's API."""
        return json.loads(self._http("GET", path))

    def text(self, path: str) -> str:
        """A page of the node's, as text."""
        return self._http("GET", path)

    def post(self, path: str) -> Any:
        """An action over the node's API."""
        return json.loads(self._http("POST", path))

    def _http(self, method: str, path: str) -> str:
        connection = HTTPConnection(self.host, self.http_port, timeout=5)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        assert answer.status < 300, f"{method} {path}: {answer.status} {text}"
        return text

    def items(self, name: str) -> list[dict[str, Any]]:
        """A list of the API."""
        found: list[dict[str, Any]] = self.get(f"/api/v1/{name}")["items"]
        return found

    def trace(self, side: str = "") -> list[dict[str, Any]]:
        """All messages (of one side) that the node keeps."""
        found: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            page = self.get(f"/api/v1/trace?after={after}")
            found += page["items"]
            after = page["next"]
        return [message for message in found if side in ("", message["side"])]

    def peer_state(self, domain: str) -> str:
        """up, down or unknown."""
        return next((row["state"] for row in self.items("peers") if row["domain"] == domain), "none")

    def visited(self, user: User) -> str | None:
        """Where this core believes a user to be."""
        rows = self.items("registrations")
        return next((row["visited"] for row in rows if row["user"] == user.aor), None)

    def wait_quiet(self) -> None:
        """Until no call is left."""
        wait_until(lambda: not self.items("calls"), f"{self.domain} has no calls: {self.items('calls')}")

    def faults(self) -> str:
        """Bugs that the node met: none, one hopes."""
        assert self.program is not None
        output = self.program.output
        return "\n".join(line for line in output.splitlines() if "fault" in line or "Traceback" in line)

    def kill(self) -> None:
        """`kill -9`."""
        assert self.program is not None
        self.program.kill()

    def stop(self) -> None:
        """SIGTERM; the node leaves with 0, having met no bug."""
        if self.program is None or self.program.killed:
            return
        code = self.program.stop()
        faults = self.faults()
        assert not faults, f"{self.domain}:\n{self.program.output[-8000:]}"
        assert code == 0, f"{self.domain} left with {code}:\n{self.program.report()}"


class Network:
    """Core networks that are peers of each other."""

    def __init__(self, cores: list[Core]) -> None:
        self.cores = cores

    def __getitem__(self, number: int) -> Core:
        """Core networks are counted from 1."""
        return self.cores[number - 1]

    def start(self, numbers: Iterable[int] = ()) -> None:
        """Run all nodes, or these, side by side, and wait until each sees each up."""
        starting = [self[number] for number in numbers] or self.cores
        for core in starting:
            core.launch()
        for core in starting:
            core.wait_ready()
        for core in self.cores:
            for other in self.cores:
                if other is not core:
                    self.wait_up(core, other)

    def wait_up(self, core: Core, other: Core) -> None:
        """Until `core` sees `other` up."""
        wait_until(lambda: core.peer_state(other.domain) == "up", f"{core.domain} sees {other.domain} up")

    def stop(self) -> None:
        """End all nodes, whatever happens. They drain side by side."""
        problems = []
        for core in self.cores:
            if core.program is not None:
                core.program.tell(signal.SIGTERM)
        for core in self.cores:
            try:
                core.stop()
            except AssertionError as problem:
                problems.append(str(problem))
        assert not problems, "\n".join(problems)


def build(
    folder: Path,
    count: int,
    hosts: Mapping[int, str] | None = None,
    transport: str = "udp",
    peering: bool = True,
    certificates: Path | None = None,
) -> Network:
    """`count` cores named core1.example …, all peers of each other; nothing runs yet."""
    cores = []
    for number in range(1, count + 1):
        host = (hosts or {}).get(number) or new_host()
        cores.append(Core(f"core{number}.example", host, folder / f"core{number}", str(number)))
        cores[-1].certificates = certificates
    if peering:
        for core in cores:
            others = (other for other in cores if other is not core)
            core.peers = [
                PeerEntry(other.domain, f"{transport}:{other.address('tc2', transport)}") for other in others
            ]
    return Network(cores)
