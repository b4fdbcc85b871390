"""Prepared handover (TC2-C 切换, profile 4.6): the source reserves at the target before the terminal goes there.

What the source asks for it ends itself: when the terminal has arrived, or after Tho when it has not. The target bounds
what it reserved, should the source be gone.
"""

from __future__ import annotations

from opentcf.btrunc import call as wire_call
from opentcf.btrunc import extension as wire_extension
from opentcf.btrunc.wire import Param, Token
from opentcf.model.cause import Decline, ReleaseCause
from opentcf.model.facts import CallReleased, HandoverPrepared, HandoverWanted, UserLeaving
from opentcf.model.numbers import Aor
from opentcf.services import path
from opentcf.services.context import NONE, Context, Facts, Incoming, peer_flow
from opentcf.services.leg import Happened, Leg, LegState, What
from opentcf.services.voice import Voice, described
from opentcf.sip.errors import RemoteError
from opentcf.sip.message import Request
from opentcf.sip.timers import Timer
from opentcf.sip.transaction import Outcome, Owner

NAME = "handover"
ARRIVE, RESERVED = "arrive", "reserved"


class Preparation:
    """One reservation, seen from the source or from the target. `call` is the OnlineCallID."""

    __slots__ = ("call", "leg", "timer", "user")

    def __init__(self, user: Aor, call: str, leg: Leg) -> None:
        self.user = user
        self.call = call
        self.leg = leg
        self.timer: Timer | None = None


