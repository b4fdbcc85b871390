"""What a home TCF knows of its own users."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from opentcf.model.numbers import Aor

HIGHEST_PRIORITY, LOWEST_PRIORITY = 0, 255
NO_RIGHTS = 'are for role = "dispatcher"'


class Role(StrEnum):
    """What a user's equipment is."""

    TERMINAL = "terminal"
    DISPATCHER = "dispatcher"


class Preemptible(StrEnum):
    """May a running private call of this user, or his floor in a group, be released for a stronger private call?"""

    EMERGENCY = "emergency"
    ALWAYS = "always"
    NEVER = "never"


class UserState(StrEnum):
    """What control operations left of a user's service: all of it, registration alone (遥晕), nothing (遥毙)."""

    NORMAL = "normal"
    STUNNED = "stunned"
    KILLED = "killed"


class Right(StrEnum):
    """What a dispatcher may be allowed to do."""

    INSERT = "insert"
    RELEASE = "release"
    STUN = "stun"
    KILL = "kill"
    REGROUP = "regroup"
    FORWARD = "forward"
    LISTEN = "listen"
    AMBIENCE = "ambience"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One subscription. `ha1` maps a digest algorithm ("MD5", "SHA-256") to H(user:realm:password), RFC 7616 §3.4.2."""

    aor: Aor
    name: str = ""
    ha1: Mapping[str, str] | None = field(default=None, repr=False)
    role: Role = Role.TERMINAL
    priority: int = LOWEST_PRIORITY
    roaming: bool | frozenset[str] = True
    preemptible: Preemptible = Preemptible.EMERGENCY
    rights: frozenset[Right] = frozenset()

    def may_roam_to(self, domain: str) -> bool:
        """Home is always allowed; elsewhere the subscription decides."""
        if domain == self.aor.domain:
            return True
        return self.roaming if isinstance(self.roaming, bool) else domain in self.roaming
