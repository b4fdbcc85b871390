"""Who may give a control order, and the record of each that was given or refused (profile 4.5).

The dispatcher's own home checks his right; the TCF that carries the order out takes it only from that home, and only
where the site lets that peer control its users.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from opentcf.btrunc.wire import Param
from opentcf.model.cause import Decline
from opentcf.model.numbers import Aor
from opentcf.model.subscriber import Right
from opentcf.services import path
from opentcf.services.context import Context, Incoming
from opentcf.services.pages import Pages, status
from opentcf.services.path import Hop, Role
from opentcf.sip.errors import RemoteError
from opentcf.sip.transaction import Outcome

ORDER = "order"
"""Purpose of an order on its way, followed by its action."""
WAIT = 24.0
"""Seconds to wait for the TCF that carries an order out, less than who gave it waits."""


def way(ctx: Context, incoming: Incoming, role: Role, who: Aor, target: Aor, right: Right) -> Hop | None:
    """Where an order goes next, None when it is carried out here; 403 when it may not be given."""
    if role is Role.CALLED_HOME:
        check_control(ctx, incoming)
    return path.towards_home(ctx, role, who, target, right)


def check_control(ctx: Context, incoming: Incoming) -> None:
    """403 unless the site lets this peer control what is ours."""
    peer = incoming.peer
    if peer is not None and not peer.control:
        raise Decline(403, f"{peer.domain} may not control users of {ctx.directory.domain}")


def pass_on(
    pages: Pages,
    incoming: Incoming,
    hop: Hop,
    who: Aor,
    called: Aor,
    action: str,
    target: str,
    *more: tuple[Param, str],
) -> None:
    """Send an order to the next TCF; `passed_back` answers it, and the dispatcher's home notes what came of it."""
    key, purpose = f"{who} {called.domain} {target}", f"{ORDER} {action}"
    if Role.CALLER_HOME not in hop.roles:
        key, purpose = "", ORDER
    pages.relay(incoming, hop, who, called, *more, key=key, purpose=purpose, timeout=WAIT)


def passed_back(ctx: Context, pages: Pages, outcome: Outcome) -> bool:
    """The answer to an order that was passed on goes back; False when the outcome is of something else."""
    order, _, action = outcome.owner.purpose.partition(" ")
    if order != ORDER:
        return False
    relayed = pages.answered(outcome)
    if relayed is not None:
        pages.pass_back(relayed, outcome)
        if action:
            who, domain, target = outcome.owner.key.split(" ", 2)
            code = status(outcome)
            record(ctx, Aor.parse(who), action, target, "done" if code == 200 else f"{code} says {domain}")
    return True


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
