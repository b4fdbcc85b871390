"""Stun, kill, revive (遥晕, 遥毙, 复活): H keeps a user's state, and sees to it that his terminal obeys."""

from opentcf.btrunc import control as wire_control
from opentcf.model.cause import Decline, Result
from opentcf.model.facts import PeerUp, UserBound, UserKilled, UserRefreshed, UserRevived, UserStunned
from opentcf.model.numbers import Aor
from opentcf.model.subscriber import Right, UserState
from opentcf.services import mandate, path
from opentcf.services.context import NONE, Context, Facts, Incoming
from opentcf.services.leg import Happened
from opentcf.services.pages import Pages
from opentcf.services.path import Role
from opentcf.sip.outbox import Value
from opentcf.sip.timers import Timer
from opentcf.sip.transaction import Outcome, Owner

NAME = "stun"
STATE, DELIVER, AGAIN, OBEY = "user_state", "deliver", "again", "obey"
TERMINAL_WAIT, VISITED_WAIT = 8.0, 14.0
"""Seconds to wait for terminal and V: each less than the TCF before waits, so that the dispatcher hears `result=2`
instead of nothing."""
RETRY = 30.0
"""Seconds until a V-TCF that did not take the order is told again, while the user is registered there."""
ACTIONS = {UserState.STUNNED: "user stun", UserState.KILLED: "user kill", UserState.NORMAL: "user revive"}


class Standing:
    """H: what the terminal of a user is to obey, and who waits to hear that it did.

    `by` is the dispatcher, None for a command. `sent` is the state that is on its way to the terminal.
    """

    __slots__ = ("by", "delivered", "sent", "since", "state", "timer", "waiting")

    def __init__(self, state: UserState, by: Aor | None, since: float) -> None:
        self.state = state
        self.by = by
        self.since = since
        self.delivered = False
        self.sent: UserState | None = None
        self.timer: Timer | None = None
        self.waiting: list[tuple[UserState, Incoming]] = []


