"""H: holds where its users are, and tells a V-TCF when one of them is gone (profile 4.1)."""

from typing import NamedTuple

from opentcf.btrunc import registration as wire_registration
from opentcf.btrunc.extension import identity
from opentcf.btrunc.registration import Kick
from opentcf.model.cause import Decline, KickCause
from opentcf.model.facts import Fact, KickOff, PeerUp, UserBound, UserKilled, UserRefreshed, UserUnbound
from opentcf.model.group import Membership
from opentcf.model.numbers import Aor
from opentcf.model.peer import Peer
from opentcf.model.registration import Binding, RegType
from opentcf.model.subscriber import Subscriber, UserState
from opentcf.services.context import NONE, Context, Facts, Incoming, peer_flow
from opentcf.services.leg import Happened
from opentcf.services.path import aor_uri
from opentcf.sip import digest
from opentcf.sip.errors import RemoteError
from opentcf.sip.outbox import Value
from opentcf.sip.timers import Timer
from opentcf.sip.transaction import Outcome, Owner

NAME = "home_registration"
BINDING, KICK = "binding", "kick"
KICK_AGAIN = 30.0
"""Seconds until a network de-registration that nobody answered is sent again."""
KICK_FOR = 3600.0
"""After this long V dropped the attachment by itself (its registration expired), and we stop."""


class Wanted(NamedTuple):
    """What a V-TCF asks of a user's home. `call` moves along."""

    user: Aor
    visited: str
    contact: str
    call_id: str
    cseq: int
    reg_type: RegType
    expires: int
    since: float | None
    call: str = ""


class Granted(NamedTuple):
    """What the home answers: seconds, the user's groups, and what else V needs; `call` moves along unnamed."""

    expires: int
    groups: list[Membership]
    stunned: bool
    ha1: dict[str, str]
    call: str = ""


class PendingKick:
    """A network de-registration that V has not answered yet."""

    __slots__ = ("kick", "since", "timer", "user", "visited")

    def __init__(self, user: Aor, visited: str, kick: Kick, since: float) -> None:
        self.user = user
        self.visited = visited
        self.kick = kick
        self.since = since
        self.timer: Timer | None = None


