"""The command line. Each command lives in a module of its own, which is imported when it is asked for."""

import click

from opentcf import __version__
from opentcf.cli.lazy import LazyGroup

COMMANDS = {
    "run": "opentcf.cli.run:run",
    "check": "opentcf.cli.check:check",
    "demo": "opentcf.cli.demo:demo",
    "ue": "opentcf.cli.ue:ue",
    "peers": "opentcf.cli.look:peers",
    "calls": "opentcf.cli.look:calls",
    "registrations": "opentcf.cli.look:registrations",
    "groups": "opentcf.cli.look:groups",
    "subscribers": "opentcf.cli.look:subscribers",
    "call": "opentcf.cli.act:call",
    "user": "opentcf.cli.act:user",
}


@click.command(
    cls=LazyGroup,
    commands_in=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="opentcf")
def main() -> None:
    """OpenTCF: an open trunking control function (TCF) of B-TrunC.

    Run a node with `run`, try one with `demo`, look at a running one with the commands that name what they show.
    """
