"""Private calls (单呼): the call, the relay between its legs, its records, and the procedure around them."""

from opentcf.services.private_call.procedure import PrivateCalls

__all__ = ["PrivateCalls"]
