"""The manual names every command, option, setting, metric and endpoint, and none that there is not."""

import re
from collections.abc import Iterator
from importlib import import_module
from itertools import product, takewhile
from pathlib import Path

import click
import pytest
from msgspec import inspect
from scripts import api_page, chinese

from opentcf.cli import COMMANDS
from opentcf.runtime.metrics import METRICS
from opentcf.runtime.schema import File

DOCS = Path(__file__).parent.parent / "docs"
EVERYWHERE = {"--help", "--url", "--token", "--json", "--no-color"}
TABLES = {"peer": "peer", "subscriber": "subscriber", "group": "group"}


def text(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


LANGUAGES = pytest.mark.parametrize("folder", ["", "zh/"], ids=["english", "chinese"])


# --- commands


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its whole name."""
    for name, (where, _) in COMMANDS.items():
        module, _, attribute = where.partition(":")
        yield from within(name, getattr(import_module(module), attribute))


def within(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        for inner, found in command.commands.items():
            yield from within(f"{name} {inner}", found)
    else:
        yield name, command


def documented_commands(folder: str) -> set[str]:
    r"""`opentcf user stun\|kill UDN` names two."""
    names = set()
    there_are, _, _ = text(f"{folder}commands.md").replace("计划中", "Planned").partition("\n## Planned")
    for span in re.findall(r"`opentcf ([^`]+)`", there_are):
        plain = takewhile(re.compile(r"[a-z|\\]+").fullmatch, span.split())
        names |= {" ".join(found) for found in product(*(word.split(r"\|") for word in plain))}
    return names


@LANGUAGES
@pytest.mark.parametrize(("name", "command"), list(commands()), ids=str)
def test_a_command_and_its_options_are_documented(name, command, folder):
    assert name in documented_commands(folder)
    assert command.help or COMMANDS[name]
    known = set(re.findall(r"--[a-z][a-z0-9-]*", text(f"{folder}commands.md")))
    options = {option for param in command.params if isinstance(param, click.Option) for option in param.opts}
    assert {option for option in options if option.startswith("--")} - EVERYWHERE <= known


@LANGUAGES
def test_no_command_is_documented_that_there_is_not(folder):
    there_are = {name for name, _ in commands()}
    groups = {name.partition(" ")[0] for name in there_are}
    assert documented_commands(folder) - there_are - groups == set()


# --- settings


def written(name: str) -> str:
    return f"[[{name}]]" if name in TABLES else f"[{name}]"


def settings() -> Iterator[tuple[str, set[str]]]:
    """Every table of the configuration and its keys."""
    kind = inspect.type_info(File)
    assert isinstance(kind, inspect.StructType)
    for table in kind.fields:
        yield written(table.encode_name), {key.encode_name for key in struct(table.type).fields}


def struct(kind: inspect.Type) -> inspect.StructType:
    match kind:
        case inspect.StructType():
            return kind
        case inspect.VarTupleType():
            return struct(kind.item_type)
        case inspect.UnionType():
            return next(struct(inner) for inner in kind.types if not isinstance(inner, inspect.NoneType))
    raise AssertionError(kind)


def documented_settings(folder: str) -> dict[str, set[str]]:
    """Heading → the keys in the first column of its table."""
    found: dict[str, set[str]] = {}
    for section in re.split(r"^## ", text(f"{folder}configuration.md"), flags=re.MULTILINE)[1:]:
        name = re.match(r"`(\[+[a-z0-9]+\]+)`", section)
        if name:
            rows = re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE)
            found[name[1]] = {key for row in rows for key in re.findall(r"`([^`]+)`", row)}
    return found


@LANGUAGES
@pytest.mark.parametrize(
    ("table", "keys"), list(settings()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_the_settings_of_a_table_are_those_of_the_manual(table, keys, folder):
    assert documented_settings(folder)[table] == keys


@LANGUAGES
def test_no_table_is_documented_that_there_is_not(folder):
    assert documented_settings(folder).keys() == {table for table, _ in settings()}


# --- metrics


@LANGUAGES
def test_the_metrics_are_those_of_the_manual(folder):
    rows = re.findall(r"^\| `(opentcf_\w+)` \| (\w+) \| ([^|]*)\|", text(f"{folder}metrics.md"), re.MULTILINE)
    said = {name: (kind, labels(cell)) for name, kind, cell in rows}
    assert said == {name: (one.kind, one.labels) for name, one in METRICS.items()}


def labels(cell: str) -> tuple[str, ...]:
    """Values in brackets are no labels."""
    return tuple(re.findall(r"`(\w+)`", re.sub(r"\([^)]*\)|（[^）]*）", "", cell)))


# --- endpoints


API = api_page.files()


@pytest.mark.parametrize("path", API, ids=lambda path: str(path.relative_to(DOCS)))
def test_the_api_page_is_what_the_table_says(path):
    assert path.read_text("utf-8") == API[path], "run `python -m scripts.api_page`"


def test_nothing_of_the_api_is_translated_that_the_table_does_not_say():
    said = api_page.page(api_page.CHINESE)
    assert [one for one in chinese.API.values() if one not in said] == []
