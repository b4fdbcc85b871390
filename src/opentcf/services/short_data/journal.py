"""What passed here in the last five minutes: so that nothing is delivered twice, also after a restart."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from opentcf.model.numbers import Aor
from opentcf.services.context import Context
from opentcf.services.short_data.record import (
    MASTER,
    UNKNOWN,
    UNREACHABLE,
    ShortMessage,
    key_of,
    read,
)
from opentcf.sip.outbox import Value
from opentcf.sip.timers import Timer
from opentcf.sip.transaction import Owner

NAME = "short_data"
RECORD, BODY = "short_message", "short_message_body"
PRUNE = "prune"
KEPT = 300.0
"""Seconds in which a repeated msgid is the same message (profile 4.5)."""
PRUNE_EVERY = 1.0
"""Seconds between two looks for records that are too old, at the least."""
HISTORY = 1000
"""How many messages people can look back at."""
INTERRUPTED = "a restart interrupted this message: whether it arrived is not known"


class Journal:
    """Records of short messages, oldest first. Each is in the store before anything of it leaves."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._by_key: dict[str, ShortMessage] = {}
        self._kept: deque[ShortMessage] = deque()
        self._history: deque[ShortMessage] = deque(maxlen=HISTORY)
        self._open: dict[str, int] = {}
        self._unsent: dict[str, ShortMessage] = {}
        self._timer: Timer | None = None
        self._number = 0

    def find(self, sender: Aor, msgid: str, called: Aor, roles: Iterable[str]) -> ShortMessage | None:
        """The message with this identity that has one of these roles here."""
        for role in roles:
            found = self._by_key.get(key_of(sender, msgid, called, role))
            if found is not None:
                return found
        return None

    def get(self, key: str) -> ShortMessage | None:
        """By `ShortMessage.key`."""
        return self._by_key.get(key)

    def open_from(self, origin: str) -> int:
        """How many messages of one sender, a peer or a user, are not answered yet."""
        return self._open.get(origin, 0)

    def add(self, message: ShortMessage) -> None:
        """A new one. Its body is kept too where it has one."""
        ctx = self._ctx
        self._number = (self._number + 1) % 1000
        message.began = ctx.wall
        message.id = f"{int(ctx.wall * 1000):014d}{self._number:03d}"
        self._index(message)
        if not message.status:
            self._open[message.origin] = self._open.get(message.origin, 0) + 1
        self.save(message)
        if message.body:
            ctx.save(BODY, message.id, message.body_row())

    def answered(self, message: ShortMessage, status: int, text: str) -> None:
        """It has its final answer, which repeats of it get as well."""
        left = self._open[message.origin] - 1
        if left:
            self._open[message.origin] = left
        else:
            del self._open[message.origin]
        message.status, message.text = status, text
        message.waiting = []
        self.save(message)

    def save(self, message: ShortMessage) -> None:
        """It changed."""
        self._ctx.save(RECORD, message.id, message.row())

    def drop_body(self, message: ShortMessage) -> None:
        """It will not be sent again."""
        if self._unsent.pop(message.key, None) is not None:
            message.body = b""
            self._ctx.save(BODY, message.id, None)

    def unsent(self) -> list[ShortMessage]:
        """Messages of our groups that a V-TCF has not taken yet."""
        return list(self._unsent.values())

    def prune(self) -> None:
        """Forget those whose five minutes are over; a V-TCF that has not taken one by then is not reached."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        over = self._ctx.wall - KEPT
        while self._kept and self._kept[0].began <= over:
            message = self._kept.popleft()
            for recipient in message.open_recipients():
                recipient.result = UNREACHABLE
            self.drop_body(message)
            for role in message.roles:
                self._by_key.pop(key_of(message.sender, message.msgid, message.called, role), None)
            self._ctx.save(RECORD, message.id, None)
        self._arm()

    def view(self) -> list[dict[str, Value]]:
        """For people: the latest, oldest first."""
        return [message.view() for message in self._history]

    def load(self, rows: dict[str, Value], bodies: dict[str, Value]) -> None:
        """Go on from what the store held. What was open when we stopped is an error from now on, what has run out
        meanwhile is forgotten."""
        found = [read(identity, row, bodies.get(identity)) for identity, row in rows.items()]
        for message in sorted(found, key=lambda message: message.id):
            self._index(message)
            changed = not message.status
            if not message.status:
                message.status, message.text = 500, INTERRUPTED
            if MASTER not in message.roles:
                for recipient in message.open_recipients():
                    recipient.result, changed = UNKNOWN, True
            if changed:
                self.save(message)
        self.prune()

    def _index(self, message: ShortMessage) -> None:
        for role in message.roles:
            self._by_key[key_of(message.sender, message.msgid, message.called, role)] = message
        if message.body:
            self._unsent[message.key] = message
        self._kept.append(message)
        self._history.append(message)
        if self._timer is None:
            self._arm()

    def _arm(self) -> None:
        if self._kept:
            left = max(PRUNE_EVERY, self._kept[0].began + KEPT - self._ctx.wall)
            self._timer = self._ctx.start(left, Owner(NAME, "", PRUNE))
