"""G and V on one TCF: the hop disappears, the same operations go by a queue instead of messages."""

from collections import deque
from typing import NamedTuple

from opentcf.btrunc.floor import Operation
from opentcf.model.call import CallSetup, CallType
from opentcf.model.cause import ReleaseCause
from opentcf.model.numbers import Aor


class Open(NamedTuple):
    """V→G: a member here calls the group, or joins its running call."""

    setup: CallSetup
    codecs: bytes


class Invite(NamedTuple):
    """G→V: serve the call to the members here."""

    setup: CallSetup
    codecs: bytes


class Change(NamedTuple):
    """媒体变更: the call is of that type, with those streams, from now on.

    V→G `user` wants it; G→V all are offered it, and he, where he is, has his answer.
    """

    user: Aor | None
    call_type: CallType
    codecs: bytes


class Unchanged(NamedTuple):
    """G→V: he may not have it."""

    status: int


class Confirmed(NamedTuple):
    """V→G: a grant or revoke was taken (or, a grant, not)."""

    purpose: str
    taken: bool


class Gone(NamedTuple):
    """V→G: no member is left here."""

    cause: ReleaseCause


class End(NamedTuple):
    """G→V: the call is released."""

    cause: ReleaseCause


Local = Operation | Open | Invite | Change | Unchanged | Confirmed | Gone | End


class Post(NamedTuple):
    """Something on its way between the halves of one group's call; `upwards` from V to G."""

    upwards: bool
    group: Aor
    what: Local


Queue = deque[Post]
