"""`opentcf trace`."""

from opentcf.cli.trace.command import trace

__all__ = ["trace"]
