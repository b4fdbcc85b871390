"""Chance, from outside."""

from typing import Protocol


class Ids(Protocol):
    """A source of names nobody can guess. The shell's is cryptographic, a test's is seeded."""

    def token(self) -> str:
        """At least 64 random bits as a SIP token: tags, branches, Call-IDs, call identifiers."""
        ...

    def uniform(self, low: float, high: float) -> float:
        """A time in [low, high], for the waits that standards want random (RFC 3261 §14.1)."""
        ...
