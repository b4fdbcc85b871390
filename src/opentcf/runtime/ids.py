"""Chance for a node, from the system's cryptographic source."""

import os
from random import SystemRandom

_BYTES = 10
_POOL = 256


class SystemIds:
    """Tokens of 80 random bits, drawn from the kernel in bulk."""

    def __init__(self) -> None:
        self._pool: list[str] = []
        self._random = SystemRandom()

    def token(self) -> str:
        """Twenty hexadecimal digits."""
        if not self._pool:
            text = os.urandom(_BYTES * _POOL).hex()
            self._pool = [text[start : start + 2 * _BYTES] for start in range(0, len(text), 2 * _BYTES)]
        return self._pool.pop()

    def uniform(self, low: float, high: float) -> float:
        """A number between the two."""
        return self._random.uniform(low, high)
