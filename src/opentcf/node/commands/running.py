"""Commands about the node itself and its peers. Only the shell gives `reload` and `leave`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentcf.node.commands.command import Answer, Arguments, Deed, page
from opentcf.node.settings import Settings
from opentcf.services.context import Context

if TYPE_CHECKING:
    from opentcf.node.node import Node


def health(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    """That it serves, and who it is."""
    return {
        "status": "ok",
        "domain": ctx.directory.domain,
        "name": node.settings.name,
        "epoch": ctx.epoch,
    }, ()


def node_(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    """Who it is, and how much it has to do."""
    directory, procedures = ctx.directory, node.procedures
    return {
        "domain": directory.domain,
        "name": node.settings.name,
        "epoch": ctx.epoch,
        "home": sum(1 for _ in directory.bindings()),
        "attached": sum(1 for _ in directory.attachments()),
        "private_calls": len(procedures.private_call),
        "group_calls": len(procedures.group_call),
        "peers": [row["state"] for row in procedures.heartbeat.view()],
    }, ()


def peers(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    """The other TCFs and whether they answer."""
    return page(node.procedures.heartbeat.view(), "domain", arguments), ()


def reload(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    """Take new settings."""
    settings = arguments["settings"]
    assert isinstance(settings, Settings)
    node.reload(settings)
    return {"reloaded": True}, ()


def leave(node: Node, ctx: Context, arguments: Arguments) -> Answer:
    """Take no new calls; the reply comes when nothing is open any more."""
    return None, ()


COMMANDS = {
    "health": Deed(health),
    "node": Deed(node_),
    "peers": Deed(peers),
    "reload": Deed(reload, ""),
    "leave": Deed(leave, ""),
}
