"""What others ask of us in calls: new ones, and changes and ends of those that run."""

from opentcf.btrunc import call as wire_call
from opentcf.btrunc import extension as wire_extension
from opentcf.btrunc.wire import Param
from opentcf.model.cause import ReleaseCause
from opentcf.sip.dialog import Dialog
from opentcf.sip.headers import NameAddr
from opentcf.sip.message import Request
from opentcf.sip.sdp import direction_of, reverse
from opentcf.sip.transaction import Owner, ServerTransaction
from opentcf.terminal import floor
from opentcf.terminal.answers import learn_id
from opentcf.terminal.call import Call, CallState
from opentcf.terminal.calls import Calls
from opentcf.terminal.event import Behaviour
from opentcf.terminal.line import Line

ARRIVES_WITHIN = 8.0
"""Seconds that a call may be without a dialog during a handover."""
RINGS_FOR = 180.0
"""Seconds until a terminal stops ringing by itself: nothing can cancel a call none of whose 180s arrived."""


class Incoming:
    """Requests within calls, and those that begin one."""

    def __init__(self, line: Line, calls: Calls) -> None:
        self._line = line
        self._calls = calls

    # --- new calls

    def called(self, request: Request, txn: ServerTransaction, behaviour: Behaviour) -> None:
        """A call for us, or one of ours that came along by handover."""
        call = self._made(request, txn)
        running = self._calls.running
        before = next((c for c in running.values() if c.id and c.id == call.id), None)
        running[call.key] = call
        if before is not None and before.state is CallState.UP:
            self._rejoin(before, call, request)
            return
        self._line.tell("incoming", call, 0, call.talker)
        self._behave(call, request, txn, behaviour)

    def _made(self, request: Request, txn: ServerTransaction) -> Call:
        dialog = Dialog.from_invite(request, self._line.ids.token())
        uri = NameAddr.parse(dialog.remote).uri
        call = Call(dialog.local_tag, dialog, txn.flow, f"{uri.user}@{uri.host}")
        learn_id(call, request, self._line)
        self._learn_setup(call, request)
        call.state = CallState.INCOMING
        call.remote_sdp = request.body
        call.direction = reverse(direction_of(request.body)) if request.body else call.direction
        call.incoming = txn
        txn.owner = Owner("ue", call.key, "answer")
        return call

    def _learn_setup(self, call: Call, request: Request) -> None:
        """What kind of call it is, and who talks in a group that calls us."""
        domain = self._line.user.domain
        ext = wire_extension.read(request, self._line.wire)
        said = wire_call.read_setup(ext, self._line.wire, domain)
        call.setup = said._replace(caller=None, extra=())
        if ext is not None and call.setup.call_type.is_group:
            talker = ext.identity(Param.CALLER, domain)
            call.talker = str(talker) if talker is not None else ""

    def _behave(self, call: Call, request: Request, txn: ServerTransaction, behaviour: Behaviour) -> None:
        if behaviour is Behaviour.BUSY:
            self._calls.reject(call, 486)
        elif behaviour is Behaviour.DECLINE:
            self._calls.reject(call, 603)
        elif _answers_itself(request) and behaviour is not Behaviour.IGNORE:
            self._calls.answer(call)
        else:
            self._ring(call, request, txn)
            if behaviour is Behaviour.ANSWER:
                self._calls.answer(call)

    def _ring(self, call: Call, request: Request, txn: ServerTransaction) -> None:
        ringing = request.respond(180, call.key)
        ringing.headers.put("Record-Route", request.headers.lines("Record-Route"))
        ringing.headers.set("Contact", f"<{self._line.contact()}>")
        self._line.layer.respond(txn, ringing, self._line.now)
        self._line.timers.start(self._line.now + RINGS_FOR, call)

    def _rejoin(self, before: Call, call: Call, request: Request) -> None:
        """A call that came along by handover goes on in a new dialog; whoever talked still talks."""
        ext = wire_extension.read(request, self._line.wire)
        talker = ext.identity(Param.CALLER, self._line.user.domain) if ext is not None else None
        self._calls.running.pop(before.key, None)
        before.key, before.dialog, before.flow = call.key, call.dialog, call.flow
        before.incoming = call.incoming
        before.remote_sdp, before.between = call.remote_sdp, False
        before.unacknowledged.clear()
        before.talking = before.talking and talker == self._line.user
        self._calls.running[call.key] = before
        self._calls.answer(before, "moved")

    def due(self, call: Call) -> None:
        """It rang for long enough, or its handover takes too long."""
        if call.state is CallState.INCOMING:
            self._calls.reject(call, 480)
        elif call.between:
            self._calls.end(call, "ended", 408)

    # --- within calls

    def within(self, call: Call, request: Request, txn: ServerTransaction) -> None:
        """A request in a dialog of ours."""
        layer, now = self._line.layer, self._line.now
        if not call.dialog.take_cseq(request):
            layer.respond(txn, request.respond(500, call.key), now)
        elif request.method == "BYE":
            layer.respond(txn, request.respond(200, call.key), now)
            self._released(call, wire_call.read_release(request, self._line.wire))
        elif request.method == "INVITE":
            self._offered(call, request, txn)
        else:
            layer.respond(txn, request.respond(200, call.key), now)
            self._learn_floor(call, request)

    def cancelled(self, txn: ServerTransaction | None) -> None:
        """The INVITE of this transaction is not wanted any more."""
        call = self._calls.running.get(txn.owner.key) if txn is not None and txn.owner is not None else None
        if call is not None and call.state is CallState.INCOMING:
            self._calls.reject(call, 487)

    def acknowledged(self, request: Request, call: Call | None) -> None:
        """An ACK; with a late offer of ours it has the answer."""
        txn = call.unacknowledged.pop(request.cseq()[0], None) if call is not None else None
        if call is not None and txn is not None:
            self._line.layer.acknowledged(txn, self._line.now)
            call.remote_sdp = request.body or call.remote_sdp

    def _released(self, call: Call, cause: ReleaseCause) -> None:
        """A call that the TCF we left ends because of our handover goes on: the INVITE of the new one follows."""
        if cause is ReleaseCause.HANDOVER:
            call.between = True
            self._line.timers.start(self._line.now + ARRIVES_WITHIN, call)
        else:
            self._calls.end(call, "ended", 0, cause.name.lower())

    def _offered(self, call: Call, request: Request, txn: ServerTransaction) -> None:
        call.dialog.refresh(request)
        learn_id(call, request, self._line)
        call.incoming = txn
        txn.owner = Owner("ue", call.key, "answer")
        before = call.remote_sdp
        if request.body:
            call.remote_sdp = request.body
            call.direction = reverse(direction_of(request.body))
        response = request.respond(200, call.key)
        self._calls.describe_into(call, response)
        call.unacknowledged[request.cseq()[0]] = txn
        self._line.layer.respond(txn, response, self._line.now)
        if call.remote_sdp != before:
            self._line.tell("offer", call, 0, call.direction)
        self._learn_floor(call, request)

    def _learn_floor(self, call: Call, request: Request) -> None:
        event = floor.learn(call, request, self._line.wire, self._line.user, "revoked")
        self._line.events += [event] if event is not None else []


def _answers_itself(request: Request) -> bool:
    """RFC 5373: no ringing, as in a group call."""
    modes = (request.headers.get(name) or "" for name in ("Answer-Mode", "Priv-Answer-Mode"))
    return any(mode.lower().startswith("auto") for mode in modes)
