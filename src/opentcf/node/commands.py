"""What people and programs may ask of a node: name → function. Each has one HTTP call and one command of that name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from opentcf.model.cause import Decline, KickCause, ReleaseCause
from opentcf.model.numbers import Aor, is_number
from opentcf.node.orders import Command, Value
from opentcf.node.settings import Settings
from opentcf.services.context import Context, Facts

if TYPE_CHECKING:
    from opentcf.node.node import Node

Arguments = Mapping[str, Value]
Answer = tuple[Value, Facts]
PAGE = 1000


def run(node: Node, ctx: Context, command: Command) -> Answer:
    """Carry out a command; Decline when it cannot be done."""
    function = COMMANDS.get(command.name)
    if function is None:
        raise Decline(404, f"there is no command {command.name!r}")
    return function(node, ctx, command.arguments)


def page(rows: list[dict[str, Value]], key: str, arguments: Arguments) -> dict[str, Value]:
    """One page of a list: `limit` rows whose key follows `after`; `next` is where to go on."""
    limit = min(int(arguments.get("limit") or PAGE), PAGE)
    after = arguments.get("after")
    rows = sorted(rows, key=lambda row: str(row[key]))
    if after is not None:
        rows = [row for row in rows if str(row[key]) > str(after)]
    return {"items": rows[:limit], "next": rows[limit - 1][key] if len(rows) > limit else None}


def _health(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    return {
        "status": "ok",
        "domain": ctx.directory.domain,
        "name": node.settings.name,
        "epoch": ctx.epoch,
    }, ()


def _peers(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    return page(node.procedures.heartbeat.view(), "domain", arguments), ()


def _calls(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    return page(node.procedures.private_call.view() + node.procedures.group_call.view(), "id", arguments), ()


def _registrations(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    """Users of ours wherever they are, and visitors here."""
    visitors = [
        row for row in node.procedures.visited_registration.view() if row["home"] != ctx.directory.domain
    ]
    return page(node.procedures.home_registration.view() + visitors, "user", arguments), ()


def _subscribers(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    rows: list[dict[str, Value]] = [
        {
            "number": subscriber.aor.number,
            "name": subscriber.name,
            "role": subscriber.role.value,
            "priority": subscriber.priority,
            "rights": sorted(right.value for right in subscriber.rights),
        }
        for subscriber in ctx.directory.subscribers()
    ]
    return page(rows, "number", arguments), ()


def _groups(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    rows: list[dict[str, Value]] = [
        {
            "number": group.aor.number,
            "name": group.name,
            "members": [str(member.aor) for member in group.members],
            "setup": group.setup.value,
            "priority": group.priority,
        }
        for group in ctx.directory.groups()
    ]
    return page(rows, "number", arguments), ()


def _user_kick(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    user = _own_user(ctx, arguments)
    return {"kicked": str(user)}, node.procedures.home_registration.kick(user, KickCause.ADMIN)


def _call_release(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    identifier = str(arguments.get("id", ""))
    released = node.procedures.private_call.release(identifier, ReleaseCause.FORCED)
    released += node.procedures.group_call.release(identifier, ReleaseCause.FORCED)
    if not released:
        raise Decline(404, f"there is no call {identifier!r}")
    return {"released": identifier}, ()


def _floors(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    return page(node.procedures.group_call.floors(), "group", arguments), ()


def _floor_revoke(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    number = str(arguments.get("gdn", ""))
    if not node.procedures.group_call.revoke(Aor(number, ctx.directory.domain)):
        raise Decline(404, f"nobody holds the floor of group {number!r} here")
    return {"revoked": number}, ()


def _reload(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    settings = arguments["settings"]
    assert isinstance(settings, Settings)
    node.reload(settings)
    return {"reloaded": True}, ()


def _leave(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    return None, ()


def _own_user(ctx: Context, arguments: Arguments) -> Aor:
    text = str(arguments.get("udn", ""))
    try:
        user = Aor(text, ctx.directory.domain) if is_number(text) else Aor.parse(text)
    except ValueError as error:
        raise Decline(400, str(error)) from None
    if not ctx.directory.is_home(user):
        raise Decline(404, f"{user} has another home; ask that TCF")
    return user


COMMANDS: dict[str, Callable[[Node, Context, Arguments], Answer]] = {
    "health": _health,
    "peers": _peers,
    "calls": _calls,
    "registrations": _registrations,
    "subscribers": _subscribers,
    "groups": _groups,
    "user_kick": _user_kick,
    "call_release": _call_release,
    "floors": _floors,
    "floor_revoke": _floor_revoke,
    "reload": _reload,
    "leave": _leave,
}
