"""The four machines as literal tables: state × input → next state and deed (RFC 3261 figures 5-8, RFC 6026).

Rule one: a deed acts on its transaction and the layer's outbox only; what the user of the layer must know is returned.
Rule two: a transaction that lingers keeps nothing but the bytes it may have to send again.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import TYPE_CHECKING

from opentcf.sip.message import Message, Request, Response
from opentcf.sip.outbox import Flow
from opentcf.sip.timers import Timer
from opentcf.sip.transaction.outcome import Outcome, Owner, Unacknowledged

if TYPE_CHECKING:
    from opentcf.sip.transaction.layer import Layer


class Kind(IntEnum):
    """Which of the four machines."""

    INVITE_CLIENT = 0
    CLIENT = 1
    INVITE_SERVER = 2
    SERVER = 3


class State(IntEnum):
    """States of all machines; CALLING and TRYING are where clients begin."""

    CALLING = 0
    TRYING = 1
    PROCEEDING = 2
    COMPLETED = 3
    CONFIRMED = 4
    ACCEPTED = 5
    TERMINATED = 6


class Input(IntEnum):
    """What can happen to a transaction; the timers by their letters in RFC 3261 §17 and RFC 6026."""

    REQUEST = 0
    PROVISIONAL = 1
    SUCCESS = 2
    FAILURE = 3
    ACK = 4
    RETRANSMIT = 5
    """Timers A, E, G: send again."""
    TIMEOUT = 6
    """Timers B, F, H: the other side is silent."""
    LINGER = 7
    """Timers D, I, J, K, L, M: stray copies need no answer any more."""
    BROKEN = 8
    """The transport could not send."""


# Through its class Python 3.11 finds a member of an enumeration twenty times slower than a global.
INVITE_CLIENT, CLIENT, INVITE_SERVER, SERVER = Kind
CALLING, TRYING, PROCEEDING, COMPLETED, CONFIRMED, ACCEPTED, TERMINATED = State
REQUEST, PROVISIONAL, SUCCESS, FAILURE, ACK, RETRANSMIT, TIMEOUT, LINGER, BROKEN = Input


class Transaction:
    """What both kinds have. `last` is what would be sent again; `wait` the interval of the next retransmission."""

    __slots__ = ("flow", "key", "kind", "last", "linger", "owner", "repeat", "state", "wait")

    def __init__(self, kind: Kind, key: str, flow: Flow, owner: Owner | None) -> None:
        self.kind = kind
        self.key = key
        self.flow = flow
        self.owner = owner
        self.state = PROCEEDING
        self.last = b""
        self.wait = 0.0
        self.repeat: Timer | None = None
        self.linger: Timer | None = None

    @property
    def reliable(self) -> bool:
        """Does the transport itself repeat what is lost?"""
        return self.flow.transport != "udp"

    def stop(self) -> None:
        """No retransmission any more."""
        if self.repeat is not None:
            self.repeat.cancel()
            self.repeat = None

    def __repr__(self) -> str:
        return f"<{self.kind.name} {self.state.name} {self.key}>"


class ClientTransaction(Transaction):
    """A request of ours. `request` is dropped with the final response; `branch` is the Via's.

    `by_size`: it goes by TCP for its size alone, so UDP is left to try. `insists`: what could not be sent is sent again
    for a while.
    """

    __slots__ = ("began", "branch", "by_size", "insists", "request", "tag")

    def __init__(self, kind: Kind, key: str, branch: str, request: Request, flow: Flow, owner: Owner) -> None:
        super().__init__(kind, key, flow, owner)
        self.state = CALLING if kind is INVITE_CLIENT else TRYING
        self.branch = branch
        self.request: Request | None = request
        self.tag: str | None = None
        self.by_size = False
        self.insists = False
        self.began = 0.0


class ServerTransaction(Transaction):
    """A request of theirs. `request` is dropped with the final response; until then it counts for `opener`.

    `origin`: what a copy that comes by another way has in common with it; empty within a dialog.
    """

    __slots__ = ("opener", "origin", "request")

    def __init__(self, kind: Kind, key: str, request: Request, flow: Flow) -> None:
        super().__init__(kind, key, flow, None)
        self.state = PROCEEDING if kind is INVITE_SERVER else TRYING
        self.request: Request | None = request
        self.opener = self.origin = ""

    @property
    def open(self) -> bool:
        """Is the final response still to be sent?"""
        return self.state in (TRYING, PROCEEDING)


Result = Outcome | Unacknowledged | None
Deed = Callable[["Layer", Transaction, Message | None, float], Result]


def _outcome(txn: ClientTransaction, status: int, response: Response | None = None) -> Outcome:
    assert txn.owner is not None
    return Outcome(txn.owner, status, response, txn.branch)


def ignore(layer: Layer, txn: Transaction, message: Message | None, now: float) -> Result:
    """Nothing to do."""
    return None


def resend(layer: Layer, txn: Transaction, message: Message | None, now: float) -> Result:
    """The other side repeated itself: so do we."""
    if txn.last:
        layer.repeat(txn)
    return None


def end(layer: Layer, txn: Transaction, message: Message | None, now: float) -> Result:
    """The transaction is forgotten."""
    layer.forget(txn)
    return None


# --- clients


def again(layer: Layer, txn: Transaction, message: Message | None, now: float) -> Result:
    """Timer A or E: send again; A doubles, E doubles up to T2 (RFC 3261 §17.1.1.2, §17.1.2.2).

    By a reliable transport it is only what could not be sent before, so once will do.
    """
    layer.repeat(txn)
    txn.wait = txn.wait * 2 if txn.kind is INVITE_CLIENT else min(txn.wait * 2, layer.values.t2)
    if not txn.reliable:
        layer.arm_repeat(txn, now)
    return None


def again_slowly(layer: Layer, txn: Transaction, message: Message | None, now: float) -> Result:
    """Timer E after a provisional response: every T2."""
    layer.repeat(txn)
    txn.wait = layer.values.t2
    layer.arm_repeat(txn, now)
    return None


def progress(layer: Layer, txn: Transaction, message: Message | None, now: float) -> Result:
    """A provisional response."""
    assert isinstance(txn, ClientTransaction)
    assert isinstance(message, Response)
    return _outcome(txn, message.status, message)


def ring(layer: Layer, txn: Transaction, message: Message | None, now: float) -> Result:
    """The first provisional response to an INVITE: no more copies, and the user has longer than timer B to answer.

    Later ones change nothing: neither that bound nor the one of a CANCEL (RFC 3261 §9.1) starts anew.
    """
    txn.stop()
    layer.arm_timeout(txn, now, layer.values.answer)
    return progress(layer, txn, message, now)


def accept(layer: Layer, txn: Transaction, message: Message | None, now: float) -> Result:
    """2xx to an INVITE: the ACK is the user's; later copies of the 2xx find it here (RFC 6026 §8.4)."""
    assert isinstance(txn, ClientTransaction)
    assert isinstance(message, Response)
    txn.stop()
    txn.last = b""
    txn.tag = message.to_tag()
    layer.arm_linger(txn, now, 64 * layer.values.t1)
    return _outcome(txn, message.status, message)


