"""What leaves the core: orders that the shell carries out in this sequence: saves, sends, notices, replies."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Value = Any
"""A plain value that JSON can carry: None, bool, int, float, str, list or dict of such."""


class Flow(NamedTuple):
    """A way to the other side: where a message came from, or where it is to go.

    `side` names the group of local listeners ("tc2" or "d"), `transport` is "udp", "tcp" or "tls". `connection` is the
    shell's number of an open stream; 0 means any stream to that address, opened when there is none (always 0 for UDP).
    `host` is an address literal without brackets, or a name that the shell resolves (RFC 3263) when it sends.
    """

    side: str
    transport: str
    host: str
    port: int
    connection: int = 0


class Send:
    """Send `data` on `flow`. `transaction` is the key the core wants back in `failed` when it cannot be sent."""

    __slots__ = ("data", "flow", "transaction")

    def __init__(self, data: bytes, flow: Flow, transaction: object = None) -> None:
        self.data = data
        self.flow = flow
        self.transaction = transaction

    def __repr__(self) -> str:
        return f"<Send {self.data[:40]!r} to {self.flow.transport}:{self.flow.host}:{self.flow.port}>"


class Save(NamedTuple):
    """Put `value` under `(kind, key)` in the store; None deletes. The value is never changed afterwards."""

    kind: str
    key: str
    value: Value


class Notice(NamedTuple):
    """Something worth a log line, a counter or an event: a name and its fields. The core decides nothing by it."""

    name: str
    fields: Mapping[str, Value]


class Reply(NamedTuple):
    """The answer to a command: `error` is None, or says what happened, where and what to do (`status` as in HTTP)."""

    ticket: int
    value: Value
    error: str | None = None
    status: int = 200


class Batch(NamedTuple):
    """One tick's orders."""

    saves: list[Save]
    sends: list[Send]
    notices: list[Notice]
    replies: list[Reply]


UNCHANGED: Value = object()
"""What a draft is when the store has it already."""


class Outbox:
    """Where every layer of the core leaves its orders until the shell drains them.

    `drafts` are records that are written when the tick is over: once, however often the thing changed in it.
    """

    __slots__ = ("drafts", "notices", "replies", "saves", "sends")

    def __init__(self) -> None:
        self.drafts: dict[tuple[str, str], Callable[[], Value]] = {}
        self.saves: list[Save] = []
        self.sends: list[Send] = []
        self.notices: list[Notice] = []
        self.replies: list[Reply] = []

    def drain(self) -> Batch:
        """Hand over everything and start anew."""
        if self.drafts:
            for (kind, key), make in self.drafts.items():
                value = make()
                if value is not UNCHANGED:
                    self.saves.append(Save(kind, key, value))
            self.drafts.clear()
        batch = Batch(self.saves, self.sends, self.notices, self.replies)
        self.saves, self.sends, self.notices, self.replies = [], [], [], []
        return batch
