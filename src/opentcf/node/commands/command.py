"""The shape of a command, and what several of them need."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from opentcf.model.cause import Decline
from opentcf.model.group import Group
from opentcf.model.numbers import Aor, is_number
from opentcf.model.subscriber import Subscriber
from opentcf.node.orders import Value
from opentcf.services.context import Context, Facts

if TYPE_CHECKING:
    from opentcf.node.node import Node

Arguments = Mapping[str, Value]
Answer = tuple[Value, Facts]
Function = Callable[["Node", Context, Arguments], Answer]
S = TypeVar("S", Subscriber, Group)
PAGE = 1000


class Deed(NamedTuple):
    """What a command does. `target` names the argument that it acts on; None when it only looks.

    A deed that acts goes into the audit log; one without such an argument has the target "".
    """

    function: Function
    target: str | None = None


def page(rows: list[dict[str, Value]], key: str, arguments: Arguments) -> dict[str, Value]:
    """One page of a list: `limit` rows whose key follows `after`; `next` is where to go on."""
    limit = min(int(arguments.get("limit") or PAGE), PAGE)
    after = arguments.get("after")
    if text := str(arguments.get("search") or "").lower():
        rows = [row for row in rows if any(text in str(value).lower() for value in row.values())]
    rows = sorted(rows, key=lambda row: str(row[key]))
    if after is not None:
        rows = [row for row in rows if str(row[key]) > str(after)]
    return {"items": rows[:limit], "next": rows[limit - 1][key] if len(rows) > limit else None}


def numbered(ones: list[S], row: Callable[[S], dict[str, Value]], arguments: Arguments) -> dict[str, Value]:
    """One page of what has a number and comes in that order, or the one of the argument `number` (404: none).

    Only the rows of the page are made: there may be very many.
    """
    number, after = arguments.get("number"), arguments.get("after")
    if number is not None:
        ones = [one for one in ones if one.aor.number == number]
        if not ones:
            raise Decline(404, f"there is no number {number!r} of that kind here")
    if text := str(arguments.get("search") or "").lower():
        ones = [one for one in ones if text in one.aor.number or text in one.name.lower()]
    limit = min(int(arguments.get("limit") or PAGE), PAGE)
    start = 0 if after is None else bisect_right(ones, str(after), key=lambda one: one.aor.number)
    found = ones[start : start + limit]
    more = start + limit < len(ones)
    return {"items": [row(one) for one in found], "next": found[-1].aor.number if more else None}


def any_user(ctx: Context, arguments: Arguments) -> Aor:
    """The argument `udn`; a bare number is one of ours."""
    text = str(arguments.get("udn", ""))
    try:
        return Aor(text, ctx.directory.domain) if is_number(text) else Aor.parse(text)
    except ValueError as error:
        raise Decline(400, str(error)) from None


def own_user(ctx: Context, arguments: Arguments) -> Aor:
    """The argument `udn` as a user of this TCF, subscriber or not."""
    user = any_user(ctx, arguments)
    if not ctx.directory.is_home(user):
        raise Decline(404, f"{user} has another home; ask that TCF")
    return user
