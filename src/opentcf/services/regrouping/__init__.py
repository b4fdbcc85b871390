"""Dynamic regrouping (动态重组): temporary groups, the requests that make them, and the results of these."""

from opentcf.services.regrouping.procedure import Regrouping

__all__ = ["Regrouping"]
