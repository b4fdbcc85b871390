"""Four core networks: their configuration files, their `opentcf run` processes, and what their API tells."""

import asyncio
import contextlib
import http.client
import json
import signal
import socket
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from opentcf.cli.demo.guests import GROUP, VISITORS, concerns

CORES = (1, 2, 3, 4)
TC2_PORT, D_PORT, HTTP_PORT = 5060, 5070, 8060
PASSWORD = "demo"
HEARTBEAT, HEARTBEAT_WAIT, HEARTBEAT_MISSES = 0.5, 0.45, 3
DOWN_SECONDS = 4.0
"""Tdown of the demonstration: how long a call outlives a TCF on its path that is down."""
START_SECONDS, STOP_SECONDS = 30.0, 3.0

_FILE = """\
[tcf]
domain = "{domain}"
name = "Core {core}"

[tc2]
listen = ["udp:{host}:{tc2}", "tcp:{host}:{tc2}"]

[d]
listen = ["udp:{host}:{d}", "tcp:{host}:{d}"]

[http]
listen = "{host}:{http}"

[store]
url = "sqlite:core{core}.db"

[timers]
register_min = 2.0
Tdown = {down}
"""
_PEER = """
[[peer]]
domain = "{domain}"
address = "udp:{host}:{tc2}"
heartbeat = {beat}
heartbeat_wait = {wait}
heartbeat_misses = {misses}
control = true
console = "http://{host}:{http}"
"""
_SUBSCRIBER = """
[[subscriber]]
number = "{number}"
name = "{name}"
password = "{password}"
role = "{role}"
"""
_RIGHTS = """\
rights = ["insert", "release", "stun", "kill", "regroup", "forward", "listen", "ambience", "events"]
"""
_GROUP = """
[[group]]
number = "{number}"
name = "{name}"
members = [{members}]
{settings}
"""
MASTER = 1
"""The core network that masters the groups."""
GROUPS: dict[str, tuple[str, str]] = {
    "8001": ("Fire", "owner_release = true"),
    "8002": ("Police", 'setup = "confirmed"'),
    "8003": ("Harbour", "hang_time = 1.0"),
    "8004": ("Works", "talk_time = 2.0\nqueue_length = 0"),
    "8005": ("Rescue", "preemption = true\nqueue_length = 1"),
}
"""Number → name and settings. Short timers, so that they can be watched."""


class NetworkError(Exception):
    """The core networks cannot run: one line."""


def host(core: int) -> str:
    """The loopback address of a core network."""
    return f"127.0.{core}.1"


def domain(core: int) -> str:
    """Its SIP domain."""
    return f"core{core}.example"


def users(core: int) -> list[tuple[str, str, str]]:
    """Number, name and role of its users: three terminals, the members of the groups and a dispatcher."""
    numbers = [f"{core}00{n}" for n in (1, 2, 3)] + [n for group in GROUPS for n in members(group, core)]
    numbers += [VISITORS[core]] if core in VISITORS else []
    terminals = [(number, f"Terminal {number}", "terminal") for number in numbers]
    return [*terminals, (f"{core}100", f"Dispatcher {core}100", "dispatcher")]


def members(group: str, core: int) -> list[str]:
    """Members of a group who are at home in a core network: of 8003 in core 2 2031 and 2032. None is in two groups."""
    return [f"{core}0{group[-1]}{n}" for n in (1, 2)]


def member_table(number: str) -> str:
    """How a member stands in the configuration: in group 8005 some are better, or only listen."""
    uri = f"sip:{number}@{domain(int(number[0]))}"
    more = {"1051": ", priority = 10", "4051": ", listen_only = true"}.get(number)
    return f'{{uri = "{uri}"{more}}}' if more else f'"{uri}"'


def configuration(core: int) -> str:
    """The file of one core network."""
    common = {"tc2": TC2_PORT, "d": D_PORT, "http": HTTP_PORT}
    text = _FILE.format(core=core, host=host(core), domain=domain(core), down=DOWN_SECONDS, **common)
    for other in CORES:
        if other != core:
            text += _PEER.format(
                host=host(other), domain=domain(other), tc2=TC2_PORT,
                http=HTTP_PORT, beat=HEARTBEAT, wait=HEARTBEAT_WAIT, misses=HEARTBEAT_MISSES,
            )  # fmt: skip
    for number, name, role in users(core):
        text += _SUBSCRIBER.format(number=number, name=name, role=role, password=PASSWORD)
        text += _RIGHTS if role == "dispatcher" else ""
    return text + (_groups() if core == MASTER else "")


def _groups() -> str:
    text = ""
    for number, (name, settings) in GROUPS.items():
        everybody = ", ".join(member_table(user) for core in CORES for user in members(number, core))
        text += _GROUP.format(number=number, name=name, members=everybody, settings=settings)
    guests = ", ".join(member_table(number) for number in VISITORS.values())
    return text + _GROUP.format(number=GROUP, name="Visitors", members=guests, settings="hang_time = 60.0")


