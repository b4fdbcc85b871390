"""Commands that add, change and remove subscribers and groups, see `node.provisioning`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from opentcf.model.cause import Decline
from opentcf.model.group import Group, Member
from opentcf.model.numbers import NUMBER_DIGITS, Aor, is_number
from opentcf.model.subscriber import NO_RIGHTS, Role, Subscriber
from opentcf.node.commands.command import Answer, Arguments, Deed, own, unknown
from opentcf.node.orders import Value
from opentcf.node.provisioning import Roll
from opentcf.services.context import Context

if TYPE_CHECKING:
    from opentcf.node.node import Node


class Entry(NamedTuple):
    """What somebody wants of one number: names of fields of the model, and their values.

    A group's `add_members` and `remove_members` change its members instead of replacing them. `where` begins what is
    said when it cannot be (`row 3: `).
    """

    number: str
    fields: Mapping[str, Value]
    where: str = ""

    def __str__(self) -> str:
        said = (f"{name}={_shown(name, value)}" for name, value in sorted(self.fields.items()))
        return " ".join((self.number, *said))


class Kind(NamedTuple):
    """What is done alike to subscribers and groups."""

    word: str
    other: str
    new: Callable[[Aor], Subscriber | Group]


SUBSCRIBER = Kind("subscriber", "group", Subscriber)
GROUP = Kind("group", "subscriber", Group)


def _found(ctx: Context, word: str, number: str) -> Subscriber | Group | None:
    aor = Aor(number, ctx.directory.domain)
    return ctx.directory.subscriber(aor) if word == "subscriber" else ctx.directory.group(aor)


def _existing(ctx: Context, kind: Kind, number: str) -> Subscriber | Group:
    found = _found(ctx, kind.word, number)
    if found is None:
        raise unknown(kind.word, Aor(number, ctx.directory.domain))
    if isinstance(found, Group) and ctx.directory.temporary(found.aor) is not None:
        raise Decline(409, f"{number} is a temporary group; its dispatcher changes and cancels it")
    return found


def _wanted(ctx: Context, kind: Kind, entry: Entry, base: Subscriber | Group | None) -> Subscriber | Group:
    """`base`, or a new one, with the fields of the entry; Decline when it cannot be."""
    number = entry.number
    if not is_number(number):
        raise Decline(400, f"{entry.where}number: {number!r} is not a number of 1 to {NUMBER_DIGITS} digits")
    if _found(ctx, kind.other, number) is not None:
        raise Decline(409, f"{entry.where}number: {number} is a {kind.other}'s number")
    base = base or kind.new(Aor(number, ctx.directory.domain))
    fields = dict(entry.fields)
    if isinstance(base, Group):
        fields = _with_members(base, entry, fields)
    made = replace(base, **fields)
    if isinstance(made, Subscriber) and made.rights and made.role is not Role.DISPATCHER:
        raise Decline(400, f"{entry.where}rights: {NO_RIGHTS}")
    return made


def _with_members(group: Group, entry: Entry, fields: dict[str, Value]) -> dict[str, Value]:
    added: tuple[Member, ...] = fields.pop("add_members", ())
    removed: tuple[Member, ...] = fields.pop("remove_members", ())
    if not added and not removed:
        return fields
    members = {member.aor: member for member in fields.get("members", group.members)}
    for member in removed:
        if members.pop(member.aor, None) is None:
            raise Decline(
                404, f"{entry.where}remove_members: {member.aor} is no member of {group.aor.number}"
            )
    members |= {member.aor: member for member in added}
    return {**fields, "members": tuple(members.values())}


def add(kind: Kind, node: Node, ctx: Context, arguments: Arguments) -> Answer:
    """A number that is free."""
    entry: Entry = arguments["entry"]
    if _found(ctx, kind.word, entry.number) is not None:
        raise Decline(409, f"there is a {kind.word} {entry.number} already")
    return _put(kind, node, [_wanted(ctx, kind, entry, None)])


def change(kind: Kind, node: Node, ctx: Context, arguments: Arguments) -> Answer:
    """Some settings of a number that exists; the others stay."""
    entry: Entry = arguments["entry"]
    return _put(kind, node, [_wanted(ctx, kind, entry, _existing(ctx, kind, entry.number))])


def put(kind: Kind, node: Node, ctx: Context, arguments: Arguments) -> Answer:
    """All settings of a number, new or not."""
    return _put(kind, node, [_wanted(ctx, kind, arguments["entry"], None)])


def many(kind: Kind, node: Node, ctx: Context, arguments: Arguments) -> Answer:
    """Many numbers: new ones are added, of the others what is named is changed; all of them or none."""
    entries: list[Entry] = arguments["entries"]
    wanted = [_wanted(ctx, kind, entry, _found(ctx, kind.word, entry.number)) for entry in entries]
    _, facts = _put(kind, node, wanted)
    return {"imported": len(wanted)}, facts


def remove(kind: Kind, node: Node, ctx: Context, arguments: Arguments) -> Answer:
    """A number that exists; one of the configuration stays removed."""
    number = own(ctx, arguments, "number").number
    _existing(ctx, kind, number)
    _roll(kind, node).remove(number)
    return {"removed": number}, node.enrolled()


def reset(kind: Kind, node: Node, ctx: Context, arguments: Arguments) -> Answer:
    """Back to what the configuration says of a number."""
    number = own(ctx, arguments, "number").number
    if not _roll(kind, node).forget(number):
        raise Decline(404, f"{kind.word} {number} is what the configuration says already")
    return {"reset": number}, node.enrolled()


def _put(kind: Kind, node: Node, entries: Sequence[Subscriber | Group]) -> Answer:
    roll = _roll(kind, node)
    for entry in entries:
        roll.put(entry)
    return {kind.word: entries[0].aor.number if entries else None}, node.enrolled()


def _roll(kind: Kind, node: Node) -> Roll[Any]:
    return node.provisioning.subscribers if kind is SUBSCRIBER else node.provisioning.groups


def _shown(name: str, value: Value) -> str:
    """A value for the audit log, which holds no secret."""
    if name == "ha1":
        return "***"
    if isinstance(value, (tuple, frozenset)):
        return ",".join(sorted(str(one.aor) if isinstance(one, Member) else str(one) for one in value))
    return str(value)


def _commands(kind: Kind) -> dict[str, Deed]:
    return {
        f"{kind.word}_add": Deed(partial(add, kind), "entry"),
        f"{kind.word}_set": Deed(partial(change, kind), "entry"),
        f"{kind.word}_put": Deed(partial(put, kind), "entry"),
        f"{kind.word}_import": Deed(partial(many, kind), "rows"),
        f"{kind.word}_remove": Deed(partial(remove, kind), "number"),
        f"{kind.word}_reset": Deed(partial(reset, kind), "number"),
    }


COMMANDS = _commands(SUBSCRIBER) | _commands(GROUP)
