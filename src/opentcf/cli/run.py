"""`opentcf run`."""

import asyncio
import sys
from pathlib import Path

import click

from opentcf.api.server import serve_api
from opentcf.cli.errors import WRONG, fail
from opentcf.runtime.config import ConfigError, load_config
from opentcf.runtime.logs import LEVELS, configure_logs
from opentcf.runtime.mask import Mask
from opentcf.runtime.service import Wrap
from opentcf.runtime.service import run as serve
from opentcf.store import StoreError
from opentcf.transport.interface import ListenError
from opentcf.transport.wrap import Impair, read_ways


@click.command()
@click.argument("config", metavar="CONFIG.toml", type=click.Path(path_type=Path))
@click.option("--log-format", type=click.Choice(["text", "json"]), help="Overrides [log] format.")
@click.option("--log-level", type=click.Choice(list(LEVELS)), help="Overrides [log] level.")
@click.option(
    "--impair",
    metavar="FILE.toml",
    type=click.Path(path_type=Path),
    help="For tests: lose, double, delay or cut what is sent, as the file says; it may change at any time.",
)
def run(config: Path, log_format: str | None, log_level: str | None, impair: Path | None) -> None:
    """Run a TCF in the foreground.

    Prints one line that begins with `ready` once it serves. SIGTERM and SIGINT drain and leave, SIGHUP reads the
    configuration again.
    """
    try:
        loaded = load_config(config)
        mask = Mask(loaded.settings.peers)
        configure_logs(log_level or loaded.log_level, log_format or loaded.log_format, mask)
        code = serve(loaded, serve_api, lambda line: print(line, flush=True), _wrap(impair))
    except ConfigError as error:
        fail(str(error), WRONG)
    except (StoreError, ListenError) as error:
        fail(f"{config}: {error}", WRONG)
    sys.exit(code)


def _wrap(impair: Path | None) -> Wrap:
    """What stands between the node and its sockets."""
    if impair is None:
        return lambda inner: inner
    try:
        read_ways(impair)
    except ValueError as error:
        fail(str(error), WRONG)
    return lambda inner: Impair(inner, impair, asyncio.get_running_loop().call_later)
