"""Options that all commands share that ask a running node."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from opentcf.cli.client import DEFAULT_URL
from opentcf.model.numbers import NUMBER_DIGITS, Aor, is_number


class Number(click.ParamType[str]):
    """`1001`, `1001@core1.example` or `sip:1001@core1.example`."""

    name = "number"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """A number as it is, else `number@domain`, the domain in lower case."""
        try:
            return value if is_number(value) else str(Aor.parse(value))
        except ValueError:
            self.fail(
                f"{value!r} is neither a number of 1 to {NUMBER_DIGITS} digits nor number@domain", param, ctx
            )


F = TypeVar("F", bound=Callable[..., Any])

url = click.option(
    "--url",
    default=DEFAULT_URL,
    envvar="OPENTCF_URL",
    show_default=True,
    show_envvar=True,
    help="The node's API.",
)
token = click.option("--token", envvar="OPENTCF_TOKEN", show_envvar=True, hidden=True)
json = click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
no_color = click.option("--no-color", is_flag=True, help="No colours.")


def asks_a_node(command: F) -> F:
    """--url, --json, --no-color, and the token from OPENTCF_TOKEN."""
    return url(token(json(no_color(command))))
