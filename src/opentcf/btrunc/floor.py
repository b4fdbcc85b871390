"""The floor on the wire: `pttrequest`, `pttaccept`, `pttwaiting`, `pttreleasefloor`, `pttinfo` as values.

The same values travel between G and V in one process, where the hop disappears.
"""

from collections.abc import Iterable
from typing import NamedTuple

from opentcf.btrunc import extension
from opentcf.btrunc.extension import Extension
from opentcf.btrunc.wire import Alert, Param, Token, Wire
from opentcf.model import floor
from opentcf.model.cause import FloorCause
from opentcf.model.floor import Action
from opentcf.model.numbers import Aor
from opentcf.model.subscriber import LOWEST_PRIORITY
from opentcf.sip.errors import RemoteError


class Ask(NamedTuple):
    """Upwards: a member wants the floor (话权申请)."""

    user: Aor
    priority: int = LOWEST_PRIORITY
    emergency: bool = False


class LetGo(NamedTuple):
    """Upwards: a member gives the floor or his place in the queue back (话权释放). `grant` None: not said which."""

    user: Aor
    grant: int | None = None
    cause: FloorCause = FloorCause.NORMAL


class Calm(NamedTuple):
    """Upwards: the emergency is over (`emergency=0`), says its originator or a dispatcher."""

    user: Aor


class Left(NamedTuple):
    """Upwards: a member left the call while others of his V-TCF stay."""

    user: Aor


class Accepted(NamedTuple):
    """The answer to Ask: granted at once (话权申请成功). `duration` is seconds; grants count from 1. 0: not said."""

    user: Aor
    duration: int
    grant: int


class Waiting(NamedTuple):
    """The answer to Ask: queued (话权排队)."""

    user: Aor
    position: int


class Refused(NamedTuple):
    """The answer to Ask: denied, with a status of `DENIALS` (0: the cause's) and Warning values that say more."""

    user: Aor
    cause: FloorCause
    status: int = 0
    warnings: tuple[str, ...] = ()


class Grant(NamedTuple):
    """Downwards: a waiter gets the floor (话权授权). `duration` and `grant` are 0 where a foreign master says none."""

    user: Aor
    duration: int
    grant: int


class Revoke(NamedTuple):
    """Downwards: the talker loses the floor."""

    user: Aor
    grant: int
    cause: FloorCause


class Inform(NamedTuple):
    """Downwards: who talks, that nobody does, or where a waiter stands now (话权信息通知).

    `grant` is the newest one when this was said: a V-TCF that knows a newer one has been overtaken and ignores it.
    """

    alert: Alert
    user: Aor | None = None
    position: int = 0
    emergency: bool = False
    grant: int | None = None


Answer = Accepted | Waiting | Refused
Operation = Ask | LetGo | Calm | Left | Answer | Grant | Revoke | Inform

STATUS = {
    FloorCause.DENIED: 486,
    FloorCause.QUEUE_FULL: 486,
    FloorCause.RECEIVE_ONLY: 603,
    FloorCause.FORCED: 403,
}
"""The response that carries a denial (profile 3, floor denied)."""
DENIALS = (403, 486, 488, 603)
"""All that do: not permitted, taken, media, receive-only."""


def answer_of(action: Action, duration: int) -> Accepted | Waiting | Refused:
    """The first action of a request, as the answer to it. TC2-C 话权申请的成功响应, TC2-C 话权排队."""
    match action:
        case floor.Granted(user, _, grant):
            return Accepted(user, duration, grant)
        case floor.Queued(user, _, position):
            return Waiting(user, position)
        case floor.Denied(user, _, cause):
            return Refused(user, cause)
        case _:
            raise TypeError(action)


def told_of(action: Action, duration: int, newest: int, *, emergency: bool) -> Grant | Revoke | Inform:
    """What the V-TCFs hear of an action. TC2-C 话权授权."""
    match action:
        case floor.Grant(user, _, grant):
            return Grant(user, duration, grant)
        case floor.Revoke(user, _, grant, cause):
            return Revoke(user, grant, cause)
        case floor.Taken(user, _):
            return Inform(Alert.TAKEN, user, 0, emergency, newest)
        case floor.Moved(user, _, position):
            return Inform(Alert.QUEUE, user, position, emergency)
        case _:
            return Inform(Alert.IDLE, None, 0, emergency, newest)