class Stun:
    """The procedure in its roles: dispatcher's V and H, target's H and V."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._pages = Pages(ctx, NAME)
        self._standings: dict[str, Standing] = {}

    # --- doorways

    def request(self, incoming: Incoming) -> Facts:
        """A MESSAGE that stuns, kills or revives. TC2-C 遥晕, TC2-C 遥毙, TC2-C 复活."""
        ctx = self._ctx
        called, state = path.called(ctx, incoming), wire_control.read_state(incoming.extension)
        if incoming.peer is not None and path.is_contact(incoming):
            return self._obey(incoming, self._by(incoming), called, state)
        who = path.asserted(incoming, ctx)
        with mandate.audited(ctx, who, ACTIONS[state], str(called)):
            user = wire_control.read_target(incoming.extension, called)
            role = path.entry(ctx, incoming, who, user, known=False)
            if role is Role.CALLED_VISITED:
                return self._obey(incoming, who, user, state)
            hop = mandate.way(ctx, incoming, role, who, user, self._right(who, state))
            if hop is not None:
                mandate.pass_on(self._pages, incoming, hop, who, user, ACTIONS[state], str(user))
                return NONE
            facts = self.order(user, state, who, incoming)
        mandate.record(ctx, who, ACTIONS[state], str(user))
        return facts

    def _by(self, incoming: Incoming) -> Aor | None:
        """V: the dispatcher; None when the home speaks for itself."""
        from_ = incoming.request.from_().uri
        named = from_.user or incoming.request.headers.get("P-Asserted-Identity")
        return path.asserted(incoming, self._ctx) if named else None

    def _right(self, who: Aor, state: UserState) -> Right:
        """Either right revives."""
        holder = self._ctx.directory.subscriber(who)
        if state is UserState.NORMAL and holder is not None and Right.KILL in holder.rights:
            return Right.KILL
        return Right.KILL if state is UserState.KILLED else Right.STUN

    def order(
        self, user: Aor, state: UserState, by: Aor | None = None, incoming: Incoming | None = None
    ) -> Facts:
        """H: from now on the user's state is this; Decline 404 when he is nobody. `incoming` is answered in time."""
        ctx = self._ctx
        path.known_subscriber(ctx, user, 404)
        standing = self._standings.get(user.number)
        if standing is None:
            standing = self._standings[user.number] = Standing(state, by, ctx.wall)
        standing.state, standing.by, standing.since, standing.delivered = state, by, ctx.wall, False
        ctx.directory.set_state(user, state)
        self._save(user, standing)
        ctx.notice("user_state", user=str(user), state=state.value, by=str(by or ""))
        if incoming is not None:
            standing.waiting.append((state, incoming))
        facts = NONE if standing.sent is not None else self._deliver(user, standing)
        return (UserRevived(user) if state is UserState.NORMAL else UserStunned(user), *facts)

    # --- H: the terminal is to obey

    def _deliver(self, user: Aor, standing: Standing) -> Facts:
        ctx, state = self._ctx, standing.state
        self._stop(standing)
        try:
            hop = path.to_visited(ctx, user)
        except Decline:
            return self._delivered(user, standing, state, Result.UNREACHABLE)
        request = self._pages.new(hop, standing.by, user)
        wire_control.write_order(request, ctx.peer_wire(hop.peer.domain if hop.peer else None), state, user)
        standing.sent = state
        wait = VISITED_WAIT if hop.peer else TERMINAL_WAIT
        self._pages.send(request, hop, str(user), DELIVER, wait)
        return NONE

    def _delivered(self, user: Aor, standing: Standing, state: UserState, result: Result) -> Facts:
        """The terminal's word, or that it has none: whoever ordered this hears it; a newer order follows.

        While a V-TCF that he left may still serve him, he is not reached; nor was he by an overtaken order.
        """
        if state is not UserState.NORMAL and self._ctx.directory.is_left_behind(user):
            result = Result.UNREACHABLE
        is_last = standing.state is state
        for asked, incoming in standing.waiting:
            if asked is state:
                self._answer(incoming, state, user, result)
            elif is_last:
                self._answer(incoming, asked, user, Result.UNREACHABLE)
        standing.waiting = [] if is_last else [entry for entry in standing.waiting if entry[0] is not state]
        if not is_last:
            return self._deliver(user, standing)
        standing.delivered = result is Result.SUCCESS
        self._save(user, standing)
        heard = result in (Result.SUCCESS, Result.REFUSED)
        if not heard and self._ctx.directory.binding(user) is not None:
            standing.timer = self._ctx.start(RETRY, Owner(NAME, user.number, AGAIN))
        return (UserKilled(user),) if heard and state is UserState.KILLED else NONE

    def _answer(self, incoming: Incoming, state: UserState, user: Aor, result: Result) -> None:
        """TC2-C 遥晕遥毙复活响应."""
        response = incoming.request.respond(200, self._ctx.ids.token())
        wire_control.write_result(response, incoming.wire, state, user, result)
        self._ctx.reply(incoming, response)

    def _stop(self, standing: Standing) -> None:
        if standing.timer is not None:
            standing.timer.cancel()
            standing.timer = None

    def _due(self, user: Aor) -> Facts:
        standing = self._standings.get(user.number)
        if standing is None or standing.delivered or standing.sent is not None:
            return NONE
        return self._deliver(user, standing)

    # --- V

    def _obey(self, incoming: Incoming, who: Aor | None, user: Aor, state: UserState) -> Facts:
        """What the home orders holds here at once; the terminal is told, and its word goes back."""
        if incoming.peer is None or incoming.peer.domain != user.domain:
            raise Decline(403, f"only the home of {user} may order that here")
        attachment = self._ctx.directory.attachment(user)
        if attachment is None:
            self._ctx.respond(incoming, 480)
        else:
            hop = path.to_terminal(attachment)
            key = f"{user} {state}"
            self._pages.relay(incoming, hop, who, user, key=key, purpose=OBEY, timeout=TERMINAL_WAIT)
        return (UserRevived(user) if state is UserState.NORMAL else UserStunned(user),)

    # --- what the node calls

    def outcome(self, outcome: Outcome) -> Facts:
        """An answer to an order that was sent or passed on."""
        if outcome.status < 200:
            return NONE
        if outcome.owner.purpose == DELIVER:
            return self._answered(outcome)
        if not mandate.passed_back(self._ctx, self._pages, outcome):
            self._obeyed(outcome)
        return NONE

    def _obeyed(self, outcome: Outcome) -> None:
        """V: the terminal's word goes to its home."""
        relayed = self._pages.answered(outcome)
        if relayed is not None:
            user, state = outcome.owner.key.split(" ")
            result = wire_control.read_result(outcome.response, relayed.wire)
            self._answer(relayed.incoming, UserState(state), Aor.parse(user), result)

    def _answered(self, outcome: Outcome) -> Facts:
        user = Aor.parse(outcome.owner.key)
        standing = self._standings.get(user.number)
        if standing is None or standing.sent is None:
            return NONE
        binding = self._ctx.directory.binding(user)
        wire = self._ctx.peer_wire(binding.visited if binding is not None else None)
        state, standing.sent = standing.sent, None
        return self._delivered(user, standing, state, wire_control.read_result(outcome.response, wire))

    def timer(self, owner: Owner) -> Facts:
        """A V-TCF that did not take an order is told again."""
        return self._due(Aor(owner.key, self._ctx.directory.domain))

    def happened(self, happened: Happened) -> Facts:
        """There are no legs here."""
        return NONE

    def on_user_bound(self, fact: UserBound) -> Facts:
        """He is registered: what waited for him is delivered."""
        return self._due(fact.user)

    def on_user_refreshed(self, fact: UserRefreshed) -> Facts:
        """The same at each of his later registrations."""
        return self._due(fact.user)

    def on_peer_up(self, fact: PeerUp) -> Facts:
        """Its visitors can be reached again."""
        facts = NONE
        for number in list(self._standings):
            binding = self._ctx.directory.binding(Aor(number, self._ctx.directory.domain))
            if binding is not None and binding.visited == fact.domain:
                facts += self._due(binding.user)
        return facts

    # --- what outlives the process

    def _save(self, user: Aor, standing: Standing) -> None:
        """A revived user whose terminal knows it needs no record."""
        if standing.delivered and standing.state is UserState.NORMAL:
            self._standings.pop(user.number, None)
            self._ctx.save(STATE, user.number, None)
            return
        row = {"v": 1, "state": standing.state.value, "by": str(standing.by or "")}
        self._ctx.save(STATE, user.number, {**row, "since": standing.since, "delivered": standing.delivered})

    def load(self, rows: dict[str, Value]) -> None:
        """Go on from what the store held: orders that were under way are sent again."""
        for number, row in rows.items():
            user, by = Aor(number, self._ctx.directory.domain), row["by"]
            standing = Standing(UserState(row["state"]), Aor.parse(by) if by else None, row["since"])
            standing.delivered = row["delivered"]
            self._standings[number] = standing
            self._ctx.directory.set_state(user, standing.state)
            if not standing.delivered:
                standing.timer = self._ctx.start(0.0, Owner(NAME, number, AGAIN))
