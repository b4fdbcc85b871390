"""`opentcf check`."""

from pathlib import Path

import click

from opentcf.cli.errors import WRONG, fail
from opentcf.runtime.config import Config, ConfigError, load_config
from opentcf.store import StoreError, check_place
from opentcf.transport.interface import ListenError
from opentcf.transport.tls import tls_contexts


@click.command()
@click.argument("config", metavar="CONFIG.toml", type=click.Path(path_type=Path))
def check(config: Path) -> None:
    """Validate a configuration and do nothing else."""
    try:
        loaded = load_config(config)
        if loaded.tls.certificate and loaded.tls.key:
            tls_contexts(loaded.tls.certificate, loaded.tls.key, loaded.tls.ca)
        check_place(loaded.store_url, loaded.base)
    except ConfigError as error:
        fail(str(error), WRONG)
    except ListenError as error:
        fail(f"{config}: tls: {error}", WRONG)
    except StoreError as error:
        fail(f"{config}: {error}", WRONG)
    click.echo(f"{config}: ok: {_summary(loaded)}")


def _summary(config: Config) -> str:
    settings = config.settings
    counts = (("peer", settings.peers), ("subscriber", settings.subscribers), ("group", settings.groups))
    words = (f"{len(rows)} {name}{'' if len(rows) == 1 else 's'}" for name, rows in counts)
    return f"{settings.domain}, {', '.join(words)}"
