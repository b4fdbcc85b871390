"""What must never wait nor be refused, by the look of a message's bytes: a node under load can not afford to parse it.

The look may take something for urgent that is not, never the other way round.
"""

import re
from collections.abc import Container, Iterable
from enum import IntEnum

from opentcf.btrunc.wire import Param, Token, Wire

SPARED = (Token.HEARTBEAT, Token.DISMANTLE, Token.HANDOVER, Token.KICK_OFF)
"""Operations outside a dialog that end, or go on with, what was accepted before."""
BEGINNINGS = frozenset((b"INVITE", b"MESSAGE", b"REGISTER", b"SUBSCRIBE", b"OPTIONS", b"CANCEL"))
"""Methods that may begin something. A CANCEL waits in line behind its INVITE, and is not refused."""
_BLANK = rb"(?:[ \t]|\r\n[ \t])*+"
_LINE = rb"[^\r\n]*(?:\r\n[ \t][^\r\n]*)*?"
_TO_TAG = re.compile(rb"\r\n(?:to|t)[ \t]*:" + _LINE + rb";[ \t]*tag[ \t]*=[ \t]*([^\s;,]+)", re.IGNORECASE)


class Rank(IntEnum):
    """The order in which messages are served. What is not URGENT may be refused; PROVED has answered a challenge."""

    URGENT = 0
    PROVED = 1
    NEW = 2


URGENT, PROVED, NEW = Rank


class Urgency:
    """Knows how all peers spell what is urgent."""

    def __init__(self, wires: Iterable[Wire]) -> None:
        known = tuple(wires)
        fields = {wire.extension for wire in known}
        tokens = {wire.tokens[token] for wire in known for token in SPARED}
        emergency = {wire.params[Param.EMERGENCY] for wire in known}
        self._words = tuple(word.lower().encode() for word in sorted(tokens | emergency))
        self._spared = re.compile(
            rb"\r\n%b[ \t]*:%b(?:%b%b[;\r]|%b;%b%b%b=%b\"?%b\"?%b[;\r])"
            % (
                _either(fields),
                _BLANK,
                _either(tokens),
                _BLANK,
                _LINE,
                _BLANK,
                _either(emergency),
                _BLANK,
                _BLANK,
                _either({wire.written(Param.EMERGENCY, "1") for wire in known}),
                _BLANK,
            )
        )

    def spares(self, head: bytes) -> bool:
        """Is it an emergency call, or an operation that is SPARED? `head` is in lower case, its last line ended."""
        for word in self._words:
            if word in head:
                return self._spared.search(head) is not None
        return False

    def rank(self, data: bytes, dialogs: Container[str]) -> Rank:
        """When to serve this message; `dialogs` are our tags. Whose SUBSCRIBE has a tag says that he has a dialog."""
        if data[: data.find(b" ", 0, 12)] not in BEGINNINGS:
            return URGENT
        head = data[: data.find(b"\r\n\r\n") + 2]
        lower = head.lower()
        if b"tag" in _to(lower) and _is_in_dialog(head, dialogs):
            return URGENT
        if self.spares(lower):
            return URGENT
        return PROVED if b"\r\nauthorization" in lower else NEW


def _to(head: bytes) -> bytes:
    """The To line where it is written as usual, else all of them."""
    start = head.find(b"\r\nto:")
    end = head.find(b"\r\n", start + 2)
    return head[start:end] if start >= 0 and head[end + 2 : end + 3] not in b" \t" else head


def _is_in_dialog(head: bytes, dialogs: Container[str]) -> bool:
    tag = _TO_TAG.search(head)
    known = tag is not None and tag[1].decode("ascii", "replace") in dialogs
    return known or (tag is not None and head.startswith(b"SUBSCRIBE "))


def _either(names: Iterable[str]) -> bytes:
    return b"(?:%b)" % b"|".join(re.escape(name.lower().encode()) for name in sorted(names))
