"""Commands about short messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentcf.node.commands.command import Answer, Arguments, Deed, page
from opentcf.services.context import Context

if TYPE_CHECKING:
    from opentcf.node.node import Node


def messages(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    """The latest short messages that passed here, and who got them; newest last."""
    return page(node.procedures.short_data.view(), "id", arguments), ()


COMMANDS = {"messages": Deed(messages)}
