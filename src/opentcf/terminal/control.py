"""What control operations make of a terminal, and what a dispatcher's terminal hears of its own."""

from typing import NamedTuple

from opentcf.btrunc import control as wire_control
from opentcf.btrunc import regroup as wire_regroup
from opentcf.btrunc import video as wire_video
from opentcf.btrunc.control import STATES, TOKENS
from opentcf.btrunc.extension import Extension, Params
from opentcf.btrunc.regroup import Regroup
from opentcf.btrunc.video import Goal, Source
from opentcf.btrunc.wire import Body, Param, Token, Wire
from opentcf.model.cause import Result
from opentcf.model.numbers import Aor
from opentcf.model.subscriber import UserState
from opentcf.sip.message import Response
from opentcf.terminal.event import Event

NAMES = {UserState.STUNNED: "stunned", UserState.KILLED: "killed", UserState.NORMAL: "revived"}
REMEMBERED = 4_096


class Order(NamedTuple):
    """What a dispatcher orders by MESSAGE."""

    uri: str
    token: Token
    params: Params
    body: bytes = b""
    content_type: str = ""


def becomes(state: UserState, user: Aor) -> Order:
    """Stun, kill or revive a user."""
    return Order(f"sip:{user}", TOKENS[state], ((Param.UDN, user.number),))


def dismantle(party: Aor, call_id: str) -> Order:
    """Release a call of a group, or of a user, by force."""
    return Order(f"sip:{party}", Token.DISMANTLE, ((Param.CALL_ID, call_id),))


def forward(party: Aor, source: Source, goals: tuple[Goal, ...], wire: Wire) -> Order:
    """Forward video of a call of `party`, a group or user, to others."""
    return Order(f"sip:{party}", Token.VIDEO_FORWARD, wire_video.forward(wire, source, goals, party.domain))


def terminate(party: Aor, video_id: str) -> Order:
    """End what was forwarded of it."""
    return Order(f"sip:{party}", Token.VIDEO_TERMINATE, ((Param.VIDEO_ID, video_id),))


def regroup(group: Aor, wish: Regroup, wire: Wire) -> Order:
    """Make, change or end a temporary group."""
    body = wire_regroup.body(wire, group, wish)
    return Order(f"sip:{group}", Token.REGROUP, (), body, wire.bodies[Body.REGROUP])


class Control:
    """The state of a terminal; while it is not normal, the terminal asks for no service."""

    def __init__(self, user: Aor, wire: Wire) -> None:
        self.state = UserState.NORMAL
        self._user = user
        self._wire = wire
        self._reported: dict[tuple[str, Aor], None] = {}

    @property
    def barred(self) -> bool:
        """Stunned or killed."""
        return self.state is not UserState.NORMAL

    def obey(self, ext: Extension | None, response: Response) -> Event | None:
        """Carry out an order and say so in the answer to it; None when it is none."""
        if ext is None or ext.token not in STATES:
            return None
        state = wire_control.read_state(ext)
        wire_control.write_result(response, self._wire, state, self._user, Result.SUCCESS)
        return self.become(state)

    def become(self, state: UserState) -> Event | None:
        """None when it was so before."""
        if state is self.state:
            return None
        self.state = state
        return Event(NAMES[state])

    def heard(self, ext: Extension | None, event: Event) -> Event | None:
        """A MESSAGE as it is shown: a result of a regroup as `regrouped`, and (None) only once."""
        if ext is not None and ext.token is Token.VIDEO_REPORT:
            return self._forwarded(ext, event)
        if ext is None or ext.token is not Token.REGROUP_RESULT:
            return event
        report = wire_regroup.read_report(ext, self._wire, self._user.domain)
        if self._is_known(report.request, report.user):
            return None
        return event._replace(name="regrouped", text=f"{report.user}: {report.result.name.lower()}")

    def _forwarded(self, ext: Extension, event: Event) -> Event | None:
        """What became of a target of a video forward."""
        report = wire_video.read_report(ext, self._wire, self._user.domain)
        if self._is_known(report.request, report.goal.aor):
            return None
        return event._replace(name="forwarded", text=f"{report.goal.aor}: {report.result.name.lower()}")

    def _is_known(self, request: str, about: Aor) -> bool:
        """Did this report come before?"""
        if request and (request, about) in self._reported:
            return True
        self._reported[request, about] = None
        if len(self._reported) > REMEMBERED:
            del self._reported[next(iter(self._reported))]
        return False
