"""Video forward (视频转发): `pttVideoForward`, `pttVideoTerminate` and the report of each target's result."""

from typing import NamedTuple

from opentcf.btrunc import extension
from opentcf.btrunc.extension import Extension, Params, identity
from opentcf.btrunc.wire import Param, Token, Wire
from opentcf.model.call import CalledType
from opentcf.model.cause import Result
from opentcf.model.numbers import Aor, is_number
from opentcf.sip.errors import RemoteError

MOST_TARGETS = 64
"""Targets of one order; more are 413."""
BY_USER, BY_CALL = "1", "2"


class Goal(NamedTuple):
    """A user or group to which video is forwarded."""

    aor: Aor
    is_group: bool


class Source(NamedTuple):
    """Which video: by a user's number, or by OnlineCallID. `video_id` is as the dispatcher wrote it."""

    video_id: str
    by_user: bool


class Report(NamedTuple):
    """What became of one target; `request` tells which order it belongs to."""

    video_id: str
    goal: Goal
    result: Result
    request: str = ""


def read_source(ext: Extension | None) -> Source:
    """Which video it is about; 400 when it does not say. A bare number without a type is a user's."""
    video_id = ext.get(Param.VIDEO_ID) if ext is not None else None
    if ext is None or not video_id:
        raise RemoteError(400, "which video is meant")
    usual = BY_USER if is_number(video_id.partition("@")[0]) else BY_CALL
    kind = ext.get(Param.VIDEO_ID_TYPE) or usual
    if kind not in (BY_USER, BY_CALL):
        raise RemoteError(400, f"VideoIdType {kind} is not known")
    return Source(video_id, kind == BY_USER)


def read_goals(ext: Extension, wire: Wire, domain: str) -> tuple[Goal, ...]:
    """The targets, each once; a repeated UDN opens a new one. 400 when there is none, 413 when there are too many."""
    found: dict[Goal, None] = {}
    number: Aor | None = None
    for name, value in ext.params:
        if name is Param.UDN:
            if number is not None:
                found[Goal(number, False)] = None
            number = identity(value or "", domain)
        elif name is Param.USER_TYPE and number is not None:
            found[Goal(number, wire.member(CalledType, value or "") is CalledType.GROUP)] = None
            number = None
    if number is not None:
        found[Goal(number, False)] = None
    if not found:
        raise RemoteError(400, "no target is named")
    if len(found) > MOST_TARGETS:
        raise RemoteError(413, f"more than {MOST_TARGETS} targets")
    return tuple(found)


def forward(wire: Wire, source: Source, goals: tuple[Goal, ...], domain: str) -> Params:
    """The parameters of an order to a number of `domain`."""
    about: list[tuple[Param | str, str | None]] = [
        (Param.VIDEO_ID_TYPE, BY_USER if source.by_user else BY_CALL),
        (Param.VIDEO_ID, source.video_id),
    ]
    for goal in goals:
        about += _goal(wire, goal, domain)
    return about


def report(wire: Wire, told: Report, domain: str) -> Params:
    """The parameters of a report to a requester of `domain`."""
    return (
        (Param.VIDEO_ID, told.video_id),
        *_goal(wire, told.goal, domain),
        (Param.VIDEO_RESULT, wire.code(told.result)),
        (Param.MESSAGE_ID, told.request),
    )


def read_report(ext: Extension, wire: Wire, domain: str) -> Report:
    """The reverse; 400 when it names nobody."""
    result = wire.member(Result, ext.get(Param.VIDEO_RESULT) or "")
    (goal, *_) = read_goals(ext, wire, domain)
    told = Result.REFUSED if result is None else result
    return Report(ext.get(Param.VIDEO_ID) or "", goal, told, ext.get(Param.MESSAGE_ID) or "")


def _goal(wire: Wire, goal: Goal, domain: str) -> Params:
    kind = CalledType.GROUP if goal.is_group else CalledType.USER
    return (
        (Param.UDN, extension.write_identity(goal.aor, domain)),
        (Param.USER_TYPE, wire.code(kind)),
    )


ORDERS = (Token.VIDEO_FORWARD, Token.VIDEO_TERMINATE)
