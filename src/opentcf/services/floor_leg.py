"""A leg on which the floor is asked for and given: operations become SIP and back, for whoever arbitrates or relays.

A plain phone's hold and resume become operations here (profile 6).
"""

from opentcf.btrunc import call as wire_call
from opentcf.btrunc import extension as wire_extension
from opentcf.btrunc import floor as wire_floor
from opentcf.btrunc.extension import Extension
from opentcf.btrunc.floor import (
    Accepted,
    Answer,
    Ask,
    Calm,
    Grant,
    Inform,
    Left,
    LetGo,
    Operation,
    Refused,
    Revoke,
    Waiting,
)
from opentcf.btrunc.wire import Alert, Param, Token
from opentcf.model.cause import Decline, FloorCause, ReleaseCause
from opentcf.model.numbers import Aor
from opentcf.services.context import Context, Incoming
from opentcf.services.leg import Leg, LegState, Rank, Wish
from opentcf.services.voice import described
from opentcf.sip.fan import Fan
from opentcf.sip.grammar import quote
from opentcf.sip.headers import Headers
from opentcf.sip.message import Message, Request
from opentcf.sip.outbox import Value
from opentcf.sip.sdp import direction_of

OFFERS: dict[type, tuple[Rank, str]] = {
    Revoke: (Rank.REVOKE, "sendonly"),
    LetGo: (Rank.RELEASE, "recvonly"),
    Grant: (Rank.GRANT, "recvonly"),
    Ask: (Rank.REQUEST, "sendrecv"),
    Calm: (Rank.MEDIA, "recvonly"),
}
"""The re-INVITEs of the floor: their rank in the leg's queue, and the direction that they offer (profile 2.3)."""
ANSWERS: dict[type, str] = {Revoke: "recvonly", LetGo: "sendonly", Grant: "sendonly"}
"""The direction of the 200 to each."""
TALKS = ("sendrecv", "sendonly")


def purpose(op: Operation) -> str:
    """How a wish of this operation, and the answer to it, is known again; a grant and its revoke by their number."""
    number = f" {op.grant}" if isinstance(op, (Grant, Revoke)) else ""
    return f"{type(op).__name__} {getattr(op, 'user', '')}{number}"


def write_order(op: Grant | Revoke) -> dict[str, Value]:
    """As plain values, for the store."""
    if isinstance(op, Grant):
        return {"user": str(op.user), "grant": op.grant, "duration": op.duration}
    return {"user": str(op.user), "grant": op.grant, "cause": op.cause.value}


def read_order(row: dict[str, Value]) -> Grant | Revoke:
    """The reverse."""
    user, grant = Aor.parse(row["user"]), row["grant"]
    if "duration" in row:
        return Grant(user, row["duration"], grant)
    return Revoke(user, grant, FloorCause(row["cause"]))


def warning(ctx: Context, text: str) -> tuple[str, ...]:
    """The Warning of a refusal that we explain (RFC 3261 §20.43)."""
    return (f"399 {ctx.directory.domain} {quote(text)}",) if text else ()


def _to(request: Request) -> str:
    return wire_extension.domain_of(request.headers.get("To") or "")


def read_info(incoming: Incoming) -> Inform | Left | None:
    """The floor information that an INFO bears."""
    ext = incoming.extension
    return wire_floor.read_info(ext, incoming.wire, _to(incoming.request)) if ext is not None else None


def read_downward(incoming: Incoming) -> Grant | Revoke | None:
    """The grant or revoke that a master's re-INVITE bears; Decline when it is a request."""
    ext = incoming.extension
    if ext is not None and ext.token is Token.REQUEST:
        raise Decline(488, f"{ext.spelled} is for who arbitrates")
    return wire_floor.read_downward(ext, incoming.wire, _to(incoming.request)) if ext is not None else None


