"""Registration 注册 at one TCF after the other."""

from opentcf.btrunc import registration as wire_registration
from opentcf.model.registration import RegType
from opentcf.sip.message import Request, Response
from opentcf.sip.outbox import Flow
from opentcf.sip.timers import Timer
from opentcf.sip.transaction import Outcome
from opentcf.terminal.line import Line

REFRESH = "refresh"
"""What the timer of a registration stands for."""


class Registration:
    """`active`: our TCF has answered 200 and has not let go of us since. `local_cseq` numbers its REGISTERs."""

    def __init__(self, line: Line) -> None:
        self.active = False
        self.local_cseq = 0
        self._line = line
        self._call_id = line.ids.token()
        self._expires = 600
        self._refresh: Timer | None = None

    def register(self, expires: int, reg_type: RegType | None, call_id: str) -> None:
        """Register, refresh, or (expires 0) de-register."""
        line = self._line
        self.stop_refresh()
        self._expires = expires or self._expires
        self.local_cseq += 1
        request = line.new("REGISTER", f"sip:{line.user.domain}", f"<sip:{line.user}>")
        request.headers.set("Call-ID", self._call_id)
        request.headers.set("CSeq", f"{self.local_cseq} REGISTER")
        request.headers.set("Contact", f"<{line.contact()}>")
        request.headers.set("Expires", str(expires))
        if not line.plain:
            kind = reg_type if expires else None
            wire_registration.write_register(request, line.wire, kind, None, call_id)
        line.send(request, "register" if expires else "unregister")

    def refresh(self) -> None:
        """Half of the granted time is over."""
        if self.active:
            self.register(self._expires, RegType.REFRESH, "")

    def move(self, proxy: Flow, reg_type: RegType, call_id: str) -> None:
        """Register at another TCF.

        RFC 3261 §10.2: no new registration beside an open one. An older REGISTER that was repeated and came last would
        bind us to the TCF that we left.
        """
        self._line.proxy = proxy
        self.active = False
        self._line.forget_challenge()
        self._line.abandon("REGISTER")
        self._call_id, self.local_cseq = self._line.ids.token(), 0
        self.register(self._expires, reg_type, call_id)

    def is_current(self, request: Request) -> bool:
        """Was it sent to the TCF that we are attached to now?"""
        return request.call_id() == self._call_id

    def answered(self, result: Outcome) -> Response | None:
        """A final response; what is returned is one that has more to say."""
        if result.owner.purpose == "unregister":
            self.active = False
            failed = result.status >= 300
            why = self._line.why(result.response) if failed else ""
            self._line.tell("failed" if failed else "unregistered", None, result.status, why)
        elif result.response is not None and result.status < 300:
            self._registered(result.response, result.status)
            return result.response
        else:
            self.active = False
            self._line.tell("refused", None, result.status, self._line.why(result.response))
        return None

    def kicked(self, cause: str, source: Flow) -> None:
        """A TCF that we left lets go of us, or ours ends the registration."""
        if not self._line.is_proxy(source):
            self._line.tell("moved_on", None, 0, cause)
            return
        self.active = False
        self.stop_refresh()
        self._line.tell("kicked", None, 0, cause)

    def stop_refresh(self) -> None:
        """Register no more by itself."""
        if self._refresh is not None:
            self._refresh.cancel()
            self._refresh = None

    def _registered(self, response: Response, status: int) -> None:
        granted = wire_registration.granted_expiry(response, self._expires)
        self._line.tell("refreshed" if self.active else "registered", None, status)
        self.active = True
        self.stop_refresh()
        self._refresh = self._line.timers.start(self._line.now + max(granted / 2, 1.0), REFRESH)
