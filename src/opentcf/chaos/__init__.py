"""Chaos: several real nodes, random operations and faults, the history from outside, and what it must never show."""
