"""A terminal or dispatcher without I/O: what `opentcf ue`, the demonstration and the tests speak SIP with."""

from opentcf.terminal.call import Call, CallState
from opentcf.terminal.event import Behaviour, Event, Page
from opentcf.terminal.terminal import Terminal
from opentcf.terminal.watch import Watch

__all__ = ["Behaviour", "Call", "CallState", "Event", "Page", "Terminal", "Watch"]
