"""What goes in and out of a node besides SIP: commands, their tickets and replies."""

from collections.abc import Mapping
from typing import NamedTuple

from opentcf.sip.outbox import Batch, Flow, Notice, Reply, Save, Send, Value

__all__ = ["Batch", "Command", "Flow", "Notice", "Reply", "Save", "Send", "Snapshot", "Ticket", "Value"]


class Command(NamedTuple):
    """What a person or a program asks of a node: a name of `node.commands.COMMANDS` and its arguments."""

    name: str
    arguments: Mapping[str, Value] = {}
    who: str = "node"
    """For the audit log: `token NAME`, `local`, `signal`; `node` when nobody asked it from outside."""


Ticket = int
"""Number of a command; its `Reply` carries the same."""

Snapshot = Mapping[str, Mapping[str, Value]]
"""What the store holds when a node starts: kind → key → value."""
