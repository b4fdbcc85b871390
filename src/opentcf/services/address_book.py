"""The address book (D): a terminal asks, and its home's users and groups come in as many MESSAGEs as they need."""

from opentcf.btrunc import events
from opentcf.btrunc import extension as wire_extension
from opentcf.btrunc.wire import Token
from opentcf.model.cause import Decline
from opentcf.model.group import Group
from opentcf.model.numbers import Aor
from opentcf.model.subscriber import Subscriber
from opentcf.services.context import NONE, Context, Facts, Incoming
from opentcf.services.leg import Happened
from opentcf.services.pages import Pages
from opentcf.services.path import Hop
from opentcf.sip.transaction import Outcome, Owner

NAME = "address_book"


class Push:
    """A book on its way to one user: who stands in it, and how many of them the terminal has, or is being sent."""

    __slots__ = ("branch", "entries", "sent")

    def __init__(self, entries: list[Subscriber | Group]) -> None:
        self.entries = entries
        self.sent = 0
        self.branch = ""


class AddressBook:
    """The procedure: one push for each user at a time. It is not kept over a restart: the terminal asks again."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._pages = Pages(ctx, NAME)
        self._pushes: dict[Aor, Push] = {}

    def request(self, incoming: Incoming) -> Facts:
        """MESSAGE with `pttgetaddrlist`: 200, then the book. Asking again begins it anew."""
        ctx, user = self._ctx, incoming.user
        assert user is not None
        if not ctx.directory.is_home(user):
            raise Decline(403, f"the address book of {user} is kept at {user.domain}")
        if incoming.attachment is None:
            raise Decline(403, f"{user} is not registered here")
        if incoming.attachment.stunned:
            raise Decline(403, f"{user} is stunned")
        ctx.respond(incoming, 200)
        self._pushes[user] = Push([*ctx.directory.subscribers(), *ctx.directory.groups()])
        self._next(user)
        return NONE

    def _next(self, user: Aor) -> None:
        ctx, push = self._ctx, self._pushes[user]
        attachment = ctx.directory.attachment(user)
        if attachment is None:
            del self._pushes[user]
            return
        hop = Hop(None, attachment, attachment.contact, ())
        request = self._pages.new(hop, None, user)
        wire_extension.write(request, ctx.wire, Token.PUSH_ADDRESSES)
        entries = (events.address(who) for who in push.entries[push.sent :])
        portion = next(iter(events.fitting(entries, ctx.limits.max_body)), [])
        first, total = push.sent + 1, len(push.entries)
        events.write_addresses(request, ctx.wire, ctx.directory.domain, first, total, portion)
        push.sent += len(portion)
        push.branch = self._pages.send(request, hop, str(user))

    def outcome(self, outcome: Outcome) -> Facts:
        """A terminal took a page, or did not: then it must ask again."""
        user = Aor.parse(outcome.owner.key)
        push = self._pushes.get(user)
        if push is None or outcome.status < 200 or outcome.branch != push.branch:
            return NONE
        if outcome.status < 300 and push.sent < len(push.entries):
            self._next(user)
        else:
            del self._pushes[user]
        return NONE

    def timer(self, owner: Owner) -> Facts:
        """There are none."""
        return NONE

    def happened(self, happened: Happened) -> Facts:
        """There are no legs here."""
        return NONE
