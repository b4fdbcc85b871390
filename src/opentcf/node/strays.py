"""A 2xx to an INVITE of ours that nobody here knows any more: a restart forgot it, or its leg had given up.

Rule: answers go to the peer or terminal that it came from, whatever Contact and Record-Route it bears, and there are
never many; who forges a source gains nothing by it.
"""

from opentcf.btrunc import call as wire_call
from opentcf.model.cause import ReleaseCause
from opentcf.model.numbers import Aor, is_number
from opentcf.services.admission import PeerAdmission
from opentcf.services.context import TC2, Context, peer_flow
from opentcf.sip.dialog import Dialog
from opentcf.sip.headers import NameAddr
from opentcf.sip.message import Response
from opentcf.sip.outbox import Flow
from opentcf.sip.transaction import Owner
from opentcf.sip.uri import join_host_port

NAME = "strays"
MOST = 1024
"""How many are answered in 64·T1; the others are repeated, and may have their turn then."""


class Strays:
    """Ends the dialogs that such responses stand for."""

    def __init__(self, ctx: Context, peers: PeerAdmission) -> None:
        self._ctx = ctx
        self._peers = peers
        self._ended: dict[str, float] = {}

    def take(self, response: Response, source: Flow) -> None:
        """ACK it, as every 2xx (RFC 3261 §13.2.2.4), and end its dialog; else it would be repeated for 64·T1.

        The CSeq of the BYE is a time (§8.1.1.5): what we said in the dialog in an earlier life had lower ones.
        """
        ctx, peer = self._ctx, self._peers.find(source) if source.side == TC2 else None
        flow = self._terminal(response, source) if peer is None else peer_flow(peer)
        if flow is None or not self._is_ours(response, source):
            return
        dialog = _dialog(response)
        key, number = f"{dialog.call_id} {dialog.local_tag} {dialog.remote_tag}", response.cseq()[0]
        is_copy = key in self._ended
        if not is_copy and not self._admits(key):
            return
        ctx.layer.send_once(dialog.request("ACK", number), flow, ctx.now, response.via().branch or "")
        if not is_copy:
            bye = dialog.request("BYE", max(number + 1, int(100 * ctx.wall) % 2**31))
            wire_call.write_release(bye, ctx.peer_wire(peer.domain if peer else None), ReleaseCause.NORMAL)
            ctx.layer.request(bye, flow, Owner(NAME, key, "bye"), ctx.now, insist=True)

    def _admits(self, key: str) -> bool:
        """Note one more, if there is room."""
        now, ended = self._ctx.now, self._ended
        while ended and next(iter(ended.values())) <= now:
            del ended[next(iter(ended))]
        if len(ended) < MOST:
            ended[key] = now + 64 * self._ctx.layer.values.t1
        return key in ended

    def _is_ours(self, response: Response, source: Flow) -> bool:
        """RFC 3261 §8.1.3.3, §18.1.2: it bears one Via, and that is ours."""
        via, lines = response.via(), response.headers.elements("Via")
        return len(lines) == 1 and join_host_port(via.host, via.port) == self._ctx.our_address(source)

    def _terminal(self, response: Response, source: Flow) -> Flow | None:
        """The terminal that was called, if it comes from there."""
        uri = response.to().uri
        if source.side == TC2 or not is_number(uri.user):
            return None
        called = self._ctx.directory.attachment(Aor(uri.user, uri.host))
        return source if called is not None and called.flow == tuple(source) else None


def _dialog(response: Response) -> Dialog:
    """As we saw it when we sent the INVITE (RFC 3261 §12.1.2)."""
    local, remote = response.from_(), response.to()
    ours, theirs = (str(NameAddr(party.uri, party.display)) for party in (local, remote))
    dialog = Dialog(response.call_id(), local.tag or "", ours, theirs, str(remote.uri))
    dialog.confirm(response)
    return dialog
