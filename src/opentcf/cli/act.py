"""Commands that act on a running node."""

import json as json_module
from typing import Any

import click

from opentcf.cli.client import Client
from opentcf.cli.options import asks_a_node


@click.group()
def call() -> None:
    """Act on a call."""


@click.group()
def floor() -> None:
    """Act on the floor of a group."""


@click.group()
def user() -> None:
    """Act on a user."""


@call.command()
@click.argument("identifier", metavar="ID")
@asks_a_node
def release(identifier: str, url: str, token: str | None, as_json: bool, no_color: bool) -> None:
    """Release the call ID (an OnlineCallID) on all its hops."""
    _done(Client(url, token).act("calls", identifier, "release"), f"released {identifier}", as_json)


@floor.command()
@click.argument("gdn", metavar="GDN")
@asks_a_node
def revoke(gdn: str, url: str, token: str | None, as_json: bool, no_color: bool) -> None:
    """Take the floor from who talks in the group GDN."""
    _done(Client(url, token).act("floors", gdn, "revoke"), f"revoked {gdn}", as_json)


@user.command()
@click.argument("udn", metavar="UDN")
@asks_a_node
def kick(udn: str, url: str, token: str | None, as_json: bool, no_color: bool) -> None:
    """Take the registration of the user UDN away, wherever he is."""
    _done(Client(url, token).act("users", udn, "kick"), f"kicked {udn}", as_json)


def _done(answer: Any, words: str, as_json: bool) -> None:
    click.echo(json_module.dumps(answer, ensure_ascii=False) if as_json else words)
