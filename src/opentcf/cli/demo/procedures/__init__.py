"""The procedures, a module for each group of them. Importing a module here adds what it has, in this order."""

from opentcf.cli.demo.procedures import registration  # noqa: I001 - the order of showing
from opentcf.cli.demo.procedures import heartbeat, private_call, outage

__all__ = ["heartbeat", "outage", "private_call", "registration"]
