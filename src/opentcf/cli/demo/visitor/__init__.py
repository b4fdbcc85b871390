"""Whoever watches the demonstration may join in: a radio of his own, on a page, and partners who answer."""

from opentcf.cli.demo.visitor.page import serve_visitor
from opentcf.cli.demo.visitor.people import Visitor

__all__ = ["Visitor", "serve_visitor"]
