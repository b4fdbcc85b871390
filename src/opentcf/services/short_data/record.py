"""A short message as this TCF knows it: where it goes, and what became of it."""

from __future__ import annotations

import base64

from opentcf.model.numbers import Aor
from opentcf.model.short_data import MessageType
from opentcf.services.context import Incoming
from opentcf.sip.outbox import Value

MASTER, VISITED = "G", "V"
"""Roles for a group's message, beside those of the path between two users."""
WAITING, DELIVERED, ACCEPTED, NOT_REGISTERED = "waiting", "delivered", "accepted", "not registered"
VERSION = 1
"""Of a record: its first value."""
REFUSED, UNREACHABLE, UNKNOWN = "refused", "unreachable", "unknown"


class Recipient:
    """Who is to get a group's message: at G a V-TCF with the `members` that it serves, at V one member.

    `sent`: a MESSAGE to him is under way.
    """

    __slots__ = ("members", "name", "result", "sent")

    def __init__(self, name: str, members: tuple[Aor, ...] = (), result: str = WAITING) -> None:
        self.name = name
        self.members = members
        self.result = result
        self.sent = False

    def row(self) -> list[Value]:
        """For the store."""
        return [self.name, [str(member) for member in self.members], self.result]

    def view(self) -> dict[str, Value]:
        """For people."""
        kind = "party" if "@" in self.name else "peer"
        found: dict[str, Value] = {kind: self.name, "result": self.result}
        return found | {"members": [str(member) for member in self.members]} if self.members else found


class ShortMessage:
    """One message in the roles that it has here. `status` is its final answer, 0 while it is open.

    `waiting` are copies that came while it was open; `origin` is who sent it here; `body` is kept while a group's
    message may have to be sent again.
    """

    __slots__ = (
        "began", "body", "called", "content_type", "id", "kind", "msgid", "origin", "recipients", "roles", "sender",
        "size", "status", "text", "waiting",
    )  # fmt: skip

    def __init__(
        self, kind: MessageType, sender: Aor, msgid: str, called: Aor, roles: tuple[str, ...], size: int
    ) -> None:
        self.kind = kind
        self.sender = sender
        self.msgid = msgid
        self.called = called
        self.roles = roles
        self.size = size
        self.id = ""
        self.began = 0.0
        self.status = 0
        self.text = ""
        self.origin = ""
        self.content_type = ""
        self.body = b""
        self.recipients: tuple[Recipient, ...] = ()
        self.waiting: list[Incoming] = []

    @property
    def key(self) -> str:
        """Names it in transactions."""
        return key_of(self.sender, self.msgid, self.called, self.roles[0])

    @property
    def state(self) -> str:
        """For people and counters."""
        if not self.status:
            return "open"
        if self.status < 300:
            return ACCEPTED if self.recipients else DELIVERED
        return REFUSED if self.status < 500 or self.status >= 600 else UNKNOWN

    def open_recipients(self) -> list[Recipient]:
        """Those of whom the outcome is not known yet."""
        return [recipient for recipient in self.recipients if recipient.result == WAITING]

    def row(self) -> Value:
        """For the store, where its key is `id`: the newest record stands beside the one before it."""
        return [
            VERSION,
            self.began,
            int(self.kind),
            self.sender,
            self.msgid,
            self.called,
            self.roles,
            self.size,
            self.content_type,
            self.status,
            self.text,
            [recipient.row() for recipient in self.recipients],
        ]

    def body_row(self) -> Value:
        """The body for the store."""
        return base64.b64encode(self.body).decode()

    def view(self) -> dict[str, Value]:
        """For people."""
        return {
            "id": self.id,
            "msgid": self.msgid,
            "kind": self.kind.name.lower(),
            "sender": str(self.sender),
            "called": str(self.called),
            "roles": list(self.roles),
            "since": self.began,
            "size": self.size,
            "type": self.content_type,
            "state": self.state,
            "status": self.status or None,
            "recipients": [recipient.view() for recipient in self.recipients],
        }


def read(identity: str, row: Value, body: Value) -> ShortMessage:
    """From the store."""
    _, began, kind, sender, msgid, called, roles, size, content_type, status, text, recipients = row
    message = ShortMessage(MessageType(kind), Aor(*sender), msgid, Aor(*called), tuple(roles), size)
    message.id, message.began, message.content_type = identity, began, content_type
    message.status, message.text = status, text
    message.recipients = tuple(
        Recipient(name, tuple(Aor.parse(member) for member in members), result)
        for name, members, result in recipients
    )
    message.body = base64.b64decode(body) if body else b""
    return message


def key_of(sender: Aor, msgid: str, called: Aor, role: str) -> str:
    """Names a message in one of its roles."""
    return f"{sender} {called} {role} {msgid}"
