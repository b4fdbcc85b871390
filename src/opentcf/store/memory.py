"""A store that forgets: for tests, demonstrations and nodes that may lose their registrations."""

from collections.abc import Sequence

from opentcf.node.orders import Save, Snapshot, Value


class MemoryStore:
    """Records in a dictionary; they last as long as this object."""

    def __init__(self) -> None:
        self._records: dict[str, dict[str, Value]] = {}

    def load(self) -> Snapshot:
        """A copy of what was committed."""
        return {kind: dict(records) for kind, records in self._records.items()}

    def commit(self, saves: Sequence[Save]) -> None:
        """Cannot fail."""
        for kind, key, value in saves:
            records = self._records.setdefault(kind, {})
            if value is None:
                records.pop(key, None)
            else:
                records[key] = value

    def close(self) -> None:
        """Nothing is held."""