def accept_again(layer: Layer, txn: Transaction, message: Message | None, now: float) -> Result:
    """A copy of the 2xx gets the same ACK; one of another dialog (a fork) goes up."""
    assert isinstance(txn, ClientTransaction)
    assert isinstance(message, Response)
    if message.to_tag() == txn.tag:
        return resend(layer, txn, message, now)
    return _outcome(txn, message.status, message)


def refuse(layer: Layer, txn: Transaction, message: Message | None, now: float) -> Result:
    """300-699 to an INVITE: acknowledge within the transaction (RFC 3261 §17.1.1.3)."""
    assert isinstance(txn, ClientTransaction)
    assert isinstance(message, Response)
    txn.stop()
    layer.acknowledge_failure(txn, message)
    layer.arm_linger(txn, now, 0 if txn.reliable else 64 * layer.values.t1)
    return _outcome(txn, message.status, message)


def finish(layer: Layer, txn: Transaction, message: Message | None, now: float) -> Result:
    """The final response to a non-INVITE."""
    assert isinstance(txn, ClientTransaction)
    assert isinstance(message, Response)
    txn.stop()
    txn.last = b""
    txn.request = None
    layer.arm_linger(txn, now, 0 if txn.reliable else layer.values.t4)
    return _outcome(txn, message.status, message)


def time_out(layer: Layer, txn: Transaction, message: Message | None, now: float) -> Result:
    """Nobody answered: as 408 (RFC 3261 §8.1.3.1)."""
    assert isinstance(txn, ClientTransaction)
    layer.forget(txn)
    return _outcome(txn, 408)


def break_off(layer: Layer, txn: Transaction, message: Message | None, now: float) -> Result:
    """It could not be sent: as 503 (RFC 3261 §8.1.3.1)."""
    assert isinstance(txn, ClientTransaction)
    layer.forget(txn)
    return _outcome(txn, 503)


# --- servers


def reply(layer: Layer, txn: Transaction, message: Message | None, now: float) -> Result:
    """A provisional response of ours."""
    assert isinstance(message, Response)
    layer.reply(txn, message)
    return None


def answer(layer: Layer, txn: Transaction, message: Message | None, now: float) -> Result:
    """2xx to an INVITE: repeated until acknowledged, whatever the transport (RFC 3261 §13.3.1.4, RFC 6026 §7.1)."""
    assert isinstance(message, Response)
    layer.reply(txn, message)
    txn.wait = layer.values.t1
    layer.arm_repeat(txn, now)
    layer.arm_linger(txn, now, 64 * layer.values.t1)
    return None


def answer_again(layer: Layer, txn: Transaction, message: Message | None, now: float) -> Result:
    """The 2xx once more, the interval doubling up to T2."""
    layer.repeat(txn)
    txn.wait = min(txn.wait * 2, layer.values.t2)
    layer.arm_repeat(txn, now)
    return None


