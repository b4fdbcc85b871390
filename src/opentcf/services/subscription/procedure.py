"""SUBSCRIBE and NOTIFY on D (RFC 6665, profile 6): full state at once, then changes, one NOTIFY after the other."""

from collections.abc import Iterable
from typing import TypeVar

from opentcf.btrunc import events
from opentcf.btrunc import registration as wire_registration
from opentcf.btrunc.events import Event
from opentcf.btrunc.wire import Package, Param
from opentcf.model.call import CalledType
from opentcf.model.cause import Decline
from opentcf.model.facts import (
    CallChanged,
    CallsWatched,
    GroupCallChanged,
    GroupChanged,
    UserBound,
    UserLeaving,
    UserRegrouped,
    UserStunned,
    UserUnbound,
)
from opentcf.model.numbers import Aor
from opentcf.model.subscriber import Right
from opentcf.services import path
from opentcf.services.context import NONE, Context, Facts, Incoming
from opentcf.services.leg import Happened
from opentcf.services.subscription.packages import OF_CALLS, Packages, Touch
from opentcf.services.subscription.subscription import NAME, Subscription, Watched, read, save
from opentcf.sip.dialog import Dialog
from opentcf.sip.message import Request
from opentcf.sip.outbox import Value
from opentcf.sip.transaction import Outcome, Owner

Key = TypeVar("Key")
EXPIRE, PACE, NOTIFY = "expire", "pace", "notify"
INTERVAL = 0.5
"""Seconds between two NOTIFYs of a subscription, at least: what changes meanwhile goes together."""
AGAIN = 30.0
"""Seconds until a watcher that answered 5xx is told everything anew."""
SPREAD = 2.0
"""After a restart the full states go out within that many seconds."""
TIMEOUT, REJECTED, DEACTIVATED = "timeout", "rejected", "deactivated"


