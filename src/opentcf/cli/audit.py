"""`opentcf audit`."""

import json

import click

from opentcf.cli.client import Client
from opentcf.cli.look import show
from opentcf.cli.options import asks_a_node


@click.command()
@click.option("--after", type=click.IntRange(0), help="Only entries later than this number.")
@click.option(
    "--limit", type=click.IntRange(1), help="Only the latest so many, or the first after that number."
)
@asks_a_node
def audit(
    after: int | None, limit: int | None, url: str, token: str | None, as_json: bool, no_color: bool
) -> None:
    """Show who did what to this node and its users, oldest first. Nothing edits or deletes an entry."""
    client = Client(url, token)
    if after is None and limit is not None:
        rows = list(client.items("audit", 0, limit, cursor="before"))[::-1]
    else:
        rows = list(client.items("audit", after, limit))
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        show(("number", "time", "who", "action", "target", "result"), rows, no_color)
