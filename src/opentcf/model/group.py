"""What a group master knows of its own groups."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from opentcf.model.numbers import Aor
from opentcf.model.subscriber import LOWEST_PRIORITY


class SetUp(StrEnum):
    """When the caller of a group gets his 200: at once, or after the called V-TCFs answered."""

    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"


class RegroupAction(StrEnum):
    """What a dynamic regroup (动态重组) does to a temporary group."""

    CREATE = "create"
    ADD = "add"
    REMOVE = "remove"
    DELETE = "delete"


class Membership(NamedTuple):
    """One group of a user, as his home and his V-TCF know it."""

    group: Aor
    name: str
    priority: int


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a group. A `listen_only` member never gets the floor."""

    aor: Aor
    priority: int = LOWEST_PRIORITY
    listen_only: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """One group. Durations are seconds; None means the node's own (`[timers]`)."""

    aor: Aor
    name: str = ""
    members: tuple[Member, ...] = ()
    setup: SetUp = SetUp.UNCONFIRMED
    hang_time: float | None = None
    talk_time: float | None = None
    max_duration: float | None = None
    queue_length: int = 8
    preemption: bool = False
    owner_release: bool = False
    priority: int = LOWEST_PRIORITY

    def member(self, user: Aor) -> Member | None:
        """The member of that number."""
        return next((member for member in self.members if member.aor == user), None)
