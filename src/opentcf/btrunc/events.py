"""What a dispatcher is told of (profile 6): the XML bodies of the five event packages and of the address book.

Each body is a list of entries, each known by one attribute. The schemas are published in docs/schemas.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from opentcf.btrunc import xml
from opentcf.btrunc.wire import Body, Package, Wire
from opentcf.model.facts import CallChanged, GroupCallChanged
from opentcf.model.group import Group, Membership
from opentcf.model.numbers import Aor
from opentcf.model.registration import Binding
from opentcf.model.subscriber import Subscriber
from opentcf.sip.errors import RemoteError
from opentcf.sip.grammar import decimal, is_token
from opentcf.sip.message import Message, Request

BODIES = {
    Package.REGISTER: Body.REGISTER_INFO,
    Package.USER_CALL: Body.USER_CALL_INFO,
    Package.GROUP_CALL: Body.GROUP_CALL_INFO,
    Package.ONLINE_CALL: Body.ONLINE_CALL_INFO,
    Package.MEMBERSHIP: Body.MEMBERSHIP,
}
ROOTS = {
    Package.REGISTER: "pttuereginfo",
    Package.USER_CALL: "pttuecallinfo",
    Package.GROUP_CALL: "pttgroupcallinfo",
    Package.ONLINE_CALL: "pttsysonlinecallinfo",
    Package.MEMBERSHIP: "pttmembershipinfo",
}
KNOWN_BY = {
    Package.REGISTER: "udn",
    Package.USER_CALL: "udn",
    Package.GROUP_CALL: "gdn",
    Package.ONLINE_CALL: "id",
    Package.MEMBERSHIP: "udn",
}
"""The attribute that an entry of a body is known by."""
LISTED = 256
"""How many listeners or groups one entry names; `count` says how many there are."""


class Event(NamedTuple):
    """An Event field: its package, None when nobody knows it, and the `id` that tells subscriptions apart."""

    package: Package | None
    id: str


class Report(NamedTuple):
    """A body as its watcher reads it: entries by what they are known by."""

    version: int
    full: bool
    entries: dict[str, xml.Element]


class Part(NamedTuple):
    """A user's part in a call: as `caller`, `called`, `talker` or `listener`, `other` being who or what he is in it
    with."""

    id: str
    call_type: int
    state: str
    role: str
    other: Aor


def read_event(request: Request, wire: Wire) -> Event:
    """The package that a SUBSCRIBE or NOTIFY is about; an absent field reads as an unknown package."""
    name, *parameters = [piece.strip() for piece in (request.headers.get("Event") or "").split(";")]
    found = dict(piece.partition("=")[::2] for piece in parameters)
    identifier = found.get("id", "")
    if identifier and not is_token(identifier):
        raise RemoteError(400, "the id of Event is no token")
    return Event(wire.event(name), identifier)


def write_event(message: Message, wire: Wire, package: Package, identifier: str) -> None:
    """The reverse."""
    message.headers.set("Event", wire.events[package] + (f";id={identifier}" if identifier else ""))


def check_accept(request: Request, wire: Wire, package: Package) -> None:
    """406 for a watcher that says what it takes and leaves the package's body out."""
    wanted = wire.bodies[BODIES[package]].lower()
    accepted = {element.partition(";")[0].strip() for element in request.tokens("Accept")}
    if accepted and not accepted & {wanted, "application/*", "*/*"}:
        raise RemoteError(406, f"the event needs Accept: {wanted}", (("Accept", wanted),))


# --- entries


def registration(user: Aor, binding: Binding | None) -> str:
    """Where a user is registered."""
    if binding is None:
        return f"<ue{xml.attributes(udn=str(user), state='unregistered')}/>"
    return f"<ue{xml.attributes(udn=str(user), state='registered', visited=binding.visited)}/>"


def user_calls(user: Aor, parts: list[Part]) -> str:
    """What a user is doing."""
    rows = "".join(f"<call{_part(part)}/>" for part in parts)
    start = f"<ue{xml.attributes(udn=str(user), state='busy' if parts else 'idle')}"
    return f"{start}>{rows}</ue>" if rows else f"{start}/>"


def _part(part: Part) -> str:
    values: dict[str, str | int] = {"id": part.id, "type": part.call_type, "state": part.state}
    return xml.attributes(**values | {"role": part.role, "with": str(part.other)})


