"""A TOML document that remembers on which line each key stands, so that an error can point at it."""

import os
import re
import tomllib
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

A = TypeVar("A")
T = TypeVar("T")
Place = tuple[str | int, ...]
"""Where a value stands: ("peer", 0, "address")."""

_TABLE = re.compile(r"\s*(\[{1,2})\s*([^\[\]]+?)\s*\]{1,2}\s*(?:#.*)?$")
_KEY = re.compile(
    r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`")
_MISSING = re.compile(r"Object missing required field `(.*)`")
_ENUM = re.compile(r"Invalid enum value '?(.*?)'?$")
_WORDS = {
    "`str`": "text in quotes",
    "`int`": "a whole number",
    "`float`": "a number",
    "`bool`": "true or false",
    "`array`": "a list",
    "`object`": "a table",
    "`str | object`": "text in quotes or a table",
    "`bool | array`": "true, false or a list",
    " | null`": "`",
}

_SYNTAX = {
    "invalid value": "; text stands in quotes, true and false have no capital letters",
    "cannot overwrite a value": "; the key stands there twice",
}
"""What to do about what tomllib complains of."""


class ConfigError(Exception):
    """What is wrong with a configuration: one line with file, line, key, reason and the nearest right spelling."""


class Document:
    """One parsed file. `raw` has `${NAME}` replaced from the environment."""

    def __init__(self, path: Path) -> None:
        self.path = path
        text = _text(path)
        self._lines = _scan(text)
        try:
            self.raw: dict[str, Any] = self._expand(tomllib.loads(text), ())
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(_syntax(path, text, str(error))) from None
        except RecursionError:
            raise ConfigError(f"{path}: is nested too deeply") from None

    def error(self, place: Place, reason: str) -> ConfigError:
        """The error that says `reason` about the value at `place`."""
        return ConfigError(self.remark(place, reason))

    def remark(self, place: Place, reason: str) -> str:
        """One line that says `reason` about the value at `place`, or about the nearest place that has a line."""
        line = next((self._lines[place[:n]] for n in range(len(place), 0, -1) if place[:n] in self._lines), 1)
        key = ".".join(str(step) for step in place if isinstance(step, str))
        return f"{self.path}:{line}: {key}: {reason}"

    def read(self, place: Place, reader: Callable[[A], T], written: A) -> T:
        """What `reader` makes of a written value; its ValueError becomes an error about `place`."""
        try:
            return reader(written)
        except ValueError as error:
            raise self.error(place, str(error)) from None

    def convert(self, schema: type[T]) -> T:
        """Check the whole document against `schema`."""
        try:
            return msgspec.convert(self.raw, schema)
        except msgspec.ValidationError as error:
            raise self._explain(str(error), schema) from None

    def _expand(self, value: Any, place: Place) -> Any:
        match value:
            case str() if "\0" in value:
                raise self.error(place, "has the character U+0000, which no name has")
            case str():
                return _VARIABLE.sub(lambda found: self._variable(found[1], place), value)
            case dict():
                return {key: self._expand(inner, (*place, key)) for key, inner in value.items()}
            case list():
                return [self._expand(inner, (*place, index)) for index, inner in enumerate(value)]
        return value

    def _variable(self, name: str, place: Place) -> str:
        if name not in os.environ:
            raise self.error(place, f"the environment has no variable {name}")
        return os.environ[name]

    def _explain(self, text: str, schema: type) -> ConfigError:
        place, reason = explain(text, schema)
        if place and place[-1] in self.raw:
            if reason == "expected a list, got a table":
                reason = f"write [[{place[-1]}]], with two brackets on each side"
            elif reason == "expected a table, got a list":
                reason = f"write [{place[-1]}] once, with one bracket on each side"
        return self.error(place, reason)


def explain(text: str, schema: type) -> tuple[Place, str]:
    """Turn msgspec's words into ours: where it stands, and what would have been right."""
    reason, _, where = text.partition(" - at `$")
    steps = _STEP.findall(where.rstrip("`"))
    place: Place = tuple(int(index) if index else key for key, index in steps)
    allowed = _Allowed(schema, place)
    if found := _UNKNOWN.match(reason):
        return (*place, found[1]), f"unknown key{allowed.near(found[1])}"
    if found := _MISSING.match(reason):
        return (*place, found[1]), "is missing"
    if found := _ENUM.match(reason):
        return place, f"{found[1]!r} is none of {allowed.listed()}{allowed.near(found[1])}"
    return place, _plain(reason)


class _Allowed:
    """The keys or values that a place of the schema admits."""

    def __init__(self, schema: type, place: Place) -> None:
        nodes = [inspect.type_info(schema)]
        for step in place:
            nodes = [inner for node in nodes for inner in _inside(node, step)]
        self.words = [word for node in nodes for word in _words(node)]

    def near(self, word: str) -> str:
        lowered = {known.lower(): known for known in self.words}
        found = get_close_matches(word.lower(), lowered, 1, 0.5)
        return f'; did you mean "{lowered[found[0]]}"?' if found else ""

    def listed(self) -> str:
        return ", ".join(self.words)


def _alternatives(node: inspect.Type) -> list[inspect.Type]:
    match node:
        case inspect.UnionType():
            return [inner for kind in node.types for inner in _alternatives(kind)]
        case inspect.Metadata():
            return _alternatives(node.type)
    return [node]


def _inside(node: inspect.Type, step: str | int) -> list[inspect.Type]:
    found: list[inspect.Type] = []
    for kind in _alternatives(node):
        match kind:
            case inspect.StructType():
                found += [field.type for field in kind.fields if field.encode_name == step]
            case inspect.VarTupleType() | inspect.FrozenSetType():
                found.append(kind.item_type)
    return found


def _words(node: inspect.Type) -> list[str]:
    found: list[str] = []
    for kind in _alternatives(node):
        match kind:
            case inspect.StructType():
                found += [field.encode_name for field in kind.fields]
            case inspect.LiteralType():
                found += [str(value) for value in kind.values]
            case inspect.EnumType():
                found += [str(member.value) for member in kind.cls]
    return found


def _plain(reason: str) -> str:
    for theirs, ours in reversed(_WORDS.items()):
        reason = reason.replace(theirs, ours)
    return reason[:1].lower() + reason[1:]


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text") from error


def _syntax(path: Path, text: str, reason: str) -> str:
    found = re.search(r" \(at line (\d+), column (\d+)\)$", reason)
    last = text.rpartition("\n")[2]
    place = found.groups() if found else (text.count("\n") + 1, len(last) + 1)
    words = reason[: found.start()] if found else reason.removesuffix(" (at end of document)")
    words = words[:1].lower() + words[1:]
    return ":".join((str(path), *map(str, place), f" is not TOML: {words}{_SYNTAX.get(words, '')}"))


def _scan(text: str) -> dict[Place, int]:
    """The line of each table and key. Tolerant: a line inside a long string may be mistaken for a key, harmlessly."""
    lines: dict[Place, int] = {}
    counts: dict[Place, int] = {}
    table: Place = ()
    for number, line in enumerate(text.splitlines(), 1):
        if found := _TABLE.match(line):
            table = _split(found[2])
            if found[1] == "[[":
                index = counts[table] = counts.get(table, -1) + 1
                lines.setdefault(table, number)
                table = (*table, index)
            elif len(table) > 1 and table[:-1] in counts:
                table = (*table[:-1], counts[table[:-1]], table[-1])
            lines.setdefault(table, number)
        elif found := _KEY.match(line):
            lines.setdefault((*table, *_split(found[1])), number)
    return lines


def _split(dotted: str) -> Place:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))
