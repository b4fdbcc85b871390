"""The path of a call or message between two users: caller's V → caller's H → called H → called V.

Each TCF plays the roles that fall on it, one after the other, until the next one is elsewhere: that is the next hop.
Who may say whom he speaks for is decided here as well (profile 2.1).
"""

from enum import Enum
from typing import NamedTuple

from opentcf.btrunc.extension import identity
from opentcf.model.cause import Decline
from opentcf.model.group import Group
from opentcf.model.numbers import Aor, is_number
from opentcf.model.peer import Peer
from opentcf.model.registration import Attachment
from opentcf.model.subscriber import HIGHEST_PRIORITY, LOWEST_PRIORITY, Right, Subscriber
from opentcf.model.subscriber import Role as Equipment
from opentcf.services.context import Context, Incoming, peer_flow
from opentcf.sip.grammar import decimal
from opentcf.sip.headers import NameAddr
from opentcf.sip.outbox import Flow
from opentcf.sip.uri import Uri

HOME = "home"
"""The URI parameter of a V-TCF's Contact that names the user's home."""


class Role(Enum):
    """A place on the path."""

    CALLER_VISITED = "caller's V"
    CALLER_HOME = "caller's H"
    CALLED_HOME = "called H"
    CALLED_VISITED = "called V"


CALLER_VISITED, CALLER_HOME, CALLED_HOME, CALLED_VISITED = Role


class Hop(NamedTuple):
    """Where it goes next: to `peer`, or (peer None) to the `attachment`. `uri` is the Request-URI for it."""

    peer: Peer | None
    attachment: Attachment | None
    uri: str
    roles: tuple[Role, ...]


def aor_uri(aor: Aor) -> str:
    """`sip:number@domain`."""
    return f"sip:{aor.number}@{aor.domain}"


def forwards(incoming: Incoming) -> str:
    """Max-Forwards for the next hop (RFC 3261 §16.6); 483 when there is none left."""
    raw = incoming.request.headers.get("Max-Forwards")
    if raw is None:
        return "70"
    left = decimal(raw, 256, "Max-Forwards")
    if left == 0:
        raise Decline(483, "Max-Forwards is used up")
    return str(left - 1)


def called(ctx: Context, incoming: Incoming) -> Aor:
    """Whom a Request-URI means: on D a number may stand alone, on TC2 it may be the Contact we registered."""
    uri = incoming.target
    number = uri.user.partition(";")[0]
    if uri.scheme == "tel" or incoming.user is not None:
        return _dialled(ctx, uri, number, incoming.user)
    home = uri.parameters.get(HOME)
    if home:
        return _number(number, home.lower())
    return _number(number, uri.host)


def _dialled(ctx: Context, uri: Uri, number: str, user: Aor | None) -> Aor:
    if uri.scheme == "tel" or uri.host in ctx.local_hosts:
        return _number(number.lstrip("+"), user.domain if user else ctx.directory.domain)
    return _number(number, uri.host)


def _number(number: str, domain: str) -> Aor:
    if not is_number(number):
        raise Decline(404, f"{number[:40]!r} is no number")
    return Aor(number, domain)


def asserted(incoming: Incoming, ctx: Context) -> Aor:
    """Who originates a request: the authenticated user on D, P-Asserted-Identity (else From) between TCFs.

    The field may have a tel URI beside the SIP one (RFC 3325 §9.1); it names no domain.
    """
    if incoming.user is not None:
        return incoming.user
    lines = incoming.request.headers.elements("P-Asserted-Identity")
    said = [NameAddr.parse(line).uri for line in lines[:2]]
    uri = next((uri for uri in said if uri.scheme != "tel"), None) or incoming.request.from_().uri
    return identity(f"{uri.user}@{uri.host}", ctx.directory.domain)


def is_contact(incoming: Incoming) -> bool:
    """Is the Request-URI a Contact that a V-TCF registered for a visitor?"""
    return bool(incoming.target.parameters.get(HOME))


