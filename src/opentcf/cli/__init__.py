"""The command line. Each command lives in a module of its own, which is imported when it is asked for."""

import click

from opentcf import __version__, core
from opentcf.cli.lazy import LazyGroup

COMMANDS = {
    "run": ("opentcf.cli.run:run", "Run a TCF in the foreground."),
    "check": ("opentcf.cli.check:check", "Validate a configuration."),
    "demo": ("opentcf.cli.demo:demo", "Four core networks on this machine, every procedure in turn."),
    "ue": ("opentcf.cli.ue.command:ue", "A terminal or dispatcher at the prompt."),
    "chaos": ("opentcf.cli.chaos:chaos", "Random operations and faults over real nodes, checked."),
    "peers": ("opentcf.cli.look:peers", "Show the other TCFs and whether they answer."),
    "calls": ("opentcf.cli.look:calls", "Show the calls that go on."),
    "registrations": ("opentcf.cli.look:registrations", "Show who is registered where."),
    "groups": ("opentcf.cli.look:groups", "Show the groups of this core network."),
    "messages": ("opentcf.cli.look:messages", "Show the latest short messages, and who got them."),
    "floors": ("opentcf.cli.look:floors", "Show who talks in which group, and who waits."),
    "subscriptions": ("opentcf.cli.look:subscriptions", "Show who watches which events."),
    "subscribers": ("opentcf.cli.look:subscribers", "Show the users of this core network."),
    "call": ("opentcf.cli.act:call", "Act on a call."),
    "floor": ("opentcf.cli.act:floor", "Act on the floor of a group."),
    "subscriber": ("opentcf.cli.enrol:subscriber", "Add, change and remove users of this core network."),
    "group": ("opentcf.cli.enrol:group", "Add, change and remove groups of this core network."),
    "audit": ("opentcf.cli.audit:audit", "Show who did what."),
    "trace": (
        "opentcf.cli.trace:trace",
        "Show who said what, over all TCFs: recorded or live, or as a file.",
    ),
    "bundle": (
        "opentcf.cli.bundle:bundle",
        "Put what a node knows of itself into one zip, for those who help.",
    ),
    "user": ("opentcf.cli.act:user", "Act on a user."),
}
"""Name → where it is, and the line in the list of commands, which is shown without importing anything."""


@click.command(
    cls=LazyGroup,
    commands_in=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(
    __version__, prog_name="opentcf", message=f"%(prog)s, version %(version)s, {core()} core"
)
def main() -> None:
    """OpenTCF: an open trunking control function (TCF) of B-TrunC.

    Run a node with `run`, try one with `demo`, look at a running one with the commands that name what they show.
    """
