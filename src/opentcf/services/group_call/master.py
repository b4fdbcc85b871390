"""G: the group's master. The only one that arbitrates the floor; one branch for each V-TCF that serves a member."""

from __future__ import annotations

from enum import Enum

from opentcf.model.call import CalledType, CallSetup, CallType
from opentcf.model.cause import FloorCause
from opentcf.model.floor import Floor
from opentcf.model.group import Group
from opentcf.model.numbers import Aor
from opentcf.services.group_call.link import ENTERED, Half, Link
from opentcf.services.leg import Leg
from opentcf.sip.timers import Timer


class MasterState(Enum):
    """CONFIRMING: the caller waits for the called V-TCFs."""

    CONFIRMING = "confirming"
    UP = "up"
    ENDED = "ended"


class MasterInput(Enum):
    """What can happen to the call as a whole; its floor has a table of its own."""

    JOINED = "a V-TCF's INVITE"
    SETTLED = "set-up settled"
    """All V-TCFs have answered that a confirmed set-up waits for, or Tconfirm is over, and somebody is up."""
    UNANSWERED = "set-up failed"
    """The same, and nobody is."""
    OVER = "release"
    """By its owner, a dispatcher, T4, Tcall, or because nobody is left."""


class Branch:
    """The part of a call at one V-TCF; `link` is None where that is this very TCF.

    Who entered the call by an order has a branch of his own, whose `domain` is his whole number. `caller` is who called
    by the INVITE that opened it, `denied` why he does not get the floor, where that waits to be said.
    """

    __slots__ = ("caller", "denied", "domain", "link", "up")

    def __init__(self, domain: str, link: Link | None) -> None:
        self.domain = domain
        self.link = link
        self.up = False
        self.caller: Aor | None = None
        self.denied = FloorCause.DENIED

    @classmethod
    def of(cls, link: Link) -> Branch:
        """The branch that a leg leads to."""
        entered = link.half in ENTERED
        return cls(str(link.leg.party) if entered else link.leg.peer or "", link)

    @property
    def entered(self) -> bool:
        """Is it that of somebody who entered by an order?"""
        return self.link is not None and self.link.half in ENTERED

    @property
    def waits(self) -> bool:
        """Was it opened by a caller whose 200 is held until a confirmed set-up is settled?"""
        return not self.up and self.caller is not None

    @property
    def listens(self) -> bool:
        """Does it only listen, discreetly?"""
        return self.link is not None and self.link.half is Half.LISTENING


class MasterCall:
    """A running call of a group of ours."""

    __slots__ = (
        "asked", "began", "branches", "caller_branch", "changed", "codecs", "emergency_by", "floor", "forwarded",
        "group", "key", "left", "originator", "patience", "setup", "silent_since", "state", "timers", "untold",
        "waiting",
    )  # fmt: skip

    def __init__(self, key: str, group: Group, setup: CallSetup, originator: Aor, codecs: bytes) -> None:
        self.key = key
        self.group = group
        self.setup = setup
        self.originator = originator
        self.codecs = codecs
        self.state = MasterState.UP
        self.floor = Floor(group.queue_length, preemption=group.preemption)
        self.branches: dict[str, Branch] = {}
        self.caller_branch = ""
        self.began = 0.0
        self.forwarded = False
        """Its source is in another call, from which its video is forwarded."""
        self.untold = 0
        """The grant that its new talker has not confirmed yet."""
        self.changed = 0.0
        """When the floor changed last; wall seconds, as `began`."""
        self.asked: set[str] = set()
        """V-TCFs that were called for a confirmed set-up and have not answered."""
        self.left: set[Aor] = set()
        self.patience = 1.0
        """Seconds until V-TCFs that failed or refused are asked again."""
        self.emergency_by: Aor | None = originator if setup.emergency else None
        self.timers: dict[str, Timer] = {}
        self.silent_since = 0.0
        """When that was sent which the talker's V-TCF leaves unanswered."""
        self.waiting: dict[Aor, float] = {}
        """Since when the waiters of the queue wait; wall seconds."""

    @property
    def id(self) -> str:
        """The OnlineCallID."""
        return self.setup.online_call_id

    def setup_for(self, talker: Aor | None) -> CallSetup:
        """What a V-TCF is told of it; a push says that it is for a group."""
        setup, emergency = self.setup, self.emergency_by is not None
        kind = setup.called_type if setup.call_type.is_group else CalledType.GROUP
        return setup._replace(full_duplex=True, emergency=emergency, caller=talker, called_type=kind)

    @property
    def is_push(self) -> bool:
        """Does somebody push video to the group? It lasts as long as he does: T2 and T4 are for talk."""
        return self.setup.call_type is CallType.VIDEO_PUSH

    @property
    def served(self) -> bool:
        """Is anybody in it but those who entered by an order?"""
        return any(not branch.entered for branch in self.branches.values())

    def branch_of(self, leg: Leg) -> Branch | None:
        """The branch that a leg leads to."""
        for domain in (leg.peer or "", str(leg.party)):
            branch = self.branches.get(domain)
            if branch is not None and branch.link is not None and branch.link.leg is leg:
                return branch
        return None

    def talk_time(self, default: float) -> int:
        """T2 of this group; 0, the source of a push is not limited."""
        return 0 if self.is_push else int(self.group.talk_time or default)

    def __repr__(self) -> str:
        return f"<MasterCall {self.id} {self.group.aor} {self.state.value} talker {self.floor.talker}>"
