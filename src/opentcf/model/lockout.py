"""Who guesses passwords: after some wrong ones nothing he says is looked at for a while, each time for longer."""

from collections.abc import Hashable

SHORTEST, LONGEST = 10.0, 600.0
"""Seconds of the first lock-out and of the longest; each is twice the one before."""
FORGIVEN = 3600.0
"""Seconds without a wrong password after which it all begins anew."""


class Offence:
    """The wrong passwords of one name since it was last right or forgiven."""

    __slots__ = ("last", "locks", "until", "wrong")

    def __init__(self) -> None:
        self.wrong = 0
        self.locks = 0
        self.last = 0.0
        self.until = 0.0


class Lockouts:
    """By (user, source), so that who guesses from one place does not shut the user out at another. Bounded memory."""

    __slots__ = ("_most", "_offences")

    def __init__(self, most: int = 10_000) -> None:
        self._offences: dict[Hashable, Offence] = {}
        self._most = most

    def __len__(self) -> int:
        return len(self._offences)

    def locked(self, name: Hashable, now: float) -> bool:
        """Is nothing to be looked at from there now?"""
        offence = self._offences.get(name)
        return offence is not None and now < offence.until

    def begins(self, name: Hashable, now: float) -> bool:
        """Would a wrong password be the first since it was last right, forgiven or locked out for?"""
        offence = self._offences.get(name)
        return offence is None or offence.wrong == 0 or now - offence.last > FORGIVEN

    def wrong(self, name: Hashable, allowed: int, now: float) -> float:
        """A wrong password; how many seconds the lock-out lasts that it began, 0 when it began none."""
        offence = self._offences.pop(name, None)
        if offence is None or now - offence.last > FORGIVEN:
            offence = Offence()
        self._offences[name] = offence
        if len(self._offences) > self._most:
            del self._offences[next(iter(self._offences))]
        offence.last = now
        offence.wrong += 1
        if offence.wrong < allowed:
            return 0.0
        seconds = float(min(LONGEST, SHORTEST * 2**offence.locks))
        offence.wrong, offence.locks, offence.until = 0, offence.locks + 1, now + seconds
        return seconds

    def right(self, name: Hashable) -> None:
        """The right password: all is forgotten."""
        self._offences.pop(name, None)