def entry(ctx: Context, incoming: Incoming, caller: Aor, called: Aor, *, known: bool) -> Role:
    """The role in which a request reaches this TCF; 403 when its sender may not assert this caller. TC2-C 403.

    `known`: this call already passed here as its caller's home, so that it comes to the called user's V now.
    """
    if incoming.peer is None:
        return CALLER_VISITED
    here, sender = ctx.directory, incoming.peer.domain
    if is_contact(incoming):
        if called.domain != sender:
            raise Decline(403, f"{sender} is not the home of {called}")
        return CALLED_VISITED
    visiting = called.domain == sender and here.attachment(called) is not None
    binding = here.binding(caller)
    roams_there = binding is not None and binding.visited == sender
    if roams_there and not (visiting and known):
        return CALLER_HOME
    if visiting:
        return CALLED_VISITED
    if caller.domain == sender and here.is_home(called):
        return CALLED_HOME
    raise Decline(403, f"{sender} may not assert {caller} towards {called}")


def next_hop(ctx: Context, role: Role, caller: Aor, called: Aor) -> Hop:
    """Play the roles that fall on this TCF, from `role` on; Decline when one of them refuses."""
    roles = [role]
    if role is not CALLED_VISITED:
        hop = _caller_side(ctx, roles, caller, called, None)
        if hop is not None:
            return hop
        if role is not CALLED_HOME:
            roles.append(CALLED_HOME)
        known_subscriber(ctx, called, 404)
        _in_service(ctx, called)
        hop = to_visited(ctx, called)
        return hop._replace(roles=(*roles, *hop.roles))
    attachment = ctx.directory.attachment(called)
    if attachment is None:
        raise Decline(480, f"{called} is not attached here")
    if attachment.stunned:
        raise Decline(403, f"{called} is stunned")
    return to_terminal(attachment)._replace(roles=tuple(roles))


def _caller_side(
    ctx: Context, roles: list[Role], caller: Aor, target: Aor, right: Right | None
) -> Hop | None:
    """Play the caller's V and H as far as they fall on this TCF; None when it is the home of `target` as well."""
    if roles[-1] is CALLER_VISITED:
        attachment = ctx.directory.attachment(caller)
        if attachment is not None and attachment.stunned:
            raise Decline(403, f"{caller} is stunned")
        if not ctx.directory.is_home(caller):
            return Hop(to_peer(ctx, caller.domain), None, aor_uri(target), tuple(roles))
        roles.append(CALLER_HOME)
    if roles[-1] is CALLER_HOME:
        subscriber = known_subscriber(ctx, caller, 403)
        _in_service(ctx, caller)
        if right is not None and right not in subscriber.rights:
            raise Decline(403, f"{caller} has no right to {right.value}")
    if ctx.directory.is_home(target):
        return None
    return Hop(to_peer(ctx, target.domain), None, aor_uri(target), tuple(roles))


def to_called(ctx: Context, called: Aor, *, group: bool = False) -> Hop:
    """The way of something that begins at this TCF, to a user anywhere or a group of another TCF."""
    if group or not ctx.directory.is_home(called):
        return Hop(to_peer(ctx, called.domain), None, aor_uri(called), ())
    known_subscriber(ctx, called, 404)
    _in_service(ctx, called)
    return to_visited(ctx, called)


def flow_of(hop: Hop) -> Flow:
    """Where its messages are sent."""
    if hop.attachment is not None:
        return Flow(*hop.attachment.flow)
    assert hop.peer is not None
    return peer_flow(hop.peer)


def to_visited(ctx: Context, user: Aor) -> Hop:
    """H: the way to a user of ours where he is now; 480 when he is nowhere."""
    binding = ctx.directory.binding(user)
    if binding is None:
        raise Decline(480, f"{user} is not registered")
    if binding.visited != ctx.directory.domain:
        return Hop(to_peer(ctx, binding.visited), None, binding.contact, ())
    attachment = ctx.directory.attachment(user)
    if attachment is None:
        raise Decline(480, f"{user} is not attached here")
    return to_terminal(attachment)


