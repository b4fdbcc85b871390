"""How a command fails: one line on stderr and an exit code."""

import sys
from typing import NoReturn

import click

FAILED = 1
WRONG = 2
INTERRUPTED = 130


def fail(text: str, code: int = FAILED) -> NoReturn:
    """Say what happened and leave."""
    click.echo(f"opentcf: {text}", err=True)
    sys.exit(code)