class Subscriptions:
    """The procedure. Subscriptions by their key, by what they watch, and by who watches."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._packages = Packages(ctx.directory)
        self._all: dict[str, Subscription] = {}
        self._watching: dict[tuple[Package, Aor | None], dict[str, Subscription]] = {}
        self._of_user: dict[Aor, dict[str, Subscription]] = {}

    # --- SUBSCRIBE

    def request(self, incoming: Incoming) -> Facts:
        """A new subscription."""
        ctx, request, user = self._ctx, incoming.request, incoming.user
        assert user is not None
        event = self._event(incoming)
        package = event.package
        assert package is not None
        self._check_watcher(incoming, user)
        watched = self._watched(incoming)
        self._packages.check(package, watched)
        events.check_accept(request, incoming.wire, package)
        expires = self._expires(request)
        if len(self._of_user.get(user, ())) >= ctx.limits.max_subscriptions:
            ctx.meters.count("opentcf_refused_total", "max_subscriptions")
            raise Decline(403, f"{user} already has {ctx.limits.max_subscriptions} subscriptions")
        dialog = Dialog.from_invite(request, ctx.ids.token())
        subscription = Subscription(dialog, incoming.flow, user, package, watched, event.id)
        self._put(subscription)
        self._accept(incoming, subscription, expires)
        return self._watch_calls()

    def holds(self, tag: str | None, request: Request) -> bool:
        """Is this a request within the dialog of a subscription?"""
        subscription = self._all.get(tag or "")
        return subscription is not None and subscription.dialog.belongs(request, request.from_tag())

    def within(self, incoming: Incoming, tag: str) -> Facts:
        """A refresh (RFC 6665 §4.2.1.2), or Expires 0: the end of it."""
        subscription, request = self._all[tag], incoming.request
        if incoming.user != subscription.user:
            raise Decline(403, "this dialog belongs to another user")
        if request.method != "SUBSCRIBE":
            raise Decline(405, f"{request.method} is not served here", (("Allow", "SUBSCRIBE"),))
        if not subscription.dialog.take_cseq(request):
            raise Decline(500, "CSeq is lower than before", (("Retry-After", "1"),))
        if self._event(incoming) != Event(subscription.package, subscription.id):
            raise Decline(489, "a dialog has one event", self._allowed())
        if subscription.ending:
            raise Decline(481, "this subscription is over")
        self._check_watcher(incoming, subscription.user)
        expires = self._expires(request)
        subscription.dialog.refresh(request)
        subscription.flow = incoming.flow
        self._accept(incoming, subscription, expires)
        return NONE

    def _event(self, incoming: Incoming) -> Event:
        event = events.read_event(incoming.request, incoming.wire)
        if event.package is None:
            raise Decline(489, "there is no such event", self._allowed())
        return event

    def _allowed(self) -> tuple[tuple[str, str], ...]:
        return (("Allow-Events", ", ".join(self._ctx.wire.events.values())),)

    def _check_watcher(self, incoming: Incoming, user: Aor) -> None:
        attachment = incoming.attachment
        if attachment is None:
            raise Decline(403, f"{user} is not registered here")
        if attachment.stunned:
            raise Decline(403, f"{user} is stunned")
        if not self._may(user):
            raise Decline(403, f"{user} has no right to {Right.EVENTS.value}")

    def _may(self, user: Aor) -> bool:
        """The right is his home's to know: a dispatcher who visits has none here."""
        subscriber = self._ctx.directory.subscriber(user)
        return subscriber is not None and Right.EVENTS in subscriber.rights

    def _watched(self, incoming: Incoming) -> Watched:
        """The number of the Request-URI, or the domain: all. A number that is a user's is his unless `utype` says."""
        ctx, ext = self._ctx, incoming.extension
        uri = incoming.request.target()
        if uri.scheme != "tel" and not uri.user:
            if uri.host != ctx.directory.domain and uri.host not in ctx.local_hosts:
                raise Decline(404, f"{uri.host[:60]!r} is watched at its own TCF")
            return Watched(None, False)
        aor = path.called(ctx, incoming)
        said = (ext.get(Param.USER_TYPE) or "") if ext is not None else ""
        is_group = incoming.wire.member(CalledType, said) is CalledType.GROUP
        return Watched(aor, is_group or ctx.directory.subscriber(aor) is None)

    def _expires(self, request: Request) -> int:
        durations = self._ctx.durations
        asked = wire_registration.asked_expiry(request, int(durations.subscribe))
        if 0 < asked < durations.subscribe_min:
            minimum = str(int(durations.subscribe_min))
            raise Decline(423, "the subscription is too short", (("Min-Expires", minimum),))
        return min(asked, int(durations.subscribe))

    def _accept(self, incoming: Incoming, subscription: Subscription, expires: int) -> None:
        """200, and everything is told once more. Asked for no time at all that is the last that is told."""
        ctx, request = self._ctx, incoming.request
        subscription.expires = ctx.now + expires
        if not expires:
            subscription.ending = TIMEOUT
        self._arm(subscription)
        response = request.respond(200, subscription.key)
        response.headers.put("Record-Route", request.headers.lines("Record-Route"))
        response.headers.set("Contact", self._contact(subscription))
        response.headers.set("Expires", str(expires))
        ctx.reply(incoming, response)
        subscription.full = True
        save(ctx, subscription)
        self._schedule(subscription)

    def _arm(self, subscription: Subscription) -> None:
        if subscription.expiry is not None:
            subscription.expiry.cancel()
        owner = Owner(NAME, subscription.key, EXPIRE)
        subscription.expiry = self._ctx.timers.start(subscription.expires, owner)

    # --- NOTIFY

    def _schedule(self, subscription: Subscription) -> None:
        """The next NOTIFY: as soon as the one before is answered and INTERVAL is over."""
        if subscription.idle or subscription.waiting or subscription.pace is not None:
            return
        at = max(self._ctx.now, subscription.sent + INTERVAL)
        subscription.pace = self._ctx.timers.start(at, Owner(NAME, subscription.key, PACE))

    def _notify(self, subscription: Subscription) -> None:
        ctx = self._ctx
        if not self._may(subscription.user):
            subscription.ending = REJECTED
        request = subscription.dialog.request("NOTIFY")
        request.headers.set("Contact", self._contact(subscription))
        events.write_event(request, ctx.wire, subscription.package, subscription.id)
        if subscription.ending == REJECTED:
            subscription.pending = {}
        else:
            self._fill(request, subscription)
        over = bool(subscription.ending) and not subscription.pending
        request.headers.set("Subscription-State", self._state(subscription, over=over))
        subscription.sent, subscription.waiting = ctx.now, True
        if over:
            self._drop(subscription, subscription.ending)
        else:
            save(ctx, subscription)
        ctx.request(request, subscription.hop, Owner(NAME, subscription.key, NOTIFY))

    def _state(self, subscription: Subscription, *, over: bool) -> str:
        if over:
            return f"terminated;reason={subscription.ending}"
        return f"active;expires={max(0, round(subscription.expires - self._ctx.now))}"

    def _fill(self, request: Request, subscription: Subscription) -> None:
        """The body: everything or what changed, as much as fits; the rest stays pending."""
        ctx, package, watched = self._ctx, subscription.package, subscription.watched
        full = subscription.full
        keys = self._packages.keys(package, watched) if full else list(subscription.pending)
        entries = (self._packages.entry(package, key, watched) for key in keys)
        portion = next(iter(events.fitting(entries, ctx.limits.max_body)), [])
        events.write_report(request, ctx.wire, package, subscription.version, portion, full=full)
        subscription.version += 1
        subscription.full = False
        subscription.pending = dict.fromkeys(keys[len(portion) :])

    def _contact(self, subscription: Subscription) -> str:
        return f"<{self._ctx.our_contact(subscription.flow)}>"

    # --- what the node calls

    def outcome(self, outcome: Outcome) -> Facts:
        """The answer to a NOTIFY. None, or a refusal, ends the subscription (RFC 6665 §4.2.2)."""
        subscription = self._all.get(outcome.owner.key)
        if subscription is None or outcome.status < 200:
            return NONE
        subscription.waiting = False
        if outcome.status < 300:
            self._schedule(subscription)
        elif outcome.response is not None and outcome.status >= 500 and outcome.status < 600:
            subscription.full, subscription.sent = True, self._ctx.now + AGAIN - INTERVAL
            self._schedule(subscription)
        else:
            self._drop(subscription, "unanswered" if outcome.response is None else str(outcome.status))
        return NONE

    def timer(self, owner: Owner) -> Facts:
        """A NOTIFY is due, or a subscription ran out."""
        subscription = self._all.get(owner.key)
        if subscription is None:
            return NONE
        if owner.purpose == PACE:
            subscription.pace = None
            self._notify(subscription)
        else:
            subscription.expiry = None
            self._end(subscription, TIMEOUT)
        return NONE

    def happened(self, happened: Happened) -> Facts:
        """There are no legs here."""
        return NONE

    def load(self, rows: dict[str, Value]) -> Facts:
        """Go on from what the store held; what happened meanwhile nobody saw, so everything is told anew."""
        for key, row in rows.items():
            subscription = read(self._ctx, key, row)
            self._put(subscription)
            self._arm(subscription)
            at = self._ctx.now + self._ctx.ids.uniform(0.0, SPREAD)
            subscription.pace = self._ctx.timers.start(at, Owner(NAME, key, PACE))
        return self._watch_calls()

    def view(self) -> list[dict[str, Value]]:
        """For people: one row a subscription."""
        return [
            {
                "id": subscription.key,
                "user": str(subscription.user),
                "event": subscription.package.value,
                "watched": str(subscription.watched.aor or "all"),
                "version": subscription.version,
                "expires": round(subscription.expires - self._ctx.now),
            }
            for subscription in self._all.values()
        ]

    def counts(self) -> dict[Package, int]:
        """How many there are of each package."""
        found = dict.fromkeys(Package, 0)
        for subscription in self._all.values():
            found[subscription.package] += 1
        return found

    # --- facts

    def on_user(self, fact: UserBound | UserUnbound) -> Facts:
        """He registered, moved, or is registered nowhere now."""
        return self._touch((Touch(Package.REGISTER, str(fact.user), frozenset((fact.user,))),))

    def on_user_regrouped(self, fact: UserRegrouped) -> Facts:
        """His groups are others now."""
        return self._touch((Touch(Package.MEMBERSHIP, str(fact.user), frozenset((fact.user,))),))

    def on_group_changed(self, fact: GroupChanged) -> Facts:
        """Who watches the group itself is told all its members anew; its name or rank is each member's news."""
        for subscription in self._watching.get((Package.MEMBERSHIP, fact.group), {}).values():
            subscription.full = True
            self._schedule(subscription)
        group = self._ctx.directory.group(fact.group)
        members = [member.aor for member in group.members] if group is not None else []
        own = [user for user in members if self._ctx.directory.is_home(user)]
        return self._touch(Touch(Package.MEMBERSHIP, str(user), frozenset((user,))) for user in own)

    def on_call_changed(self, fact: CallChanged) -> Facts:
        """A private call here."""
        return self._touch(self._packages.call_changed(fact))

    def on_group_call_changed(self, fact: GroupCallChanged) -> Facts:
        """A group call here."""
        return self._touch(self._packages.group_call_changed(fact))

    def on_user_leaving(self, fact: UserLeaving) -> Facts:
        """A dispatcher leaves: what he watches ends. He may subscribe anew where he registers."""
        return self._end_all(fact.user, DEACTIVATED)

    def on_user_stunned(self, fact: UserStunned) -> Facts:
        """A stunned dispatcher gets no service, this neither."""
        return self._end_all(fact.user, REJECTED)

    def _end_all(self, user: Aor, reason: str) -> Facts:
        for subscription in self._of_user.get(user, {}).values():
            self._end(subscription, reason)
        return NONE

    def _touch(self, touches: Iterable[Touch]) -> Facts:
        for touch in touches:
            for subject in (*sorted(touch.subjects), None):
                for subscription in self._watching.get((touch.package, subject), {}).values():
                    subscription.pending[touch.key] = None
                    self._schedule(subscription)
        return NONE

    # --- the tables

    def _put(self, subscription: Subscription) -> None:
        key = (subscription.package, subscription.watched.aor)
        self._all[subscription.key] = subscription
        self._watching.setdefault(key, {})[subscription.key] = subscription
        self._of_user.setdefault(subscription.user, {})[subscription.key] = subscription

    def _end(self, subscription: Subscription, reason: str) -> None:
        """A last NOTIFY, then nothing."""
        subscription.ending = subscription.ending or reason
        save(self._ctx, subscription)
        self._schedule(subscription)

    def _drop(self, subscription: Subscription, why: str) -> None:
        """Forget it."""
        subscription.stop()
        del self._all[subscription.key]
        _take_out(self._watching, (subscription.package, subscription.watched.aor), subscription.key)
        _take_out(self._of_user, subscription.user, subscription.key)
        self._ctx.save(NAME, subscription.key, None)
        self._ctx.notice("subscription", user=str(subscription.user), state="ended", cause=why)
        if self._ctx.watched and not any(s.package in OF_CALLS for s in self._all.values()):
            self._ctx.watched = False
            self._packages.online.clear()

    def _watch_calls(self) -> Facts:
        """The first who watches calls: those that run are told before his first NOTIFY leaves."""
        if self._ctx.watched or not any(s.package in OF_CALLS for s in self._all.values()):
            return NONE
        self._ctx.watched = True
        return (CallsWatched(),)


def _take_out(table: dict[Key, dict[str, Subscription]], key: Key, entry: str) -> None:
    del table[key][entry]
    if not table[key]:
        del table[key]
