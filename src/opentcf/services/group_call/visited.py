"""V: the part of a group call at a V-TCF. One leg towards the master, one towards each of its members."""

from __future__ import annotations

from enum import Enum

from opentcf.btrunc.floor import Ask, Grant, LetGo, Revoke
from opentcf.model.call import CallSetup
from opentcf.model.numbers import Aor
from opentcf.services.group_call.link import Link
from opentcf.services.group_call.local import Change


class VisitedState(Enum):
    """CALLING: a member here called the group and its master has not answered."""

    CALLING = "calling"
    UP = "up"
    ENDED = "ended"


class VisitedInput(Enum):
    """What can happen to the part of the call at a V-TCF as a whole."""

    DIALLED = "a member's INVITE"
    ARRIVED = "a member who may enter late"
    INVITED = "the master's INVITE"
    CROSSED = "the master's INVITE, ours under way"
    ACCEPTED = "the master's 200"
    REFUSED = "the master's refusal"
    EMPTY = "no member left"
    RELEASED = "the master's BYE"


class VisitedCall:
    """A group call with members here. `uplink` is None where the master is this very TCF.

    `asking` are members whose Ask is with the master, in order; `joining` those for whom it is their INVITE.
    `hung_up` left by themselves: late entry does not call them back (profile 7).
    """

    __slots__ = (
        "asking",
        "began",
        "changing",
        "codecs",
        "doubtful",
        "grant",
        "group",
        "hung_up",
        "joining",
        "key",
        "members",
        "opener",
        "released",
        "returning",
        "setup",
        "silent_since",
        "state",
        "talker",
        "unsaid",
        "untold",
        "uplink",
        "urgent",
        "watched",
        "withdrawn",
    )  # fmt: skip

    def __init__(self, key: str, group: Aor, setup: CallSetup, uplink: Link | None, codecs: bytes) -> None:
        self.key = key
        self.group = group
        self.setup = setup
        self.uplink = uplink
        self.codecs = codecs
        self.state = VisitedState.CALLING
        self.members: dict[Aor, Link] = {}
        self.asking: dict[Aor, Ask] = {}
        self.joining: set[Aor] = set()
        self.hung_up: set[Aor] = set()
        self.returning: set[Aor] = set()
        """Members who registered anew: should their terminals have lost the dialog, they are brought in again."""
        self.withdrawn: set[Aor] = set()
        """Members whose cancelled Ask the master has not answered yet."""
        self.urgent: set[Aor] = set()
        """Members whose Ask raised the emergency: their grant does not say so, and the others here must hear of it."""
        self.opener: Aor | None = None
        """Who dialled it here, if it began with that."""
        self.changing: Change | None = None
        """The media change that a member wants and the master has not answered."""
        self.talker: Aor | None = None
        self.grant = 0
        self.released = 0
        """The grant that its talker here gave back last: repeated, it comes too late."""
        self.untold: dict[Aor, Grant | Revoke] = {}
        """The last grant or revoke of each member who has not answered it."""
        self.began = 0.0
        self.watched: float | None = None
        """When that was sent whose answer is watched for: without one within T1 our talker loses the floor."""
        self.unsaid: dict[Aor, LetGo] = {}
        """What our members gave back, or we took from them, and the master has not heard: it is silent since then."""
        self.silent_since = 0.0
        self.doubtful = False
        """The master was down or lost its state, or we were away: it may have no leg to us any more."""

    @property
    def id(self) -> str:
        """The OnlineCallID."""
        return self.setup.online_call_id

    def be(self, online_call_id: str) -> None:
        """The call into which a member dialled runs already, under its own identity (profile 2.1)."""
        self.setup = self.setup._replace(online_call_id=online_call_id)

    def member_of(self, leg_key: str) -> Aor | None:
        """Whose leg is this?"""
        return next((user for user, link in self.members.items() if link.leg.key == leg_key), None)

    def __repr__(self) -> str:
        return f"<VisitedCall {self.id} {self.group} {self.state.value} with {list(self.members)}>"
