"""A group's short message: G sends one MESSAGE to each V-TCF, V one to each member (profile 4.5)."""

from __future__ import annotations

from opentcf.btrunc import data as wire_data
from opentcf.btrunc.extension import write_identity
from opentcf.btrunc.wire import Param
from opentcf.model.cause import Decline
from opentcf.model.group import Group
from opentcf.model.numbers import Aor
from opentcf.model.short_data import MessageType
from opentcf.services import path
from opentcf.services.context import Context
from opentcf.services.pages import Pages
from opentcf.services.path import Hop
from opentcf.services.short_data.journal import NAME, Journal
from opentcf.services.short_data.record import (
    ACCEPTED,
    DELIVERED,
    MASTER,
    NOT_REGISTERED,
    REFUSED,
    UNREACHABLE,
    VISITED,
    WAITING,
    Recipient,
    ShortMessage,
)
from opentcf.sip.message import Request
from opentcf.sip.timers import Timer
from opentcf.sip.transaction import Outcome, Owner

AGAIN = "again"
AGAIN_AFTER = 30.0
"""Seconds until a V-TCF that did not take a message is asked again; it knows a repeated one by its msgid."""
STUNNED = f"{REFUSED} 403"
"""A stunned member gets no service; his terminal is not asked."""
NAMED = 4096
"""The members at one V-TCF are named in a MESSAGE as long as their names take no more octets than this."""