def to_terminal(attachment: Attachment) -> Hop:
    """V: the last hop."""
    return Hop(None, attachment, attachment.contact, (CALLED_VISITED,))


def towards_home(ctx: Context, role: Role, caller: Aor, target: Aor, right: Right | None) -> Hop | None:
    """The next hop of an operation that is carried out at the home of `target`, a user or a group: dispatcher's V →
    dispatcher's H → target's H or G. None when this TCF is that home. The dispatcher's H checks his right: 403.
    """
    return _caller_side(ctx, [role], caller, target, right)


def admit_to_group(ctx: Context, group: Aor, caller: Aor, sender: str) -> Group:
    """May `caller`, whom the TCF `sender` serves or is home of, use this group of ours? Decline 404 or 403."""
    known = ctx.directory.group(group)
    if known is None:
        raise Decline(404, f"{group} is no group here")
    if known.member(caller) is None and not is_dispatcher(ctx, caller):
        raise Decline(403, f"{caller} is no member of {group}")
    if sender not in (caller.domain, ctx.directory.where(group, caller)):
        raise Decline(403, f"{sender} does not serve {caller}")
    return known


def best_priority(ctx: Context, group: Aor, user: Aor) -> int:
    """The best priority that a user of ours, or one who is attached here, may ask for in a group (profile 3.1). A
    visitor's is in the membership list of his home; one of the group's own domain who is not in it is held to his
    subscription there. In no list: what his subscription says, as far as we know it."""
    subscriber, attachment = ctx.directory.subscriber(user), ctx.directory.attachment(user)
    if subscriber is not None:
        told = {membership.group: membership.priority for membership in ctx.directory.memberships(user)}
        return told.get(group, subscriber.priority)
    groups = attachment.groups if attachment is not None else ()
    unlisted = HIGHEST_PRIORITY if user.domain == group.domain else LOWEST_PRIORITY
    return next((best for number, domain, _, best in groups if (number, domain) == group), unlisted)


def is_dispatcher(ctx: Context, user: Aor) -> bool:
    """Is he a dispatcher of our own domain?"""
    subscriber = ctx.directory.subscriber(user)
    return subscriber is not None and subscriber.role is Equipment.DISPATCHER


def known_subscriber(ctx: Context, user: Aor, status: int) -> Subscriber:
    """A subscriber of ours; Decline with `status` when there is none. TC2-C 404."""
    subscriber = ctx.directory.subscriber(user)
    if subscriber is None:
        raise Decline(status, f"{user} is no subscriber here")
    return subscriber


def _in_service(ctx: Context, user: Aor) -> None:
    """A user who was stunned or killed neither gets nor gives a service: 403."""
    if not ctx.directory.in_service(user):
        raise Decline(403, f"{user} is {ctx.directory.state(user).value}")


def room_for(ctx: Context, caller: Aor, *, emergency: bool) -> None:
    """486 when a user served here has as many calls as he may; one in an emergency is not held back."""
    most = ctx.limits.max_calls
    if not emergency and ctx.directory.load(caller) >= most:
        ctx.meters.count("opentcf_refused_total", "max_calls")
        raise Decline(486, f"{caller} already has {most} calls")


def to_peer(ctx: Context, domain: str) -> Peer:
    """The peer of a domain: 404 when none is configured, 503 at once when it is known to be down."""
    peer = ctx.directory.peer(domain)
    if peer is None:
        raise Decline(404, f"no TCF is known for {domain}")
    if ctx.peer_is_down(domain):
        raise Decline(503, f"{domain} is down", (("Retry-After", str(int(peer.heartbeat) + 1)),))
    return peer
