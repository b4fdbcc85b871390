"""The shape of a command, and what several of them need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from opentcf.model.cause import Decline
from opentcf.model.numbers import Aor, is_number
from opentcf.node.orders import Value
from opentcf.services.context import Context, Facts

if TYPE_CHECKING:
    from opentcf.node.node import Node

Arguments = Mapping[str, Value]
Answer = tuple[Value, Facts]
Function = Callable[["Node", Context, Arguments], Answer]
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
    rows = sorted(rows, key=lambda row: str(row[key]))
    if after is not None:
        rows = [row for row in rows if str(row[key]) > str(after)]
    return {"items": rows[:limit], "next": rows[limit - 1][key] if len(rows) > limit else None}


def own_user(ctx: Context, arguments: Arguments) -> Aor:
    """The argument `udn` as a user of this TCF, subscriber or not; a bare number is one of ours."""
    text = str(arguments.get("udn", ""))
    try:
        user = Aor(text, ctx.directory.domain) if is_number(text) else Aor.parse(text)
    except ValueError as error:
        raise Decline(400, str(error)) from None
    if not ctx.directory.is_home(user):
        raise Decline(404, f"{user} has another home; ask that TCF")
    return user
