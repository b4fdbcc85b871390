"""Dynamic regroup (动态重组): a dispatcher's list becomes a temporary group, each member's result his report."""

from opentcf.btrunc import regroup as wire_regroup
from opentcf.btrunc.regroup import Regroup, Report
from opentcf.btrunc.wire import Param
from opentcf.model.cause import Decline, Result
from opentcf.model.facts import MemberLocated, MembershipTold, PeerUp, Regrouped
from opentcf.model.numbers import Aor
from opentcf.model.subscriber import Right
from opentcf.services import mandate, path
from opentcf.services.context import NONE, Context, Facts, Incoming
from opentcf.services.leg import Happened
from opentcf.services.pages import Pages
from opentcf.services.path import Hop
from opentcf.services.regrouping.groups import EXPIRE, NAME, TemporaryGroups
from opentcf.services.regrouping.round import Round
from opentcf.sip.outbox import Value
from opentcf.sip.timers import Timer
from opentcf.sip.transaction import Outcome, Owner

ACTION = "group regroup"
ROUND, DEADLINE, GRACE, REPORT, AGAIN, FORGET = "regroup", "deadline", "grace", "report", "again", "forget"
HOME_WAIT = 40.0
"""Seconds until a home that has not answered is reported silent: longer than one transaction lasts."""
LOCATION_WAIT = 3.0
"""Seconds from a home's answer until a member whose location did not follow is reported registered nowhere."""
REPEAT, REPORT_FOR = 10.0, 600.0
"""Seconds until a report that did not arrive is sent again, and until that is given up."""
REMEMBERED = 300.0
"""Seconds for which the same request, sent again, is answered again and does nothing."""


