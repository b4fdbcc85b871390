"""The procedures, a module for each group of them. A module adds what it has when it is imported."""

MODULES = (
    "registration",
    "heartbeat",
    "private_call",
    "outage",
    "group_call",
    "floor",
    "group_outage",
    "handover",
    "short_data",
    "events",
    "control",
    "insertion",
    "video",
)
"""In the order of showing."""
