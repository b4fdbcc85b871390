"""`opentcf check`."""

import json
import sys
from pathlib import Path

import click

from opentcf.cli import options
from opentcf.cli.errors import WRONG, fail
from opentcf.runtime.config import Config, ConfigError, load_config
from opentcf.store import StoreError, check_place
from opentcf.transport.interface import ListenError
from opentcf.transport.tls import tls_contexts


@click.command()
@click.argument("config", metavar="CONFIG.toml", type=click.Path(path_type=Path))
@options.json
def check(config: Path, as_json: bool) -> None:
    """Validate a configuration and do nothing else.

    What is allowed and hardly meant, such as a subscriber without a password, is a warning: the exit code stays 0.
    """
    try:
        loaded = _checked(config)
    except ConfigError as error:
        if not as_json:
            fail(str(error), WRONG)
        click.echo(json.dumps({"ok": False, "error": str(error)}, ensure_ascii=False))
        sys.exit(WRONG)
    counts, doubts = _counts(loaded), loaded.doubts
    if as_json:
        found = {"ok": True, "domain": loaded.settings.domain, **counts, "warnings": doubts}
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for doubt in doubts:
        click.echo(f"opentcf: warning: {doubt}", err=True)
    if doubts:
        counts["warnings"] = len(doubts)
    words = (f"{count} {name[:-1] if count == 1 else name}" for name, count in counts.items())
    click.echo(f"{config}: ok: {loaded.settings.domain}, {', '.join(words)}")


def _checked(config: Path) -> Config:
    """All that would keep a node from starting, but for what others hold: its ports, its open store."""
    try:
        loaded = load_config(config)
        if loaded.tls.certificate and loaded.tls.key:
            tls_contexts(loaded.tls.certificate, loaded.tls.key, loaded.tls.ca)
        check_place(loaded.store_url, loaded.base)
    except ListenError as error:
        raise ConfigError(f"{config}: tls: {error}") from None
    except StoreError as error:
        raise ConfigError(f"{config}: {error}") from None
    return loaded


def _counts(config: Config) -> dict[str, int]:
    settings = config.settings
    return {
        "peers": len(settings.peers),
        "subscribers": len(settings.subscribers),
        "groups": len(settings.groups),
    }
