"""The shape of a command, and what several of them need."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from opentcf.model.cause import Decline
from opentcf.model.group import Group
from opentcf.model.numbers import Aor, bare, is_number
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


def numbered(
    ctx: Context, word: str, ones: list[S], row: Callable[[S], dict[str, Value]], arguments: Arguments
) -> dict[str, Value]:
    """One page of what has a number and comes in that order, or the one of the argument `number` (404: none).

    Only the rows of the page are made: there may be very many. `word` is what one is called.
    """
    after = arguments.get("after")
    if arguments.get("number") is not None:
        aor = own(ctx, arguments, "number")
        ones = [one for one in ones if one.aor == aor]
        if not ones:
            raise unknown(word, aor)
    if text := bare(str(arguments.get("search") or "").lower(), ctx.directory.domain):
        ones = [one for one in ones if text in one.aor.number or text in one.name.lower()]
    limit = min(int(arguments.get("limit") or PAGE), PAGE)
    start = 0 if after is None else bisect_right(ones, str(after), key=lambda one: one.aor.number)
    found = ones[start : start + limit]
    more = start + limit < len(ones)
    return {"items": [row(one) for one in found], "next": found[-1].aor.number if more else None}


def identity(ctx: Context, arguments: Arguments, key: str) -> Aor:
    """A user or group that an argument names, `1001` or `1001@core1.example`; a bare number is one of ours."""
    text = str(arguments.get(key, ""))
    try:
        return Aor(text, ctx.directory.domain) if is_number(text) else Aor.parse(text)
    except ValueError as error:
        raise Decline(400, str(error)) from None


def own(ctx: Context, arguments: Arguments, key: str) -> Aor:
    """The same, when this TCF is its home; there need not be such a subscriber or group."""
    aor = identity(ctx, arguments, key)
    if not ctx.directory.is_home(aor):
        raise Decline(404, f"{aor} has another home; ask that TCF")
    return aor


def unknown(word: str, aor: Aor) -> Decline:
    """That there is no such subscriber or group."""
    return Decline(404, f"there is no {word} {aor}; see the list of {word}s")
