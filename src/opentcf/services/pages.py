"""Pager-mode MESSAGEs (RFC 3428) of one procedure: those it sends, and those it relays and answers end to end."""

from __future__ import annotations

from typing import NamedTuple

from opentcf.btrunc import extension as wire_extension
from opentcf.btrunc.extension import Extension
from opentcf.btrunc.wire import Param, Token, Wire
from opentcf.model.numbers import Aor
from opentcf.services import path
from opentcf.services.context import Context, Incoming, peer_flow
from opentcf.services.path import Hop
from opentcf.sip.headers import NameAddr
from opentcf.sip.message import Request
from opentcf.sip.outbox import Flow
from opentcf.sip.transaction import Outcome, Owner
from opentcf.sip.uri import Uri

PASSED = frozenset((400, 403, 404, 413, 415, 480, 481, 482, 483, 486, 488, 500, 503, 603))
"""Refusals that pass back to the sender as they are."""


class Relayed(NamedTuple):
    """A MESSAGE that was passed on and waits for its answer; `wire` is what the next hop speaks."""

    incoming: Incoming
    wire: Wire


class Pages:
    """MESSAGEs on their way. `procedure` is the owner's name, to which outcomes come."""

    def __init__(self, ctx: Context, procedure: str) -> None:
        self._ctx = ctx
        self._procedure = procedure
        self._waiting: dict[str, Relayed] = {}

    def new(self, hop: Hop, caller: Aor | None, called: Aor, display: str = "") -> Request:
        """A MESSAGE for the next hop, to be filled and sent; `caller` None speaks for this TCF itself."""
        own = f"<sip:{self._ctx.directory.domain}>"
        from_ = str(NameAddr(Uri(caller.number, caller.domain), display)) if caller else own
        request = self._ctx.new_request("MESSAGE", hop.uri, from_, f"<{path.aor_uri(called)}>")
        if caller is not None:
            request.headers.set("P-Asserted-Identity", f"<{path.aor_uri(caller)}>")
        return request

    def send(
        self, request: Request, hop: Hop, key: str, purpose: str = "", timeout: float | None = None
    ) -> str:
        """Send it; the outcome bears `key` and `purpose`. Returns the branch."""
        if hop.attachment is not None:
            flow = Flow(*hop.attachment.flow)
        else:
            assert hop.peer is not None
            flow = peer_flow(hop.peer)
        return self._ctx.request(request, flow, Owner(self._procedure, key, purpose), timeout)

    def relay(
        self,
        incoming: Incoming,
        hop: Hop,
        caller: Aor | None,
        called: Aor,
        *more: tuple[Param, str],
        key: str = "",
        purpose: str = "",
        timeout: float | None = None,
    ) -> None:
        """Pass a MESSAGE on; `answered` gives it back when the far side has spoken.

        Token and parameters go in the next hop's spelling, `more` replaces parameters or adds them.
        """
        request = self.new(hop, caller, called, incoming.request.from_().display)
        request.headers.set("Max-Forwards", path.forwards(incoming))
        wire = self._ctx.peer_wire(hop.peer.domain if hop.peer else None)
        ext = incoming.extension
        token = Token.MESSAGE if ext is None or ext.token is None else ext.token
        request.headers.set(wire.extension, wire_extension.render(wire, token, *_merged(ext, more)))
        request.body = incoming.request.body
        request.headers.put("Content-Type", incoming.request.headers.lines("Content-Type"))
        self._waiting[self.send(request, hop, key, purpose, timeout)] = Relayed(incoming, wire)

    def answered(self, outcome: Outcome) -> Relayed | None:
        """The MESSAGE that a final outcome is the answer to; None when it was one of our own."""
        return self._waiting.pop(outcome.branch, None) if outcome.status >= 200 else None

    def pass_back(self, relayed: Relayed, outcome: Outcome) -> None:
        """Answer a relayed MESSAGE as the far side answered; silence or a broken way is 503, an unknown refusal its
        class (RFC 3261 §8.1.3.2). TC2-C 实时短数据响应."""
        incoming, heard = relayed.incoming, outcome.response
        response = incoming.request.respond(status(outcome), self._ctx.ids.token())
        if heard is not None:
            for name in ("Warning", "Retry-After", "Accept"):
                response.headers.put(name, heard.headers.lines(name))
            ext = wire_extension.read(heard, relayed.wire)
            if ext is not None and ext.token is not None:
                wire_extension.write(response, incoming.wire, ext.token, *ext.params)
        self._ctx.reply(incoming, response)


def status(outcome: Outcome) -> int:
    """What the sender of a relayed MESSAGE hears."""
    if outcome.response is None:
        return 503
    found = outcome.status
    if found < 300 or found in PASSED:
        return 200 if found < 300 else found
    if found in (401, 407):
        return 403
    return 603 if found >= 600 else 500 if found >= 500 else 480


def _merged(
    ext: Extension | None, more: tuple[tuple[Param, str], ...]
) -> list[tuple[Param | str, str | None]]:
    replaced = {param for param, _ in more}
    kept = [(name, value) for name, value in ext.params if name not in replaced] if ext is not None else []
    return [*kept, *more]
