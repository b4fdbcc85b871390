"""Calls: `pttcall`, `pttrelease` and the Reason that goes with it."""

from opentcf.btrunc import extension
from opentcf.btrunc.extension import Extension
from opentcf.btrunc.wire import E, Param, Token, Wire
from opentcf.model.call import CalledType, CallSetup, CallType
from opentcf.model.cause import ReleaseCause
from opentcf.model.numbers import Aor
from opentcf.model.subscriber import LOWEST_PRIORITY, Preemptible
from opentcf.sip.errors import RemoteError
from opentcf.sip.grammar import decimal, parameters
from opentcf.sip.ids import Ids
from opentcf.sip.message import Message

PUSHES = (CallType.VIDEO_PUSH, CallType.VIDEO_PULL)
REASONS: dict[ReleaseCause, tuple[str, ...]] = {
    ReleaseCause.NORMAL: ("SIP;cause=200",),
    ReleaseCause.BUSY: ("SIP;cause=486",),
    ReleaseCause.NO_ANSWER: ("SIP;cause=408",),
    ReleaseCause.REJECTED: ("SIP;cause=603",),
    ReleaseCause.PREEMPTED: ("SIP;cause=486", "preemption;cause=1"),
    ReleaseCause.FORCED: ("SIP;cause=403",),
    ReleaseCause.HANDOVER: ("SIP;cause=200",),
    ReleaseCause.TIMEOUT: ("SIP;cause=408",),
    ReleaseCause.PEER_DOWN: ("SIP;cause=503",),
    ReleaseCause.STUNNED: ("SIP;cause=403",),
    ReleaseCause.SESSION_EXPIRED: ("SIP;cause=408",),
}
"""Reason header values (RFC 3326, RFC 4411) beside each release cause."""

_FROM_REASON = {
    200: ReleaseCause.NORMAL,
    403: ReleaseCause.FORCED,
    408: ReleaseCause.TIMEOUT,
    486: ReleaseCause.BUSY,
    503: ReleaseCause.PEER_DOWN,
    603: ReleaseCause.REJECTED,
}


def read_call_type(ext: Extension, wire: Wire) -> CallType:
    """The kind of call alone; RemoteError 488 for a code that nobody knows."""
    return _code(ext, wire, Param.CALL_TYPE, CallType.PRIVATE_AUDIO)


def is_for_group(ext: Extension, wire: Wire) -> bool:
    """Does a call say that it is for a group, by its type or in so many words?"""
    said = _code(ext, wire, Param.CALLED_TYPE, CalledType.NOT_SAID)
    return said is CalledType.GROUP or read_call_type(ext, wire).is_group


def read_setup(ext: Extension | None, wire: Wire, domain: str) -> CallSetup:
    """The values of a call set-up; without an extension what a plain phone means. `domain` is that of To.

    RemoteError 488 for a code that nobody knows, 400 for what is malformed.
    """
    if ext is None:
        return CallSetup()
    return CallSetup(
        call_type=read_call_type(ext, wire),
        full_duplex=ext.flag(Param.DUPLEX, default=True),
        priority=LOWEST_PRIORITY if (priority := ext.number(Param.PRIORITY, 256)) is None else priority,
        emergency=ext.flag(Param.EMERGENCY, default=False),
        caller=ext.identity(Param.CALLER, domain),
        online_call_id=_call_id(ext),
        called_type=_code(ext, wire, Param.CALLED_TYPE, CalledType.NOT_SAID),
        extra=ext.unknown,
    )


LEVELS = 16
"""Of a Resource-Priority namespace, 0 lowest (RFC 8101 §3)."""


