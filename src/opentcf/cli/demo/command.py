"""The command, its options and its exit code."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

import click
from rich.console import Console

from opentcf.cli.demo.day import DAY
from opentcf.cli.demo.network import HTTP_PORT, Network, NetworkError, check_ports, host
from opentcf.cli.demo.play import Player, everything
from opentcf.cli.demo.procedure import Procedure
from opentcf.cli.demo.show import Lines, Screen, Show
from opentcf.cli.demo.visitor import Visitor, serve_visitor
from opentcf.cli.errors import FAILED, WRONG, fail

INTERRUPTED = 130


@click.command()
@click.option(
    "--once", is_flag=True, help="Every procedure once, fast; a table; exit code 0 only if all passed."
)
@click.option(
    "--no-web", is_flag=True, help="No web pages: neither the nodes' addresses nor the page to join in."
)
@click.option(
    "--only", multiple=True, metavar="KEY", help="Only this procedure (may be repeated); --list names them."
)
@click.option("--list", "as_list", is_flag=True, help="Name the procedures and do nothing.")
@click.option(
    "--dir", "folder", type=click.Path(path_type=Path), help="Keep configurations, stores and logs here."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--no-color", is_flag=True, help="No colours.")
def demo(
    once: bool,
    no_web: bool,
    only: tuple[str, ...],
    as_list: bool,
    folder: Path | None,
    as_json: bool,
    no_color: bool,
) -> None:
    """Watch four core networks on loopback run every procedure.

    Starts four real nodes on 127.0.1.1 to 127.0.4.1 (TC2 5060, D 5070, HTTP 8060), and terminals and dispatchers that
    speak SIP to them. Every message appears in a ladder as it happens. Without --once a day of the four goes by at a
    pace to watch, again and again until Ctrl-C, and you may join in on a page: call, press to talk, send texts.
    """
    chosen = _choose(only)
    if as_list:
        for procedure in chosen:
            click.echo(f"{procedure.key:<18} {procedure.title}  {procedure.chinese}")
        return
    try:
        check_ports()
    except NetworkError as error:
        fail(str(error), FAILED)
    console = Console(no_color=no_color, highlight=False)
    show: Show = Lines() if as_json else Screen(console)
    with _folder(folder) as place:
        code = _run(place, show, chosen, once=once, web=not no_web)
        if code == FAILED and folder is None:
            kept = Path(tempfile.mkdtemp(prefix="opentcf-demo-logs-"))
            for log in place.glob("*.log"):
                shutil.copy(log, kept)
            click.echo(f"opentcf: the nodes' logs are in {kept}", err=True)
    sys.exit(code)


def _run(folder: Path, show: Show, chosen: Sequence[Procedure], *, once: bool, web: bool) -> int:
    try:
        return asyncio.run(_perform(Network(folder), show, chosen, once=once, web=web))
    except NetworkError as error:
        show.close()
        click.echo(f"opentcf: {error}", err=True)
        return FAILED


async def _perform(
    network: Network, show: Show, chosen: Sequence[Procedure], *, once: bool, web: bool
) -> int:
    """Whatever happens, the four processes are gone afterwards."""
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    try:
        show.busy("four core networks start")
        await network.start()
        player = Player(network, show, paced=not once)
        await player.settle()
        if once:
            show.opening(web=web, join="")
            outcomes = await player.play(chosen)
            show.table(outcomes)
            return FAILED if any(outcome.failure for outcome in outcomes) else 0
        async with _visited(web) as (join, visitor):
            show.opening(web=web, join=join)
            _open_pages(join)
            while True:
                await _again(player, show, chosen, visitor)
    except asyncio.CancelledError:
        return INTERRUPTED
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, lambda: None)  # it is leaving already
        show.busy("the core networks leave")
        await network.end()
        show.close()


def _open_pages(join: str) -> None:
    """Where somebody sits at a screen his browser shows the console of the first core, and where to join in."""
    screen = sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if join and screen and sys.stdout.isatty():
        for url in (f"http://{host(1)}:{HTTP_PORT}/", join):
            click.launch(url)


async def _again(player: Player, show: Show, chosen: Sequence[Procedure], visitor: Visitor | None) -> None:
    """The whole day, or (when somebody chose) the same procedures once more."""
    if len(chosen) < len(everything()):
        show.table(await player.play(chosen))
        return
    known = {procedure.key: procedure for procedure in chosen}
    outcomes = []
    for chapter in DAY:
        show.chapter(chapter.clock, chapter.english, chapter.chinese)
        if visitor is not None:
            visitor.begin(chapter.clock, chapter.english, chapter.chinese)
        outcomes += await player.play([known[key] for key in chapter.keys])
    show.table(outcomes)


@contextlib.asynccontextmanager
async def _visited(web: bool) -> AsyncIterator[tuple[str, Visitor | None]]:
    """Somebody may join in; gives the address of his page, and him."""
    if not web:
        yield "", None
        return
    visitor = Visitor()
    await visitor.open()
    try:
        async with serve_visitor(visitor) as address:
            yield address, visitor
    finally:
        visitor.close()


def _choose(only: tuple[str, ...]) -> list[Procedure]:
    known = {procedure.key: procedure for procedure in everything()}
    for key in only:
        if key not in known:
            near = get_close_matches(key, known, 1)
            fail(f"there is no procedure {key!r}" + (f"; did you mean {near[0]!r}?" if near else ""), WRONG)
    return [procedure for key, procedure in known.items() if not only or key in only]


@contextlib.contextmanager
def _folder(folder: Path | None) -> Iterator[Path]:
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="opentcf-demo-") as temporary:
            yield Path(temporary)
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f"{folder}: {(error.strerror or str(error)).lower()}", WRONG)
    yield folder
