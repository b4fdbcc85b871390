"""A private call: its states, what can happen to it, and its two legs."""

from __future__ import annotations

from enum import StrEnum, auto

from opentcf.btrunc.floor import Grant, Revoke
from opentcf.btrunc.wire import Token
from opentcf.model.call import CallSetup
from opentcf.model.cause import ReleaseCause
from opentcf.model.facts import CallChanged
from opentcf.model.floor import Floor
from opentcf.model.numbers import Aor
from opentcf.services.leg import ENDED as LEG_ENDED
from opentcf.services.leg import Happened, Leg, LegState, What
from opentcf.services.path import Role
from opentcf.sip.timers import Timer

NAME = "private_call"
FOLLOW = "follow"
"""The purpose of a re-INVITE to a terminal that came to another address."""
PASSED = frozenset((400, 403, 404, 413, 415, 416, 420, 480, 481, 482, 483, 486, 487, 488, 491, 500, 503, 603))
"""Refusals that pass to the caller as they are."""


class State(StrEnum):
    """Where a call is."""

    SETUP = "setup"
    ALERTING = "alerting"
    CANCELLING = "cancelling"
    UP = "up"
    RELEASING = "releasing"
    ENDED = "ended"


SETTING_UP = (State.SETUP, State.ALERTING, State.CANCELLING)
"""The called user has not answered."""


class Input(StrEnum):
    """What can happen to a call."""

    PROGRESS = auto()
    ANSWER = auto()
    REFUSAL = auto()
    CANCEL = auto()
    NO_ANSWER = auto()
    OFFER = auto()
    OFFER_ANSWER = auto()
    OFFER_REFUSAL = auto()
    ACK = auto()
    BYE = auto()
    HUNG_UP = auto()
    LOST = auto()
    INFO = auto()
    RELEASED = auto()
    RELEASE = auto()
    ARRIVED = auto()
    NOT_ARRIVED = auto()
    OLD_LEFT = auto()
    ASIDE = auto()


class Move:
    """A handover (切换) of one party, at his home: `old` leads to the V-TCF that he left, `new` to the one he reached.

    `offered` is the far side's description as the new leg's INVITE carried it. It is tried until `until`.
    """

    __slots__ = ("new", "offered", "old", "patience", "until", "user")

    def __init__(self, user: Aor, old: Leg, new: Leg, offered: bytes, until: float = 0.0) -> None:
        self.user = user
        self.old = old
        self.new = new
        self.offered = offered
        self.until = until
        self.patience: Timer | None = None


class Guest:
    """Who entered this call by an order. `asked` are the keys of the legs that have not answered the offer of his
    stream."""

    __slots__ = ("asked", "leg", "listens")

    def __init__(self, leg: Leg, *, listens: bool) -> None:
        self.leg = leg
        self.listens = listens
        self.asked: set[str] = set()

    @property
    def side(self) -> str:
        """How the floor names his leg."""
        return str(self.leg.party)


