"""`opentcf bundle`: a running node in one zip, for those who are to help."""

import json
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from time import time
from zipfile import BadZipFile, ZipFile

import click

from opentcf.cli.client import Client
from opentcf.cli.errors import FAILED, fail
from opentcf.cli.options import asks_a_node
from opentcf.transport.interface import reason


@click.command()
@click.option("--output", "-o", metavar="FILE.zip", type=click.Path(path_type=Path),
              help="Where to write it; without it opentcf-DOMAIN-TIME.zip in this folder.")  # fmt: skip
@asks_a_node
def bundle(output: Path | None, url: str, token: str | None, as_json: bool, no_color: bool) -> None:
    """Put what a node knows of itself into one zip: version, configuration, metrics, trace, log. No secret is in it."""
    data = Client(url, token).fetch("/api/v1/bundle")
    path = output or Path(_name(url, data))
    try:
        path.write_bytes(data)
    except OSError as error:
        fail(f"{path}: {reason(error)}", FAILED)
    if as_json:
        click.echo(json.dumps({"file": str(path), "bytes": len(data)}))
    else:
        click.echo(f"wrote {path}, {len(data)} bytes")


def _name(url: str, data: bytes) -> str:
    """Whose bundle it is, it says itself."""
    try:
        with ZipFile(BytesIO(data)) as file:
            domain = json.loads(file.read("version.json"))["domain"]
    except (BadZipFile, KeyError, ValueError):
        fail(f"what answers at {url} is no OpenTCF node")
    return f"opentcf-{domain}-{datetime.fromtimestamp(time(), UTC):%Y%m%dT%H%M%SZ}.zip"
