"""Where a node's records survive: one journal, written before anything that promises them is sent."""

from opentcf.store.interface import Store, StoreError
from opentcf.store.urls import check_place, check_url, open_store

__all__ = ["Store", "StoreError", "check_place", "check_url", "open_store"]
