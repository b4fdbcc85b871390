"""When a connection is asked whether it lives, and when an address that cannot be reached is tried again.

Rule: no clock and no chance of its own; the time is an argument, chance is handed in.
"""

from collections.abc import Callable, Hashable
from enum import Enum, auto

SHORTEST_WAIT = 0.2
LONGEST_WAIT = 5.0
_MOST_ADDRESSES = 10_000


class Beat(Enum):
    """What is to be done about a connection."""

    NONE = auto()
    PING = auto()
    DEAD = auto()


class KeepAlive:
    """The keep-alive of a connection that we opened (RFC 5626 §4.4.1), over times in seconds."""

    __slots__ = ("_asked", "_heard", "_pong", "_silence")

    def __init__(self, silence: float, pong: float, now: float) -> None:
        self._silence, self._pong = silence, pong
        self._heard = now
        self._asked = False

    def heard(self, now: float) -> None:
        """Bytes came, whichever: the other side lives."""
        self._heard = now
        self._asked = False

    def beat(self, now: float) -> Beat:
        """To be asked now and then: one PING after `silence`, DEAD where that brought nothing within `pong`."""
        quiet = now - self._heard
        if self._asked:
            return Beat.DEAD if quiet >= self._silence + self._pong else Beat.NONE
        if quiet < self._silence:
            return Beat.NONE
        self._asked = True
        self._heard = now - self._silence
        return Beat.PING


class BackOff:
    """How long an address is left alone after it could not be reached: twice as long each time, up to a bound, and
    between half and all of that by `chance` (0 to 1), so that not all come back to a restarted node at once.
    """

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._failures: dict[Hashable, tuple[int, float]] = {}

    def wait(self, address: Hashable, now: float) -> float:
        """Seconds until it may be tried again; 0 is now."""
        _, until = self._failures.get(address, (0, now))
        return max(0.0, until - now)

    def failed(self, address: Hashable, now: float) -> None:
        """It could not be reached."""
        if len(self._failures) >= _MOST_ADDRESSES:
            self._failures.clear()
        times, _ = self._failures.get(address, (0, now))
        longest = min(SHORTEST_WAIT * 2 ** min(times, 10), LONGEST_WAIT)
        self._failures[address] = (times + 1, now + longest * (1 + self._chance()) / 2)

    def reached(self, address: Hashable) -> None:
        """It was: the next failure counts as the first."""
        self._failures.pop(address, None)
