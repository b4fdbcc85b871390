"""`opentcf audit`."""

import json

import click

from opentcf.cli.client import Client
from opentcf.cli.look import show
from opentcf.cli.options import asks_a_node


@click.command()
@click.option("--after", type=click.IntRange(0), default=0, help="Only entries later than this number.")
@click.option("--limit", type=click.IntRange(1), help="At most so many entries.")
@asks_a_node
def audit(after: int, limit: int | None, url: str, token: str | None, as_json: bool, no_color: bool) -> None:
    """Show who did what to this node and its users, oldest first. Nothing edits or deletes an entry."""
    rows = list(Client(url, token).items("audit", after, limit))
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        show(("number", "time", "who", "action", "target", "result"), rows, no_color)