class FanOut:
    """G's and V's part."""

    def __init__(self, ctx: Context, journal: Journal, pages: Pages) -> None:
        self._ctx = ctx
        self._journal = journal
        self._pages = pages
        self._again: dict[str, Timer] = {}

    # --- G

    def accept(self, group: Group, message: ShortMessage, body: bytes) -> None:
        """Take a message for a group of ours and send it on; 480 when none of the others is registered.

        TC2-C 组播短消息.
        """
        by_domain: dict[str, list[Aor]] = {}
        nowhere = []
        for member in group.members:
            visited = self._ctx.directory.where(group.aor, member.aor)
            if member.aor == message.sender:
                continue
            if visited is None:
                nowhere.append(Recipient(str(member.aor), (), NOT_REGISTERED))
            else:
                by_domain.setdefault(visited, []).append(member.aor)
        if not by_domain:
            raise Decline(480, f"no other member of {group.aor} is registered")
        served = [Recipient(domain, tuple(members)) for domain, members in sorted(by_domain.items())]
        message.recipients = (*served, *nowhere)
        message.body, message.status = body, 200
        self._journal.add(message)
        self.resume(message)

    def resume(self, message: ShortMessage) -> None:
        """Send it to the V-TCFs that have not taken it."""
        for recipient in message.open_recipients():
            if not recipient.sent:
                self._send_to(message, recipient)
        self._settle(message)

    def _send_to(self, message: ShortMessage, recipient: Recipient) -> None:
        ctx = self._ctx
        if recipient.name == ctx.directory.domain:
            self._serve_here(message, recipient)
            return
        peer = ctx.directory.peer(recipient.name)
        if peer is None:
            recipient.result = UNREACHABLE
        elif ctx.peer_is_down(peer.domain):
            self._try_again(message)
        else:
            hop = Hop(peer, None, path.aor_uri(message.called), ())
            request = self._pages.new(hop, message.sender, message.called)
            self._fill(request, message, recipient)
            recipient.sent = True
            self._pages.send(request, hop, message.key, recipient.name)

    def _fill(self, request: Request, message: ShortMessage, recipient: Recipient) -> None:
        domain = message.called.domain
        named = [(Param.UDN, write_identity(member, domain)) for member in recipient.members]
        if sum(len(name) + 8 for _, name in named) > NAMED:
            named = []
        wire = self._ctx.peer_wire(recipient.name)
        wire_data.write(request, wire, MessageType.GROUP, message.msgid, *named)
        _put_body(request, message.content_type, message.body)

    def _serve_here(self, message: ShortMessage, recipient: Recipient) -> None:
        copy = ShortMessage(
            message.kind, message.sender, message.msgid, message.called, (VISITED,), message.size
        )
        copy.content_type = message.content_type
        try:
            self.deliver(copy, recipient.members, message.body)
            recipient.result = ACCEPTED
        except Decline as decline:
            recipient.result = f"{REFUSED} {decline.status}"

    def taken(self, message: ShortMessage, outcome: Outcome) -> None:
        """A V-TCF answered, or did not."""
        recipient = _named(message, outcome.owner.purpose)
        if recipient is None or recipient.result != WAITING:
            return
        recipient.sent = False
        if outcome.response is None or outcome.status == 503:
            self._try_again(message)
        else:
            recipient.result = ACCEPTED if outcome.status < 300 else f"{REFUSED} {outcome.status}"
            self._settle(message)

    def again(self, key: str) -> None:
        """Time to ask those again that have not taken it."""
        self._again.pop(key, None)
        message = self._journal.get(key)
        if message is not None:
            self.resume(message)

    def peer_up(self, domain: str) -> None:
        """What waited for the peer goes out."""
        for message in self._journal.unsent():
            if any(recipient.name == domain for recipient in message.open_recipients()):
                self.resume(message)

    def _try_again(self, message: ShortMessage) -> None:
        if message.key not in self._again:
            self._again[message.key] = self._ctx.start(AGAIN_AFTER, Owner(NAME, message.key, AGAIN))

    def _settle(self, message: ShortMessage) -> None:
        if not message.open_recipients():
            self._journal.drop_body(message)
        self._journal.save(message)

    # --- V

    def deliver(self, message: ShortMessage, members: tuple[Aor, ...], body: bytes) -> None:
        """One MESSAGE to each member who is attached here and not stunned; 480 when none is attached."""
        ctx = self._ctx
        found = [ctx.directory.attachment(member) for member in members if member != message.sender]
        attached = [attachment for attachment in found if attachment is not None]
        if not attached:
            raise Decline(480, f"no member of {message.called} is attached here")
        message.recipients = tuple(
            Recipient(str(attachment.user), (), STUNNED if attachment.stunned else WAITING)
            for attachment in attached
        )
        message.status = 200
        self._journal.add(message)
        for attachment in attached:
            if attachment.stunned:
                continue
            hop = Hop(None, attachment, attachment.contact, ())
            request = self._pages.new(hop, message.called, attachment.user, message.sender.number)
            request.headers.set("P-Asserted-Identity", f"<{path.aor_uri(message.sender)}>")
            wire_data.write(request, ctx.wire, MessageType.GROUP, message.msgid)
            _put_body(request, message.content_type, body)
            self._pages.send(request, hop, message.key, str(attachment.user))

    def delivered(self, message: ShortMessage, outcome: Outcome) -> None:
        """A member's terminal answered, or did not."""
        recipient = _named(message, outcome.owner.purpose)
        if recipient is None:
            return
        if outcome.response is None:
            recipient.result = UNREACHABLE
        else:
            recipient.result = DELIVERED if outcome.status < 300 else f"{REFUSED} {outcome.status}"
        self._ctx.meters.count("opentcf_messages_total", "group", recipient.result.partition(" ")[0])
        self._journal.save(message)

    def load(self) -> None:
        """After a restart: V-TCFs whose answer we do not know are asked again."""
        for message in self._journal.unsent():
            if MASTER in message.roles:
                self._again[message.key] = self._ctx.start(0.0, Owner(NAME, message.key, AGAIN))


def _named(message: ShortMessage, name: str) -> Recipient | None:
    return next((recipient for recipient in message.recipients if recipient.name == name), None)


def _put_body(request: Request, content_type: str, body: bytes) -> None:
    request.headers.set("Content-Type", content_type)
    request.body = body
