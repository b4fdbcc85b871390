"""The command itself: its options, and one line after the other until the person leaves."""

import asyncio
import signal
import sys
from typing import NamedTuple

import click

from opentcf.cli.errors import FAILED, INTERRUPTED, WRONG, fail
from opentcf.cli.ue import lines
from opentcf.cli.ue.desk import obey
from opentcf.cli.ue.printer import Printer
from opentcf.cli.ue.session import Session
from opentcf.cli.ue.words import CommandError, proxy_address
from opentcf.model.numbers import Aor
from opentcf.runtime.radio import open_radio
from opentcf.sip.outbox import Flow
from opentcf.terminal import Behaviour


class Equipment(NamedTuple):
    """Whose terminal it is, and how it behaves. `hop` is the D address of its TCF."""

    user: Aor
    password: str
    hop: Flow
    plain: bool
    behaviour: Behaviour


@click.command()
@click.argument("uri", metavar="URI")
@click.option(
    "--password", envvar="OPENTCF_PASSWORD", show_envvar=True, required=True, help="The digest password."
)
@click.option("--proxy", required=True, metavar="udp:HOST:PORT", help="D address of the TCF to attach to.")
@click.option("--plain", is_flag=True, help="A plain softphone: never sends Ptt-Extension.")
@click.option("--ring", "behaviour", flag_value="ring", help="When called: ring until `answer` or `reject`.")
@click.option("--busy", "behaviour", flag_value="busy", help="When called: 486.")
@click.option("--decline", "behaviour", flag_value="decline", help="When called: 603.")
@click.option("--script", metavar="COMMANDS", help="Commands separated by `;` instead of the prompt.")
@click.option("--json", "as_json", is_flag=True, help="Events as one JSON object a line.")
@click.option("--no-color", is_flag=True, help="No colours.")
def ue(
    uri: str,
    password: str,
    proxy: str,
    plain: bool,
    behaviour: str | None,
    script: str | None,
    as_json: bool,
    no_color: bool,
) -> None:
    """A terminal or dispatcher at the prompt.

    URI is the user, for example sip:1001@core1.example. Answers by itself when it is called, unless told otherwise.
    `help` at the prompt lists the commands. A script or a pipe ends with exit code 1 when a command fails, a script
    also when a call that it made is refused:

    opentcf ue sip:1001@core1.example --password … --proxy udp:127.0.1.1:5070
    --script "register; call 2001@core2.example; wait up; sleep 2; hangup; quit"
    """
    try:
        user, hop = Aor.parse(uri), proxy_address(proxy)
    except ValueError as error:
        fail(str(error), WRONG)
    printer = Printer(user, as_json=as_json, no_color=no_color, prompts=script is None and sys.stdin.isatty())
    how = Behaviour(behaviour) if behaviour else Behaviour.ANSWER
    commands = None if script is None else script.split(";")
    try:
        code = asyncio.run(_run(Equipment(user, password, hop, plain, how), commands, printer))
    except OSError as error:
        fail(f"{proxy}: {(error.strerror or str(error)).lower()}", WRONG)
    sys.exit(code)


async def _run(equipment: Equipment, script: list[str] | None, printer: Printer) -> int:
    """The exit code."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    user, password, hop, plain, behaviour = equipment
    radio = await open_radio(user, password, (hop.host, hop.port), plain=plain, behaviour=behaviour)
    session = Session(radio, printer, scripted=script is not None)
    try:
        strict = script is not None or not sys.stdin.isatty()
        queue = lines.typed() if script is None else lines.scripted(script)
        code = await _obey(session, queue, strict=strict)
        if not session.left:
            await session.leave()
        return code
    except asyncio.CancelledError:
        await session.leave()
        return INTERRUPTED
    finally:
        radio.close()


async def _obey(session: Session, queue: lines.Lines, *, strict: bool) -> int:
    """Line by line; a script stops at the first command that fails."""
    session.printer.prompt()
    while (line := await queue.get()) is not None:
        try:
            await obey(session, line)
            if session.scripted:
                session.check()
        except CommandError as error:
            session.printer.error(str(error))
            if strict:
                return FAILED
        if session.left:
            break
        session.printer.prompt()
    return 0
