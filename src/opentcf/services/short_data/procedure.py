"""The procedure: MESSAGEs between users pass end to end, those to a group go through its master (profile 4.5)."""

from __future__ import annotations

from opentcf.btrunc import data as wire_data
from opentcf.btrunc.wire import Param
from opentcf.model.cause import Decline
from opentcf.model.facts import MemberLocated, PeerUp
from opentcf.model.group import Group
from opentcf.model.numbers import Aor
from opentcf.model.short_data import MessageType
from opentcf.services import path
from opentcf.services.context import NONE, Context, Facts, Incoming
from opentcf.services.leg import Happened
from opentcf.services.pages import Pages, Relayed, status
from opentcf.services.path import Hop, Role
from opentcf.services.short_data.fan_out import AGAIN, FanOut
from opentcf.services.short_data.journal import NAME, PRUNE, Journal
from opentcf.services.short_data.record import MASTER, VISITED, ShortMessage
from opentcf.sip.errors import RemoteError
from opentcf.sip.grammar import quote
from opentcf.sip.outbox import Value
from opentcf.sip.transaction import Outcome, Owner

COPIES = 8
"""How many copies of an open message wait for its answer; a ninth is told to come back."""
HELD, HOLD_UP = "held", 2.0
"""How long a message of a member whose location has not arrived yet is held, seconds."""
RELAY = ""
"""The purpose of a MESSAGE that is passed on; any other names a recipient."""