def group_call(group: Aor, call: GroupCallChanged | None) -> str:
    """A group's call, its talker and its listeners; `ended` when there is none."""
    if call is None:
        return f"<groupcall{xml.attributes(gdn=str(group), state='ended')}/>"
    values: dict[str, str | int] = {
        "gdn": str(group),
        "state": call.state,
        "id": call.id,
        "type": int(call.call_type),
    }
    values |= {"caller": str(call.caller)} if call.caller is not None else {}
    values |= {"talker": str(call.talker)} if call.talker is not None else {}
    values |= {"emergency": "true"} if call.emergency else {}
    values |= {"since": moment(call.began), "count": len(call.listeners)}
    rows = "".join(f"<listener{xml.attributes(udn=str(user))}/>" for user in call.listeners[:LISTED])
    return f"<groupcall{xml.attributes(**values)}>{rows}</groupcall>"


def online_call(identifier: str, call: CallChanged | GroupCallChanged | None) -> str:
    """A call in which this TCF has a part."""
    if call is None:
        return f"<call{xml.attributes(id=identifier, state='ended')}/>"
    called = call.called if isinstance(call, CallChanged) else call.group
    values: dict[str, str | int] = {"id": identifier, "state": call.state, "type": int(call.call_type)}
    values |= {"caller": str(call.caller)} if call.caller is not None else {}
    return f"<call{xml.attributes(**values, called=str(called), since=moment(call.began))}/>"


def memberships(user: Aor, groups: list[Membership]) -> str:
    """The groups of a user."""
    rows = "".join(
        f"<group{xml.attributes(gdn=m.group.number, domain=m.group.domain, name=m.name, priority=m.priority)}/>"
        for m in groups[:LISTED]
    )
    return f"<user{xml.attributes(udn=str(user), count=len(groups))}>{rows}</user>"


def address(who: Subscriber | Group) -> str:
    """A line of the address book."""
    aor = {"number": who.aor.number, "domain": who.aor.domain, "name": who.name}
    if isinstance(who, Group):
        return f"<group{xml.attributes(**aor)}/>"
    return f"<user{xml.attributes(**aor, role=who.role.value)}/>"


def moment(wall: float) -> str:
    """Wall seconds as an XML dateTime."""
    return datetime.fromtimestamp(int(wall), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# --- bodies


def write_report(
    message: Message, wire: Wire, package: Package, version: int, entries: Iterable[str], *, full: bool
) -> None:
    """The body of a NOTIFY."""
    root = ROOTS[package]
    head = xml.attributes(version=version, state="full" if full else "partial")
    message.headers.set("Content-Type", wire.bodies[BODIES[package]])
    message.body = f"<{root}{head}>\n{_lines(entries)}</{root}>\n".encode()


def read_report(message: Message, wire: Wire, package: Package) -> Report:
    """The reverse."""
    if message.content_type() != wire.bodies[BODIES[package]].lower():
        raise RemoteError(415, f"{message.content_type()[:60]!r} does not belong to the event")
    root, known_by = xml.parse(message.body, ROOTS[package]), KNOWN_BY[package]
    version = decimal(root.attributes.get("version", ""), 2**31, "version")
    entries = {entry.attributes.get(known_by, ""): entry for entry in root.children}
    return Report(version, root.attributes.get("state") == "full", entries)


class Addresses(NamedTuple):
    """A part of an address book of `total` entries, which begins with entry number `first`."""

    domain: str
    first: int
    total: int
    entries: list[xml.Element]


def write_addresses(
    message: Message, wire: Wire, domain: str, first: int, total: int, entries: Iterable[str]
) -> None:
    """A part of the address book of a domain."""
    head = xml.attributes(domain=domain, first=first, total=total)
    message.headers.set("Content-Type", wire.bodies[Body.ADDRESSES])
    message.body = f"<pttaddrlist{head}>\n{_lines(entries)}</pttaddrlist>\n".encode()


def read_addresses(message: Message, wire: Wire) -> Addresses:
    """The reverse."""
    if message.content_type() != wire.bodies[Body.ADDRESSES].lower():
        raise RemoteError(415, f"{message.content_type()[:60]!r} is no address book")
    root = xml.parse(message.body, "pttaddrlist")
    first, total = (decimal(root.attributes.get(name, ""), 2**31, name) for name in ("first", "total"))
    return Addresses(root.attributes.get("domain", ""), first, total, root.children)


def _lines(entries: Iterable[str]) -> str:
    return "".join(f"  {entry}\n" for entry in entries)


HEAD = 256
"""What a body has around its entries, at most."""


def fitting(entries: Iterable[str], size: int) -> Iterable[list[str]]:
    """Entries in portions that make bodies of at most `size` bytes, or of one entry."""
    portion: list[str] = []
    used = HEAD
    for entry in entries:
        needs = len(entry.encode()) + 3
        if portion and used + needs > size:
            yield portion
            portion, used = [], HEAD
        portion.append(entry)
        used += needs
    if portion:
        yield portion
