"""Commands that add, change and remove the subscribers and groups of a running node."""

import json as json_module
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from opentcf.api.bodies import BodyError, rows
from opentcf.api.bodies import regroup as wish
from opentcf.cli.client import Client
from opentcf.cli.errors import WRONG, fail
from opentcf.cli.look import show
from opentcf.cli.options import Number, asks_a_node
from opentcf.model.group import RegroupAction
from opentcf.model.subscriber import Preemptible, Right, Role
from opentcf.runtime.doubts import NO_PASSWORD
from opentcf.runtime.entries import ANYWHERE, SECRETS, EntryError, Kind, entry
from opentcf.runtime.schema import GroupTable, SubscriberTable
from opentcf.transport.interface import reason

F = TypeVar("F", bound=Callable[..., Any])
_TABLES: Mapping[str, Kind] = {"subscriber": SubscriberTable, "group": GroupTable}
_RIGHTS = tuple(right.value for right in Right)


def _seconds(ctx: click.Context, param: click.Parameter, value: str | None) -> float | str | None:
    """A duration; `default`, for the node's own, stays as it is until all options are read."""
    if value is None or value == "default":
        return value
    try:
        return float(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is neither seconds nor 'default'") from None


def _options(*options: Callable[[F], F]) -> Callable[[F], F]:
    def put(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return put


_SUBSCRIBER = (
    click.option("--name", help="Name for people."),
    click.option("--password", help="Digest password; the node keeps its hash only."),
    click.option(
        "--password-file", type=click.Path(path_type=Path), help="A file here that holds the password."
    ),
    click.option("--ha1-md5", metavar="HEX", help="MD5 of number:domain:password."),
    click.option("--ha1-sha256", metavar="HEX", help="SHA-256 of number:domain:password."),
    click.option("--role", type=click.Choice([role.value for role in Role])),
    click.option("--priority", type=click.IntRange(0, 255), help="Best priority of his calls; 0 is highest."),
    click.option("--roaming", multiple=True, metavar="WHERE", help="true, false, or a domain (repeat)."),
    click.option("--preemptible", type=click.Choice([word.value for word in Preemptible])),
    click.option(
        "--right", "rights", multiple=True, type=click.Choice((*_RIGHTS, "none")), help="Of a dispatcher."
    ),
)
_GROUP = (
    click.option("--name", help="Name for people."),
    click.option(
        "--member", "members", multiple=True, metavar="URI", help="URI[;priority=N][;listen_only] (repeat)."
    ),
    click.option("--setup", type=click.Choice(["unconfirmed", "confirmed"])),
    click.option("--hang-time", metavar="SECONDS", callback=_seconds, help="How long an idle call lasts."),
    click.option("--talk-time", metavar="SECONDS", callback=_seconds, help="Longest talk burst."),
    click.option("--max-duration", metavar="SECONDS", callback=_seconds, help="Longest call."),
    click.option("--queue-length", type=int, help="How many may wait for the floor."),
    click.option("--preemption/--no-preemption", default=None, help="May a higher priority take the floor."),
    click.option(
        "--owner-release/--no-owner-release", default=None, help="Ends the call when its originator leaves."
    ),
    click.option("--priority", type=click.IntRange(0, 255), help="Of the group's calls; 0 is highest."),
)
_MEMBER_CHANGES = (
    click.option("--add-member", "add_members", multiple=True, metavar="URI", help="Put in (repeat)."),
    click.option(
        "--remove-member", "remove_members", multiple=True, metavar="URI", help="Take out (repeat)."
    ),
)


@click.group()
def subscriber() -> None:
    """Add, change and remove users of this core network. The node keeps what is changed here in its store."""


@click.group()
def group() -> None:
    """Add, change and remove groups of this core network. The node keeps what is changed here in its store."""


def _alike(commands: click.Group, word: str, settings: Sequence[Any], changes: Sequence[Any]) -> None:
    """The commands of one kind."""

    @commands.command()
    @click.argument("number", type=Number())
    @_options(*settings)
    @asks_a_node
    def add(number: str, url: str, token: str | None, as_json: bool, no_color: bool, **options: Any) -> None:
        said = _said(word, number, options)
        answer = Client(url, token).ask("POST", (f"{word}s",), body={"number": number, **said})
        _done(answer, f"added {word} {number}", as_json)
        if word == "subscriber" and not said.keys() & SECRETS:
            hint = f"opentcf subscriber set {number} --password-file FILE"
            click.echo(f"opentcf: {number} {NO_PASSWORD}; {hint} gives him one", err=True)

    add.help = f"Add the {word} NUMBER."

    @commands.command("set")
    @click.argument("number", type=Number())
    @_options(*settings, *changes)
    @asks_a_node
    def change(
        number: str, url: str, token: str | None, as_json: bool, no_color: bool, **options: Any
    ) -> None:
        said = _said(word, number, options)
        if not said:
            fail(f"nothing to set: name what {word} {number} is to have", WRONG)
        _done(
            Client(url, token).ask("PATCH", (f"{word}s", number), body=said), f"set {word} {number}", as_json
        )

    change.help = f"Change settings of the {word} NUMBER; what is not named stays."

    @commands.command("import")
    @click.argument("file", metavar="FILE.csv", type=click.Path(path_type=Path))
    @asks_a_node
    def many(file: Path, url: str, token: str | None, as_json: bool, no_color: bool) -> None:
        data = _read(file)
        try:
            rows(_TABLES[word])(data, {}, ANYWHERE)
        except BodyError as error:
            fail(f"{file}: {error}", WRONG)
        answer = Client(url, token, about=f"{file}: ").ask("POST", (f"{word}s", "import"), body=data)
        count = answer["imported"]
        _done(answer, f"imported {count} {word}{'' if count == 1 else 's'}", as_json)

    many.help = (
        f"Add or change the {word}s in FILE.csv: all of them or, when one is wrong, none. The first row names "
        "the columns, which are those of the configuration; several values in a cell are separated by blanks."
    )
    for verb, method, done, text in (
        (
            "remove",
            "DELETE",
            "removed",
            f"Remove the {word} NUMBER; also one of the configuration stays removed.",
        ),
        (
            "reset",
            "POST",
            "reset",
            f"Forget what was changed of the {word} NUMBER: back to the configuration.",
        ),
    ):
        commands.add_command(_plain(verb, method, word, done, text))
    commands.add_command(_show(word))


def _plain(verb: str, method: str, word: str, done: str, text: str) -> click.Command:
    @click.command(verb, help=text)
    @click.argument("number", type=Number())
    @asks_a_node
    def command(number: str, url: str, token: str | None, as_json: bool, no_color: bool) -> None:
        steps = (f"{word}s", number) if method == "DELETE" else (f"{word}s", number, verb)
        _done(Client(url, token).ask(method, steps), f"{done} {word} {number}", as_json)

    return command


def _show(word: str) -> click.Command:
    @click.command("show", help=f"Show every setting of the {word} NUMBER.")
    @click.argument("number", type=Number())
    @asks_a_node
    def command(number: str, url: str, token: str | None, as_json: bool, no_color: bool) -> None:
        (row,) = Client(url, token).ask("GET", (f"{word}s", number))["items"]
        if as_json:
            click.echo(json_module.dumps(row, indent=2, ensure_ascii=False))
        else:
            show(("setting", "value"), [{"setting": k, "value": v} for k, v in row.items()], no_color)

    return command


def _said(word: str, number: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that were given, as the keys of the API; what no node would take ends the command."""
    said = _given(options)
    try:
        entry(_TABLES[word], number, said, ANYWHERE)
    except EntryError as error:
        fail(str(error), WRONG)
    return said


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: value for name, value in options.items() if value not in (None, ())}
    said = {name: None if value == "default" else value for name, value in said.items()}
    if "password_file" in said:
        said["password"] = _password(said.pop("password_file"))
    if "rights" in said:
        said["rights"] = [right for right in said["rights"] if right != "none"]
    if said.get("roaming") in (("true",), ("false",)):
        said["roaming"] = said["roaming"] == ("true",)
    return said


def _password(path: Path) -> str:
    password = _read(path).decode("utf-8", "replace").rstrip("\r\n")
    if not password or "\n" in password:
        fail(f"{path} does not hold one line with a password", WRONG)
    return password


def _read(path: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        fail(f"{path} cannot be read: {reason(error)}", WRONG)


def _done(answer: Any, words: str, as_json: bool) -> None:
    click.echo(json_module.dumps(answer, ensure_ascii=False) if as_json else words)


_alike(subscriber, "subscriber", _SUBSCRIBER, ())
_alike(group, "group", _GROUP, _MEMBER_CHANGES)


@group.command()
@click.argument("gdn", metavar="GDN", type=Number())
@click.argument("action", type=click.Choice([action.value for action in RegroupAction]))
@click.option("--name", help="Its name.")
@click.option("--member", "members", multiple=True, metavar="URI", help="A member; may be repeated.")
@click.option("--priority", type=int, metavar="N", help="0 (highest) to 255.")
@click.option("--expires", type=int, metavar="SECONDS", help="How long it lasts; a day when not said.")
@asks_a_node
def regroup(
    gdn: str, action: str, url: str, token: str | None, as_json: bool, no_color: bool, **options: Any
) -> None:
    """Make, change or end the temporary group GDN, as a dispatcher would."""
    body = {"action": action, **_given(options)}
    try:
        wish(json_module.dumps(body).encode(), {}, ANYWHERE)
    except BodyError as error:
        fail(str(error), WRONG)
    answer = Client(url, token).ask("POST", ("groups", gdn, "regroup"), body=body)
    _done(answer, f"{action} {gdn}: {len(answer['members'])} members", as_json)
