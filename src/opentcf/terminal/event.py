"""What the person at a terminal notices, and how the terminal behaves when it is called."""

from enum import Enum
from typing import NamedTuple

from opentcf.btrunc.extension import Extension
from opentcf.sip.message import Response
from opentcf.terminal.call import Call
from opentcf.terminal.watch import Watch


class Behaviour(Enum):
    """What the terminal does when it is called. Who rings still takes what asks to be answered without ringing (RFC
    5373); who ignores rings then as well."""

    RING = "ring"
    ANSWER = "answer"
    BUSY = "busy"
    DECLINE = "decline"
    IGNORE = "ignore"


class Page(NamedTuple):
    """A MESSAGE that came (`sender`), or the result of one that was sent (`key`).

    `extension` is that of the MESSAGE, or of the answer. `msgid` and `group` are those of short data.
    """

    key: str = ""
    sender: str = ""
    msgid: str = ""
    group: str = ""
    body: bytes = b""
    content_type: str = ""
    extension: Extension | None = None


class Event(NamedTuple):
    """Something the person at the terminal would notice: `registered`, `refreshed`, `unregistered`, `kicked`,
    `moved_on` (a TCF that we left lets go of us), `refused`, `incoming`, `ringing`, `up`, `ended`, `changed` (our
    offer was taken), `offer` (theirs changed the media), `failed`, `handover` (a target has reserved for us), `moved`
    (the call goes on there), `stunned`, `killed`, `revived`; with a `page`: `message` (one came), `regrouped` (what
    became of a member), `delivered` and `refused` (what became of ours); with a `watch`: `notified` and `refused`;
    `addresses`: a part of the address book.
    `text` says why, where it is known, or what a message says."""

    name: str
    call: Call | None = None
    status: int = 0
    text: str = ""
    page: Page | None = None
    watch: Watch | None = None


UNANSWERED = "no answer from "
"""How the text of an event begins whose request nobody answered; its status is 408 then, or 503 where it
could not be sent."""


def warning(response: Response | None) -> str:
    """The sentence of a Warning, which says more than the status."""
    raw = response.headers.get("Warning") if response is not None else None
    return raw.partition('"')[2].rpartition('"')[0] if raw else ""