def resource_priority(wire: Wire, priority: int, emergency: bool) -> tuple[tuple[str, str], ...]:
    """The field that mirrors a priority (0 highest … 255 lowest) for a peer who asks for it; else nothing."""
    if not wire.namespace:
        return ()
    level = LEVELS - 1 - (0 if emergency else priority * LEVELS // (LOWEST_PRIORITY + 1))
    return (("Resource-Priority", f"{wire.namespace}.{level}"),)


def write_setup(message: Message, wire: Wire, setup: CallSetup, domain: str) -> None:
    """Put a call set-up into an INVITE whose To is in `domain`."""
    for name, value in resource_priority(wire, setup.priority, setup.emergency):
        message.headers.set(name, value)
    extension.write(
        message,
        wire,
        Token.CALL,
        (Param.CALL_TYPE, wire.code(setup.call_type)),
        (Param.DUPLEX, "" if setup.full_duplex else "0"),
        (Param.PRIORITY, "" if setup.priority == LOWEST_PRIORITY else str(setup.priority)),
        (Param.EMERGENCY, "1" if setup.emergency else ""),
        (Param.CALLER, extension.write_identity(setup.caller, domain) if setup.caller else ""),
        (Param.CALL_ID, setup.online_call_id),
        (Param.CALLED_TYPE, "" if setup.called_type is CalledType.NOT_SAID else wire.code(setup.called_type)),
        *setup.extra,
    )


def write_preemptible(message: Message, wire: Wire, rule: Preemptible) -> None:
    """H→V, into a call set-up: what the called user's subscription says; the default goes without saying."""
    said = "" if rule is Preemptible.EMERGENCY else wire.code(rule)
    before = message.headers.get(wire.extension) or ""
    message.headers.set(wire.extension, extension.append(before, wire, (Param.PREEMPTIBLE, said)))


def read_preemptible(ext: Extension | None, wire: Wire) -> Preemptible:
    """The reverse; what nobody knows is read as the default."""
    text = ext.get(Param.PREEMPTIBLE) if ext is not None else None
    return wire.member(Preemptible, text or "") or Preemptible.EMERGENCY


def write_call_id(message: Message, wire: Wire, online_call_id: str) -> None:
    """Tell a terminal the identity of its call, in a 180 or 200."""
    extension.write(message, wire, Token.CALL, (Param.CALL_ID, online_call_id))


def wanted_type(ext: Extension | None, wire: Wire) -> CallType | None:
    """The kind that a re-INVITE wants a call to be of (媒体变更); None where it does not say, or ends an emergency.

    RemoteError 488 for a code that nobody knows.
    """
    if ext is None or ext.token is not Token.CALL or ext.get(Param.CALL_TYPE) is None:
        return None
    return None if ext.get(Param.EMERGENCY) == "0" else read_call_type(ext, wire)


def wanted_by(ext: Extension | None, request: Message) -> Aor | None:
    """Who wants it, as his V-TCF says."""
    domain = extension.domain_of(request.headers.get("To") or "")
    return ext.identity(Param.CALLER, domain) if ext is not None else None


def handover(wire: Wire, target: str) -> str:
    """The field of an INFO that prepares a handover, or says that it is prepared: where to."""
    return extension.render(wire, Token.HANDOVER, (Param.TARGET, target))


def read_release(message: Message, wire: Wire) -> ReleaseCause:
    """Why a BYE or CANCEL ends a call. Whatever it says, it ends: unknown codes and broken fields read as normal."""
    try:
        ext = extension.read(message, wire)
        code = ext.get(Param.CAUSE) if ext is not None and ext.token is Token.RELEASE else None
        if code is not None:
            return wire.member(ReleaseCause, code) or ReleaseCause.NORMAL
        return _from_reason(message)
    except RemoteError:
        return ReleaseCause.NORMAL


def write_release(message: Message, wire: Wire, cause: ReleaseCause, operation: Token | None = None) -> None:
    """Put cause and Reason into a BYE or CANCEL; `operation` is what a CANCEL cancels."""
    cancelled = wire.tokens[operation] if operation else ""
    extension.write(
        message, wire, Token.RELEASE, (Param.CAUSE, wire.code(cause)), (Param.OPERATION, cancelled)
    )
    message.headers.put("Reason", list(REASONS[cause]))


def write_cancelled(message: Message, wire: Wire, cause: ReleaseCause, operation: Token) -> None:
    """The 200 to a CANCEL and the 487 to its INVITE name the operation that was cancelled. TC2-C 487."""
    write_release(message, wire, cause, operation)
    message.headers.put("Reason", ["SIP;cause=487"])


def cancelled_operation(wire: Wire, invite: Message | None, cancel: Message) -> Token:
    """What a CANCEL cancels: what its INVITE asked for, else (it is answered) what the CANCEL says."""
    ext = extension.read(invite, wire) if invite is not None else None
    if ext is not None:
        return Token.REQUEST if ext.token is Token.REQUEST else Token.CALL
    ext = extension.peek(cancel, wire)
    said = (ext.get(Param.OPERATION) or "") if ext is not None else ""
    return Token.REQUEST if said.lower() == wire.tokens[Token.REQUEST].lower() else Token.CALL


def _from_reason(message: Message) -> ReleaseCause:
    for value in message.headers.elements("Reason"):
        protocol, _, tail = value.partition(";")
        if protocol.strip().lower() == "preemption":
            return ReleaseCause.PREEMPTED
        if protocol.strip().upper() == "SIP":
            code = decimal(parameters(tail).get("cause") or "", 1000, "cause")
            return _FROM_REASON.get(code, ReleaseCause.NORMAL)
    return ReleaseCause.NORMAL


def _code(ext: Extension, wire: Wire, param: Param, default: E) -> E:
    text = ext.get(param)
    if text is None:
        return default
    member = wire.member(type(default), text)
    if member is None:
        raise RemoteError(488, f"{param.value} {text[:20]!r} is not known")
    return member


def _call_id(ext: Extension) -> str:
    text = ext.get(Param.CALL_ID) or ""
    if len(text) > 128:
        raise RemoteError(400, "the call identifier is longer than 128 characters")
    return text


def for_group(setup: CallSetup, caller: Aor, ids: Ids) -> CallSetup:
    """A set-up as a group's caller means it: with an identity, and group audio when he said a type of private calls.

    RemoteError 488 for a type that means one user: nobody says whose video, or whose surroundings, it would be.
    """
    kind = setup.call_type
    if kind in (CallType.VIDEO_PULL, CallType.AMBIENCE):
        raise RemoteError(488, f"type {kind.value} is no group call")
    if not (kind.is_group or kind is CallType.VIDEO_PUSH):
        kind = CallType.GROUP_AUDIO
    call_id = setup.online_call_id or ids.token()
    return setup._replace(call_type=kind, caller=setup.caller or caller, online_call_id=call_id)


def with_caller(setup: CallSetup, caller: Aor | None) -> CallSetup:
    """The same, somebody else talking."""
    return setup._replace(caller=caller)
