"""A command of the prompt."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from opentcf.cli.ue.session import Session

Run = Callable[[Session, list[str]], Awaitable[None]]


class Verb(NamedTuple):
    """A command: the words that it takes (`[…]` may be left out, a last `…` may be more), what it does, and how."""

    usage: str
    meaning: str
    run: Run

    def fits(self, count: int) -> bool:
        """May it have so many words?"""
        words = self.usage.split()
        least = sum(not word.startswith("[") for word in words)
        return count >= least and (count <= len(words) or self.usage.rstrip("]").endswith("…"))
