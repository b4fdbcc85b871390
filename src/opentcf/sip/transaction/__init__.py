"""The four transaction machines of RFC 3261 §17 with RFC 6026, and the layer that matches messages to them."""

from opentcf.sip.transaction.layer import Layer, TransactionTimers
from opentcf.sip.transaction.machines import TABLES, ClientTransaction, Input, Kind, ServerTransaction, State
from opentcf.sip.transaction.outcome import Outcome, Owner, Unacknowledged

__all__ = [
    "TABLES",
    "ClientTransaction",
    "Input",
    "Kind",
    "Layer",
    "Outcome",
    "Owner",
    "ServerTransaction",
    "State",
    "TransactionTimers",
    "Unacknowledged",
]
