"""XML bodies: no DTD, no entities, bounded in depth and size."""

import re
from typing import NoReturn
from xml.parsers import expat

from opentcf.sip.errors import RemoteError

MAX_DEPTH = 16
MAX_ELEMENTS = 20_000
_GB = re.compile(rb"""<\?xml[^>]*?\sencoding\s*=\s*["'](?:gb|cp936)[^"']*["']""", re.IGNORECASE)
"""A declaration of GB2312, GBK or GB18030, the last of which holds the others; expat reads none of them."""
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\t": "&#9;", "\r": "&#13;"}


class Element:
    """An element: its name without namespace, attributes, children and text."""

    __slots__ = ("attributes", "children", "name", "text")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[Element] = []
        self.text = ""

    def all(self, name: str) -> "list[Element]":
        """The children of that name."""
        return [child for child in self.children if child.name == name]

    def first(self, name: str) -> "Element | None":
        """The first child of that name."""
        return next((child for child in self.children if child.name == name), None)


def parse(body: bytes, root: str) -> Element:
    """Read a document whose root element is `root`; RemoteError 400 for anything else."""
    top = Element("", {})
    stack = [top]
    count = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if len(stack) > MAX_DEPTH or count > MAX_ELEMENTS:
            raise RemoteError(400, "the XML body is too deep or too large")
        element = Element(name.rpartition(":")[2], attributes)
        stack[-1].children.append(element)
        stack.append(element)

    def end(name: str) -> None:
        stack.pop()

    def text(data: str) -> None:
        stack[-1].text += data

    def refuse(*_: object) -> NoReturn:
        raise RemoteError(400, "document types and entities are not accepted")

    gb = _GB.match(body) is not None
    parser = expat.ParserCreate("utf-8" if gb else None)
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    try:
        parser.Parse(body.decode("gb18030").encode() if gb else body, True)
    except (
        expat.ExpatError,
        ValueError,
        LookupError,
    ) as error:  # the last two: of the encoding that it names
        raise RemoteError(400, f"the XML body is broken: {error}") from None
    found = top.children[0]
    if found.name != root:
        raise RemoteError(400, f"the XML root is {found.name[:40]!r}, not {root!r}")
    return found


def escape(text: str) -> str:
    """For element text and attribute values."""
    return "".join(_ESCAPES.get(char, char) for char in text)


def attributes(**values: str | int) -> str:
    """` name="value"` for each."""
    return "".join(f' {name}="{escape(str(value))}"' for name, value in values.items())
