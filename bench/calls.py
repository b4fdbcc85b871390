"""Calls through one hop and through a chain of four: CPU, failures and set-up time at fixed rates."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench import sipp
from bench.processes import Program
from bench.servers import (
    CALLED_AT,
    CALLED_TCF,
    CALLER_AT,
    CALLER_TCF,
    TC2,
    USERS,
    D,
    OpenTcf,
    Servers,
    domain,
    number,
    password,
)
from bench.sipp import Load

REGISTER_RATE = 200.0


class Sample(NamedTuple):
    """One run at one rate."""

    load: Load
    rate: float
    cpu: float
    """CPU seconds of all servers together."""

    @property
    def calls_per_cpu_second(self) -> float:
        """The figure that matters."""
        return self.load.succeeded / self.cpu if self.cpu else 0.0

    @property
    def sustained(self) -> bool:
        """Below 0.1 % failures, and as fast as it was asked to be."""
        wanted = self.load.asked / self.rate
        return self.load.failures < 0.001 and self.load.seconds < wanted * 1.05 + 1.5


@contextmanager
def running(make: Callable[[Path], Servers], folder: Path, scenario: str = "answer") -> Iterator[Servers]:
    """Servers, and sipp that answers behind them."""
    shutil.rmtree(folder, ignore_errors=True)
    servers = make(folder)
    uas: Program | None = None
    try:
        prepare(servers, folder)
        uas = sipp.answering(folder, CALLED_AT, scenario)
        yield servers
    finally:
        for program in (*servers.programs, *((uas,) if uas is not None else ())):
            program.stop()


def prepare(servers: Servers, folder: Path) -> None:
    """The registrations that calls need, and the file of who calls whom."""
    if isinstance(servers, OpenTcf):
        prepare_one_hop(servers, folder) if len(servers.hosts) == 1 else _prepare_chain(servers, folder)
    rows: list[tuple[str, ...]] = []
    for index in range(1, USERS + 1):
        if servers.digest:
            caller = number(1, index)
            rows.append(
                (
                    f"{caller}@{domain(1)}",
                    f"{number(2, index)}@{domain(2)}",
                    sipp.credentials(caller, password(caller)),
                )
            )
        else:
            rows.append((f"{7000 + index}@{CALLER_TCF}", f"{number(1, index)}@{domain(1)}"))
    sipp.write_users(folder / "users.csv", rows)


def prepare_one_hop(servers: OpenTcf, folder: Path) -> None:
    """The called users are visitors of the foreign TCF that sipp plays."""
    rows = [(number(1, index), domain(1), CALLED_TCF) for index in range(1, USERS + 1)]
    users = sipp.write_users(folder / "visitors.csv", rows)
    _register(folder, CALLED_AT, "register", f"{servers.hosts[1]}:{TC2}", users)


def _prepare_chain(servers: OpenTcf, folder: Path) -> None:
    """Callers of core 1 visit core 3, called users of core 2 visit core 4: four TCFs in every call."""
    for home, visited, at in ((1, 3, CALLER_AT), (2, 4, CALLED_AT)):
        rows = [
            (user, domain(home), sipp.credentials(user, password(user)))
            for user in (number(home, index) for index in range(1, USERS + 1))
        ]
        users = sipp.write_users(folder / f"visitors{home}.csv", rows)
        _register(folder, at, "register_digest", f"{servers.hosts[visited]}:{D}", users)


def _register(folder: Path, at: str, scenario: str, target: str, users: Path) -> None:
    done = sipp.load(folder, at, scenario, target, users, REGISTER_RATE, USERS)
    if done.succeeded < USERS:
        raise RuntimeError(f"only {done.succeeded} of {USERS} users could register")


def measure(servers: Servers, folder: Path, rate: float, seconds: float, scenario: str = "call") -> Sample:
    """Calls, or what else the scenario does, at one rate."""
    before = sum(program.cpu() for program in servers.programs)
    scenario = f"{scenario}_digest" if servers.digest else scenario
    load = sipp.load(
        folder, CALLER_AT, scenario, servers.entry, folder / "users.csv", rate, int(rate * seconds)
    )
    return Sample(load, rate, sum(program.cpu() for program in servers.programs) - before)
