"""The list of procedures. A module in `procedures` adds to it with the decorator `procedure`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from opentcf.terminal import Behaviour

if TYPE_CHECKING:
    from opentcf.cli.demo.stage import Stage


class CheckError(Exception):
    """Something that a procedure expected did not come true: one sentence."""


class Actor(NamedTuple):
    """A user with equipment. `at` is the core network where he attaches; 0: he does not begin registered.

    `left`: his column stands left of the TCFs, else right behind the one that serves him (`at`, or `near`).
    """

    user: str
    at: int = 0
    behaviour: Behaviour = Behaviour.RING
    plain: bool = False
    left: bool = False
    near: int = 0


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