class ShortMessages:
    """The procedure."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._journal = Journal(ctx)
        self._pages = Pages(ctx, NAME)
        self._fan_out = FanOut(ctx, self._journal, self._pages)
        self._held: dict[tuple[Aor, Aor], list[Incoming]] = {}

    # --- doorways

    def request(self, incoming: Incoming) -> Facts:
        """A MESSAGE that is short data, by its token or because it has none. TC2-C 实时短数据."""
        try:
            self._serve(incoming)
        except (Decline, RemoteError):
            self._count("user" if incoming.extension is None else _kind_said(incoming), "refused")
            raise
        return NONE

    def outcome(self, outcome: Outcome) -> Facts:
        """The next hop answered, or did not."""
        if outcome.status < 200:
            return NONE
        message = self._journal.get(outcome.owner.key)
        relayed = self._pages.answered(outcome)
        if relayed is not None:
            self._answered(message, relayed, outcome)
        elif message is not None and MASTER in message.roles:
            self._fan_out.taken(message, outcome)
        elif message is not None:
            self._fan_out.delivered(message, outcome)
        return NONE

    def timer(self, owner: Owner) -> Facts:
        """Records are too old, or a V-TCF is to be asked again."""
        if owner.purpose == PRUNE:
            self._journal.prune()
        elif owner.purpose == AGAIN:
            self._fan_out.again(owner.key)
        elif owner.purpose == HELD:
            group, sender = map(Aor.parse, owner.key.split(" "))
            for incoming in self._held.pop((group, sender), ()):
                self._ctx.respond(incoming, 403)
        return NONE

    def happened(self, happened: Happened) -> Facts:
        """There are no legs here."""
        return NONE

    def on_peer_up(self, fact: PeerUp) -> Facts:
        """Groups' messages that waited for the peer go out."""
        self._fan_out.peer_up(fact.domain)
        return NONE

    def on_member_located(self, fact: MemberLocated) -> Facts:
        """G: what a member sent before we knew where he is goes on."""
        for incoming in self._held.pop((fact.group, fact.member), ()):
            try:
                self._serve(incoming)
            except Decline as decline:
                self._ctx.respond(incoming, decline.status, *decline.headers)
        return NONE

    def view(self) -> list[dict[str, Value]]:
        """For people: the latest messages, oldest first."""
        return self._journal.view()

    def load(self, rows: dict[str, Value], bodies: dict[str, Value]) -> None:
        """Go on from what the store held."""
        self._journal.load(rows, bodies)
        self._fan_out.load()

    # --- what comes in

    def _serve(self, incoming: Incoming) -> None:
        ctx = self._ctx
        said = wire_data.read(incoming.extension, incoming.wire)
        called, sender = path.called(ctx, incoming), path.asserted(incoming, ctx)
        to_group = said.kind is MessageType.GROUP or self._is_group(incoming, called)
        role = self._role(incoming, sender, called, said.id, to_group=to_group)
        self._check(incoming)
        msgid = said.id or wire_data.made_identity(incoming.request)
        found = self._journal.find(sender, msgid, called, self._roles(role, sender))
        if found is not None:
            self._repeat(found, incoming)
        elif to_group:
            self._to_group(incoming, role, sender, msgid, called)
        else:
            hop = path.next_hop(ctx, Role(role), sender, called)
            self._relay(incoming, hop, MessageType.USER, sender, msgid, called)

    def _is_group(self, incoming: Incoming, called: Aor) -> bool:
        """A plain phone cannot say what the number is that it dialled."""
        if self._ctx.directory.group(called) is not None:
            return True
        attachment = incoming.attachment
        return attachment is not None and any((n, d) == called for n, d, _, _ in attachment.groups)

    def _role(self, incoming: Incoming, sender: Aor, called: Aor, msgid: str, *, to_group: bool) -> str:
        """In which role it reaches this TCF; 403 when who sent it may not assert its sender (profile 2.1)."""
        if not to_group:
            caller_home = (Role.CALLER_HOME.value,)
            open_ = self._journal.find(sender, msgid, called, caller_home) if msgid else None
            known = open_ is not None and not open_.status
            return path.entry(self._ctx, incoming, sender, called, known=known).value
        if incoming.peer is None:
            own = self._ctx.directory.is_home(called)
            return MASTER if own else Role.CALLER_VISITED.value
        if self._ctx.directory.is_home(called):
            return MASTER
        if called.domain != incoming.peer.domain:
            raise Decline(403, f"{incoming.peer.domain} is not the master of {called}")
        return VISITED

    def _roles(self, role: str, sender: Aor) -> tuple[str, ...]:
        """Where a copy of the same message may have come before: at his V, or at his home from another V."""
        if role == Role.CALLER_VISITED.value and self._ctx.directory.is_home(sender):
            return (role, Role.CALLER_HOME.value)
        return (role,)

    def _check(self, incoming: Incoming) -> None:
        limit = self._ctx.limits.max_short_data
        if len(incoming.request.body) > limit:
            self._ctx.meters.count("opentcf_refused_total", "max_short_data")
            raise Decline(413, f"short data is larger than {limit} bytes")
        wire_data.check_body(incoming.request)

    def _repeat(self, found: ShortMessage, incoming: Incoming) -> None:
        """The same answer again, as soon as there is one; nothing is delivered twice."""
        self._count(found.kind.name.lower(), "repeated")
        if not found.status:
            if len(found.waiting) >= COPIES:
                raise Decline(503, "this message is under way", (("Retry-After", "10"),))
            found.waiting.append(incoming)
            return
        domain, text = self._ctx.directory.domain, found.text
        warning = (("Warning", f"399 {domain} {quote(text)}"),) if text else ()
        self._ctx.respond(incoming, found.status, *warning)

    # --- passing on

    def _relay(
        self, incoming: Incoming, hop: Hop, kind: MessageType, sender: Aor, msgid: str, called: Aor
    ) -> None:
        ctx = self._ctx
        message = self._new(incoming, kind, sender, msgid, called, tuple(role.value for role in hop.roles))
        if self._journal.open_from(message.origin) >= ctx.limits.max_transactions_per_peer:
            ctx.meters.count("opentcf_refused_total", "max_transactions_per_peer")
            raise Decline(503, f"too many messages of {message.origin} are open", (("Retry-After", "10"),))
        self._journal.add(message)
        wire = ctx.peer_wire(hop.peer.domain if hop.peer is not None else None)
        said = ((Param.MESSAGE_TYPE, wire.code(kind)), (Param.MESSAGE_ID, msgid))
        self._pages.relay(incoming, hop, sender, called, *said, key=message.key, purpose=RELAY)

    def _answered(self, message: ShortMessage | None, relayed: Relayed, outcome: Outcome) -> None:
        if message is not None:
            copies, said = message.waiting, status(outcome)
            self._journal.answered(message, said, "" if said < 300 else _sentence(outcome))
            self._told(message)
            for copy in copies:
                self._pages.pass_back(relayed._replace(incoming=copy), outcome)
        self._pages.pass_back(relayed, outcome)

    def _told(self, message: ShortMessage) -> None:
        kind = message.kind.name.lower()
        self._count(kind, message.state)
        self._ctx.notice(
            "message",
            msgid=message.msgid,
            kind=kind,
            sender=str(message.sender),
            called=str(message.called),
            state=message.state,
            code=message.status,
        )

    # --- groups

    def _to_group(self, incoming: Incoming, role: str, sender: Aor, msgid: str, group: Aor) -> None:
        """TC2-C 组播短消息响应."""
        ctx, request = self._ctx, incoming.request
        if incoming.attachment is not None and incoming.attachment.stunned:
            raise Decline(403, f"{sender} is stunned")
        if role == Role.CALLER_VISITED.value:
            hop = Hop(path.to_peer(ctx, group.domain), None, path.aor_uri(group), (Role.CALLER_VISITED,))
            self._relay(incoming, hop, MessageType.GROUP, sender, msgid, group)
            return
        message = self._new(incoming, MessageType.GROUP, sender, msgid, group, (role,))
        if role == MASTER:
            known = self._admitted(incoming, sender, group)
            if known is None:
                return
            self._fan_out.accept(known, message, request.body)
        else:
            named = wire_data.named(incoming.extension, group.domain)
            members = named or ctx.directory.present(group)
            self._fan_out.deliver(message, tuple(members), request.body)
        self._told(message)
        ctx.respond(incoming, 200)

    def _admitted(self, incoming: Incoming, sender: Aor, group: Aor) -> Group | None:
        """The group when he may send to it; None while his location may be on its way (as for a call, profile 4.3)."""
        ctx, key = self._ctx, (group, sender)
        via = incoming.peer.domain if incoming.peer is not None else ctx.directory.domain
        try:
            return path.admit_to_group(ctx, group, sender, via)
        except Decline as decline:
            known = ctx.directory.group(group)
            expected = known is not None and known.member(sender) is not None
            if decline.status != 403 or not expected:
                raise
        if key not in self._held:
            ctx.start(HOLD_UP, Owner(NAME, f"{group} {sender}", HELD))
        waiting = self._held.setdefault(key, [])
        if len(waiting) >= COPIES:
            raise Decline(503, f"too many messages of {sender} wait", (("Retry-After", "2"),))
        waiting.append(incoming)
        return None

    def _new(
        self,
        incoming: Incoming,
        kind: MessageType,
        sender: Aor,
        msgid: str,
        called: Aor,
        roles: tuple[str, ...],
    ) -> ShortMessage:
        request = incoming.request
        message = ShortMessage(kind, sender, msgid, called, roles, len(request.body))
        message.origin = incoming.peer.domain if incoming.peer is not None else str(sender)
        message.content_type = request.headers.get("Content-Type") or ""
        return message

    def _count(self, kind: str, result: str) -> None:
        self._ctx.meters.count("opentcf_messages_total", kind, result)


def _kind_said(incoming: Incoming) -> str:
    try:
        kind = wire_data.read(incoming.extension, incoming.wire).kind
    except RemoteError:
        kind = None
    return (kind or MessageType.USER).name.lower()


def _sentence(outcome: Outcome) -> str:
    warning = outcome.response.headers.get("Warning") if outcome.response is not None else None
    return warning.partition('"')[2].rpartition('"')[0] if warning else ""
