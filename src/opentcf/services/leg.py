"""A leg: one dialog's part in a call. It owns "one INVITE at a time", acknowledgements and the session timer.

What the leg can settle alone it settles (refreshes, glare, retransmitted answers); all else goes up as `Happened`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from enum import Enum, IntEnum, StrEnum
from typing import NamedTuple

from opentcf.btrunc import call as wire_call
from opentcf.btrunc.wire import Param, Token, Wire
from opentcf.model.account import LegAccount
from opentcf.model.cause import Decline, ReleaseCause
from opentcf.model.numbers import Aor
from opentcf.services import accounting
from opentcf.services.context import ALLOW, Context, Incoming, first_hop, peer_flow
from opentcf.services.voice import Voice
from opentcf.sip import session_timer
from opentcf.sip.dialog import Dialog
from opentcf.sip.fan import Fan
from opentcf.sip.headers import Headers
from opentcf.sip.message import Message, Request, Response
from opentcf.sip.outbox import Flow
from opentcf.sip.sdp import same_description
from opentcf.sip.session_timer import Session
from opentcf.sip.timers import Timer
from opentcf.sip.transaction import Outcome, Owner, ServerTransaction

INVITE, BYE, INFORM, OTHER = "invite", "bye", "inform", "other"
SESSION, BACKOFF, REFRESH = "session", "backoff", "refresh"
PROBE = "probe"
"""The purpose of a refresh that asks whether the other end has the dialog still."""
REPEATED = frozenset((Token.CALL, Token.INSERT, Token.LISTEN))
"""Operations whose re-INVITE is only a refresh when the description is the same."""
DEAD = frozenset((408, 481))
"""Answers within a dialog that end it (RFC 3261 §12.2.1.2)."""


class LegState(Enum):
    """A leg is early until its first INVITE is answered."""

    EARLY = "early"
    UP = "up"
    RELEASING = "releasing"
    ENDED = "ended"


EARLY, UP, RELEASING, ENDED = LegState


class Rank(IntEnum):
    """The order in which our own in-dialog INVITEs wait for the slot."""

    REVOKE = 0
    RELEASE = 1
    GRANT = 2
    REQUEST = 3
    MEDIA = 4
    REFRESH = 5


class Wish(NamedTuple):
    """An in-dialog INVITE of ours that waits for the slot; a refresh says what stands when its turn comes."""

    rank: Rank
    purpose: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    direction: str = ""
    """Instead of a body: our own description in this direction, made when it is sent."""


class Ours:
    """Our open INVITE. `late`: it offered nothing, so the ACK must carry the answer. `wish` None: it is relayed, or a
    restart forgot it (`revived`)."""

    __slots__ = (
        "answered", "before", "branch", "cancel", "cseq", "late", "proceeding", "request", "revived", "wish",
    )  # fmt: skip

    def __init__(self, request: Request, cseq: int, wish: Wish | None) -> None:
        self.request = request
        self.branch = ""
        self.before = b""
        """Our description as it was, and is again should they refuse this one (RFC 3261 §14.1)."""
        self.cseq = cseq
        self.late = not request.body
        self.wish = wish
        self.proceeding = False
        self.answered = False
        self.revived = False
        self.cancel: Request | None = None


class What(StrEnum):
    """What can happen on a leg. SETTLED: an INVITE of ours that concerns the leg alone is answered, or to be sent again
    after 491; there is nothing to do but to keep the leg as it is now."""

    PROGRESS = "progress"
    ANSWERED = "answered"
    REFUSED = "refused"
    OFFERED = "offered"
    ACKED = "acked"
    CANCELLED = "cancelled"
    ENDED = "ended"
    LOST = "lost"
    INFORMED = "informed"
    RELEASED = "released"
    SETTLED = "settled"


class Leg:
    """One dialog of a call of `procedure`, whose key is `call`. `party` is who is at the other end of it.

    `peer` is the TCF at the other end, None towards a terminal. `ptt`: the other end speaks the extension. `carry` are
    the fields that a re-INVITE of the leg's own (a refresh) bears. `key` is the local tag.
    """

    __slots__ = (
        "answered_at",
        "backoff",
        "call",
        "caller",
        "carry",
        "check",
        "dialog",
        "flow",
        "heard_at",
        "informing",
        "key",
        "local_sdp",
        "news",
        "ours",
        "package",
        "party",
        "peer",
        "procedure",
        "ptt",
        "remote_sdp", "revived",
        "session",
        "session_alarm",
        "session_at",
        "state",
        "theirs",
        "theirs_cseq",
        "voice",
        "wire",
        "wishes",
    )  # fmt: skip

    def __init__(
        self, owner: Owner, dialog: Dialog, flow: Flow, party: Aor, peer: str | None, wire: Wire
    ) -> None:
        self.procedure = owner.procedure
        self.call = owner.key
        self.dialog = dialog
        self.key = dialog.local_tag
        self.flow = flow
        self.party = party
        self.peer = peer
        self.wire = wire
        self.caller = False
        self.ptt = peer is not None
        self.state = EARLY
        self.carry: tuple[tuple[str, str], ...] = ()
        self.local_sdp = b""
        self.remote_sdp = b""
        self.ours: Ours | None = None
        self.theirs: ServerTransaction | None = None
        self.theirs_cseq = 0
        """The number of their INVITE, which its ACK bears; 0 when a restart forgot it."""
        self.wishes: list[Wish] = []
        self.voice: Voice | None = None
        self.informing = False
        self.package = ""
        """The package of floor information that the other end listens for (RFC 6086); empty: it named none."""
        self.news: dict[str, bytes] = {}
        self.backoff: Timer | None = None
        self.check: Timer | None = None
        self.session: Session | None = None
        self.session_at = 0.0
        self.answered_at = 0.0
        self.heard_at = 0.0
        """When the other end said something last."""
        self.revived = False
        self.session_alarm: Timer | None = None

    def __repr__(self) -> str:
        return f"<Leg {self.key} {self.state.value} {self.party} via {self.peer or 'd'}>"

    # --- making one

    @classmethod
    def called(cls, ctx: Context, incoming: Incoming, owner: Owner, party: Aor) -> Leg:
        """They call us: the leg takes over the INVITE and answers 100 at once."""
        request = incoming.request
        session_timer.check(request)
        peer = incoming.peer.domain if incoming.peer else None
        dialog = Dialog.from_invite(request, ctx.ids.token())
        flow = peer_flow(incoming.peer) if incoming.peer else incoming.flow
        leg = cls(owner, dialog, flow, party, peer, incoming.wire)
        leg.ptt = leg.ptt or incoming.extension is not None
        leg.remote_sdp = request.body
        leg._learn_packages(request)
        leg._take(ctx, incoming)
        token = incoming.extension.token if incoming.extension else None
        leg._enter(ctx, accounting.ENTRIES.get(token, "") if token else "")
        return leg

    @classmethod
    def calling(
        cls,
        ctx: Context,
        owner: Owner,
        flow: Flow,
        party: Aor,
        peer: str | None,
        uri: str,
        from_: str,
        to: str,
    ) -> Leg:
        """We call them: `invite` and `send_invite` follow."""
        dialog = Dialog(ctx.ids.token(), ctx.ids.token(), from_, to, uri)
        leg = cls(owner, dialog, flow, party, peer, ctx.peer_wire(peer))
        leg.caller = True
        leg._enter(ctx)
        return leg

    def _enter(self, ctx: Context, entry: str = "") -> None:
        ctx.legs[self.key] = self
        if ctx.accounted:
            direction = "out" if self.caller else "in"
            who, where, call_id = str(self.party), self.peer or "", self.dialog.call_id
            account = LegAccount(who, where, direction, call_id, ctx.wall, None, entry)
            accounting.leg_began(ctx, self.call, self.key, account)

    def _account(
        self, ctx: Context, code: int = 0, release: Message | None = None, *, far: bool = False
    ) -> None:
        """For the call records: it is over, by a refusal or a release, of the far end's or ours."""
        if ctx.accounted:
            cause = wire_call.read_release(release, self.wire) if release is not None else None
            accounting.leg_over(ctx, self.call, self.key, cause, code, far=far)

    def owner(self, purpose: str) -> Owner:
        """Whom outcomes and timers of this leg are for."""
        return Owner("leg", self.key, purpose)

    # --- our INVITEs

    @property
    def free(self) -> bool:
        """May we send an INVITE now (RFC 3261 §14.1)?"""
        return self.ours is None and self.theirs is None and self.backoff is None

    def invite(self, ctx: Context) -> Request:
        """An INVITE of this leg, to be filled and sent by `send_invite`."""
        request = self.dialog.request("INVITE")
        self._present(ctx, request)
        return request

    def _present(self, ctx: Context, request: Request) -> None:
        fields = request.headers.fields
        fields["Contact"] = [f"<{ctx.our_contact(self.flow, self.dialog_user)}>"]
        fields["Allow"] = [ALLOW[self.flow.side]]
        fields["Supported"] = ["timer"]
        session_timer.ask(request, ctx.durations.session, self.session)

    def invite_as_one_of(
        self, ctx: Context, fan: Fan, kind: Hashable, fill: Callable[[Request], None]
    ) -> Request:
        """The first INVITE of one leg of many. `kind`: legs of the same one share what `fill` puts in; no body."""
        request = self.dialog.request("INVITE")

        def make() -> Headers:
            pattern = Request("INVITE", "")
            self._present(ctx, pattern)
            fill(pattern)
            return pattern.headers

        way = (self.flow.side, self.flow.transport, ":" in self.flow.host, self.dialog.local, self.wire)
        shared = fan.shared((way, kind), make)
        self.carry = ((self.wire.extension, shared.headers.lines(self.wire.extension)[0]),)
        request.shared = shared.rendered
        return request

    def send_invite(self, ctx: Context, request: Request, wish: Wish | None = None) -> None:
        """Take the slot and send."""
        ours = Ours(request, request.cseq()[0], wish)
        ours.before = self.local_sdp
        if request.body:
            self.local_sdp = request.body
        self.ours = ours
        hop = self.hop()
        held = ctx.is_held(request, hop)
        txn = ctx.layer.request(request, hop, self.owner(INVITE), ctx.now, held=held, insist=True)
        ours.branch = txn.branch

    def want(self, ctx: Context, wish: Wish) -> None:
        """Send an INVITE of our own as soon as the slot is free and nothing of a better rank waits."""
        self.wishes.append(wish)
        self.wishes.sort(key=lambda waiting: waiting.rank)
        self._next(ctx)

    def refresh(self, ctx: Context) -> None:
        """Offer again what stands: it prolongs the session, and LOST follows where the dialog is not known any more."""
        if self.state is UP and all(wish.purpose != REFRESH for wish in self.wishes):
            self.want(ctx, Wish(Rank.REFRESH, REFRESH))

    def follow(self, flow: Flow, contact: str) -> None:
        """The terminal at the other end is elsewhere now: from now on it is spoken to there."""
        self.flow, self.dialog.target = flow, contact

    def cancel(self, ctx: Context, fill: Message) -> None:
        """Cancel our open INVITE; it waits for a provisional response (RFC 3261 §9.1). `fill` has extension, Reason."""
        ours = self.ours
        if ours is None or ours.cancel is not None:
            return
        ours.cancel = self._cancel(ours, fill)
        if ours.proceeding:
            self._send_cancel(ctx, ours)

    def _cancel(self, ours: Ours, fill: Message) -> Request:
        invite = ours.request.headers.fields
        cancel = Request("CANCEL", ours.request.uri)
        fields = cancel.headers.fields
        fields["Via"] = [""]
        for name in ("Route", "Max-Forwards", "From", "To", "Call-ID"):
            if name in invite:
                fields[name] = invite[name]
        fields["CSeq"] = [f"{ours.cseq} CANCEL"]
        fields.update(fill.headers.fields)
        return cancel

    def take_back(self, ctx: Context) -> None:
        """Cancel a re-INVITE that a restart caught in the middle (profile 5.1): it is not repeated, and only the answer
        to the CANCEL tells whether it arrived."""
        fill = Request("CANCEL", "")
        wire_call.write_release(fill, self.wire, ReleaseCause.NORMAL, Token.CALL)
        self.cancel(ctx, fill)

    def acknowledge(self, ctx: Context, body: bytes = b"") -> None:
        """ACK the 2xx that our INVITE got; `body` is the answer to a late offer."""
        ours, self.ours = self.ours, None
        if ours is None:
            return
        self._ack(ctx, ours.cseq, ours.branch, body)
        self._next(ctx)

    # --- answers to their INVITE

    def response(self, ctx: Context, status: int, reason: str = "") -> Response:
        """A response to their open INVITE, to be filled and sent by `answer`."""
        assert self.theirs is not None
        request = self.theirs.request
        assert request is not None
        response = request.respond(status, self.key, reason)
        if 100 < status < 300:
            response.headers.put("Record-Route", request.headers.lines("Record-Route"))
            response.headers.set("Contact", f"<{ctx.our_contact(self.flow, self.dialog_user)}>")
            response.headers.set("Allow", ALLOW[self.flow.side])
        return response

    def answer(self, ctx: Context, response: Response) -> None:
        """Send a response to their INVITE; a final one frees the slot, a 2xx once it is acknowledged."""
        txn = self.theirs
        assert txn is not None
        assert txn.request is not None
        if 200 <= response.status < 300:
            response.headers.set("Supported", "timer")
            self._agree(ctx, session_timer.answer(txn.request, response, ctx.durations.session))
            if self.state is UP:
                self.dialog.refresh(txn.request)
            else:
                accounting.leg_up(ctx, self.call, self.key)
            self.state = UP
            self.answered_at, self.revived = ctx.now, False
            if response.body:
                self.local_sdp = response.body
        ctx.layer.respond(txn, response, ctx.now)
        if response.status >= 300:
            self.theirs = None
            if self.state is EARLY:
                self._account(ctx, response.status, far=response.status == 487)
                self.end(ctx)
            else:
                self._next(ctx)

    def drop(self, purpose: str) -> bool:
        """Give up a wish that waits, since it became pointless; the slot is free at once if it sat out a 491."""
        kept = [wish for wish in self.wishes if wish.purpose != purpose]
        dropped = len(kept) != len(self.wishes)
        self.wishes = kept
        return dropped

    def resume(self, ctx: Context) -> None:
        """After a drop: what waits behind the 491 of the dropped wish need not wait for it."""
        if self.backoff is not None:
            self.backoff.cancel()
            self.backoff = None
        self._next(ctx)

    # --- other requests of ours

    def inform(self, ctx: Context, kind: str, fields: bytes) -> None:
        """INFO; of what waits only the newest of a kind is sent. TC2-C INFO/TC2, TC2-C INFO/D.

        It waits for the answer to the one before, and for the ACK of our 2xx: overtaking that, it may find no dialog.
        """
        self.news.pop(kind, None)
        self.news[kind] = fields
        self._inform_next(ctx)

    def _inform_next(self, ctx: Context) -> None:
        waiting = self.ours is not None and not self.ours.proceeding and not self.ours.answered
        waiting = waiting or (self.theirs is not None and not self.theirs.open)
        if not self.news or self.informing or waiting or self.state is not UP:
            return
        self.informing = True
        request = self.dialog.request("INFO")
        request.shared = self.news.pop(next(iter(self.news)))
        ctx.layer.request(request, self.hop(), self.owner(INFORM), ctx.now, insist=True)

    def bye(self, ctx: Context, fill: Message, shared: bytes = b"") -> None:
        """End the dialog. RELEASED follows when the other side answered or can not any more.

        `shared`: the fields of `fill`, where they are rendered already.
        """
        if self.state is not UP:
            return
        if self.ours is not None and self.ours.answered:
            self.acknowledge(ctx)
        self._refuse_open(ctx, fill)
        self._account(ctx, release=fill)
        self.state = RELEASING
        self._hush()
        request = self.dialog.request("BYE")
        request.shared = shared
        if not shared:
            request.headers.fields.update(fill.headers.fields)
        ctx.layer.request(request, self.hop(), self.owner(BYE), ctx.now, insist=True)

    def end(self, ctx: Context) -> None:
        """Forget the dialog. An INVITE that nobody heard yet is not repeated any more: it would open another one."""
        if self.ours is not None:
            ctx.layer.abandon(self.ours.branch)
        self._refuse_open(ctx)
        self._account(ctx)
        self.state = ENDED
        self._hush()
        ctx.legs.pop(self.key, None)

    # --- theirs

    def receive(self, ctx: Context, incoming: Incoming) -> Happened | None:
        """A request within the dialog, already admitted. ACK comes here too."""
        request = incoming.request
        self.heard_at = ctx.now
        if self.peer is None:
            self.flow = incoming.flow
        if request.method == "ACK":
            return self._acked(ctx, incoming)
        if not self.dialog.take_cseq(request):
            ctx.respond(incoming, 500, ("Retry-After", "1"))
            return None
        if request.method == "INVITE":
            return self._offered(ctx, incoming)
        if request.method == "BYE":
            return self._ended(ctx, incoming)
        return Happened(What.INFORMED, self, incoming=incoming)

    def outcome(self, ctx: Context, outcome: Outcome) -> Happened | None:
        """A response to a request of this leg, or none."""
        purpose = outcome.owner.purpose
        if outcome.response is not None:
            self.heard_at = ctx.now
        if purpose == OTHER and outcome.status == 481 and self.ours is not None and self.ours.revived:
            return self._never_arrived(ctx, self.ours, outcome)
        if purpose == BYE:
            if outcome.status < 200:
                return None
            self.end(ctx)
            return Happened(What.RELEASED, self)
        if purpose == INFORM and outcome.status >= 200:
            self.informing = False
            self._inform_next(ctx)
            return (
                Happened(What.LOST, self, cause=ReleaseCause.NORMAL, status=481)
                if outcome.status == 481
                else None
            )
        ours = self.ours
        if purpose != INVITE or ours is None or ours.branch != outcome.branch:
            return None
        return (self._progress if outcome.status < 200 else self._final)(ctx, ours, outcome)

    def timer(self, ctx: Context, purpose: str) -> Happened | None:
        """One of the leg's own timers."""
        if purpose == BACKOFF:
            self.backoff = None
            self._next(ctx)
            return None
        if purpose == REFRESH:
            self.check = None
            self.refresh(ctx)
            return None
        session = self.session
        self.session_alarm = None
        if session is None or self.state is not UP:
            return None
        if session.ours and self.session_at > ctx.now:
            self._arm_session(ctx, self.session_at)
            self.refresh(ctx)
            return None
        return Happened(What.LOST, self, cause=ReleaseCause.SESSION_EXPIRED)

    def probe(self, ctx: Context) -> None:
        """Refresh, and hear of it: ANSWERED or REFUSED bears this purpose, LOST where the dialog is not known."""
        if self.state is LegState.UP and all(wish.purpose != PROBE for wish in self.wishes):
            self.want(ctx, Wish(Rank.REFRESH, PROBE))

    def refresh_after(self, ctx: Context, delay: float) -> None:
        """Refresh in a while, besides what the session timer does."""
        if self.check is not None:
            self.check.cancel()
        self.check = ctx.start(delay, self.owner(REFRESH))

    def unacknowledged(self, ctx: Context) -> Happened | None:
        """Our 2xx was never acknowledged: the dialog stands, but the session is to be ended (RFC 3261 §13.3.1.4).

        Not after a restart: the ACK may have come before it, and whoever sent it need not send it again.
        """
        self.theirs = None
        if self.revived:
            self.revived = False
            self._next(ctx)
            return None
        return Happened(What.LOST, self, cause=ReleaseCause.TIMEOUT)

    def acknowledge_again(self, ctx: Context, response: Response) -> None:
        """A 2xx whose transaction is gone (after a restart) in a dialog that we know is always acknowledged."""
        self._ack(ctx, response.cseq()[0], "", b"")

    # --- inside

    @property
    def dialog_user(self) -> str:
        """The user part of our Contact: whom we stand for on this leg."""
        at = self.dialog.local.find("sip:")
        return self.dialog.local[at + 4 :].partition("@")[0] if at >= 0 else ""

    def hop(self) -> Flow:
        """Where requests within the dialog go."""
        return first_hop(self.dialog, self.flow)

    def _learn_packages(self, message: Message) -> None:
        """RFC 6086 §5.2.3: the newest Recv-Info says what the other end is willing to receive."""
        if "Recv-Info" in message.headers:
            package = self.wire.info_package
            self.package = package if package.lower() in message.tokens("Recv-Info") else ""

    def _take(self, ctx: Context, incoming: Incoming) -> None:
        """100 at once. TC2-C 100."""
        self.theirs = incoming.transaction
        self.theirs_cseq = incoming.request.cseq()[0]
        self.theirs.owner = self.owner(INVITE)
        ctx.layer.respond(self.theirs, incoming.request.respond(100), ctx.now)

    def _offered(self, ctx: Context, incoming: Incoming) -> Happened | None:
        """RFC 3261 §14.2: 500 while an earlier one of theirs is open, 491 while one of ours is."""
        if self.state is RELEASING:
            raise Decline(481, "this dialog is ending")
        if self.theirs is not None and self.theirs.open:
            ctx.respond(incoming, 500, ("Retry-After", str(int(ctx.ids.uniform(0, 10)))))
            return None
        if self.ours is not None:
            ctx.respond(incoming, 491)
            return None
        session_timer.check(incoming.request)
        self._learn_packages(incoming.request)
        if self.theirs is not None:
            ctx.layer.acknowledged(self.theirs, ctx.now)
        self._take(ctx, incoming)
        if self._is_refresh(incoming):
            self.answer_as_before(ctx)
            return None
        return Happened(What.OFFERED, self, incoming=incoming)

    def answer_as_before(self, ctx: Context) -> None:
        """200 to a re-INVITE that changes nothing: our description stands."""
        response = self.response(ctx, 200)
        for name, value in self.carry:
            response.headers.set(name, value)
        response.headers.set("Content-Type", "application/sdp")
        response.body = self.local_sdp
        self.answer(ctx, response)

    def _is_refresh(self, incoming: Incoming) -> bool:
        body, ext = incoming.request.body, incoming.extension
        calms = ext is not None and ext.get(Param.EMERGENCY) == "0"
        plain = ext is None or ext.token is None or (ext.token in REPEATED and not calms)
        return plain and bool(body) and same_description(body, self.remote_sdp)

    def _acked(self, ctx: Context, incoming: Incoming) -> Happened | None:
        txn = self.theirs
        if txn is None or txn.open or self.theirs_cseq not in (0, incoming.request.cseq()[0]):
            return None
        ctx.layer.acknowledged(txn, ctx.now)
        self.theirs = None
        if incoming.request.body:
            self.remote_sdp = incoming.request.body
        self._next(ctx)
        return Happened(What.ACKED, self, incoming=incoming)

    def _ended(self, ctx: Context, incoming: Incoming) -> Happened | None:
        """Their BYE. When it overtook the answer to our first INVITE, that answer is waited for.

        TC2-C 单呼释放的成功响应, TC2-C 组呼释放的成功响应.
        """
        ctx.respond(incoming, 200)
        self._refuse_open(ctx, incoming.request)
        self._account(ctx, release=incoming.request, far=True)
        if self.state is RELEASING:
            return None
        if self.state is EARLY and self.ours is not None:
            self.state = RELEASING
            txn = ctx.layer.client(self.ours.branch)
            if txn is not None and self.ours.cancel is None:
                ctx.layer.bound(txn, ctx.now)
        else:
            self.end(ctx)
        return Happened(What.ENDED, self, incoming=incoming)

    def _refuse_open(self, ctx: Context, release: Message | None = None) -> None:
        """The dialog ends: an INVITE of theirs that is still open gets 487 (RFC 3261 §15.1.2) with the cause that
        `release` names."""
        txn = self.theirs
        if txn is None or not txn.open or txn.request is None:
            return
        response = txn.request.respond(487, self.key)
        cause = ReleaseCause.NORMAL if release is None else wire_call.read_release(release, self.wire)
        operation = wire_call.cancelled_operation(self.wire, txn.request, txn.request)
        wire_call.write_cancelled(response, self.wire, cause, operation)
        ctx.layer.respond(txn, response, ctx.now)
        self.theirs = None

    def _progress(self, ctx: Context, ours: Ours, outcome: Outcome) -> Happened | None:
        ours.proceeding = True
        self._inform_next(ctx)
        if ours.cancel is not None:
            self._send_cancel(ctx, ours)
            return None
        if outcome.status == 100:
            return None
        return Happened(What.PROGRESS, self, outcome.status, outcome.response)

    def _final(self, ctx: Context, ours: Ours, outcome: Outcome) -> Happened | None:
        """Our INVITE is answered, or never will be."""
        if self.state is RELEASING and ours.request.to_tag() is None:
            return self._overtaken(ctx, outcome)
        return (self._answered if outcome.status < 300 else self._refused)(ctx, ours, outcome)

    def _answered(self, ctx: Context, ours: Ours, outcome: Outcome) -> Happened | None:
        response = outcome.response
        assert response is not None
        if self.state is EARLY:
            self.dialog.confirm(response)
            self.state = UP
            accounting.leg_up(ctx, self.call, self.key)
        else:
            self.dialog.refresh(response)
        if response.body:
            self.remote_sdp = response.body
        self._learn_packages(response)
        self._agree(ctx, session_timer.settle(response, ctx.durations.session))
        purpose = ours.wish.purpose if ours.wish else ""
        ours.answered = True
        if not ours.late:
            self.acknowledge(ctx)
        if purpose == REFRESH:
            return Happened(What.SETTLED, self)
        return Happened(What.ANSWERED, self, outcome.status, response, purpose=purpose)

    def _overtaken(self, ctx: Context, outcome: Outcome) -> Happened:
        """The answer that their BYE overtook: a 2xx gets its ACK, and that was all."""
        if outcome.response is not None and outcome.status < 300:
            self.dialog.confirm(outcome.response)
            self.acknowledge(ctx)
        self.end(ctx)
        return Happened(What.RELEASED, self)

    def _never_arrived(self, ctx: Context, ours: Ours, outcome: Outcome) -> Happened | None:
        """They know nothing of an INVITE from before our restart, so that no answer to it will come (RFC 3261 §9.2)."""
        txn = ctx.layer.client(ours.branch)
        if txn is not None:
            ctx.layer.forget(txn)
        return self._final(ctx, ours, outcome._replace(status=487))

    def _refused(self, ctx: Context, ours: Ours, outcome: Outcome) -> Happened | None:
        self.ours = None
        if self.state is EARLY:
            if outcome.response is None and ours.cancel is None and ours.proceeding:
                self._give_up(ctx, ours)
            self._account(ctx, outcome.status, far=ours.cancel is None)
            self.end(ctx)
            return Happened(What.REFUSED, self, outcome.status, outcome.response)
        if outcome.status in DEAD:
            cause = ReleaseCause.TIMEOUT if outcome.status == 408 else ReleaseCause.NORMAL
            return Happened(What.LOST, self, outcome.status, outcome.response, cause=cause)
        self.local_sdp = ours.before or self.local_sdp
        wish = ours.wish
        if wish is not None and outcome.status == 491:
            self.wishes.insert(0, wish)
            low, high = (2.1, 4.0) if self.caller else (0.0, 2.0)
            self.backoff = ctx.start(ctx.ids.uniform(low, high), self.owner(BACKOFF))
            return Happened(What.SETTLED, self)
        self._next(ctx)
        if wish is not None and wish.purpose == REFRESH:
            return Happened(What.SETTLED, self)
        purpose = wish.purpose if wish else ""
        return Happened(What.REFUSED, self, outcome.status, outcome.response, purpose=purpose)

    def _next(self, ctx: Context) -> None:
        self._inform_next(ctx)
        if not self.wishes or not self.free or self.state is not UP:
            return
        wish = self.wishes.pop(0)
        request = self.invite(ctx)
        headers, body = wish.headers, wish.body
        if wish.rank is Rank.REFRESH:
            headers, body = self.carry, self.local_sdp
        elif self.voice is not None and wish.direction:
            body = self.voice.offer(wish.direction)
        for name, value in headers:
            request.headers.set(name, value)
        if body:
            request.headers.set("Content-Type", "application/sdp")
            request.body = body
        self.send_invite(ctx, request, wish)

    def _ack(self, ctx: Context, cseq: int, branch: str, body: bytes) -> None:
        ack = self.dialog.request("ACK", cseq)
        if body:
            ack.headers.set("Content-Type", "application/sdp")
            ack.body = body
            self.local_sdp = body
        ctx.layer.send_once(ack, self.hop(), ctx.now, branch)

    def _give_up(self, ctx: Context, ours: Ours) -> None:
        """Who answered provisionally and no more is told that nobody waits for him (RFC 3261 §9.1); what he says to
        that is acknowledged."""
        fill = Request("CANCEL", "")
        wire_call.write_release(fill, self.wire, ReleaseCause.NO_ANSWER, Token.CALL)
        ours.cancel = self._cancel(ours, fill)
        ctx.layer.revive(ours.request, self.hop(), self.owner(OTHER), ours.branch, ctx.now)
        self._send_cancel(ctx, ours)

    def _send_cancel(self, ctx: Context, ours: Ours) -> None:
        assert ours.cancel is not None
        if ctx.layer.client(ours.branch, "CANCEL") is None:
            txn = ctx.layer.client(ours.branch)
            flow = txn.flow if txn else self.hop()
            if txn is not None:
                ctx.layer.bound(txn, ctx.now)
            ctx.layer.request(ours.cancel, flow, self.owner(OTHER), ctx.now, branch=ours.branch, insist=True)

    def _agree(self, ctx: Context, session: Session) -> None:
        self.session = session
        self.session_at = session.over_at(ctx.now)
        self._arm_session(ctx, session.refresh_at(ctx.now) if session.ours else self.session_at)

    def resume_session(self, ctx: Context, session: Session, over_at: float) -> None:
        """Go on with a session timer after a restart. What refreshed the session since `over_at` was stored is not in
        it: the session begins anew, and where it is ours to refresh that is done soon, each leg in its turn."""
        self.session, self.session_at = session, session.over_at(ctx.now)
        soon = ctx.now + ctx.ids.uniform(0.0, session.interval / 10)
        due = max(soon, over_at - session.interval / 2)
        self._arm_session(ctx, due if session.ours else self.session_at)

    def _arm_session(self, ctx: Context, when: float) -> None:
        if self.session_alarm is not None:
            self.session_alarm.cancel()
        self.session_alarm = ctx.timers.start(when, self.owner(SESSION))

    def _hush(self) -> None:
        for timer in (self.session_alarm, self.backoff, self.check):
            if timer is not None:
                timer.cancel()
        self.session_alarm = self.backoff = self.check = None
        self.wishes.clear()


class Happened(NamedTuple):
    """An event of a leg. `incoming` for their requests, `message` for their responses, `cause` for LOST."""

    what: What
    leg: Leg
    status: int = 0
    message: Message | None = None
    incoming: Incoming | None = None
    cause: ReleaseCause = ReleaseCause.NORMAL
    purpose: str = ""


__all__ = ["PROBE", "Happened", "Leg", "LegState", "Rank", "What", "Wish"]
