"""Group calls (组呼) and their floor (话权): the master's half, the visited half, and the links between them."""

from opentcf.services.group_call.procedure import GroupCalls

__all__ = ["GroupCalls"]
