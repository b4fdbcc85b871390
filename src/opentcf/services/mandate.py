"""Who may give a control order, and the record of each that was given or refused (profile 4.5).

The dispatcher's own home checks his right; the TCF that carries the order out takes it only from that home, and only
where the site lets that peer control its users.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from opentcf.btrunc import control as wire_control
from opentcf.btrunc.wire import Param, Token
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
ENTRIES = {Token.INSERT: ("call insert", Right.INSERT), Token.LISTEN: ("call listen", Right.LISTEN)}
"""The ways into a call of others: what the audit log calls them, and the right that they need (profile 4.7)."""
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


def controlling(
    ctx: Context, incoming: Incoming, who: Aor, called: Aor, call_id: str, right: Right
) -> Hop | None:
    """The next TCF on the way to the one that controls a call of `called`, a group or one party; None when it is this
    one. 403 when `who` may not give this order, 481 when no such call is known where it should be (profile 7)."""
    if _is_passed_on(ctx, incoming, who, called, call_id):
        check_control(ctx, incoming)
        return None
    role = path.entry(ctx, incoming, who, called, known=False)
    hop = way(ctx, incoming, role, who, called, right)
    has_right = hop is None or Role.CALLER_HOME in hop.roles
    if has_right and _controls(ctx, called, call_id):
        return None
    return hop or _to_controlling(ctx, role, who, called, call_id)


def _controls(ctx: Context, called: Aor, call_id: str) -> bool:
    parties = ctx.directory.running_call(call_id)
    if parties is None or called not in parties:
        return False
    caller, other = parties
    return ctx.directory.is_home(caller) or ctx.directory.group(other) is not None


def _to_controlling(ctx: Context, role: Role, who: Aor, called: Aor, call_id: str) -> Hop:
    """The called user's home relays to the caller's."""
    parties = ctx.directory.running_call(call_id)
    if parties is None or called not in parties:
        raise Decline(481, f"{called} has no call {call_id}")
    peer = path.to_peer(ctx, parties[0].domain)
    home = (Role.CALLER_HOME,) if ctx.directory.is_home(who) else ()
    roles = (role, *home, Role.CALLED_HOME)
    return Hop(peer, None, path.aor_uri(called), tuple(dict.fromkeys(roles)))


def _is_passed_on(ctx: Context, incoming: Incoming, who: Aor, called: Aor, call_id: str) -> bool:
    """Did the home of the called user, who is a party of this call, relay it to us as the caller's home?"""
    peer = incoming.peer
    if peer is None or peer.domain != called.domain or ctx.directory.is_home(who):
        return False
    return _controls(ctx, called, call_id)


def entry(ctx: Context, incoming: Incoming) -> Hop | None:
    """The next TCF of somebody who enters a call of others; None when this one controls it. Refusals are audited."""
    called, who = path.called(ctx, incoming), path.asserted(incoming, ctx)
    token, call_id = wire_control.read_entry(incoming.extension)
    action, right = ENTRIES[token]
    with audited(ctx, who, action, call_id):
        path.forwards(incoming)
        wire_control.read_target(incoming.extension, called)
        return controlling(ctx, incoming, who, called, call_id, right)


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
