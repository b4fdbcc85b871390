"""What becomes of our INVITEs."""

from typing import NamedTuple

from opentcf.btrunc import extension as wire_extension
from opentcf.btrunc.wire import Param, Token
from opentcf.sip.message import Message, Request, Response
from opentcf.sip.transaction import Outcome
from opentcf.terminal import floor
from opentcf.terminal.call import Call, CallState
from opentcf.terminal.calls import Calls
from opentcf.terminal.line import Line


class Crossed(NamedTuple):
    """An offer of ours that crossed one of theirs."""

    call: Call
    invite: Request


class Answers:
    """Responses to INVITEs, provisional and final."""

    def __init__(self, line: Line, calls: Calls) -> None:
        self._line = line
        self._calls = calls

    def take(self, call: Call, result: Outcome) -> None:
        """One came, or none came in time."""
        if result.status < 200:
            self._progress(call, result)
            return
        call.status = result.status
        if result.response is not None and result.status < 300:
            self._accepted(call, result, result.response)
        else:
            self._refused(call, result.status, result.response)

    def _progress(self, call: Call, result: Outcome) -> None:
        call.provisional = True
        if call.cancelled:
            self._calls.cancel(call)
        elif call.withdrawn:
            self._calls.cancel(call, Token.REQUEST)
        elif result.status > 100 and call.state is CallState.CALLING:
            call.state = CallState.RINGING
            learn_id(call, result.response, self._line)
            self._line.tell("ringing", call, result.status)

    def _refused(self, call: Call, status: int, response: Response | None) -> None:
        is_up = call.state is CallState.UP
        if response is not None:
            self._learn_floor(call, response)
        if is_up and status == 408:
            self._calls.hang_up(call)
        elif is_up and status == 491 and call.invite is not None and not call.withdrawn:
            self._wait(call, call.invite)
        elif is_up and status != 481:
            self._line.tell("failed", call, status, self._line.why(response, call))
        else:
            self._calls.end(call, "ended", status, self._line.why(response, call))

    def _wait(self, call: Call, invite: Request) -> None:
        """RFC 3261 §14.1: longer where we made the dialog's Call-ID."""
        low, high = (2.1, 4.0) if call.outgoing else (0.0, 2.0)
        wait = self._line.ids.uniform(low, high)
        self._line.timers.start(self._line.now + wait, Crossed(call, invite))

    def offer_again(self, crossed: Crossed) -> None:
        """RFC 3261 §14.1: after 491 and its wait, unless the person has gone on to something else."""
        call, before = crossed
        if call.state is not CallState.UP or call.invite is not before:
            return
        request = call.dialog.request("INVITE")
        for name in ("Contact", "Allow", self._line.wire.extension, "Content-Type"):
            request.headers.put(name, before.headers.lines(name))
        request.body = before.body
        call.invite = request
        self._line.send(request, "invite", call)

    def _accepted(self, call: Call, result: Outcome, response: Response) -> None:
        """2xx: acknowledge; when we hung up in the meantime, a BYE follows (RFC 3261 §15)."""
        first = call.state in (CallState.CALLING, CallState.RINGING)
        if first:
            call.dialog.confirm(response)
        call.remote_sdp = response.body
        learn_id(call, response, self._line)
        self._acknowledge(call, response, result.branch)
        if call.state is CallState.ENDED:
            return
        call.state = CallState.UP
        if call.cancelled:
            self._calls.hang_up(call)
            return
        self._line.tell("up" if first else "changed", call, result.status)
        if floor.lets_go(call, self._line.wire):
            call.talking = False
        self._learn_floor(call, response)

    def _acknowledge(self, call: Call, response: Response, branch: str) -> None:
        ack = call.dialog.request("ACK", response.cseq()[0])
        if not call.sdp:
            self._calls.describe_into(call, ack)
        self._line.layer.send_once(ack, self._line.hop(call), self._line.now, branch)

    def _learn_floor(self, call: Call, response: Response) -> None:
        event = floor.learn(call, response, self._line.wire, self._line.user, "denied")
        self._line.events += [event] if event is not None else []


def learn_id(call: Call, message: Message | None, line: Line) -> None:
    """The OnlineCallID, where a message says it."""
    ext = wire_extension.read(message, line.wire) if message is not None else None
    call.id = (ext.get(Param.CALL_ID) if ext is not None else None) or call.id
