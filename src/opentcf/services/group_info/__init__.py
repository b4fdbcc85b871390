"""Who is a member of what, and where: memberships from G to H to V, group locations from H to G (profile 3)."""

from opentcf.services.group_info.procedure import GroupInfo

__all__ = ["GroupInfo"]
