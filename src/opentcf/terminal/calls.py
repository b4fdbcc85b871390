"""Calls: what the person does with them."""

from opentcf.btrunc import call as wire_call
from opentcf.btrunc import extension as wire_extension
from opentcf.btrunc.floor import Ask, Calm, LetGo
from opentcf.btrunc.wire import Param, Token
from opentcf.model.call import CallSetup
from opentcf.model.cause import ReleaseCause
from opentcf.model.numbers import Aor
from opentcf.sip.dialog import Dialog
from opentcf.sip.message import Message, Request
from opentcf.sip.transaction import Owner
from opentcf.terminal import floor, media
from opentcf.terminal.call import Call, CallState
from opentcf.terminal.control import Control
from opentcf.terminal.line import Line

ALLOW = "INVITE, ACK, BYE, CANCEL, INFO, MESSAGE, OPTIONS"


class Calls:
    """`running` are those that are not over, by their local tag."""

    def __init__(self, line: Line, control: Control) -> None:
        self.running: dict[str, Call] = {}
        self._line = line
        self._control = control

    # --- begin

    def call(self, number: str, setup: CallSetup | None, sdp: bytes | None) -> Call:
        """Call a number, or `number@domain`; an empty `sdp` makes a late offer."""
        remote = number if "@" in number else f"{number}@{self._line.user.domain}"
        call = self._made(remote)
        call.setup = setup or call.setup
        kind = call.setup.call_type
        call.streams = media.STREAMS.get(kind, call.streams)
        call.direction = media.DIRECTIONS.get(kind, call.direction)
        if sdp != b"":
            call.sdp = sdp or self._describe(call)
        return self._begin(call)

    def enter(self, party: Aor, call_id: str, operation: Token) -> Call:
        """Enter a call of others: by its OnlineCallID, which `party` has, a group or one of two."""
        call = self._made(str(party))
        call.direction = "recvonly" if operation is Token.LISTEN else "sendrecv"
        about = ((Param.CALL_ID, call_id), (Param.UDN, party.number))
        call.operation = wire_extension.render(self._line.wire, operation, *about)
        call.sdp = self._describe(call)
        return self._begin(call)

    def _made(self, remote: str) -> Call:
        ids, local, uri = self._line.ids, f"<sip:{self._line.user}>", f"sip:{remote}"
        dialog = Dialog(ids.token(), ids.token(), local, f"<{uri}>", uri)
        call = Call(dialog.local_tag, dialog, self._line.proxy, remote)
        call.outgoing = True
        self.running[call.key] = call
        return call

    def _begin(self, call: Call) -> Call:
        if self._control.barred:
            self.end(call, "ended", 403, self._control.state.value)
        else:
            self.invite(call, call.setup, call.operation)
        return call

    # --- answer and end

    def answer(self, call: Call, event: str = "up") -> None:
        """Take an incoming call; `event` is what the person hears of it."""
        txn = call.incoming
        if txn is None or txn.request is None:
            return
        response = txn.request.respond(200, call.key)
        response.headers.put("Record-Route", txn.request.headers.lines("Record-Route"))
        self.describe_into(call, response)
        call.state = CallState.UP
        call.unacknowledged[txn.request.cseq()[0]] = txn
        self._line.layer.respond(txn, response, self._line.now)
        self._line.tell(event, call)

    def reject(self, call: Call, status: int) -> None:
        """Refuse an incoming call."""
        txn = call.incoming
        if txn is not None and txn.request is not None:
            self._line.layer.respond(txn, txn.request.respond(status, call.key), self._line.now)
            self.end(call, "ended", status)

    def hang_up(self, call: Call) -> None:
        """End a call in whatever state it is: BYE, CANCEL or 603."""
        if call.state is CallState.UP:
            request = call.dialog.request("BYE")
            self._mark_release(request)
            self._line.send(request, "bye", call)
            self.end(call, "ended", 0)
        elif call.state in (CallState.CALLING, CallState.RINGING):
            call.cancelled = True
            if call.provisional:
                self.cancel(call)
        elif call.state is CallState.INCOMING:
            self.reject(call, 603)

    def end(self, call: Call, name: str, status: int, text: str = "") -> None:
        """It is over."""
        if call.state is not CallState.ENDED:
            call.state = CallState.ENDED
            call.status = status or call.status
            self.running.pop(call.key, None)
            self._line.tell(name, call, status, text)

    # --- change

    def change(self, call: Call, direction: str) -> None:
        """Hold or resume."""
        self._offer(call, call.setup, direction)

    def become(self, call: Call, setup: CallSetup, direction: str) -> None:
        """媒体变更: the call is to be of another type."""
        call.streams = media.changed(call.streams, setup.call_type)
        call.setup = call.setup._replace(call_type=setup.call_type)
        self._offer(call, setup, direction)

    def prepare(self, call: Call, target: str) -> None:
        """Say that we are about to move to the TCF of a domain."""
        request = call.dialog.request("INFO")
        request.headers.set(self._line.wire.extension, wire_call.handover(self._line.wire, target))
        self._line.send(request, "info", call)

    def ask(self, call: Call, priority: int, *, emergency: bool) -> None:
        """Press to talk."""
        self._floor(call, Ask(self._line.user, priority, emergency), "sendrecv")

    def let_go(self, call: Call) -> None:
        """Release to listen."""
        call.talking, call.position = False, 0
        self._floor(call, LetGo(self._line.user), "recvonly")

    def calm(self, call: Call) -> None:
        """End the emergency."""
        self._floor(call, Calm(self._line.user), call.direction)

    def _floor(self, call: Call, wish: floor.Wish, direction: str) -> None:
        extension = "" if self._line.plain else floor.render(wish, self._line.wire, call)
        self._offer(call, CallSetup(), direction, extension)

    def _offer(self, call: Call, setup: CallSetup, direction: str, extension: str = "") -> None:
        call.direction = direction
        call.sdp = self._describe(call)
        self.invite(call, setup, extension)

    def invite(self, call: Call, setup: CallSetup, extension: str = "") -> None:
        """Send an INVITE of the call, the first or another; `extension` in place of what its set-up says."""
        line = self._line
        request = call.dialog.request("INVITE")
        request.headers.set("Contact", f"<{line.contact()}>")
        request.headers.set("Allow", ALLOW)
        if not line.plain:
            wire_call.write_setup(request, line.wire, setup, line.user.domain)
        if extension:
            request.headers.set(line.wire.extension, extension)
        if call.sdp:
            request.headers.set("Content-Type", "application/sdp")
            request.body = call.sdp
        call.invite, call.provisional, call.withdrawn = request, False, False
        line.send(request, "invite", call)

    # --- take back

    def withdraw(self, call: Call) -> None:
        """Cancel a request for the floor; RFC 3261 §9.1: not before a provisional response."""
        call.withdrawn = True
        if call.provisional:
            self.cancel(call, Token.REQUEST)

    def cancel(self, call: Call, operation: Token = Token.CALL) -> None:
        """Cancel our INVITE; `operation` says what it was for."""
        invite, layer = call.invite, self._line.layer
        if invite is None or layer.client(call.branch, "CANCEL") is not None:
            return
        cancel = Request("CANCEL", invite.uri)
        for name in ("Via", "Route", "Max-Forwards", "From", "To", "Call-ID"):
            cancel.headers.put(name, invite.headers.lines(name))
        cancel.headers.set("CSeq", f"{invite.cseq()[0]} CANCEL")
        self._mark_release(cancel, operation)
        owner = Owner("ue", call.key, "cancel")
        layer.request(cancel, self._line.hop(call), owner, self._line.now, branch=call.branch)

    def _mark_release(self, request: Request, operation: Token | None = None) -> None:
        if not self._line.plain:
            wire_call.write_release(request, self._line.wire, ReleaseCause.NORMAL, operation)

    # --- descriptions

    def describe_into(self, call: Call, message: Message) -> None:
        """Our answer to their latest description, with where we are."""
        call.take_streams(call.remote_sdp)
        call.sdp = self._describe(call)
        message.headers.set("Contact", f"<{self._line.contact()}>")
        message.headers.set("Content-Type", "application/sdp")
        message.body = call.sdp

    def _describe(self, call: Call) -> bytes:
        return call.describe(self._line.host, self._line.port)
