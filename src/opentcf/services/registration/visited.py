"""V: attaches terminals, registers them at their homes and keeps them registered (profile 4.1 and 6)."""

from collections import deque

from opentcf.btrunc import extension as wire_extension
from opentcf.btrunc import registration as wire_registration
from opentcf.btrunc.registration import Kick
from opentcf.btrunc.wire import Param
from opentcf.model.cause import Decline, KickCause, ReleaseCause
from opentcf.model.facts import (
    KickOff,
    MembershipChanged,
    PeerLostState,
    UserAttached,
    UserLeaving,
    UserRevived,
    UserStunned,
)
from opentcf.model.group import Membership
from opentcf.model.numbers import Aor
from opentcf.model.registration import Attachment, RegType
from opentcf.services.context import NONE, Context, Facts, Incoming, peer_flow
from opentcf.services.leg import Happened
from opentcf.services.path import aor_uri
from opentcf.services.registration import attachment_record, towards_home
from opentcf.services.registration.asked import Asked, Pending, in_order, read
from opentcf.services.registration.attachment_record import ATTACHMENT
from opentcf.services.registration.home import Granted, HomeRegistration, Wanted
from opentcf.sip import digest
from opentcf.sip.message import Response
from opentcf.sip.outbox import Flow, Value
from opentcf.sip.timers import Timer
from opentcf.sip.transaction import Outcome, Owner

NAME = "visited_registration"
D_EXPIRY, HOME_REFRESH, HOME_REGISTER, HOME_LEAVE, TERMINAL = (
    "d_expiry",
    "refresh",
    "register",
    "leave",
    "terminal",
)
HOME_WAIT = 24.0
"""Seconds to wait for a home before the terminal is told 503: less than its own transaction waits (RFC 4320)."""
SOONEST = 1.0
"""Seconds between two refreshes at least, whatever a home grants."""
RETRY = 5.0
"""Seconds until a refresh that the home did not answer is tried again."""