def answered(layer: Layer, txn: Transaction, message: Message | None, now: float) -> Result:
    """The ACK of a 2xx came, as its user says."""
    txn.stop()
    return None


def end_answer(layer: Layer, txn: Transaction, message: Message | None, now: float) -> Result:
    """64·T1 after a 2xx: if it is still being repeated nobody acknowledged it."""
    unacknowledged = txn.repeat is not None
    layer.forget(txn)
    return Unacknowledged(txn.owner) if unacknowledged and txn.owner is not None else None


def decline(layer: Layer, txn: Transaction, message: Message | None, now: float) -> Result:
    """300-699 to an INVITE: repeated over UDP until the ACK comes (timers G and H)."""
    assert isinstance(message, Response)
    layer.reply(txn, message)
    if not txn.reliable:
        txn.wait = layer.values.t1
        layer.arm_repeat(txn, now)
    layer.arm_timeout(txn, now, 64 * layer.values.t1)
    return None


def decline_again(layer: Layer, txn: Transaction, message: Message | None, now: float) -> Result:
    """Timer G."""
    return answer_again(layer, txn, message, now)


def confirm(layer: Layer, txn: Transaction, message: Message | None, now: float) -> Result:
    """The ACK of a failure: stray copies are absorbed for T4 (timer I)."""
    txn.stop()
    txn.last = b""
    layer.arm_linger(txn, now, 0 if txn.reliable else layer.values.t4)
    return None


def conclude(layer: Layer, txn: Transaction, message: Message | None, now: float) -> Result:
    """The final response to a non-INVITE, kept for copies of the request (timer J)."""
    assert isinstance(message, Response)
    layer.reply(txn, message)
    layer.arm_linger(txn, now, 0 if txn.reliable else 64 * layer.values.t1)
    return None


TABLES: dict[Kind, dict[State, dict[Input, tuple[State, Deed]]]] = {
    INVITE_CLIENT: {
        CALLING: {
            RETRANSMIT: (CALLING, again),
            TIMEOUT: (TERMINATED, time_out),
            BROKEN: (TERMINATED, break_off),
            PROVISIONAL: (PROCEEDING, ring),
            SUCCESS: (ACCEPTED, accept),
            FAILURE: (COMPLETED, refuse),
        },
        PROCEEDING: {
            PROVISIONAL: (PROCEEDING, progress),
            SUCCESS: (ACCEPTED, accept),
            FAILURE: (COMPLETED, refuse),
            TIMEOUT: (TERMINATED, time_out),
        },
        COMPLETED: {
            FAILURE: (COMPLETED, resend),
            LINGER: (TERMINATED, end),
        },
        ACCEPTED: {
            SUCCESS: (ACCEPTED, accept_again),
            LINGER: (TERMINATED, end),
        },
    },
    CLIENT: {
        TRYING: {
            RETRANSMIT: (TRYING, again),
            TIMEOUT: (TERMINATED, time_out),
            BROKEN: (TERMINATED, break_off),
            PROVISIONAL: (PROCEEDING, progress),
            SUCCESS: (COMPLETED, finish),
            FAILURE: (COMPLETED, finish),
        },
        PROCEEDING: {
            RETRANSMIT: (PROCEEDING, again_slowly),
            TIMEOUT: (TERMINATED, time_out),
            BROKEN: (TERMINATED, break_off),
            PROVISIONAL: (PROCEEDING, progress),
            SUCCESS: (COMPLETED, finish),
            FAILURE: (COMPLETED, finish),
        },
        COMPLETED: {
            LINGER: (TERMINATED, end),
        },
    },
    INVITE_SERVER: {
        PROCEEDING: {
            REQUEST: (PROCEEDING, resend),
            PROVISIONAL: (PROCEEDING, reply),
            SUCCESS: (ACCEPTED, answer),
            FAILURE: (COMPLETED, decline),
        },
        COMPLETED: {
            REQUEST: (COMPLETED, resend),
            RETRANSMIT: (COMPLETED, decline_again),
            ACK: (CONFIRMED, confirm),
            TIMEOUT: (TERMINATED, end),
        },
        CONFIRMED: {
            LINGER: (TERMINATED, end),
        },
        ACCEPTED: {
            REQUEST: (ACCEPTED, ignore),
            RETRANSMIT: (ACCEPTED, answer_again),
            ACK: (ACCEPTED, answered),
            LINGER: (TERMINATED, end_answer),
        },
    },
    SERVER: {
        TRYING: {
            REQUEST: (TRYING, ignore),
            PROVISIONAL: (PROCEEDING, reply),
            SUCCESS: (COMPLETED, conclude),
            FAILURE: (COMPLETED, conclude),
        },
        PROCEEDING: {
            REQUEST: (PROCEEDING, resend),
            PROVISIONAL: (PROCEEDING, reply),
            SUCCESS: (COMPLETED, conclude),
            FAILURE: (COMPLETED, conclude),
        },
        COMPLETED: {
            REQUEST: (COMPLETED, resend),
            LINGER: (TERMINATED, end),
        },
    },
}
"""Inputs that a state does not name are ignored there."""
