"""Video forward (视频转发)."""

from opentcf.services.video_forward.procedure import VideoForwards

__all__ = ["VideoForwards"]
