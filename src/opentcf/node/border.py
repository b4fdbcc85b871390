"""What a peer may begin, and how much anybody may ask (profile 2.1 and 5.2).

Rule one: emergency calls, releases, heartbeats and whatever goes on with a call are never held back by a rate.
Rule two: who has not proved anything costs no memory but his bucket.
"""

from opentcf.btrunc.urgency import SPARED
from opentcf.btrunc.wire import Param, Token
from opentcf.model.cause import Decline
from opentcf.model.peer import Peer
from opentcf.model.rate import Rates
from opentcf.services.context import Context, Incoming
from opentcf.sip.errors import RemoteError
from opentcf.sip.headers import NameAddr
from opentcf.sip.outbox import Flow

PLAIN = {"INVITE": Token.CALL, "MESSAGE": Token.MESSAGE, "REGISTER": Token.REGISTER}
"""What a request without the extension means."""
RELEASES = frozenset(("ACK", "BYE", "CANCEL"))
AGAIN = (("Retry-After", "1"),)
CALLS = (None, Token.CALL, Token.INSERT, Token.LISTEN)
"""The operations of an INVITE by which somebody wants to speak or to listen."""
NOT_YET = (422, 491)
"""Refusals that say how or when to ask anew (RFC 4028 §7.3, RFC 3261 §14.1): the attempt is not over."""


class Border:
    """Decides before a procedure sees a request."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._sources = Rates()
        self._users = Rates()

    def answers(self, source: Flow, incoming: Incoming | None = None) -> bool:
        """May a source that proved nothing be answered once more? Above its rate it hears nothing at all, so that
        nobody can be flooded in its name. Emergency calls have a rate of their own, which no other flood uses up."""
        urgent = incoming is not None and is_urgent(incoming)
        if incoming is not None and self._is_in_dialog(incoming):
            return True
        name = (source.host, urgent)
        if self._sources.spend(name, self._ctx.limits.max_rate_per_source, self._ctx.now):
            return True
        self._ctx.meters.count("opentcf_refused_total", "max_rate_per_source")
        return False

    def check(self, incoming: Incoming) -> None:
        """Decline what the sender, who is known by now, may not begin, or not so often."""
        peer, ctx = incoming.peer, self._ctx
        if peer is not None:
            self._check_peer(incoming, peer)
        elif not is_urgent(incoming):
            if not self._users.spend(incoming.user, ctx.limits.max_rate_per_user, ctx.now):
                ctx.meters.count("opentcf_refused_total", "max_rate_per_user")
                raise Decline(503, f"{incoming.user} asks too often", AGAIN)

    def take_note(self, incoming: Incoming, status: int) -> bool:
        """Is this refusal worth a log line, and that of a call a record: the end of an attempt at something new?

        Of emergency calls, which no rate holds back, it is only as often as others come: no flood of them fills the
        disk.
        """
        if incoming.request.method != "INVITE" or incoming.txn is None or _tag(incoming) or status in NOT_YET:
            return False
        sender = incoming.user or (incoming.peer.domain if incoming.peer is not None else "")
        rate, now = self._ctx.limits.max_rate_per_user, self._ctx.now
        return not is_urgent(incoming) or self._users.spend((sender, "urgent"), rate, now)

    def _is_in_dialog(self, incoming: Incoming) -> bool:
        return _tag(incoming) in self._ctx.legs

    def _check_peer(self, incoming: Incoming, peer: Peer) -> None:
        if _tag(incoming) or incoming.request.method in RELEASES:
            return
        operation = _operation(incoming)
        if peer.allow is not None and operation is not None and operation.value not in peer.allow:
            self._ctx.meters.count("opentcf_refused_total", "allow")
            raise Decline(403, f"{peer.domain} may not begin this")
        if peer.numbers:
            self._check_number(incoming, peer)
        most = self._ctx.limits.max_transactions_per_peer
        if self._ctx.layer.opened_by(peer.domain) >= most and not is_urgent(incoming):
            self._ctx.meters.count("opentcf_refused_total", "max_transactions_per_peer")
            raise Decline(503, f"{peer.domain} has {most} open transactions", AGAIN)

    def _check_number(self, incoming: Incoming, peer: Peer) -> None:
        """A user of the peer's domain must have a number that the site gave to that domain."""
        request = incoming.request
        lines = request.headers.elements("P-Asserted-Identity")
        sender = NameAddr.parse(lines[0]) if lines else request.from_()
        uri = (request.to() if request.method == "REGISTER" else sender).uri
        if uri.user and uri.host.lower() == peer.domain and not peer.may_have(uri.user):
            self._ctx.meters.count("opentcf_refused_total", "numbers")
            raise Decline(403, f"{uri.user[:20]} is no number of {peer.domain}")


def is_urgent(incoming: Incoming) -> bool:
    """What no rate and no load holds back: emergency calls, releases, requests within a dialog, what is SPARED."""
    request, ext = incoming.request, incoming.extension
    if request.method in RELEASES or _tag(incoming):
        return True
    if ext is None:
        return False
    return ext.token in SPARED or ext.get(Param.EMERGENCY) == "1"


def _tag(incoming: Incoming) -> str:
    """The tag in To; none when To cannot be read: such a request is refused, and belongs to no dialog."""
    try:
        return incoming.request.to_tag() or ""
    except RemoteError:
        return ""


def _operation(incoming: Incoming) -> Token | None:
    """What a request begins; None for heartbeats and whatever else anybody may ask."""
    ext = incoming.extension
    if ext is None:
        return PLAIN.get(incoming.request.method)
    return None if ext.token is Token.HEARTBEAT else ext.token