class Regrouping:
    """The procedure: requester's V and H, the group's master G."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._pages = Pages(ctx, NAME)
        self.groups = TemporaryGroups(ctx)
        self._rounds: dict[str, Round] = {}

    # --- doorways

    def request(self, incoming: Incoming) -> Facts:
        """MESSAGE with a list to the number of the temporary group; 200 means that G has taken it.

        TC2-C 动态重组.
        """
        ctx, ext = self._ctx, incoming.extension
        assert ext is not None
        group, who = path.called(ctx, incoming), path.asserted(incoming, ctx)
        request = ext.get(Param.MESSAGE_ID) or ctx.ids.token()
        with mandate.audited(ctx, who, ACTION, str(group)):
            role = path.entry(ctx, incoming, who, group, known=False)
            hop = mandate.way(ctx, incoming, role, who, group, Right.REGROUP)
            if hop is not None:
                more = (Param.MESSAGE_ID, request)
                mandate.pass_on(self._pages, incoming, hop, who, group, ACTION, str(group), more)
                return NONE
            return self._take(incoming, who, group, request)

    def _take(self, incoming: Incoming, who: Aor, group: Aor, request: str) -> Facts:
        """G: do it, unless this very request did it before. TC2-C 动态重组设置成功响应, TC2-C 动态重组取消成功响应."""
        ctx, key = self._ctx, f"{who} {request}"
        if key in self._rounds:
            ctx.respond(incoming, 200)
            return NONE
        wish = wire_regroup.read(incoming.request, incoming.wire, group)
        before = ctx.directory.temporary(group)
        was = {m.aor: ctx.directory.where(group, m.aor) is not None for m in before.members} if before else {}
        users = self.groups.change(group, wish)
        round_ = self._rounds[key] = Round(key, who, request, group, ctx.wall)
        for user in users:
            self._begin(round_, user, was.get(user, False))
        round_.timers[DEADLINE] = ctx.start(HOME_WAIT, Owner(NAME, key, DEADLINE))
        ctx.respond(incoming, 200)
        self._settle(round_)
        mandate.record(ctx, who, ACTION, str(group))
        ctx.notice("regroup", group=str(group), action=wish.action.value, by=str(who), members=len(users))
        return (Regrouped(group, tuple(user for user in users if self.groups.knows(user))),)

    def order(self, group: Aor, wish: Regroup) -> tuple[tuple[Aor, ...], Facts]:
        """By command: what a dispatcher's list would do, without reports. The members whom it is about."""
        users = self.groups.change(group, wish)
        self._ctx.notice("regroup", group=str(group), action=wish.action.value, by="", members=len(users))
        return users, (Regrouped(group, tuple(user for user in users if self.groups.knows(user))),)

    def _begin(self, round_: Round, user: Aor, was: bool) -> None:
        """Of a user of ours the result is known at once."""
        directory = self._ctx.directory
        if not self.groups.knows(user):
            round_.results[user] = Result.UNKNOWN
        elif not directory.is_home(user):
            round_.waiting[user] = was
        else:
            here = directory.binding(user) is not None and directory.in_service(user)
            round_.results[user] = Result.SUCCESS if here else Result.UNREACHABLE

    def reported(self, incoming: Incoming) -> Facts:
        """The requester's H and V pass a result on to him. TC2-C 动态重组结果上报的成功响应."""
        ctx = self._ctx
        requester, group = path.called(ctx, incoming), path.asserted(incoming, ctx)
        role = path.entry(ctx, incoming, group, requester, known=False)
        hop = path.next_hop(ctx, role, group, requester)
        self._pages.relay(incoming, hop, group, requester)
        return NONE

    # --- results

    def on_membership_told(self, fact: MembershipTold) -> Facts:
        """What a home makes of it: an answer, or (0) none."""
        for round_ in list(self._rounds.values()):
            if fact.user in round_.waiting and fact.user not in round_.acked:
                self._told(round_, fact.user, fact.status)
        return NONE

    def _told(self, round_: Round, user: Aor, status: int) -> None:
        if 200 <= status < 300:
            if round_.waiting[user] or self._ctx.directory.where(round_.group, user) is not None:
                self._result(round_, user, Result.SUCCESS)
            elif not self._is_member(round_.group, user):
                self._result(round_, user, Result.UNREACHABLE)
            else:
                round_.acked.add(user)
                purpose = f"{GRACE} {user}"
                round_.timers[purpose] = self._ctx.start(LOCATION_WAIT, Owner(NAME, round_.key, purpose))
        elif status == 404:
            self._result(round_, user, Result.UNKNOWN)
        else:
            silent = status == 0 or 500 <= status < 600
            self._result(round_, user, Result.TIMEOUT if silent else Result.REFUSED)

    def _is_member(self, group: Aor, user: Aor) -> bool:
        known = self._ctx.directory.group(group)
        return known is not None and known.member(user) is not None

    def on_member_located(self, fact: MemberLocated) -> Facts:
        """His group location came: he took part in time."""
        if fact.visited is not None:
            for round_ in list(self._rounds.values()):
                if round_.group == fact.group and fact.member in round_.acked:
                    self._result(round_, fact.member, Result.SUCCESS)
        return NONE

    def _result(self, round_: Round, user: Aor, result: Result) -> None:
        """It is known now, for good."""
        del round_.waiting[user]
        round_.acked.discard(user)
        self._stop(round_, f"{GRACE} {user}")
        round_.results[user] = result
        self._settle(round_, user)

    def _settle(self, round_: Round, *users: Aor) -> None:
        """Keep the round as it is, and report what is new of it."""
        self._ctx.save(ROUND, round_.key, round_.row())
        for user in users or tuple(round_.results):
            self._report(round_, user)
        if round_.over:
            self._stop(round_, DEADLINE)
            self._start(round_, REMEMBERED, FORGET)

    def _report(self, round_: Round, user: Aor) -> None:
        """G→requester; who cannot be reached now is tried again. TC2-C 动态重组结果上报."""
        ctx, requester = self._ctx, round_.requester
        self._stop(round_, f"{AGAIN} {user}")
        try:
            hop = self._way_to(requester)
        except Decline:
            self._report_later(round_, user)
            return
        request = self._pages.new(hop, round_.group, requester)
        report = Report(user, round_.results[user], round_.group, round_.request)
        wire = ctx.peer_wire(hop.peer.domain if hop.peer else None)
        wire_regroup.write_report(request, wire, report, requester.domain)
        self._pages.send(request, hop, round_.key, f"{REPORT} {user}")

    def _way_to(self, requester: Aor) -> Hop:
        ctx = self._ctx
        if ctx.directory.is_home(requester):
            return path.to_visited(ctx, requester)
        return Hop(path.to_peer(ctx, requester.domain), None, path.aor_uri(requester), ())

    def _report_later(self, round_: Round, user: Aor) -> None:
        if self._ctx.wall - round_.began > REPORT_FOR:
            self._ctx.notice(
                "report_lost", group=str(round_.group), user=str(user), requester=str(round_.requester)
            )
            self._reported(round_, user)
        else:
            self._start(round_, REPEAT, f"{AGAIN} {user}")

    def _reported(self, round_: Round, user: Aor) -> None:
        round_.results.pop(user, None)
        self._ctx.save(ROUND, round_.key, round_.row())
        if round_.over:
            self._stop(round_, DEADLINE)
            self._start(round_, REMEMBERED, FORGET)

    # --- what the node calls

    def outcome(self, outcome: Outcome) -> Facts:
        """An answer to a request that was passed on, or to a report."""
        if outcome.status < 200 or mandate.passed_back(self._ctx, self._pages, outcome):
            return NONE
        relayed = self._pages.answered(outcome)
        if relayed is not None:
            self._pages.pass_back(relayed, outcome)
            return NONE
        word, _, user = outcome.owner.purpose.partition(" ")
        round_ = self._rounds.get(outcome.owner.key)
        if round_ is None or word != REPORT or Aor.parse(user) not in round_.results:
            return NONE
        later = outcome.response is None or outcome.status in (408, 480) or 500 <= outcome.status < 600
        if later:
            self._report_later(round_, Aor.parse(user))
        else:
            self._reported(round_, Aor.parse(user))
        return NONE

    def timer(self, owner: Owner) -> Facts:
        """A group ends, a home stays silent, a report is due again."""
        if owner.purpose == EXPIRE:
            return self._expired(Aor(owner.key, self._ctx.directory.domain))
        round_ = self._rounds.get(owner.key)
        if round_ is None:
            return NONE
        round_.timers.pop(owner.purpose, None)
        word, _, user = owner.purpose.partition(" ")
        if word == DEADLINE:
            self._give_up(round_)
        elif word == GRACE:
            self._result(round_, Aor.parse(user), Result.UNREACHABLE)
        elif word == AGAIN:
            self._report(round_, Aor.parse(user))
        elif word == FORGET:
            del self._rounds[round_.key]
            self._ctx.save(ROUND, round_.key, None)
        return NONE

    def _expired(self, group: Aor) -> Facts:
        known = self._ctx.directory.temporary(group)
        self.groups.end(group)
        self._ctx.notice("regroup", group=str(group), action="expire")
        return (Regrouped(group, tuple(m.aor for m in known.members) if known is not None else ()),)

    def _give_up(self, round_: Round) -> None:
        for user in tuple(round_.waiting):
            acked = user in round_.acked
            self._result(round_, user, Result.UNREACHABLE if acked else Result.TIMEOUT)

    def happened(self, happened: Happened) -> Facts:
        """There are no legs here."""
        return NONE

    def on_peer_up(self, fact: PeerUp) -> Facts:
        """Reports that waited for the requester's home go out."""
        for round_ in self._rounds.values():
            if round_.requester.domain == fact.domain:
                for user in [user for user in round_.results if f"{AGAIN} {user}" in round_.timers]:
                    self._report(round_, user)
        return NONE

    # --- timers and records

    def _start(self, round_: Round, delay: float, purpose: str) -> None:
        self._stop(round_, purpose)
        round_.timers[purpose] = self._ctx.start(delay, Owner(NAME, round_.key, purpose))

    def _stop(self, round_: Round, purpose: str) -> None:
        timer: Timer | None = round_.timers.pop(purpose, None)
        if timer is not None:
            timer.cancel()

    def load(self, groups: dict[str, Value], rounds: dict[str, Value]) -> None:
        """Go on from what the store held."""
        self.groups.load(groups)
        self._rounds = {key: Round.read(key, row) for key, row in rounds.items()}

    def resume(self) -> Facts:
        """After a start: homes that had not answered are asked again, results that had not arrived reported again."""
        facts = NONE
        for round_ in self._rounds.values():
            left = round_.began + HOME_WAIT - self._ctx.wall
            self._start(round_, max(0.0, left), DEADLINE)
            self._settle(round_)
            facts += (Regrouped(round_.group, tuple(round_.waiting)),) if round_.waiting else NONE
        return facts
