"""Events for dispatchers (RFC 6665): the five packages, a subscription, the calls that run, the procedure."""

from opentcf.services.subscription.procedure import Subscriptions

__all__ = ["Subscriptions"]
