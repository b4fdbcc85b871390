"""Commands that act on a running node."""

import json as json_module
from typing import Any

import click

from opentcf.cli.client import Client
from opentcf.cli.options import Number, asks_a_node


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
@click.argument("gdn", metavar="GDN", type=Number())
@asks_a_node
def revoke(gdn: str, url: str, token: str | None, as_json: bool, no_color: bool) -> None:
    """Take the floor from who talks in the group GDN."""
    _done(Client(url, token).act("floors", gdn, "revoke"), f"revoked {gdn}", as_json)


@user.command()
@click.argument("udn", metavar="UDN", type=Number())
@asks_a_node
def kick(udn: str, url: str, token: str | None, as_json: bool, no_color: bool) -> None:
    """Take the registration of the user UDN away, wherever he is."""
    _done(Client(url, token).act("users", udn, "kick"), f"kicked {udn}", as_json)


@user.command()
@click.argument("udn", metavar="UDN", type=Number())
@click.argument("domain", metavar="DOMAIN")
@asks_a_node
def handover(udn: str, domain: str, url: str, token: str | None, as_json: bool, no_color: bool) -> None:
    """Prepare the handover of the user UDN, who has a private call, to the core network DOMAIN."""
    answer = Client(url, token).ask("POST", ("users", udn, "handover"), body={"domain": domain})
    _done(answer, f"handing {udn} over to {domain}", as_json)


def _state(verb: str, done: str, text: str) -> click.Command:
    @click.command(verb, help=text)
    @click.argument("udn", metavar="UDN", type=Number())
    @asks_a_node
    def command(udn: str, url: str, token: str | None, as_json: bool, no_color: bool) -> None:
        _done(Client(url, token).act("users", udn, verb), f"{done} {udn}", as_json)

    return command


user.add_command(_state("stun", "stunned", "Refuse the user UDN every service until he is revived."))
user.add_command(_state("kill", "killed", "Refuse the user UDN registration until he is revived."))
user.add_command(_state("revive", "revived", "Undo a stun or kill of the user UDN."))


def _done(answer: Any, words: str, as_json: bool) -> None:
    click.echo(json_module.dumps(answer, ensure_ascii=False) if as_json else words)
