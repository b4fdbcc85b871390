"""Who may give a control order, and the record of each that was given or refused (profile 4.5).

The dispatcher's own home checks his right; the TCF that carries the order out takes it only from that home, and only
where the site lets that peer control its users.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from opentcf.model.cause import Decline
from opentcf.model.numbers import Aor
from opentcf.model.subscriber import Right
from opentcf.services import path
from opentcf.services.context import Context, Incoming
from opentcf.services.path import Hop, Role
from opentcf.sip.errors import RemoteError


def way(ctx: Context, incoming: Incoming, role: Role, who: Aor, target: Aor, right: Right) -> Hop | None:
    """Where an order goes next, None when it is carried out here; 403 when it may not be given."""
    peer = incoming.peer
    if role is Role.CALLED_HOME and peer is not None and not peer.control:
        raise Decline(403, f"{peer.domain} may not control users of {ctx.directory.domain}")
    return path.towards_home(ctx, role, who, target, right)


@contextmanager
def audited(ctx: Context, who: Aor, action: str, target: str) -> Iterator[None]:
    """An order that is refused inside is in the audit log."""
    try:
        yield
    except Decline as decline:
        record(ctx, who, action, target, f"{decline.status} {decline.text}")
        raise
    except RemoteError as error:
        record(ctx, who, action, target, f"{error.status} {error.text}")
        raise


def record(ctx: Context, who: Aor, action: str, target: str, result: str = "done") -> None:
    """Enter an order into the audit log and count it."""
    ctx.audit(str(who), action, target, result)
    ctx.meters.count("opentcf_control_total", action, "done" if result == "done" else "refused")