class HomeRegistration:
    """The procedure at home."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._alarms: dict[str, Timer] = {}
        self._kicks: dict[str, PendingKick] = {}
        self._left: dict[Aor, tuple[str, int]] = {}
        """Call-ID and CSeq by which each user left last."""

    # --- doorways

    def request(self, incoming: Incoming) -> Facts:
        """A REGISTER on TC2: only registration and de-registration, never challenged (部分是, 无挑战).

        TC2-C 漫游, TC2-C 注册请求的成功响应, TC2-C 注销的成功响应.
        """
        ctx, request, peer = self._ctx, incoming.request, incoming.peer
        assert peer is not None
        wanted = self._read(incoming)
        self._verify(incoming, wanted.user)
        granted, facts = self.register(wanted)
        response = request.respond(200, ctx.ids.token())
        response.headers.set("Expires", str(granted.expires))
        if granted.expires:
            response.headers.set("Contact", f"<{wanted.contact}>;expires={granted.expires}")
            shared = granted.ha1 if self._shares_ha1(peer) else {}
            wire_registration.write_home_answer(
                response, incoming.wire, stunned=granted.stunned, ha1=shared, call=granted.call
            )
            wire_registration.write_memberships(response, incoming.wire, wanted.user, granted.groups)
        ctx.reply(incoming, response)
        return facts

    def register(self, wanted: Wanted) -> tuple[Granted, Facts]:
        """Register, refresh or de-register a user of ours; Decline when it may not be."""
        ctx = self._ctx
        subscriber = ctx.directory.subscriber(wanted.user)
        if subscriber is None:
            raise Decline(404, f"{wanted.user} is no subscriber here")
        if wanted.expires and ctx.directory.state(wanted.user) is UserState.KILLED:
            raise Decline(403, f"{wanted.user} is killed")
        if not subscriber.may_roam_to(wanted.visited):
            raise Decline(403, f"{wanted.user} may not roam to {wanted.visited}")
        binding = ctx.directory.binding(wanted.user)
        if binding is not None and binding.call_id == wanted.call_id and wanted.cseq < binding.cseq:
            raise Decline(500, "CSeq is lower than before", (("Retry-After", "0"),))
        if self._comes_after_he_left(wanted):
            raise Decline(500, "he has left since", (("Retry-After", "0"),))
        if wanted.expires == 0:
            return Granted(0, [], False, {}), self._deregister(wanted, binding)
        if wanted.expires < ctx.durations.register_min:
            minimum = str(int(ctx.durations.register_min))
            raise Decline(423, f"the shortest registration is {minimum} s", (("Min-Expires", minimum),))
        expires = min(wanted.expires, int(ctx.durations.register))
        self._refuse_stale_refresh(wanted, binding)
        self._refuse_overtaken(wanted, binding)
        brought = "" if wanted.call else self._brought_along(wanted, binding)
        wanted = wanted._replace(call=wanted.call or brought)
        return self._granted(subscriber, expires, brought), self._bind(wanted, binding, expires)

    def _brought_along(self, wanted: Wanted, before: Binding | None) -> str:
        """A terminal that is elsewhere has its call there, also when it does not name it: an ordinary REGISTER counts
        as a move (profile 4.6)."""
        if before is None or wanted.visited == before.visited or wanted.reg_type is RegType.REFRESH:
            return ""
        return self._ctx.directory.standing_call(wanted.user)

    def kick(self, user: Aor, cause: KickCause) -> Facts:
        """Network de-registration (核心网发起注销) of a user of ours; Decline 404 when he is nowhere."""
        binding = self._ctx.directory.binding(user)
        if binding is None:
            raise Decline(404, f"{user} is not registered")
        facts = self._kick(binding, cause)
        return facts + self._unbind(user)

    def dismiss(self) -> Facts:
        """After subscribers changed: whoever is none any more, or may not be where he is, is kicked off."""
        facts: Facts = NONE
        for binding in list(self._ctx.directory.bindings()):
            subscriber = self._ctx.directory.subscriber(binding.user)
            if subscriber is None or not subscriber.may_roam_to(binding.visited):
                facts += self.kick(binding.user, KickCause.ADMIN)
        return facts

    def outcome(self, outcome: Outcome) -> Facts:
        """V answered a kick-off, or did not."""
        kick = self._kicks.get(outcome.owner.key)
        if kick is None or outcome.status < 200:
            return NONE
        if outcome.response is not None and outcome.status != 503:
            self._forget_kick(outcome.owner.key)
        else:
            kick.timer = self._ctx.start(KICK_AGAIN, Owner(NAME, outcome.owner.key, KICK))
        return NONE

    def timer(self, owner: Owner) -> Facts:
        """A binding expired, or a kick-off is due again."""
        if owner.purpose == KICK:
            self._send_kick(owner.key)
            return NONE
        user = Aor(owner.key, self._ctx.directory.domain)
        binding = self._ctx.directory.binding(user)
        if binding is None:
            return NONE
        self._ctx.notice("registration", user=str(user), visited=binding.visited, state="expired")
        return self._unbind(user)

    def happened(self, happened: Happened) -> Facts:
        """There are no legs here."""
        return NONE

    def on_peer_up(self, fact: PeerUp) -> Facts:
        """Kick-offs that waited for the peer go out."""
        for key, kick in list(self._kicks.items()):
            if kick.visited == fact.domain and kick.timer is not None:
                self._send_kick(key)
        return NONE

    def on_user_killed(self, fact: UserKilled) -> Facts:
        """His terminal obeyed: now his registration ends, Cause killed (profile 4.5)."""
        bound = self._ctx.directory.binding(fact.user) is not None
        return self.kick(fact.user, KickCause.KILLED) if bound else NONE

    # --- reading

    def _read(self, incoming: Incoming) -> Wanted:
        request, peer = incoming.request, incoming.peer
        assert peer is not None
        to = request.to().uri
        user = identity(f"{to.user}@{to.host}", "")
        if not self._ctx.directory.is_home(user):
            raise Decline(403, f"this is not the home of {user}")
        named = request.headers.elements("P-Visited-Network-ID")
        if named and peer.domain not in map(wire_registration.network, named):
            raise Decline(403, f"{peer.domain} registers for {named[0]}")
        contact = request.contact() if request.headers.get("Contact") != "*" else None
        expires = wire_registration.asked_expiry(request, int(self._ctx.durations.register))
        if contact is None and expires:
            raise RemoteError(400, "Contact is missing")
        return Wanted(
            user,
            peer.domain,
            wire_registration.spelled_contact(request) if contact else "",
            request.call_id(),
            request.cseq()[0],
            wire_registration.read_reg_type(incoming.extension, incoming.wire),
            expires,
            wire_registration.read_since(incoming.extension),
            wire_registration.read_moved_call(incoming.extension),
        )

    def _verify(self, incoming: Incoming, user: Aor) -> None:
        """A visitor's digest; a radio that its core authenticated comes without one (profile 6)."""
        found = digest.credentials_for(incoming.request.headers, "Authorization", user.domain)
        subscriber = self._ctx.directory.subscriber(user)
        if found is None or subscriber is None:
            return
        secret = (subscriber.ha1 or {}).get(found.algorithm)
        source = incoming.peer.domain if incoming.peer is not None else ""
        locked = self._ctx.is_locked_out(user, source)
        named = secret is not None and found.username == user.number
        if locked or not named or not digest.verify(found, secret or "", "REGISTER"):
            if not locked:
                self._ctx.wrong_password(user, source)
            raise Decline(403, f"the digest of {user} is wrong")
        self._ctx.lockouts.right((user, source))

    def _refuse_stale_refresh(self, wanted: Wanted, binding: Binding | None) -> None:
        """A refresh never displaces another V, unless both came back after we lost our state: then the later wins."""
        if wanted.reg_type is not RegType.REFRESH or binding is None or binding.visited == wanted.visited:
            return
        if not binding.refreshed or wanted.since is None or wanted.since <= binding.since:
            raise Decline(403, f"{wanted.user} is registered at {binding.visited}")

    def _refuse_overtaken(self, wanted: Wanted, binding: Binding | None) -> None:
        """An `initial` that its V repeated while he asked at another V: it was asked first and comes last.

        V repeats it for 64·T1 (RFC 3261 §17.1.2.2), so that an hour by which clocks disagree is not taken for that.
        """
        if wanted.reg_type is not RegType.INITIAL or wanted.since is None or binding is None:
            return
        lateness = binding.since - wanted.since
        if binding.visited != wanted.visited and 0 < lateness < 64 * self._ctx.durations.sip_t1:
            raise Decline(
                500, f"{wanted.user} registered at {binding.visited} since", (("Retry-After", "1"),)
            )

    # --- changing

    def _bind(self, wanted: Wanted, before: Binding | None, expires: int) -> Facts:
        """TC2-C 空闲态重注册."""
        ctx = self._ctx
        since = ctx.wall if wanted.since is None else wanted.since
        binding = Binding(wanted.user, wanted.visited, wanted.contact, wanted.call_id, wanted.cseq, since)
        binding.expires = ctx.now + expires
        binding.refreshed = wanted.reg_type is RegType.REFRESH and (before is None or before.refreshed)
        ctx.directory.bind(binding)
        self._left.pop(wanted.user, None)
        self._arm(binding)
        self._save(binding)
        self._drop_kick_to(wanted.user, wanted.visited)
        facts: list[Fact] = []
        moved = before is not None and before.visited != wanted.visited
        if before is not None and moved:
            facts += self._kick(before, KickCause.MOVED, wanted.call)
        if before is not None and not moved:
            facts.append(UserRefreshed(wanted.user, before.call_id != wanted.call_id))
        else:
            ctx.notice("registration", user=str(wanted.user), visited=wanted.visited, state="registered")
            handover = wanted.reg_type is RegType.HANDOVER
            source = before.visited if before is not None else ""
            facts.append(UserBound(wanted.user, wanted.visited, source, handover, wanted.call))
        return tuple(facts)

    def _comes_after_he_left(self, wanted: Wanted) -> bool:
        """A REGISTER that the de-registration behind it has overtaken."""
        call_id, cseq = self._left.get(wanted.user, ("", 0))
        return call_id == wanted.call_id and wanted.cseq < cseq

    def _deregister(self, wanted: Wanted, binding: Binding | None) -> Facts:
        """From a V-TCF that does not serve him any more it changes nothing."""
        if binding is None or binding.visited != wanted.visited:
            return NONE
        self._left[wanted.user] = (wanted.call_id, wanted.cseq)
        self._ctx.notice("registration", user=str(wanted.user), visited=wanted.visited, state="deregistered")
        return self._unbind(wanted.user)

    def _unbind(self, user: Aor) -> Facts:
        self._ctx.directory.unbind(user)
        alarm = self._alarms.pop(user.number, None)
        if alarm is not None:
            alarm.cancel()
        self._ctx.save(BINDING, user.number, None)
        return (UserUnbound(user),)

    def _arm(self, binding: Binding) -> None:
        number = binding.user.number
        alarm = self._alarms.get(number)
        if alarm is not None:
            alarm.cancel()
        self._alarms[number] = self._ctx.timers.start(binding.expires, Owner(NAME, number, BINDING))

    def _granted(self, subscriber: Subscriber, expires: int, call: str) -> Granted:
        groups = self._ctx.directory.memberships(subscriber.aor)
        stunned = not self._ctx.directory.in_service(subscriber.aor)
        return Granted(expires, groups, stunned, dict(subscriber.ha1 or {}), call)

    def _shares_ha1(self, peer: Peer) -> bool:
        if peer.share_ha1 is not None:
            return peer.share_ha1
        return peer.transport == "tls" or peer.host.startswith("127.") or peer.host == "::1"

    # --- network de-registration

    def _kick(self, binding: Binding, cause: KickCause, call: str = "") -> Facts:
        """Tell V; where V is this TCF that is a fact, else an OPTIONS that is repeated until answered."""
        if binding.visited == self._ctx.directory.domain:
            return (KickOff(binding.user, cause, binding.call_id, call),)
        key = f"{binding.user.number}@{binding.visited}"
        kick = Kick(cause, binding.call_id, call)
        self._kicks[key] = PendingKick(binding.user, binding.visited, kick, self._ctx.wall)
        self._ctx.directory.cling(binding.user, binding.visited)
        row = [str(binding.user), binding.visited, cause.value, binding.call_id, self._ctx.wall, call]
        self._ctx.save(KICK, key, row)
        self._send_kick(key)
        return NONE

    def _send_kick(self, key: str) -> None:
        """TC2-C 集群核心网发起注销."""
        ctx, kick = self._ctx, self._kicks[key]
        if kick.timer is not None:
            kick.timer.cancel()
            kick.timer = None
        peer = ctx.directory.peer(kick.visited)
        if peer is None or ctx.wall - kick.since > KICK_FOR:
            self._forget_kick(key)
            return
        if ctx.peer_is_down(peer.domain):
            kick.timer = ctx.start(KICK_AGAIN, Owner(NAME, key, KICK))
            return
        to = f"<{aor_uri(kick.user)}>"
        request = ctx.new_request("OPTIONS", aor_uri(kick.user), f"<sip:{ctx.directory.domain}>", to)
        wire_registration.write_kick(request, ctx.peer_wire(peer.domain), kick.kick)
        ctx.request(request, peer_flow(peer), Owner(NAME, key, KICK))

    def _drop_kick_to(self, user: Aor, visited: str) -> None:
        """He is back at that V: an old kick-off must not reach him."""
        key = f"{user.number}@{visited}"
        if key in self._kicks:
            self._forget_kick(key)

    def _forget_kick(self, key: str) -> None:
        kick = self._kicks.pop(key)
        self._ctx.directory.let_go(kick.user, kick.visited)
        if kick.timer is not None:
            kick.timer.cancel()
        self._ctx.save(KICK, key, None)

    # --- records

    def _save(self, binding: Binding) -> None:
        self._ctx.save(
            BINDING,
            binding.user.number,
            {
                "v": 1,
                "visited": binding.visited,
                "contact": binding.contact,
                "call_id": binding.call_id,
                "cseq": binding.cseq,
                "since": binding.since,
                "expires": binding.expires + self._ctx.wall_offset,
                "refreshed": binding.refreshed,
            },
        )

    def load(self, bindings: dict[str, Value], kicks: dict[str, Value]) -> None:
        """Go on from what the store held."""
        ctx = self._ctx
        for number, row in bindings.items():
            user = Aor(number, ctx.directory.domain)
            binding = Binding(user, row["visited"], row["contact"], row["call_id"], row["cseq"], row["since"])
            binding.expires = row["expires"] - ctx.wall_offset
            binding.refreshed = row["refreshed"]
            ctx.directory.bind(binding)
            self._arm(binding)
        for key, (user_text, visited, cause, call_id, since, *call) in kicks.items():
            meant = Kick(KickCause(cause), call_id, *call)
            kick = PendingKick(Aor.parse(user_text), visited, meant, since)
            self._kicks[key] = kick
            ctx.directory.cling(kick.user, kick.visited)
            kick.timer = ctx.start(0.0, Owner(NAME, key, KICK))

    def view(self) -> list[dict[str, Value]]:
        """For people: one row a binding."""
        return [
            {
                "user": str(binding.user),
                "home": binding.user.domain,
                "visited": binding.visited,
                "contact": binding.contact,
                "expires": round(binding.expires - self._ctx.now),
            }
            for binding in self._ctx.directory.bindings()
        ]


__all__ = ["Granted", "HomeRegistration", "Wanted"]
