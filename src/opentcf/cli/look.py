"""Commands that show what a running node has."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from opentcf.cli.client import Client
from opentcf.cli.options import asks_a_node

_CLOCKS = {"time": "%Y-%m-%d %H:%M:%S", "since": "%H:%M:%S"}
_COLOURS = {"up": "green", "down": "red", "unknown": "yellow"}


def _listing(name: str, columns: Sequence[str], help_text: str) -> click.Command:
    """One command: `columns` are the keys of a row that its table shows."""

    @click.command(name, help=help_text)
    @asks_a_node
    def command(url: str, token: str | None, as_json: bool, no_color: bool) -> None:
        rows = list(Client(url, token).items(name))
        if as_json:
            click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        else:
            show(columns, rows, no_color)

    return command


peers = _listing(
    "peers", ("domain", "state", "address", "way", "rtt"), "Show the other TCFs and whether they answer."
)
calls = _listing(
    "calls", ("id", "type", "state", "caller", "called", "since", "legs"), "Show the calls that go on."
)
registrations = _listing(
    "registrations", ("user", "home", "visited", "expires"), "Show who is registered where."
)
groups = _listing(
    "groups",
    ("number", "name", "setup", "priority", "members", "source"),
    "Show the groups of this core network.",
)
floors = _listing(
    "floors", ("group", "state", "talker", "queue", "id"), "Show who talks in which group, and who waits."
)
messages = _listing(
    "messages",
    ("since", "kind", "sender", "called", "size", "state", "status", "recipients"),
    "Show the latest short messages, and who got those to groups.",
)
subscriptions = _listing(
    "subscriptions", ("user", "event", "watched", "version", "expires"), "Show who watches which events."
)
subscribers = _listing(
    "subscribers",
    ("number", "name", "role", "state", "priority", "rights", "source"),
    "Show the users of this core network.",
)


def show(columns: Sequence[str], rows: Sequence[dict[str, Any]], no_color: bool) -> None:
    """A table for people. Piped into a program it keeps its full width."""
    console = Console(no_color=no_color, highlight=False)
    if not console.is_terminal:
        console.width = 10_000
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(_cell(column, row.get(column)) for column in columns))
    console.print(table)


def _cell(column: str, value: Any) -> str:
    match column, value:
        case _, None:
            return "-"
        case "state", str() if value in _COLOURS:
            return f"[{_COLOURS[value]}]{escape(value)}[/]"
        case "rtt", float():
            return f"{value * 1000:.1f} ms"
        case "time" | "since", int() | float():
            return datetime.fromtimestamp(value, UTC).astimezone().strftime(_CLOCKS[column])
        case "expires", int() | float():
            return str(timedelta(seconds=round(value)))
        case "legs" | "recipients", list():
            return escape(", ".join(map(_party, value)))
        case _, list():
            return escape(", ".join(map(str, value)))
    return escape(str(value))


def _party(row: dict[str, Any]) -> str:
    return f"{row.get('peer') or row.get('party')} {row.get('state') or row.get('result')}"
