"""Registrations, with and without digest: CPU at a fixed rate."""

from collections.abc import Callable
from pathlib import Path
from shutil import rmtree

from bench import sipp
from bench.calls import Sample
from bench.servers import (
    CALLED_AT,
    CALLED_TCF,
    TC2,
    USERS,
    D,
    Kamailio,
    OpenTcf,
    Servers,
    domain,
    number,
    password,
)


def measure(make: Callable[[Path], Servers], folder: Path, digest: bool, rate: float) -> Sample:
    """Everybody registers once; with digest it takes two requests.

    OpenTCF takes those without digest from a foreign V-TCF, those with it from terminals.
    """
    rmtree(folder, ignore_errors=True)
    servers = make(folder)
    try:
        rows = [
            (user, domain(1), sipp.credentials(user, password(user)) if digest else CALLED_TCF)
            for user in (number(1, index) for index in range(1, USERS + 1))
        ]
        users = sipp.write_users(folder / "registering.csv", rows)
        target = (
            servers.entry.replace(f":{TC2}", f":{D}")
            if digest and isinstance(servers, OpenTcf)
            else servers.entry
        )
        before = servers.programs[0].cpu()
        scenario = "register_digest" if digest else "register"
        load = sipp.load(folder, CALLED_AT, scenario, target, users, rate, USERS)
        return Sample(load, rate, servers.programs[0].cpu() - before)
    finally:
        for program in servers.programs:
            program.stop()


def opentcf(folder: Path) -> Servers:
    """One node."""
    return OpenTcf(folder, 1)


def kamailio(digest: bool) -> Callable[[Path], Servers]:
    """One proxy with its registrar."""
    return lambda folder: Kamailio(folder, 1, digest)