def render(op: Operation, wire: Wire, domain: str) -> str:
    """The extension's value; numbers of users of `domain` (To's) go bare."""
    match op:
        case Ask(user, priority, emergency):
            prio = "" if priority == LOWEST_PRIORITY else str(priority)
            return extension.render(
                wire,
                Token.REQUEST,
                _udn(user, domain),
                (Param.PRIORITY, prio),
                (Param.EMERGENCY, "1" if emergency else ""),
            )
        case LetGo(user, grant, cause) | Revoke(user, grant, cause):
            return extension.render(
                wire,
                Token.RELEASE_FLOOR,
                _udn(user, domain),
                (Param.CAUSE, wire.code(cause)),
                (Param.GRANT, _said(grant)),
            )
        case Accepted(user, duration, grant) | Grant(user, duration, grant):
            return extension.render(
                wire,
                Token.ACCEPT,
                _udn(user, domain),
                (Param.DURATION, _said(duration)),
                (Param.GRANT, _said(grant)),
            )
        case Waiting(user, position):
            return extension.render(wire, Token.WAITING, (Param.POSITION, str(position)))
        case Refused(user, cause, _, _):
            return extension.render(wire, Token.RELEASE_FLOOR, (Param.CAUSE, wire.code(cause)))
        case Calm(user):
            caller = extension.write_identity(user, domain)
            return extension.render(wire, Token.CALL, (Param.EMERGENCY, "0"), (Param.CALLER, caller))
        case Left() | Inform():
            return _render_info(op, wire, domain)


def _render_info(op: Left | Inform, wire: Wire, domain: str) -> str:
    if isinstance(op, Left):
        left = (Param.ALERT_TYPE, wire.code(Alert.LEFT))
        return extension.render(wire, Token.INFO, left, _udn(op.user, domain))
    return extension.render(
        wire,
        Token.INFO,
        (Param.ALERT_TYPE, wire.code(op.alert)),
        (Param.POSITION, _said(op.position)),
        _udn(op.user, domain) if op.user is not None else (Param.UDN, ""),
        (Param.EMERGENCY, "1" if op.emergency else ""),
        (Param.GRANT, _said(op.grant)),
    )


def read_upward(ext: Extension, wire: Wire, user: Aor | None, domain: str) -> Ask | LetGo | Calm | None:
    """A re-INVITE from V or a terminal; None when it is about something else. `user` overrides UDN (on D)."""
    if ext.token is Token.REQUEST:
        priority = ext.number(Param.PRIORITY, 256)
        who = user or _who(ext, domain)
        emergency = ext.flag(Param.EMERGENCY, default=False)
        return Ask(who, LOWEST_PRIORITY if priority is None else priority, emergency)
    if ext.token is Token.RELEASE_FLOOR:
        cause = wire.member(FloorCause, ext.get(Param.CAUSE) or "") or FloorCause.NORMAL
        return LetGo(user or _who(ext, domain), ext.number(Param.GRANT), cause)
    if ext.token is Token.CALL and ext.get(Param.EMERGENCY) == "0":
        caller = user or ext.identity(Param.CALLER, domain)
        return Calm(caller) if caller is not None else None
    return None


def read_downward(ext: Extension, wire: Wire, domain: str) -> Grant | Revoke | None:
    """A re-INVITE from G; None when it is about something else."""
    if ext.token is Token.ACCEPT:
        return Grant(_who(ext, domain), ext.number(Param.DURATION) or 0, ext.number(Param.GRANT) or 0)
    if ext.token is Token.RELEASE_FLOOR:
        cause = wire.member(FloorCause, ext.get(Param.CAUSE) or "") or FloorCause.FORCED
        return Revoke(_who(ext, domain), ext.number(Param.GRANT) or 0, cause)
    return None


def read_answer(
    ext: Extension | None, wire: Wire, user: Aor, status: int, warnings: Iterable[str] = ()
) -> Answer:
    """What a response to Ask says; one that says nothing is a denial."""
    if ext is not None and status < 300:
        if ext.token is Token.ACCEPT:
            return Accepted(user, ext.number(Param.DURATION) or 0, ext.number(Param.GRANT) or 0)
        if ext.token is Token.WAITING:
            return Waiting(user, ext.number(Param.POSITION) or 1)
    cause = wire.member(FloorCause, ext.get(Param.CAUSE) or "") if ext is not None else None
    return Refused(user, cause or FloorCause.DENIED, status if status in DENIALS else 0, tuple(warnings))


def read_info(ext: Extension, wire: Wire, domain: str) -> Inform | Left | None:
    """A floor information; None when its kind is unknown. TC2-C 话权信息通知."""
    alert = wire.member(Alert, ext.get(Param.ALERT_TYPE) or "")
    user = ext.identity(Param.UDN, domain)
    if alert is None:
        return None
    if alert is Alert.LEFT:
        return Left(user) if user is not None else None
    position, emergency = ext.number(Param.POSITION) or 0, ext.get(Param.EMERGENCY) == "1"
    return Inform(alert, user, position, emergency, ext.number(Param.GRANT))


def _said(number: int | None) -> str:
    return str(number) if number else ""


def _udn(user: Aor, domain: str) -> tuple[Param, str]:
    return (Param.UDN, extension.write_identity(user, domain))


def _who(ext: Extension, domain: str) -> Aor:
    user = ext.identity(Param.UDN, domain)
    if user is None:
        raise RemoteError(400, "UDN is missing")
    return user
