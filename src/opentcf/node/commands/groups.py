"""Commands about groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentcf.node.commands.command import Answer, Arguments, Deed, page
from opentcf.node.orders import Value
from opentcf.services.context import Context

if TYPE_CHECKING:
    from opentcf.node.node import Node


def groups(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    """Groups of ours."""
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


COMMANDS = {"groups": Deed(groups)}
