"""`opentcf demo`."""

from opentcf.cli.demo.command import demo

__all__ = ["demo"]
