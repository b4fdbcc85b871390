"""The published schemas of the XML bodies."""

from functools import cache
from pathlib import Path

import xmlschema

SCHEMAS = Path(__file__).parents[1] / "docs" / "schemas"


@cache
def schema(name: str) -> xmlschema.XMLSchema:
    """The schema of a body, by its root element."""
    return xmlschema.XMLSchema(str(SCHEMAS / f"{name}.xsd"))
