"""One subscription, and what the store keeps of it."""

from __future__ import annotations

from typing import NamedTuple

from opentcf.btrunc.wire import Package
from opentcf.model.numbers import Aor
from opentcf.services.context import Context, first_hop
from opentcf.sip.dialog import Dialog
from opentcf.sip.outbox import Flow, Value
from opentcf.sip.timers import Timer

NAME = "subscription"


class Watched(NamedTuple):
    """What is watched: a user, a group, or (`aor` None) all that this TCF is home to."""

    aor: Aor | None
    is_group: bool


class Subscription:
    """A dialog in which a dispatcher hears of one package. Its key is our tag.

    `full`: the next NOTIFY tells everything; else `pending` are the entries that it tells. `waiting`: a NOTIFY is
    unanswered. `ending` is the reason that the last NOTIFY gives. Times are the node's.
    """

    __slots__ = (
        "dialog",
        "ending",
        "expires",
        "expiry",
        "flow",
        "full",
        "id",
        "key",
        "pace",
        "package",
        "pending",
        "sent",
        "user",
        "version",
        "waiting",
        "watched",
    )  # fmt: skip

    def __init__(
        self, dialog: Dialog, flow: Flow, user: Aor, package: Package, watched: Watched, identifier: str
    ) -> None:
        self.dialog = dialog
        self.key = dialog.local_tag
        self.flow = flow
        self.user = user
        self.package = package
        self.watched = watched
        self.id = identifier
        self.version = 0
        self.expires = 0.0
        self.full = True
        self.pending: dict[str, None] = {}
        self.waiting = False
        self.sent = float("-inf")
        self.ending = ""
        self.expiry: Timer | None = None
        self.pace: Timer | None = None

    @property
    def hop(self) -> Flow:
        """Where its NOTIFYs go."""
        return first_hop(self.dialog, self.flow)

    @property
    def idle(self) -> bool:
        """Is there nothing to tell?"""
        return not (self.full or self.pending or self.ending)

    def stop(self) -> None:
        """No timer any more."""
        for timer in (self.expiry, self.pace):
            if timer is not None:
                timer.cancel()
        self.expiry = self.pace = None

    def __repr__(self) -> str:
        return f"<Subscription {self.user} to {self.package.value} of {self.watched.aor or 'all'}>"


def save(ctx: Context, subscription: Subscription) -> None:
    """Before each message of its dialog leaves: so its numbers need no jump at a restart."""
    dialog, watched = subscription.dialog, subscription.watched
    row = {
        "v": 1,
        "user": str(subscription.user),
        "package": subscription.package.value,
        "watched": [str(watched.aor) if watched.aor is not None else None, watched.is_group],
        "id": subscription.id,
        "version": subscription.version,
        "expires": subscription.expires + ctx.wall_offset,
        "ending": subscription.ending,
        "flow": list(subscription.flow[:4]),
        "call_id": dialog.call_id,
        "remote_tag": dialog.remote_tag,
        "uris": [dialog.local, dialog.remote, dialog.target],
        "cseq": [dialog.local_cseq, dialog.remote_cseq],
        "routes": dialog.routes,
    }
    ctx.save(NAME, subscription.key, row)


def read(ctx: Context, key: str, row: Value) -> Subscription:
    """The subscription again, about to tell everything."""
    dialog = Dialog(row["call_id"], key, *row["uris"])
    dialog.remote_tag, dialog.routes = row["remote_tag"], row["routes"]
    dialog.local_cseq, dialog.remote_cseq = row["cseq"]
    aor, is_group = row["watched"]
    watched = Watched(Aor.parse(aor) if aor is not None else None, is_group)
    user, package = Aor.parse(row["user"]), Package(row["package"])
    found = Subscription(dialog, Flow(*row["flow"]), user, package, watched, row["id"])
    found.version, found.ending = row["version"], row["ending"]
    found.expires = row["expires"] - ctx.wall_offset
    return found
