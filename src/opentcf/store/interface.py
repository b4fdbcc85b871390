"""What the tick loop asks of a store."""

from collections.abc import Sequence
from typing import Protocol

from opentcf.node.orders import Save, Snapshot


class StoreError(Exception):
    """The store cannot be opened, read or written. The text is one line for a person and names the store."""


class Store(Protocol):
    """Records under (kind, key). One process owns a store as long as it is open."""

    def load(self) -> Snapshot:
        """Everything that was committed: kind → key → value."""
        ...

    def commit(self, saves: Sequence[Save]) -> None:
        """Make all of them last, or none: a later save of the same key wins, a value of None deletes.

        StoreError when they did not last; nothing may then be sent that promises them.
        """
        ...

    def close(self) -> None:
        """Let go of the store, so that another process may open it."""
        ...
