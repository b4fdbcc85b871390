"""The list of procedures. A module in `procedures` adds to it with the decorator `procedure`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opentcf.cli.demo.actor import Actor

if TYPE_CHECKING:
    from opentcf.cli.demo.stage import Stage


Run = Callable[["Stage"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Procedure:
    """One procedure: titles, who takes part, the roles of the TCFs (for the head of the ladder), and what happens.

    `heartbeats` names the core network whose heartbeats belong to the ladder; 0: none, they are background.
    """

    key: str
    title: str
    chinese: str
    actors: tuple[Actor, ...]
    roles: dict[int, str]
    heartbeats: int
    run: Run


PROCEDURES: list[Procedure] = []


def procedure(
    key: str,
    title: str,
    chinese: str,
    *actors: Actor,
    roles: dict[int, str] | None = None,
    heartbeats: int = 0,
) -> Callable[[Run], Run]:
    """Add the decorated function to the list."""

    def add(run: Run) -> Run:
        PROCEDURES.append(Procedure(key, title, chinese, actors, roles or {}, heartbeats, run))
        return run

    return add
