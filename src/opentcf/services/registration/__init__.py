"""Registration (注册, 注销): the home's half and the visited TCF's half."""

from opentcf.services.registration.home import HomeRegistration
from opentcf.services.registration.visited import VisitedRegistration

__all__ = ["HomeRegistration", "VisitedRegistration"]
