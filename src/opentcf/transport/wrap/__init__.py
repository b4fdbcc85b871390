"""Decorators around a `Sender`, and one around `Reports`: bad networks and captures for tests and demonstrations."""

from opentcf.transport.wrap.capture import Capture, Captured
from opentcf.transport.wrap.delay import Delay
from opentcf.transport.wrap.duplicate import Duplicate
from opentcf.transport.wrap.impair import Impair, read_ways
from opentcf.transport.wrap.loss import Loss

__all__ = ["Capture", "Captured", "Delay", "Duplicate", "Impair", "Loss", "read_ways"]