class PrivateCall:
    """A call at this TCF. `up` leads towards the caller, `down` towards the called user; `id` is the OnlineCallID.

    `moves` are handovers under way, at most one for each party; `left` are legs that were replaced or given up and
    have not ended; `continued` are the keys of legs whose far side a handover replaced; `waiting` are parties whose
    handover begins anew after a restart. `floor`: at the caller's home, of a half-duplex call.
    `wanted` is the call as the open re-INVITE wants it. `operation`: a call, or the way of somebody who enters one of
    others by force or to listen; then `called` is the group or party by which that call is reached.
    `guests` are those who entered this one, `slots` the lines of each leg's descriptions that are or were theirs:
    whose (the key of his leg), and what kind of stream.
    """

    __slots__ = (
        "before", "began", "called", "caller", "cause", "continued", "down", "floor", "floor_timers", "guests", "id",
        "key", "left", "moves", "offering", "operation", "ring", "roles", "setup", "slots", "state", "untold", "up",
        "waiting", "wanted",
    )  # fmt: skip

    def __init__(self, key: str, setup: CallSetup, caller: Aor, called: Aor, up: Leg, down: Leg) -> None:
        self.key = key
        self.id = setup.online_call_id
        self.operation = Token.CALL
        self.setup = setup
        self.caller = caller
        self.called = called
        self.up = up
        self.down = down
        self.state = State.SETUP
        self.roles: tuple[Role, ...] = ()
        self.cause = ReleaseCause.NORMAL
        self.began = 0.0
        self.offering: Leg | None = None
        self.before = b""
        """What the side whose re-INVITE is open had described before it."""
        self.ring: Timer | None = None
        self.moves: list[Move] = []
        self.left: list[Leg] = []
        self.continued: set[str] = set()
        self.waiting: list[Aor] = []
        self.wanted = setup
        self.guests: list[Guest] = []
        self.slots: dict[str, dict[int, tuple[str, str]]] = {}
        self.floor: Floor | None = None
        self.floor_timers: dict[str, Timer] = {}
        self.untold: dict[str, Grant | Revoke] = {}
        """The last grant or revoke on each leg of the floor that was not answered there."""

    def other(self, leg: Leg) -> Leg:
        """The leg on the other side."""
        return self.down if leg is self.up else self.up

    @property
    def legs(self) -> tuple[Leg, Leg]:
        """Both legs."""
        return (self.up, self.down)

    @property
    def over(self) -> bool:
        """Have all legs ended?"""
        if self.up.state is not LEG_ENDED or self.down.state is not LEG_ENDED:
            return False
        others = (*(guest.leg for guest in self.guests), *(move.new for move in self.moves), *self.left)
        return all(leg.state is LEG_ENDED for leg in others)

    @property
    def enters(self) -> bool:
        """Is it the way of somebody who enters a call of others?"""
        return self.operation is not Token.CALL

    def party(self, leg: Leg) -> Aor:
        """Who is at the far end of a leg."""
        return self.caller if leg is self.up else self.called if leg is self.down else leg.party

    def guest(self, leg: Leg) -> Guest | None:
        """Whose leg is this?"""
        return next((guest for guest in self.guests if guest.leg is leg), None)

    @property
    def floor_legs(self) -> dict[str, Leg]:
        """Everybody's leg, as the floor names it."""
        return {"up": self.up, "down": self.down, **{guest.side: guest.leg for guest in self.guests}}

    def move_to(self, leg: Leg) -> Move | None:
        """The handover whose new leg this is."""
        return next((move for move in self.moves if move.new is leg), None)

    def move_from(self, leg: Leg) -> Move | None:
        """The handover whose old leg this is."""
        return next((move for move in self.moves if move.old is leg), None)

    def set_aside(self, leg: Leg) -> None:
        """Keep a leg that was given up until it has ended."""
        others = [kept for kept in self.left if kept is not leg]
        self.left = [kept for kept in (*others, leg) if kept.state is not LEG_ENDED]

    def told(self) -> CallChanged:
        """For who watches: giving up an INVITE and ending a call are one state to him."""
        state = State.RELEASING if self.state is State.CANCELLING else self.state
        kind = self.setup.call_type
        return CallChanged(self.key, self.id, kind, state.value, self.caller, self.called, self.began)

    def stop_ringing(self) -> None:
        """It was answered, refused or given up."""
        if self.ring is not None:
            self.ring.cancel()
            self.ring = None

    def __repr__(self) -> str:
        return f"<PrivateCall {self.id} {self.caller} → {self.called} {self.state.value}>"


def refusal(status: int) -> int:
    """A final failure as this interface knows it; an unknown one reads as its class (RFC 3261 §8.1.3.2)."""
    if status in PASSED:
        return status
    if status >= 600:
        return {600: 486, 604: 404, 606: 488}.get(status, 603)
    if status in (401, 407):
        return 403
    return 500 if status >= 500 else 480


def classify(call: PrivateCall, happened: Happened) -> Input:
    """Which input an event of a leg is."""
    what, leg = happened.what, happened.leg
    if leg is not call.up and leg is not call.down:
        return _classify_aside(call, happened)
    if call.moves and call.move_from(leg) is not None and what in (What.ENDED, What.LOST):
        return Input.OLD_LEFT
    if leg is call.down and call.state in SETTING_UP:
        return _OF_CALLED[what]
    return _PLAIN[what]


def _classify_aside(call: PrivateCall, happened: Happened) -> Input:
    """An event of a leg that is not, or not yet, one of the two."""
    move = call.move_to(happened.leg)
    if move is None:
        return Input.ASIDE
    if happened.what is What.ANSWERED:
        return Input.ARRIVED
    if happened.what in (What.REFUSED, What.ENDED, What.LOST):
        gone = move.old.state is not LegState.UP
        return Input.LOST if gone and call.state is State.UP else Input.NOT_ARRIVED
    return Input.ASIDE


_PLAIN = {
    What.PROGRESS: Input.PROGRESS,
    What.ANSWERED: Input.OFFER_ANSWER,
    What.REFUSED: Input.OFFER_REFUSAL,
    What.OFFERED: Input.OFFER,
    What.ACKED: Input.ACK,
    What.CANCELLED: Input.CANCEL,
    What.ENDED: Input.BYE,
    What.LOST: Input.LOST,
    What.INFORMED: Input.INFO,
    What.RELEASED: Input.RELEASED,
    What.SETTLED: Input.ASIDE,
}
_OF_CALLED = _PLAIN | {
    What.ANSWERED: Input.ANSWER,
    What.REFUSED: Input.REFUSAL,
    What.ENDED: Input.HUNG_UP,
}
