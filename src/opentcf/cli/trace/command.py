"""`opentcf trace`: what the TCFs of a deployment said to each other and to their terminals, recorded or live."""

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from opentcf.api.picture import ENDINGS
from opentcf.cli.client import Client
from opentcf.cli.errors import FAILED, WRONG, fail
from opentcf.cli.options import asks_a_node
from opentcf.cli.trace.draw import Drawing
from opentcf.transport.interface import reason

POLL_SECONDS = 0.5
LIVE = 200
"""Messages of each TCF that one look takes in while following."""
_PIPED = 160
"""Cells of a line where there is no terminal to ask."""
FORMATS = {f".{ending}": name for name, ending in ENDINGS.items()}
Query = dict[str, int | str]


@click.command()
@click.option("--call", metavar="ID", help="Of this call only: its OnlineCallID or a Call-ID.")
@click.option("--peer", metavar="DOMAIN", help="Only what this TCF sent and got.")
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes, until interrupted.")
@click.option("--heartbeats", is_flag=True, help="Show heartbeats too.")
@click.option("--save", metavar="FILE", type=click.Path(path_type=Path),
              help="Write FILE.pcapng, .svg, .html or .mmd (Mermaid).")  # fmt: skip
@asks_a_node
def trace(
    call: str | None, peer: str | None, follow: bool, heartbeats: bool, save: Path | None,
    url: str, token: str | None, as_json: bool, no_color: bool,
) -> None:  # fmt: skip
    """Show the ladder of the latest messages of all TCFs, secrets masked.

    The node asks those of its peers whose `console` its configuration names.
    """
    if save is not None and follow:
        fail("--save writes what there is, --follow goes on: give one of them", WRONG)
    if save is not None and save.suffix not in FORMATS:
        fail(f"--save {save}: the name has to end in {', '.join(FORMATS)}", WRONG)
    query: Query = {"heartbeats": int(heartbeats), **_given(call=call, peer=peer)}
    client = Client(url, token)
    if follow:
        _follow(client, query | {"latest": LIVE}, as_json, no_color)
        return
    told = client.ask("GET", ("ladder",), query if save is None else query | {"last": 1})
    _complain(told, set())
    if save is None:
        _show(told, as_json, no_color)
    if call is not None and not told["items"]:
        fail(f"no message of the call {call} is in the traces; the oldest make room for new ones", FAILED)
    if not told["items"]:
        click.echo("nothing was said yet", err=True)
    if save is not None:
        _write(save, client.fetch("/api/v1/ladder", query | {"format": FORMATS[save.suffix]}))


def _given(**options: str | None) -> Query:
    return {name: value for name, value in options.items() if value is not None}


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        fail(f"{path}: {reason(error)}", FAILED)
    click.echo(f"wrote {path}, {len(data)} bytes")


def _show(told: Mapping[str, Any], as_json: bool, no_color: bool) -> None:
    if as_json:
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        console = _console(no_color)
        for line in Drawing(console.width).lines(told["columns"], told["items"]):
            console.print(line, soft_wrap=True)


def _follow(client: Client, query: Query, as_json: bool, no_color: bool) -> None:
    console, said = _console(no_color), set[str]()
    drawing = Drawing(console.width)
    for columns, items, told in _settled(client, query):
        _complain(told, said)
        for text in () if as_json else drawing.lines(columns, items):
            console.print(text, soft_wrap=True)
        for item in items if as_json else ():
            click.echo(json.dumps(item, ensure_ascii=False))


def _settled(client: Client, query: Query) -> Iterator[tuple[Any, Any, Any]]:
    """What is new at each look. A message is shown when two looks agree on it: the first may have come between the
    TCFs that saw it."""
    shown, before = set[str](), set[str]()
    while True:
        told = client.ask("GET", ("ladder",), query)
        items = [item for item in told["items"] if item["id"] in before and item["id"] not in shown]
        before = {item["id"] for item in told["items"]}
        shown = (shown & before) | {item["id"] for item in items}
        yield told["columns"], items, told
        time.sleep(POLL_SECONDS)


def _complain(told: Mapping[str, Any], said: set[str]) -> None:
    """Whose messages are missing, and why; each once."""
    silent = {one["name"]: "" for one in told["columns"] if one["kind"] == "tcf" and not one["traced"]}
    for domain, why in (silent | told["failed"]).items():
        if domain not in said:
            said.add(domain)
            hint = f"it told nothing: {why}" if why else "its [[peer]] names no console, so it was not asked"
            click.echo(f"opentcf: the trace of {domain} is missing: {hint}", err=True)


def _console(no_color: bool) -> Console:
    console = Console(no_color=no_color, highlight=False)
    if not console.is_terminal:
        console.width = _PIPED
    return console