class FloorLeg:
    """One leg, and the floor on it."""

    __slots__ = ("_to", "leg")

    def __init__(self, leg: Leg) -> None:
        self.leg = leg
        self._to = ""

    @property
    def up(self) -> bool:
        """Does the dialog stand?"""
        return self.leg.state is LegState.UP

    def heard_since(self, ctx: Context, when: float) -> bool:
        """Has the other end said anything since then, on this leg or to a heartbeat?"""
        return max(self.leg.heard_at, ctx.heard.get(self.leg.peer or "", 0.0)) >= when

    @property
    def _there(self) -> str:
        """The domain of To in our requests on this leg: it is the other side's From when they opened it."""
        if not self._to:
            self._to = wire_extension.domain_of(self.leg.dialog.remote)
        return self._to

    @property
    def _here(self) -> str:
        """The domain of To in our answer to their open INVITE."""
        assert self.leg.theirs is not None
        assert self.leg.theirs.request is not None
        return _to(self.leg.theirs.request)

    def save(self, ctx: Context) -> None:
        """Keep the leg after it answered; a leg that its call keeps needs nothing."""

    # --- sending

    @property
    def asks(self) -> bool:
        """Is their open INVITE about the floor? A plain phone's always is."""
        ext = self._theirs
        return ext is None or ext.token in (Token.REQUEST, Token.RELEASE_FLOOR)

    @property
    def _theirs(self) -> Extension | None:
        """The extension of their open INVITE."""
        request = self.leg.theirs.request if self.leg.theirs is not None else None
        return wire_extension.read(request, self.leg.wire) if request is not None else None

    def cancelled(self, ctx: Context, *, joining: bool) -> None:
        """487 to their INVITE, with the operation that was cancelled; within a dialog the dialog stays (profile 7)."""
        leg = self.leg
        if leg.theirs is not None and leg.theirs.open:
            response = leg.response(ctx, 487)
            operation = Token.REQUEST if self.asks and not joining else Token.CALL
            wire_call.write_cancelled(response, leg.wire, ReleaseCause.NORMAL, operation)
            leg.answer(ctx, response)
            self.save(ctx)

    def tell(self, ctx: Context, op: Operation, fan: Fan | None = None) -> None:
        """Send an operation of our own; `fan`: the legs that hear the same.

        A revoke must not overtake its grant: one that still waits is dropped.
        """
        leg = self.leg
        if isinstance(op, (Inform, Left)):
            self._inform(ctx, op, fan or Fan())
        elif type(op) in OFFERS:
            rank, direction = OFFERS[type(op)]
            if not leg.ptt and isinstance(op, Grant):
                return
            if isinstance(op, Revoke):
                leg.drop(purpose(Grant(op.user, 0, op.grant)))
            leg.want(ctx, Wish(rank, purpose(op), self._headers(op), direction=direction))

    def _headers(self, op: Operation) -> tuple[tuple[str, str], ...]:
        """A plain phone hears of the floor by the direction alone (profile 6)."""
        wire = self.leg.wire
        if not self.leg.ptt:
            return ()
        said = (wire.extension, wire_floor.render(op, wire, self._there))
        if isinstance(op, Ask):
            return (said, *wire_call.resource_priority(wire, op.priority, op.emergency))
        return (said,)

    def says(self, op: Operation) -> bool:
        """Is it on its way, or does it wait for its turn?"""
        ours = self.leg.ours
        wishes = [*self.leg.wishes, *([ours.wish] if ours is not None and ours.wish is not None else [])]
        return purpose(op) in [wish.purpose for wish in wishes]

    def withdraw(self, ctx: Context, ask: Ask) -> bool:
        """Take a request back. True when it has been sent: CANCEL follows it, and so will its answer."""
        return self.take_back(ctx, purpose(ask), Token.REQUEST)

    def take_back(self, ctx: Context, name: str, operation: Token) -> bool:
        """The same for an INVITE of any purpose, which asks for `operation`."""
        leg = self.leg
        if leg.drop(name):
            leg.resume(ctx)
        if leg.ours is None or leg.ours.wish is None or leg.ours.wish.purpose != name:
            return False
        fill = Request("CANCEL", "")
        wire_call.write_release(fill, leg.wire, ReleaseCause.NORMAL, operation)
        leg.cancel(ctx, fill)
        return True

    def _inform(self, ctx: Context, op: Inform | Left, fan: Fan) -> None:
        leg = self.leg
        if not leg.ptt:
            return
        kind = f"queue {op.user}" if isinstance(op, Inform) and op.alert is Alert.QUEUE else "floor"
        if isinstance(op, Left):
            kind = f"left {op.user}"
        fields = (("Info-Package", leg.package), *self._headers(op)) if leg.package else self._headers(op)
        shared = fan.shared(
            (leg.wire, self._there, leg.package), lambda: Headers({name: [value] for name, value in fields})
        )
        leg.inform(ctx, kind, shared.rendered)

    # --- answering

    def answer(self, ctx: Context, answer: Answer, *, joining: bool = False, call: str = "") -> None:
        """Answer the open INVITE of an Ask. Who joins stays as a listener even when he is denied the floor.

        `call`: the OnlineCallID, for a terminal that does not know it yet.
        """
        leg = self.leg
        if leg.theirs is None or not leg.theirs.open:
            return
        if isinstance(answer, Refused) and not joining:
            self._refuse(ctx, answer)
            return
        direction = "recvonly" if isinstance(answer, Accepted) else "sendonly"
        if isinstance(answer, Waiting) and not leg.ptt and not joining:
            self._refuse(ctx, Refused(answer.user, FloorCause.DENIED))
            return
        extension = wire_floor.render(answer, leg.wire, self._here)
        self._accept(ctx, direction, wire_extension.append(extension, leg.wire, (Param.CALL_ID, call)))

    def confirm(self, ctx: Context, op: Operation) -> None:
        """200 to a grant, revoke or release of theirs."""
        self._accept(ctx, ANSWERS.get(type(op), "sendonly"), "")

    def _accept(self, ctx: Context, direction: str, extension: str) -> None:
        leg = self.leg
        if leg.theirs is None or not leg.theirs.open or leg.voice is None:
            return
        request = leg.theirs.request
        assert request is not None
        body = leg.voice.answer(request.body, direction)
        if request.body:
            leg.remote_sdp = request.body
        response = leg.response(ctx, 200)
        if extension and leg.ptt:
            response.headers.set(leg.wire.extension, extension)
        response.headers.set("Content-Type", "application/sdp")
        response.body = body
        leg.answer(ctx, response)
        self.save(ctx)

    def _refuse(self, ctx: Context, answer: Refused) -> None:
        leg = self.leg
        response = leg.response(ctx, answer.status or wire_floor.STATUS.get(answer.cause, 486))
        response.headers.put("Warning", list(answer.warnings))
        if leg.ptt:
            response.headers.set(leg.wire.extension, wire_floor.render(answer, leg.wire, self._here))
        leg.answer(ctx, response)
        self.save(ctx)

    def refuse(
        self,
        ctx: Context,
        status: int,
        text: str = "",
        *headers: tuple[str, str],
        told: Message | None = None,
    ) -> None:
        """Refuse their open INVITE for a reason that is not the floor's; a floor request is told that it is denied.

        `text` is ours, `told` the refusal that we were answered ourselves: its Warning goes on.
        """
        leg = self.leg
        if leg.theirs is None or not leg.theirs.open:
            return
        warnings = warning(ctx, text) if told is None else tuple(told.headers.lines("Warning"))
        if status in wire_floor.DENIALS and self._is_asked_for_floor:
            self._refuse(ctx, Refused(leg.party, FloorCause.DENIED, status, warnings))
            return
        response = leg.response(ctx, status)
        for name, value in headers:
            response.headers.add(name, value)
        response.headers.put("Warning", list(warnings))
        leg.answer(ctx, response)
        self.save(ctx)

    @property
    def _is_asked_for_floor(self) -> bool:
        ext = self._theirs
        return ext is not None and ext.token is Token.REQUEST

    # --- reading

    def holds(self, incoming: Incoming) -> bool:
        """Does a plain phone that sent and heard want to send only? That is its hold (RFC 3264 §8.4)."""
        before, now = direction_of(self.leg.remote_sdp), direction_of(incoming.request.body)
        return incoming.extension is None and (before, now) == ("sendrecv", "sendonly")

    def read_offer(self, incoming: Incoming, user: Aor | None) -> Ask | LetGo | Calm | None:
        """Their re-INVITE from below, by its token or (a plain phone) by its direction.

        RemoteError when its description cannot be answered, Decline when it is none from below, before anything was
        done.
        """
        ext = incoming.extension
        if self.leg.voice is not None:
            self.leg.voice.check(described(incoming.request))
        if ext is not None and ext.token is not None:
            op = wire_floor.read_upward(ext, self.leg.wire, user, _to(incoming.request))
            if op is not None:
                return op
            if ext.token is Token.ACCEPT:
                raise Decline(488, f"{ext.spelled} is for who arbitrates")
        if ext is None and user is not None:
            talks = direction_of(incoming.request.body) in TALKS
            return Ask(user) if talks else LetGo(user)
        return None

    def read(self, message: Message) -> Extension | None:
        """The extension of a message on this leg."""
        return wire_extension.read(message, self.leg.wire)