class Handover:
    """The procedure in both roles."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._preparations: dict[str, Preparation] = {}

    # --- target

    def request(self, incoming: Incoming) -> Facts:
        """INVITE `ptthandover` from the source: reserve, and answer with our own description."""
        ctx, ext = self._ctx, incoming.extension
        assert ext is not None
        user = path.called(ctx, incoming)
        call = ext.get(Param.CALL_ID)
        if not call:
            raise RemoteError(400, "a handover names the call that moves")
        if not ctx.directory.is_home(user) and ctx.directory.peer(user.domain) is None:
            raise Decline(404, f"no TCF is known for {user.domain}")
        self._check_source(incoming, user)
        Voice.readable(described(incoming.request))
        path.forwards(incoming)
        preparation = self._reserve(incoming, user, call)
        self._answer(preparation.leg)
        ctx.notice("handover", id=call, user=str(user), state="reserved", source=preparation.leg.peer)
        return NONE

    def _check_source(self, incoming: Incoming, user: Aor) -> None:
        """Of a user of ours we know where he is: only that TCF can be the source (profile 2.1)."""
        binding = self._ctx.directory.binding(user)
        if binding is not None and incoming.peer is not None and binding.visited != incoming.peer.domain:
            raise Decline(403, f"{user} is not at {incoming.peer.domain}")

    def _reserve(self, incoming: Incoming, user: Aor, call: str) -> Preparation:
        ctx, key = self._ctx, self._ctx.ids.token()
        preparation = Preparation(user, call, Leg.called(ctx, incoming, Owner(NAME, key), user))
        self._preparations[key] = preparation
        preparation.timer = ctx.start(2 * ctx.durations.tho, Owner(NAME, key, RESERVED))
        return preparation

    def _answer(self, leg: Leg) -> None:
        local = self._ctx.our_address(leg.flow).rpartition(":")[0].strip("[]") or "127.0.0.1"
        voice = Voice.on(self._ctx, leg.flow.side, local, leg.remote_sdp)
        response = leg.response(self._ctx, 200)
        response.headers.set("Content-Type", "application/sdp")
        response.body = voice.answer(leg.remote_sdp, "sendrecv")
        leg.answer(self._ctx, response)

    # --- source

    def on_handover_wanted(self, fact: HandoverWanted) -> Facts:
        """A terminal here is about to move, or a person says that it should: what was prepared before is in vain."""
        ctx, user = self._ctx, fact.user
        peer = path.to_peer(ctx, fact.target)
        self._give_up(user, ReleaseCause.NORMAL)
        key, uri = ctx.ids.token(), path.aor_uri(user)
        owner, to = Owner(NAME, key), f"<{uri}>"
        leg = Leg.calling(ctx, owner, peer_flow(peer), user, peer.domain, uri, to, to)
        self._preparations[key] = Preparation(user, fact.call, leg)
        request = leg.invite(ctx)
        params = ((Param.CALL_ID, fact.call), (Param.UDN, wire_extension.write_identity(user, user.domain)))
        wire_extension.write(request, leg.wire, Token.HANDOVER, *params)
        request.headers.set("P-Asserted-Identity", to)
        if fact.media:
            request.headers.set("Content-Type", "application/sdp")
            request.body = fact.media
        leg.carry = ((leg.wire.extension, request.headers.lines(leg.wire.extension)[0]),)
        leg.send_invite(ctx, request)
        ctx.notice("handover", id=fact.call, user=str(user), state="preparing", target=peer.domain)
        return NONE

    def on_user_leaving(self, fact: UserLeaving) -> Facts:
        """He has arrived (or is gone): the preparation has done its work."""
        self._give_up(fact.user, ReleaseCause.HANDOVER if fact.moving else ReleaseCause.NORMAL)
        return NONE

    def on_call_released(self, fact: CallReleased) -> Facts:
        """There is nothing any more that he could bring along."""
        self._give_up(fact.user, fact.cause, fact.call)
        return NONE

    def _give_up(self, user: Aor, cause: ReleaseCause, call: str = "") -> None:
        """End what was prepared for him, for this call alone where one is named."""
        for key, preparation in list(self._preparations.items()):
            if preparation.user == user and preparation.leg.caller and call in ("", preparation.call):
                self._end(key, cause)

    def _prepared(self, key: str, preparation: Preparation) -> Facts:
        ctx, leg = self._ctx, preparation.leg
        preparation.timer = ctx.start(ctx.durations.tho, Owner(NAME, key, ARRIVE))
        target = leg.peer or ""
        ctx.notice(
            "handover", id=preparation.call, user=str(preparation.user), state="prepared", target=target
        )
        return (HandoverPrepared(preparation.user, preparation.call, target),)

    # --- both

    def happened(self, happened: Happened) -> Facts:
        """An event of a preparation's leg."""
        leg = happened.leg
        preparation = self._preparations.get(leg.call)
        if happened.what is What.INFORMED and happened.incoming is not None:
            self._ctx.respond(happened.incoming, 200)
        elif preparation is None:
            self._orphan(happened)
        elif happened.what is What.ANSWERED:
            return self._prepared(leg.call, preparation)
        elif happened.what is What.OFFERED:
            leg.answer_as_before(self._ctx)
        elif happened.what is What.CANCELLED and leg.theirs is not None and leg.theirs.open:
            response = leg.response(self._ctx, 487)
            wire_call.write_cancelled(response, leg.wire, ReleaseCause.NORMAL, Token.CALL)
            leg.answer(self._ctx, response)
            self._forget(leg.call)
        elif happened.what is What.LOST:
            self._end(leg.call, happened.cause)
        elif happened.what in (What.REFUSED, What.ENDED):
            self._ctx.notice(
                "handover",
                id=preparation.call,
                user=str(preparation.user),
                state="over",
                code=happened.status,
            )
            self._forget(leg.call)
        return NONE

    def _orphan(self, happened: Happened) -> None:
        """A 200 that crossed our CANCEL."""
        if happened.what in (What.ANSWERED, What.LOST):
            self._bye(happened.leg, ReleaseCause.NORMAL)

    def timer(self, owner: Owner) -> Facts:
        """The terminal did not come within Tho, or the source never ended what it had asked for."""
        self._end(owner.key, ReleaseCause.TIMEOUT)
        return NONE

    def outcome(self, outcome: Outcome) -> Facts:
        """Requests outside legs: there are none."""
        return NONE

    def _end(self, key: str, cause: ReleaseCause) -> None:
        preparation = self._preparations.get(key)
        if preparation is not None:
            self._forget(key)
            self._bye(preparation.leg, cause)

    def _bye(self, leg: Leg, cause: ReleaseCause) -> None:
        early = leg.state is LegState.EARLY
        fill = Request("CANCEL" if early else "BYE", "")
        wire_call.write_release(fill, leg.wire, cause, Token.CALL if early else None)
        (leg.cancel if early else leg.bye)(self._ctx, fill)

    def _forget(self, key: str) -> None:
        preparation = self._preparations.pop(key)
        if preparation.timer is not None:
            preparation.timer.cancel()
