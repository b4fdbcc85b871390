"""A group of commands that are imported one at a time, when they are needed."""

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import click

from opentcf.cli.errors import INTERRUPTED


class LazyGroup(click.Group):
    """`commands_in` maps each command's name to its `module:attribute` and one line of help.

    A module that is not installed has no command.
    """

    def __init__(self, *arguments: Any, commands_in: Mapping[str, tuple[str, str]], **options: Any) -> None:
        super().__init__(*arguments, **options)
        found = {name: entry for name, entry in commands_in.items() if find_spec(entry[0].partition(":")[0])}
        self._where = {name: where for name, (where, _) in found.items()}
        self._lines = {name: line for name, (_, line) in found.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table."""
        return list(self._where)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands in the help."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._lines.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Interrupted is an outcome of its own."""
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort):
            ctx.exit(INTERRUPTED)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module."""
        where = self._where.get(cmd_name)
        if where is None:
            return None
        module, _, attribute = where.partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """An unknown name is answered with the nearest one."""
        if args and not args[0].startswith("-") and args[0] not in self._where:
            near = get_close_matches(args[0], self._where, 1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; {ctx.command_path} --help lists them"
            raise click.UsageError(f"there is no command {args[0]!r}{hint}", ctx)
        return super().resolve_command(ctx, args)