class VisitedRegistration:
    """The procedure at the visited TCF; for users of this very TCF it asks the home half by call."""

    def __init__(self, ctx: Context, home: HomeRegistration) -> None:
        self._ctx = ctx
        self._home = home
        self._pending: dict[Aor, Pending] = {}
        self._overtaken: set[str] = set()
        """Registrations, by our Call-ID, whose kick-off came before the home's answer."""
        self._waiting: dict[Aor, deque[tuple[Incoming, Asked]]] = {}
        self._leaving: dict[Aor, Incoming] = {}
        self._refreshing: set[Aor] = set()
        self._departures: dict[Aor, Attachment] = {}
        """Who left while a refresh was open: his home is told when that is answered (RFC 3261 §10.2)."""
        self._departing: set[Aor] = set()
        """Users whose home has not yet answered that they left: who comes back meanwhile waits."""
        self._ordered: dict[Aor, bool] = {}
        """Stunned or revived by his home since a REGISTER was sent there: its answer may be older."""
        self._expiries: dict[Aor, Timer] = {}
        self._refreshes: dict[Aor, Timer] = {}
        self.foreign_nonces: dict[Aor, str] = {}
        """Nonces of homes that do challenge: the terminal's answer to one is not ours to check."""

    # --- doorways

    def request(self, incoming: Incoming) -> Facts:
        """A REGISTER of a terminal, its digest already checked as far as this TCF can. TC2-C 注册."""
        asked = read(self._ctx, incoming)
        if asked.user in self._pending or asked.user in self._departing:
            self._waiting.setdefault(asked.user, deque()).append((incoming, asked))
            return NONE
        return self._serve(incoming, asked)

    def kicked(self, incoming: Incoming) -> Facts:
        """OPTIONS from a home: drop the binding. 200 also when the user is unknown here.

        TC2-C 网络侧注销的成功响应.
        """
        user = self._kicked_user(incoming)
        assert incoming.extension is not None
        kick = wire_registration.read_kick(incoming.extension, incoming.wire)
        self._ctx.respond(incoming, 200)
        return self.on_kick_off(KickOff(user, kick.cause, kick.binding, kick.call))

    def on_kick_off(self, fact: KickOff) -> Facts:
        """A home has let the user go: tell the terminal, release its calls, forget it.

        One of a registration that is not answered yet ends the one before it, too: the home has it no more.
        """
        attachment = self._ctx.directory.attachment(fact.user)
        pending = self._pending.get(fact.user)
        overtakes = pending is not None and fact.binding == pending.call_id
        if overtakes:
            self._overtaken.add(fact.binding)
        if attachment is None:
            return NONE
        if not overtakes and fact.binding not in ("", attachment.home_call_id):
            if pending is None:
                self._doubt(attachment)
            return NONE
        self._kick_terminal(attachment, fact.cause)
        cause = ReleaseCause.STUNNED if fact.cause is KickCause.KILLED else ReleaseCause.NORMAL
        moved = fact.cause is KickCause.MOVED
        return (UserLeaving(fact.user, cause, notify_home=False, moving=fact.call, moved=moved),)

    def on_user_leaving(self, fact: UserLeaving) -> Facts:
        """His calls are released: now his attachment goes, and where he left by himself his home is told."""
        attachment = self._ctx.directory.attachment(fact.user)
        incoming = self._leaving.pop(fact.user, None)
        if attachment is not None:
            self._forget(attachment)
        if attachment is None or not fact.notify_home:
            self._answer_leaver(incoming, 200)
            return NONE
        return self._leave_home(attachment, incoming)

    def on_user_stunned(self, fact: UserStunned) -> Facts:
        """From now on he is refused here."""
        return self._order(fact.user, stunned=True)

    def on_user_revived(self, fact: UserRevived) -> Facts:
        """And now no more."""
        return self._order(fact.user, stunned=False)

    def _order(self, user: Aor, *, stunned: bool) -> Facts:
        attachment = self._ctx.directory.attachment(user)
        if attachment is not None or user in self._pending:
            self._ordered[user] = stunned
        if attachment is not None and attachment.stunned != stunned:
            attachment.stunned = stunned
            self._ctx.directory.attach(attachment)
            attachment_record.save(self._ctx, attachment)
        return NONE

    def on_membership_changed(self, fact: MembershipChanged) -> Facts:
        """His groups are part of what is kept of him."""
        attachment = self._ctx.directory.attachment(fact.user)
        if attachment is not None:
            attachment_record.save(self._ctx, attachment)
        return NONE

    def on_peer_lost_state(self, fact: PeerLostState) -> Facts:
        """A home lost its state: re-register its users who are here, paced (profile 5.1)."""
        here = [
            attachment
            for attachment in self._ctx.directory.attachments()
            if attachment.user.domain == fact.domain
        ]
        for number, attachment in enumerate(here):
            self._doubt(attachment, number * 0.01)
        return NONE

    def outcome(self, outcome: Outcome) -> Facts:
        """A home answered, or did not."""
        if outcome.status < 200:
            return NONE
        purpose, user = outcome.owner.purpose, Aor.parse(outcome.owner.key)
        if purpose == HOME_REGISTER:
            return self._registered(user, outcome)
        if purpose == HOME_REFRESH:
            self._refreshing.discard(user)
            departure = self._departures.pop(user, None)
            if departure is not None:
                self._say_leave(departure)
                return NONE
            return self._refreshed(user, outcome)
        if purpose == HOME_LEAVE:
            status = outcome.status if outcome.response is not None else 503
            self._departing.discard(user)
            if self._ctx.directory.attachment(user) is None:
                self._ctx.save(ATTACHMENT, str(user), None)
            self._answer_leaver(self._leaving.pop(user, None), status)
            return self._serve_next(user)
        return NONE

    def timer(self, owner: Owner) -> Facts:
        """The terminal's registration ran out, or its home wants a refresh."""
        user = Aor.parse(owner.key)
        attachment = self._ctx.directory.attachment(user)
        if attachment is None:
            return NONE
        if owner.purpose == D_EXPIRY:
            self._ctx.notice("attachment", user=str(user), state="expired")
            return (UserLeaving(user, ReleaseCause.NORMAL, notify_home=True),)
        return self._refresh(attachment)

    def happened(self, happened: Happened) -> Facts:
        """There are no legs here."""
        return NONE

    # --- the terminal asks

    def _serve(self, incoming: Incoming, asked: Asked) -> Facts:
        attachment = self._ctx.directory.attachment(asked.user)
        if asked.expires == 0:
            return self._leave(incoming, asked.user, attachment)
        if asked.expires < 0:
            self._answer_terminal(incoming, attachment)
            return NONE
        if (
            attachment is not None
            and in_order(incoming, attachment)
            and self._stands(incoming, asked, attachment)
        ):
            return self._attach(incoming, asked, attachment, anew=_is_anew(incoming, attachment))
        return self._ask_home(incoming, asked)

    def _stands(self, incoming: Incoming, asked: Asked, attachment: Attachment) -> bool:
        """May a refresh be answered here: the home still holds him, and we know that it is he (profile 4.1, 6)."""
        if asked.reg_type is not RegType.INITIAL and asked.reg_type is not RegType.REFRESH:
            return False
        if self._ctx.directory.is_home(asked.user):
            return False
        asks_home = attachment.stunned or _is_anew(incoming, attachment)
        if asks_home and not self._ctx.peer_is_down(asked.user.domain):
            return False
        known = bool(attachment.ha1) or tuple(incoming.flow) == attachment.flow
        return known and attachment.home_expires > self._ctx.now

    def _ask_home(self, incoming: Incoming, asked: Asked) -> Facts:
        ctx = self._ctx
        attachment = ctx.directory.attachment(asked.user)
        if ctx.directory.is_home(asked.user):
            return self._ask_own_home(incoming, asked, attachment)
        peer = ctx.directory.peer(asked.user.domain)
        if peer is None:
            raise Decline(404, f"no TCF is known for {asked.user.domain}")
        if ctx.peer_is_down(peer.domain):
            raise Decline(503, f"{peer.domain} is down", (("Retry-After", str(int(peer.heartbeat) + 1)),))
        call_id, since = ctx.ids.token(), ctx.wall
        self._pending[asked.user] = Pending(incoming, asked, call_id, since)
        self._ordered.pop(asked.user, None)
        request = towards_home.register(
            ctx, asked.user, call_id, 1, asked.expires, asked.reg_type, since, asked.call
        )
        request.headers.put("Authorization", incoming.request.headers.lines("Authorization"))
        ctx.request(request, peer_flow(peer), self._owner(asked.user, HOME_REGISTER), timeout=HOME_WAIT)
        return NONE

    def _ask_own_home(self, incoming: Incoming, asked: Asked, before: Attachment | None) -> Facts:
        """The hop V→H falls on this TCF: a call, no message."""
        ctx = self._ctx
        anew = before is None or _is_anew(incoming, before)
        same = not anew and asked.reg_type is not RegType.HANDOVER
        call_id = before.home_call_id if before is not None and same else ctx.ids.token()
        cseq = before.home_cseq + 1 if before is not None and same else 1
        wanted = Wanted(
            asked.user,
            ctx.directory.domain,
            asked.contact,
            call_id,
            cseq,
            asked.reg_type,
            asked.expires,
            ctx.wall,
            asked.call,
        )
        granted, facts = self._home.register(wanted)
        attachment = self._new_attachment(incoming, asked, call_id, ctx.wall)
        attachment.home_cseq = cseq
        self._take_grant(attachment, granted)
        return facts + self._attach(incoming, asked, attachment, anew=anew, call=granted.call)

    def _new_attachment(self, incoming: Incoming, asked: Asked, call_id: str, since: float) -> Attachment:
        attachment = Attachment(asked.user, asked.contact, _flow(incoming.flow), call_id)
        attachment.since = since
        attachment.home_cseq = 1
        return attachment

    def _take_grant(self, attachment: Attachment, granted: Granted) -> None:
        attachment.home_expires = self._ctx.now + granted.expires
        attachment.granted = granted.expires
        attachment.groups = tuple(
            (m.group.number, m.group.domain, m.name, m.priority) for m in granted.groups
        )
        attachment.stunned = self._ordered.pop(attachment.user, granted.stunned)
        if granted.ha1:
            attachment.ha1 = granted.ha1

    def _attach(
        self, incoming: Incoming, asked: Asked, attachment: Attachment, *, anew: bool, call: str = ""
    ) -> Facts:
        """Put or renew the attachment, and answer the terminal. `call` moves along, says his home."""
        ctx, request = self._ctx, incoming.request
        before = ctx.directory.attachment(asked.user)
        ways = (asked.contact, _flow(incoming.flow))
        elsewhere = before is not None and (before.contact, before.flow) != ways
        if before is not None and before.contact != asked.contact:
            self._kick_terminal(before, KickCause.MOVED)
        attachment.contact, attachment.flow = ways
        attachment.call_id, attachment.cseq = request.call_id(), request.cseq()[0]
        attachment.expires = ctx.now + min(asked.expires, attachment.granted)
        attachment.ptt = incoming.extension is not None
        moves_a_call = bool(call) or asked.reg_type is RegType.HANDOVER
        attachment.arriving = asked.call or call if moves_a_call else None
        ctx.directory.attach(attachment)
        self._arm_expiry(attachment)
        if not ctx.directory.is_home(asked.user) and asked.user not in self._refreshes:
            self._arm_refresh(asked.user, ctx.now + max(SOONEST, attachment.granted / 2))
        attachment_record.save(self._ctx, attachment)
        self._answer_terminal(incoming, attachment)
        ctx.notice(
            "attachment", user=str(asked.user), state="attached", expires=round(attachment.expires - ctx.now)
        )
        attached = UserAttached(asked.user, anew, elsewhere)
        was_in_service = before is None or not before.stunned
        return (attached, UserStunned(asked.user)) if attachment.stunned and was_in_service else (attached,)

    def _answer_terminal(self, incoming: Incoming, attachment: Attachment | None) -> None:
        ctx = self._ctx
        response = incoming.request.respond(200, ctx.ids.token())
        if attachment is not None:
            left = max(0, round(attachment.expires - ctx.now))
            response.headers.set("Contact", f"<{attachment.contact}>;expires={left}")
            response.headers.set("Expires", str(left))
            if incoming.extension is not None:
                wire_registration.write_home_answer(
                    response, incoming.wire, stunned=attachment.stunned, ha1={}
                )
                groups = [Membership(Aor(n, d), name, prio) for n, d, name, prio in attachment.groups]
                wire_registration.write_memberships(response, incoming.wire, attachment.user, groups)
        ctx.reply(incoming, response)

    # --- the home answers

    def _registered(self, user: Aor, outcome: Outcome) -> Facts:
        pending = self._pending.pop(user, None)
        if pending is None:
            return NONE
        facts: Facts = NONE
        response = outcome.response
        overtaken = pending.call_id in self._overtaken
        self._overtaken.discard(pending.call_id)
        if response is None:
            self._refuse_unheard(pending.incoming)
            self._say_again(user)
        elif overtaken and response.status < 300:
            self._ctx.respond(pending.incoming, 403)
        elif response.status >= 300:
            self._pass_refusal(pending, response)
        else:
            attachment = self._new_attachment(pending.incoming, pending.asked, pending.call_id, pending.since)
            granted = towards_home.read_grant(self._ctx, response, user, pending.asked.expires)
            self._take_grant(attachment, granted)
            self._stop_refresh(user)
            facts = self._attach(pending.incoming, pending.asked, attachment, anew=True, call=granted.call)
        return facts + self._serve_next(user)

    def _say_again(self, user: Aor) -> None:
        """His home may hold the registration whose answer was lost: tell it which one stands."""
        if self._ctx.directory.attachment(user) is not None:
            self._arm_refresh(user, self._ctx.now + RETRY)

    def _pass_refusal(self, pending: Pending, response: Response) -> None:
        """What H refuses reaches the terminal unchanged, a challenge too. TC2-C 401."""
        answer = pending.incoming.request.respond(response.status, self._ctx.ids.token(), response.reason)
        for name in ("WWW-Authenticate", "Min-Expires", "Retry-After", "Warning", "Unsupported"):
            answer.headers.put(name, response.headers.lines(name))
        challenge = digest.choose(response.headers.lines("WWW-Authenticate"))
        if response.status == 401 and challenge is not None:
            self.foreign_nonces[pending.asked.user] = challenge.nonce
        self._ctx.reply(pending.incoming, answer)

    def _serve_next(self, user: Aor) -> Facts:
        waiting = self._waiting.get(user)
        facts: Facts = NONE
        while waiting and user not in self._pending and user not in self._departing:
            incoming, asked = waiting.popleft()
            try:
                facts += self._serve(incoming, asked)
            except Decline as decline:
                why = self._ctx.warning(decline.text)
                self._ctx.respond(incoming, decline.status, *decline.headers, why)
        if not waiting:
            self._waiting.pop(user, None)
        return facts

    def _refresh(self, attachment: Attachment) -> Facts:
        """V refreshes by itself at half the granted expiry (profile 4.1)."""
        ctx, user = self._ctx, attachment.user
        peer = ctx.directory.peer(user.domain)
        self._stop_refresh(user)
        if peer is None:
            return NONE
        if ctx.peer_is_down(peer.domain):
            return self._refresh_later(attachment)
        self._ordered.pop(user, None)
        attachment.home_cseq += 1
        expires = int(ctx.durations.register)
        request = towards_home.register(
            ctx,
            user,
            attachment.home_call_id,
            attachment.home_cseq,
            expires,
            RegType.REFRESH,
            attachment.since,
        )
        self._refreshing.add(user)
        ctx.request(request, peer_flow(peer), self._owner(user, HOME_REFRESH))
        attachment_record.save(self._ctx, attachment)
        return NONE

    def _refreshed(self, user: Aor, outcome: Outcome) -> Facts:
        attachment = self._ctx.directory.attachment(user)
        if attachment is None:
            return NONE
        response = outcome.response
        if response is None or response.status >= 500:
            return self._refresh_later(attachment)
        if response.call_id() != attachment.home_call_id:
            return NONE
        if response.status >= 300:
            self._ctx.notice("attachment", user=str(user), state="refused", code=response.status)
            self._kick_terminal(attachment, KickCause.MOVED if response.status == 403 else KickCause.EXPIRED)
            return (UserLeaving(user, ReleaseCause.NORMAL, notify_home=False),)
        before = attachment.stunned
        self._take_grant(attachment, towards_home.read_grant(self._ctx, response, user, attachment.granted))
        self._ctx.directory.attach(attachment)
        self._arm_refresh(user, self._ctx.now + max(SOONEST, attachment.granted / 2))
        attachment_record.save(self._ctx, attachment)
        if attachment.stunned == before:
            return NONE
        return (UserStunned(user) if attachment.stunned else UserRevived(user),)

    def _doubt(self, attachment: Attachment, delay: float = 0.0) -> None:
        """His home let a registration go that we do not have, or lost them all. Half of what it granted is over: it is
        asked after this delay, or after a restart."""
        attachment.home_expires = min(attachment.home_expires, self._ctx.now + attachment.granted / 2)
        attachment_record.save(self._ctx, attachment)
        self._arm_refresh(attachment.user, self._ctx.now + delay)

    def _refresh_later(self, attachment: Attachment) -> Facts:
        """The home is silent: try again while it still holds him, then wait for the terminal's next REGISTER."""
        if attachment.home_expires > self._ctx.now:
            self._arm_refresh(attachment.user, self._ctx.now + RETRY)
        return NONE

    # --- leaving

    def _leave(self, incoming: Incoming, user: Aor, attachment: Attachment | None) -> Facts:
        """De-registration (终端注销): running calls first, then the home, then the 200."""
        if attachment is None:
            self._ctx.respond(incoming, 200)
            return NONE
        in_order(incoming, attachment)
        self._leaving[user] = incoming
        self._ctx.notice("attachment", user=str(user), state="deregistered")
        return (UserLeaving(user, ReleaseCause.NORMAL, notify_home=True),)

    def _leave_home(self, attachment: Attachment, incoming: Incoming | None) -> Facts:
        """TC2-C 终端注销."""
        ctx, user = self._ctx, attachment.user
        if ctx.directory.is_home(user):
            wanted = Wanted(
                user,
                ctx.directory.domain,
                "",
                attachment.home_call_id,
                attachment.home_cseq + 1,
                RegType.INITIAL,
                0,
                None,
            )
            _, facts = self._home.register(wanted)
            self._answer_leaver(incoming, 200)
            return facts
        peer = ctx.directory.peer(user.domain)
        if peer is None or ctx.peer_is_down(peer.domain):
            ctx.save(ATTACHMENT, str(user), None)
            self._answer_leaver(incoming, 503)
            return NONE
        if incoming is not None:
            self._leaving[user] = incoming
        attachment_record.save(ctx, attachment, leaves=True)
        self._departing.add(user)
        if user in self._refreshing:
            self._departures[user] = attachment
        else:
            self._say_leave(attachment)
        return NONE

    def _say_leave(self, attachment: Attachment) -> None:
        ctx, user = self._ctx, attachment.user
        peer = ctx.directory.peer(user.domain)
        assert peer is not None
        request = towards_home.register(
            ctx, user, attachment.home_call_id, attachment.home_cseq + 1, 0, None, None
        )
        ctx.request(request, peer_flow(peer), self._owner(user, HOME_LEAVE), timeout=HOME_WAIT)

    def _answer_leaver(self, incoming: Incoming | None, status: int) -> None:
        if incoming is not None and status == 503:
            self._refuse_unheard(incoming)
        elif incoming is not None:
            self._ctx.respond(incoming, status)

    def _refuse_unheard(self, incoming: Incoming) -> None:
        """503: his home was asked in vain, or cannot be (profile 4.1)."""
        assert incoming.user is not None
        why = self._ctx.warning(f"{incoming.user.domain} does not answer")
        self._ctx.respond(incoming, 503, ("Retry-After", "10"), why)

    def _kicked_user(self, incoming: Incoming) -> Aor:
        to = incoming.request.to().uri
        user = wire_extension.identity(f"{to.user}@{to.host}", "")
        if incoming.peer is None or incoming.peer.domain != user.domain:
            raise Decline(403, f"only the home of {user} may end his registration")
        return user

    def _kick_terminal(self, attachment: Attachment, cause: KickCause) -> None:
        """On D the terminal learns it the same way; whether it answers does not matter."""
        ctx = self._ctx
        flow = Flow(*attachment.flow)
        request = ctx.new_request(
            "OPTIONS", attachment.contact, f"<sip:{ctx.directory.domain}>", f"<{aor_uri(attachment.user)}>"
        )
        wire_registration.write_kick(request, ctx.wire, Kick(cause, ""))
        ctx.request(request, flow, self._owner(attachment.user, TERMINAL))

    def _forget(self, attachment: Attachment) -> None:
        user = attachment.user
        timer = self._expiries.pop(user, None)
        if timer is not None:
            timer.cancel()
        self._stop_refresh(user)
        self._ordered.pop(user, None)
        self._ctx.directory.detach(user)
        self._ctx.save(ATTACHMENT, str(user), None)

    # --- timers and records

    def _owner(self, user: Aor, purpose: str) -> Owner:
        return Owner(NAME, str(user), purpose)

    def _arm_expiry(self, attachment: Attachment) -> None:
        timer = self._expiries.get(attachment.user)
        if timer is not None:
            timer.cancel()
        owner = self._owner(attachment.user, D_EXPIRY)
        self._expiries[attachment.user] = self._ctx.timers.start(attachment.expires, owner)

    def _arm_refresh(self, user: Aor, when: float) -> None:
        self._stop_refresh(user)
        self._refreshes[user] = self._ctx.timers.start(when, self._owner(user, HOME_REFRESH))

    def _stop_refresh(self, user: Aor) -> None:
        timer = self._refreshes.pop(user, None)
        if timer is not None:
            timer.cancel()

    def load(self, rows: dict[str, Value]) -> None:
        """Go on from what the store held."""
        ctx = self._ctx
        for key, row in rows.items():
            attachment = attachment_record.read(ctx, key, row)
            if row.get("leaves"):
                self._leave_home(attachment, None)
                continue
            ctx.directory.attach(attachment)
            self._arm_expiry(attachment)
            if not ctx.directory.is_home(attachment.user):
                half = attachment.home_expires - attachment.granted / 2
                self._arm_refresh(attachment.user, max(ctx.now, half))

    def view(self) -> list[dict[str, Value]]:
        """For people: one row an attached terminal."""
        return [
            {
                "user": str(attachment.user),
                "home": attachment.user.domain,
                "visited": self._ctx.directory.domain,
                "contact": attachment.contact,
                "expires": round(attachment.expires - self._ctx.now),
            }
            for attachment in self._ctx.directory.attachments()
        ]


def _flow(flow: Flow) -> tuple[str, str, str, int, int]:
    return (flow.side, flow.transport, flow.host, flow.port, flow.connection)


def _is_anew(incoming: Incoming, attachment: Attachment) -> bool:
    """A new registration, not a refresh: so says the terminal, or (a plain phone) its Call-ID."""
    ext = incoming.extension
    said = ext.get(Param.REG_TYPE) if ext is not None else None
    if said is not None:
        return wire_registration.read_reg_type(ext, incoming.wire) is RegType.INITIAL
    return incoming.request.call_id() != attachment.call_id