def check_ports() -> None:
    """NetworkError that names the first address that is taken."""
    wanted = [
        (core, kind, port)
        for core in CORES
        for kind, port in (
            ("udp", TC2_PORT),
            ("tcp", TC2_PORT),
            ("udp", D_PORT),
            ("tcp", D_PORT),
            ("tcp", HTTP_PORT),
        )
    ]
    for core, kind, port in wanted:
        with socket.socket(
            socket.AF_INET, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM
        ) as probe:
            if kind == "tcp":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host(core), port))
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                raise NetworkError(
                    f"{kind}:{host(core)}:{port}: {reason}; does another demonstration or node run?"
                ) from None


class Node:
    """One core network's process."""

    def __init__(self, core: int, folder: Path) -> None:
        self.core = core
        self.url = f"http://{host(core)}:{HTTP_PORT}"
        self.log = folder / f"core{core}.log"
        self.stopped = False
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._connection: http.client.HTTPConnection | None = None
        self._asking = asyncio.Lock()

    @property
    def alive(self) -> bool:
        """Does it run, and not stand still?"""
        return self._process is not None and self._process.returncode is None and not self.stopped

    async def start(self) -> None:
        """Start it, and wait for its ready line."""
        path = self._folder / f"core{self.core}.toml"
        path.write_text(configuration(self.core), "utf-8")
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "opentcf.cli", "run", str(path),
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=log, start_new_session=True,
            )  # fmt: skip
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(START_SECONDS):
                line = await self._process.stdout.readline()
        except TimeoutError:
            line = b""
        if not line.startswith(b"ready"):
            raise NetworkError(f"core network {self.core} did not start: {self._last_words()}")
        self.stopped = False

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if there is still somebody to get it."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def freeze(self) -> None:
        """It stands still: nothing is lost, nothing answered. No question of ours is caught in the middle."""
        async with self._asking:
            self.stopped = True
            self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        self.signal(signal.SIGCONT)
        self.stopped = False

    async def kill(self) -> None:
        """It dies without a word (kill -9)."""
        self.signal(signal.SIGKILL)
        await self._ended()

    async def end(self) -> None:
        """SIGTERM, and SIGKILL for one that does not listen."""
        self.thaw()
        self.signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._ended()
        except TimeoutError:
            await self.kill()

    async def _ended(self) -> None:
        if self._process is not None:
            await self._process.wait()
        self._forget_connection()

    async def get(self, path: str, **query: object) -> Any:
        """What its API says. OSError when it does not answer."""
        text = "&".join(f"{name}={value}" for name, value in query.items())
        return await self._ask("GET", f"/api/v1/{path}" + (f"?{text}" if text else ""))

    async def items(self, name: str) -> list[dict[str, Any]]:
        """A list of its API, without what a visitor does meanwhile."""
        page = await self.get(name)
        return [row for row in page["items"] if not concerns(row)]

    async def post(self, path: str) -> Any:
        """Carry out an action."""
        return await self._ask("POST", f"/api/v1/{path}")

    async def _ask(self, method: str, target: str) -> Any:
        async with self._asking:
            return await asyncio.to_thread(self._exchange, method, target)

    def _exchange(self, method: str, target: str) -> Any:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(host(self.core), HTTP_PORT, timeout=5.0)
        try:
            self._connection.request(method, target)
            response = self._connection.getresponse()
            document = json.loads(response.read())
        except (OSError, ValueError, http.client.HTTPException) as error:
            self._forget_connection()
            raise OSError(f"{self.url} does not answer: {error}") from None
        if response.status >= 400:
            raise OSError(f"{method} {target}: {document.get('detail', response.status)}")
        return document

    def _forget_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _last_words(self) -> str:
        lines = self.log.read_text("utf-8", "replace").splitlines() if self.log.exists() else []
        return lines[-1] if lines else "it said nothing"


class Network:
    """The four of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.nodes = {core: Node(core, folder) for core in CORES}

    def __getitem__(self, core: int) -> Node:
        return self.nodes[core]

    def alive(self) -> Iterable[Node]:
        """Those that can be asked."""
        return [node for node in self.nodes.values() if node.alive]

    async def start(self) -> None:
        """Start all at once."""
        check_ports()
        for core in CORES:
            for name in (".log", ".db", ".db-wal", ".db-shm"):  # of an earlier demonstration in this folder
                (self.folder / f"core{core}{name}").unlink(missing_ok=True)
        outcomes = await asyncio.gather(
            *(node.start() for node in self.nodes.values()), return_exceptions=True
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def end(self) -> None:
        """End all at once, in whatever state they are."""
        await asyncio.gather(*(node.end() for node in self.nodes.values()))
