"""The audit log, to look at. Nothing changes it but what is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentcf.node.commands.command import PAGE, Answer, Arguments, Deed
from opentcf.services.context import Context

if TYPE_CHECKING:
    from opentcf.node.node import Node


def audit(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    """One page, oldest first from the number `after` on, or newest first down from `before` (0: from the latest)."""
    limit = min(int(arguments.get("limit") or PAGE), PAGE)
    if arguments.get("before") is not None:
        rows = ctx.audit_log.before(int(arguments["before"]), limit + 1)
        items = [row._asdict() for row in rows[:limit]]
        return {"items": items, "next": items[-1]["number"] if len(rows) > limit else None}, ()
    rows = ctx.audit_log.after(int(arguments.get("after") or 0), limit + 1)
    items = [row._asdict() for row in rows[:limit]]
    return {"items": items, "next": items[-1]["number"] if len(rows) > limit else None}, ()


COMMANDS = {"audit": Deed(audit)}
