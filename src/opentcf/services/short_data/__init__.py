"""Short data (实时短数据) and group short messages (组播短消息): profile 4.5."""

from opentcf.services.short_data.procedure import ShortMessages

__all__ = ["ShortMessages"]
