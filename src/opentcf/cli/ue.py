"""`opentcf ue`: a terminal or dispatcher at the prompt."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from difflib import get_close_matches
from time import monotonic

import click
from rich.console import Console
from rich.text import Text

from opentcf.btrunc.wire import Package, Wire
from opentcf.cli import dispatch
from opentcf.cli.errors import FAILED, WRONG, fail
from opentcf.model.call import CallSetup, CallType
from opentcf.model.numbers import Aor, is_number
from opentcf.runtime.addresses import DEFAULT_PORTS, address
from opentcf.runtime.radio import Radio, open_radio
from opentcf.sip.message import REASONS
from opentcf.sip.outbox import Flow
from opentcf.terminal import Behaviour, Call, CallState, Event

INTERRUPTED = 130
ANSWER_SECONDS = 33.0
"""A little longer than a request waits for its answer (RFC 3261 timer F)."""
WAIT_SECONDS = 30.0
LEAVE_SECONDS = 5.0
_LOOK_AGAIN = 0.01
_GOOD = frozenset(
    ("registered", "refreshed", "unregistered", "up", "changed", "granted", "delivered", "notified")
)
_UNITS = {"queued": "place ", "granted": "grant "}
"""What the number is that comes with an event."""
_EVENTS = Wire().events
_BAD = frozenset(("refused", "failed", "kicked", "denied", "revoked", "stunned", "killed"))


class CommandError(Exception):
    """A command that cannot be carried out, or whose outcome did not come: one line."""


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
    `help` at the prompt lists the commands. A script or a pipe ends with exit code 1 when a command fails:

    opentcf ue sip:1001@core1.example --password … --proxy udp:127.0.1.1:5070
    --script "register; call 2001@core2.example; wait up; sleep 2; hangup; quit"
    """
    try:
        user, hop = Aor.parse(uri), _proxy(proxy)
    except ValueError as error:
        fail(str(error), WRONG)
    printer = Printer(user, as_json=as_json, no_color=no_color, prompts=script is None and sys.stdin.isatty())
    how = Behaviour(behaviour) if behaviour else Behaviour.ANSWER
    lines = None if script is None else script.split(";")
    try:
        code = asyncio.run(_run(user, password, hop, plain, how, lines, printer))
    except OSError as error:
        fail(f"{proxy}: {(error.strerror or str(error)).lower()}", WRONG)
    sys.exit(code)


def _proxy(text: str) -> tuple[str, int]:
    where = address(text)
    if where.transport != "udp":
        raise ValueError(f"{text!r}: this terminal speaks UDP only; write udp:HOST:PORT")
    port = DEFAULT_PORTS["udp"] if where.port is None else where.port
    try:
        found = socket.getaddrinfo(where.host, port, type=socket.SOCK_DGRAM)
    except OSError as error:
        raise ValueError(f"{text!r}: {error.strerror or error}") from None
    return str(found[0][4][0]), port


class Printer:
    """What the terminal says: lines for people, or JSON."""

    def __init__(self, user: Aor, *, as_json: bool, no_color: bool, prompts: bool) -> None:
        self._console = Console(no_color=no_color, highlight=False, soft_wrap=True)
        self._user = user
        self._as_json = as_json
        self._prompts = prompts and not as_json

    def prompt(self) -> None:
        """Ask for a command, where somebody is to be asked."""
        if self._prompts:
            self._console.print(f"[bold cyan]{self._user.number}>[/] ", end="")
            sys.stdout.flush()

    def say(self, text: str, style: str = "") -> None:
        """An answer to a command."""
        if self._as_json:
            self.write({"event": "text", "text": text})
        else:
            self._console.print(Text(text, style))

    def error(self, text: str) -> None:
        """A command went wrong."""
        if self._as_json:
            self.write({"event": "error", "text": text})
        else:
            self._console.print(Text(text, "red"))

    def event(self, event: Event, number: int | None) -> None:
        """Something happened."""
        if self._as_json:
            self.write(self._fields(event, number))
            return
        if self._prompts:
            self._console.print("\r", end="")
        style = (
            "green"
            if event.name in _GOOD
            else "red"
            if event.name in _BAD or event.status >= 300
            else "yellow"
        )
        text = Text("● ", style)
        if event.call is not None:
            ways = "from" if event.name == "incoming" else "with"
            text.append(f"call {number} {ways} {event.call.remote}: ")
        text.append(event.name.replace("_", " "), f"bold {style}")
        if event.name == "message" and event.page is not None:
            told = f" to {event.page.group}" if event.page.group else ""
            text.append(f" from {event.page.sender}{told}: {event.text}")
            self._console.print(text)
            return
        if event.watch is not None:
            text.append(f" {_EVENTS[event.watch.package]} {event.watch.number}".rstrip())
        if event.status:
            text.append(f" {event.status} {REASONS.get(event.status, '')}".rstrip(), style)
        if event.text:
            text.append(f" ({_UNITS.get(event.name, '')}{event.text})", "bright_black")
        self._console.print(text)

    @staticmethod
    def _fields(event: Event, number: int | None) -> dict[str, object]:
        fields: dict[str, object] = {"event": event.name}
        if event.call is not None:
            fields |= {"call": number, "remote": event.call.remote, "id": event.call.id or None}
            if event.call.talker:
                fields["talker"] = event.call.talker
        if event.page is not None:
            page = event.page
            said = {"sender": page.sender, "group": page.group, "msgid": page.msgid}
            fields |= {name: value for name, value in said.items() if value}
        if event.watch is not None:
            watch = event.watch
            fields |= {"package": _EVENTS[watch.package], "number": watch.number, "version": watch.version}
        if event.status:
            fields["status"] = event.status
        if event.text:
            fields["text"] = event.text
        return fields

    @staticmethod
    def write(fields: dict[str, object]) -> None:
        """One JSON object a line."""
        click.echo(json.dumps(fields, ensure_ascii=False))


Verb = Callable[[list[str]], Awaitable[None]]


class Desk:
    """The prompt's commands."""

    def __init__(self, radio: Radio, printer: Printer) -> None:
        self.left = False
        self._radio = radio
        self._terminal = radio.terminal
        self._printer = printer
        self._calls: dict[str, int] = {}
        self._last: Event | None = None
        self._verbs: dict[str, tuple[str, str, Verb]] = {
            "register": ("", "register", self._register),
            "unregister": ("", "de-register", self._unregister),
            "call": ("NUMBER[@DOMAIN]", "call a user", self._call),
            "group": ("NUMBER[@DOMAIN] [emergency]", "call a group", self._group),
            "answer": ("[CALL]", "take a call", self._answer),
            "reject": ("[CALL] [STATUS]", "refuse a call: 603, 486 …", self._reject),
            "hangup": ("[CALL]", "release or cancel a call", self._hangup),
            "hold": ("[CALL]", "hold a call", self._hold),
            "resume": ("[CALL]", "take a held call up again", self._resume),
            "press": ("[CALL] [emergency]", "press to talk: ask for the floor", self._press),
            "release": ("[CALL]", "release to listen: give the floor back", self._release),
            "calm": ("[CALL]", "end the emergency of a group call", self._calm),
            "text": ("NUMBER[@DOMAIN] TEXT…", "send a text to a user", self._text),
            "grouptext": ("NUMBER[@DOMAIN] TEXT…", "send a text to a group", self._grouptext),
            "subscribe": ("EVENT [NUMBER]", f"watch: {', '.join(_EVENTS.values())}", self._watch),
            "unsubscribe": ("EVENT [NUMBER]", "watch no longer", self._unwatch),
            "addresses": ("", "fetch the address book", self._addresses),
            **{verb: (*usage, self._dispatch(verb)) for verb, usage in dispatch.USAGES.items()},
            "move": ("udp:HOST:PORT", "attach to another TCF", self._move),
            "calls": ("", "list the calls", self._list),
            "wait": (
                "WHAT [SECONDS]",
                "until it is so: registered, up, talking … (`wait` lists them)",
                self._wait,
            ),
            "sleep": ("SECONDS", "do nothing for a while", self._sleep),
            "help": ("", "list the commands", self._help),
            "quit": ("", "release, de-register and leave", self._quit),
        }

    def heard(self, event: Event) -> None:
        """The terminal has news."""
        if event.call is not None:
            self._calls.setdefault(event.call.key, len(self._calls) + 1)
        if event.name in ("ended", "failed"):
            self._last = event
        self._printer.event(event, self._calls.get(event.call.key) if event.call else None)

    async def obey(self, line: str) -> None:
        """Carry out one line; CommandError says why not."""
        words = line.split()
        if not words or words[0].startswith("#"):
            return
        name, arguments = words[0].lower(), words[1:]
        found = self._verbs.get(name)
        if found is None:
            near = get_close_matches(name, self._verbs, 1)
            raise CommandError(
                f"there is no {name!r}; " + (f"did you mean {near[0]!r}?" if near else "try help")
            )
        usage, _, verb = found
        if len(arguments) > len(usage.split()) and not usage.endswith("…"):
            raise CommandError(f"usage: {name} {usage}".rstrip())
        await verb(arguments)

    async def leave(self) -> None:
        """Release everything and de-register; a TCF that is silent is not waited for for long."""
        self.left = True
        for call in list(self._terminal.calls.values()):
            self._terminal.hang_up(call, self._radio.now)
        for watch in list(self._terminal.watches.values()):
            self._terminal.unwatch(watch, self._radio.now)
        self._radio.pump()
        await self._until(lambda: not self._terminal.watches, LEAVE_SECONDS)
        if self._terminal.registered:
            self._terminal.register(self._radio.now, 0)
        self._radio.pump()
        await self._until(
            lambda: not self._terminal.registered and not self._terminal.calls and self._terminal.quiet(),
            LEAVE_SECONDS,
        )

    # --- verbs

    async def _register(self, arguments: list[str]) -> None:
        mark = len(self._radio.heard)
        self._terminal.register(self._radio.now)
        await self._registration(mark, "registered", "refreshed")

    async def _unregister(self, arguments: list[str]) -> None:
        mark = len(self._radio.heard)
        self._terminal.register(self._radio.now, 0)
        await self._registration(mark, "unregistered")

    async def _move(self, arguments: list[str]) -> None:
        if not arguments:
            raise CommandError("usage: move udp:HOST:PORT")
        try:
            hop = _proxy(arguments[0])
        except ValueError as error:
            raise CommandError(str(error)) from None
        mark = len(self._radio.heard)
        self._terminal.move(Flow("d", "udp", *hop), self._radio.now)
        await self._registration(mark, "registered")

    async def _registration(self, mark: int, *good: str) -> None:
        self._radio.pump()
        heard = self._radio.heard
        wanted = {*good, "refused", "failed"}

        def settled() -> bool:
            return any(event.name in wanted and event.page is None for event in heard[mark:])

        if not await self._until(settled, ANSWER_SECONDS):
            raise CommandError("the TCF does not answer")
        if not any(event.name in good for event in heard[mark:]):
            raise CommandError(f"not {good[0]}")

    async def _text(self, arguments: list[str]) -> None:
        await self._send_text(arguments, "text", group=False)

    async def _grouptext(self, arguments: list[str]) -> None:
        await self._send_text(arguments, "grouptext", group=True)

    async def _send_text(self, arguments: list[str], verb: str, *, group: bool) -> None:
        if len(arguments) < 2:
            raise CommandError(f"usage: {verb} NUMBER[@DOMAIN] TEXT…")
        mark, number = len(self._radio.heard), _number(arguments[0])
        key = self._terminal.message(number, " ".join(arguments[1:]), self._radio.now, group=group)
        await self._paged(mark, key, "not delivered")

    def _dispatch(self, verb: str) -> Verb:
        async def order(arguments: list[str]) -> None:
            mark = len(self._radio.heard)
            try:
                wanted = dispatch.read(verb, arguments, self._terminal.user.domain)
            except ValueError as error:
                raise CommandError(str(error)) from None
            await self._paged(mark, self._terminal.dispatch(wanted, self._radio.now), f"no {verb}")

        return order

    async def _paged(self, mark: int, key: str, failure: str) -> None:
        """Wait for what becomes of a MESSAGE of ours."""
        self._radio.pump()
        heard = self._radio.heard

        def results() -> list[Event]:
            return [event for event in heard[mark:] if event.page is not None and event.page.key == key]

        if not await self._until(lambda: bool(results()), ANSWER_SECONDS):
            raise CommandError("the TCF does not answer")
        if results()[0].name != "delivered":
            raise CommandError(failure)

    async def _watch(self, arguments: list[str]) -> None:
        package, number = _watched(arguments, "subscribe")
        mark = len(self._radio.heard)
        self._terminal.watch(package, self._radio.now, number)
        await self._notified(mark)

    async def _unwatch(self, arguments: list[str]) -> None:
        wanted, mark = _watched(arguments, "unsubscribe"), len(self._radio.heard)
        found = [
            watch for watch in self._terminal.watches.values() if (watch.package, watch.number) == wanted
        ]
        if not found:
            raise CommandError("that is not watched")
        self._terminal.unwatch(found[0], self._radio.now)
        await self._notified(mark)

    async def _notified(self, mark: int) -> None:
        """Until the state, or a refusal, has come."""
        self._radio.pump()
        heard = self._radio.heard

        def told() -> list[Event]:
            return [event for event in heard[mark:] if event.watch is not None]

        if not await self._until(lambda: bool(told()), ANSWER_SECONDS):
            raise CommandError("the TCF does not answer")
        if told()[0].name != "notified":
            raise CommandError("refused")

    async def _addresses(self, arguments: list[str]) -> None:
        mark = len(self._radio.heard)
        self._terminal.addresses(self._radio.now)
        self._radio.pump()
        heard, wanted = self._radio.heard, ("addresses", "refused")

        if not await self._until(lambda: any(event.name in wanted for event in heard[mark:]), ANSWER_SECONDS):
            raise CommandError("the TCF does not answer")
        if not any(event.name == "addresses" for event in heard[mark:]):
            raise CommandError("refused")

    async def _call(self, arguments: list[str]) -> None:
        if not arguments:
            raise CommandError("usage: call NUMBER[@DOMAIN]")
        self._dial(_number(arguments[0]))

    def _dial(self, number: str, setup: CallSetup | None = None) -> None:
        self._last = None
        call = self._terminal.call(number, self._radio.now, setup)
        self._calls[call.key] = len(self._calls) + 1
        self._radio.pump()

    async def _answer(self, arguments: list[str]) -> None:
        self._terminal.answer(self._pick(arguments, CallState.INCOMING), self._radio.now)
        self._radio.pump()

    async def _reject(self, arguments: list[str]) -> None:
        status = 603
        if arguments and arguments[-1].isdigit() and 400 <= int(arguments[-1]) < 700:
            status = int(arguments.pop())
        self._terminal.reject(self._pick(arguments, CallState.INCOMING), self._radio.now, status)
        self._radio.pump()

    async def _hangup(self, arguments: list[str]) -> None:
        self._terminal.hang_up(self._pick(arguments), self._radio.now)
        self._radio.pump()

    async def _hold(self, arguments: list[str]) -> None:
        await self._change(arguments, "sendonly")

    async def _resume(self, arguments: list[str]) -> None:
        await self._change(arguments, "sendrecv")

    async def _change(self, arguments: list[str], direction: str) -> None:
        call, mark = self._pick(arguments, CallState.UP), len(self._radio.heard)
        self._terminal.change(call, direction, self._radio.now)
        await self._answered(call, mark)

    async def _group(self, arguments: list[str]) -> None:
        emergency = _is_emergency(arguments)
        if len(arguments) != 1:
            raise CommandError("usage: group NUMBER[@DOMAIN] [emergency]")
        self._dial(_number(arguments[0]), CallSetup(CallType.GROUP_AUDIO, emergency=emergency))

    async def _press(self, arguments: list[str]) -> None:
        emergency = _is_emergency(arguments)
        self._terminal.press(self._pick(arguments, CallState.UP), self._radio.now, emergency=emergency)
        self._radio.pump()

    async def _calm(self, arguments: list[str]) -> None:
        self._terminal.calm(self._pick(arguments, CallState.UP), self._radio.now)
        self._radio.pump()

    async def _release(self, arguments: list[str]) -> None:
        self._terminal.let_go(self._pick(arguments, CallState.UP), self._radio.now)
        self._radio.pump()

    async def _answered(self, call: Call, mark: int) -> None:
        self._radio.pump()
        heard, over = self._radio.heard, {"changed", "failed", "ended"}

        def done() -> bool:
            return any(event.call is call and event.name in over for event in heard[mark:])

        if not await self._until(done, ANSWER_SECONDS):
            raise CommandError("the other side does not answer")

    async def _list(self, arguments: list[str]) -> None:
        if not self._terminal.calls:
            self._printer.say("no calls")
        for call in self._terminal.calls.values():
            number = self._calls.get(call.key, 0)
            self._printer.say(
                f"call {number} with {call.remote}: {call.state.value}{_how(call)}  {call.id}".rstrip()
            )

    async def _wait(self, arguments: list[str]) -> None:
        conditions: dict[str, Callable[[], bool]] = {
            "registered": lambda: self._terminal.registered,
            "stunned": lambda: self._terminal.control.barred,
            "incoming": lambda: self._has(CallState.INCOMING, CallState.UP),
            "ringing": lambda: self._has(CallState.RINGING, CallState.UP),
            "up": lambda: self._has(CallState.UP),
            "ended": lambda: not self._terminal.calls,
            "talking": lambda: self._any(lambda call: call.talking),
            "queued": lambda: self._any(lambda call: call.position > 0),
            "listening": lambda: self._any(lambda call: call.talker not in ("", str(self._terminal.user))),
            "idle": lambda: self._any(lambda call: not call.talker),
        }
        name = arguments[0].lower() if arguments else ""
        if name not in conditions:
            raise CommandError(f"usage: wait {'|'.join(conditions)} [SECONDS]")
        true, seconds = conditions[name], _seconds(arguments[1]) if len(arguments) > 1 else WAIT_SECONDS

        def settled() -> bool:
            return true() or (
                name in ("ringing", "up") and self._last is not None and not self._terminal.calls
            )

        await self._until(settled, seconds)
        if not true():
            over = self._last
            status = (
                f" {over.status} {REASONS.get(over.status, '')}" if over is not None and over.status else ""
            )
            raise CommandError(
                f"the call ended:{status or ' normally'}" if over else f"not {name} within {seconds:g} s"
            )

    async def _sleep(self, arguments: list[str]) -> None:
        await asyncio.sleep(_seconds(arguments[0]) if arguments else 1.0)

    async def _help(self, arguments: list[str]) -> None:
        rows = [(f"{name} {usage}".rstrip(), meaning) for name, (usage, meaning, _) in self._verbs.items()]
        width = max(len(row[0]) for row in rows if len(row[0]) < 40)
        for usage, meaning in rows:
            self._printer.say(f"  {usage:<{width}}  {meaning}")

    async def _quit(self, arguments: list[str]) -> None:
        await self.leave()

    # --- inside

    def _has(self, *states: CallState) -> bool:
        return any(call.state in states for call in self._terminal.calls.values())

    def _any(self, true: Callable[[Call], bool]) -> bool:
        return any(call.state is CallState.UP and true(call) for call in self._terminal.calls.values())

    def _pick(self, arguments: list[str], state: CallState | None = None) -> Call:
        """The call that is meant: by its number, else the newest one that fits."""
        calls = [call for call in self._terminal.calls.values() if state is None or call.state is state]
        if arguments:
            calls = [call for call in calls if str(self._calls.get(call.key)) == arguments[0]]
        if not calls:
            kind = (
                {CallState.INCOMING: " that rings here", CallState.UP: " that is up"}.get(state, "")
                if state
                else ""
            )
            raise CommandError(f"there is no call{' ' + arguments[0] if arguments else ''}{kind}")
        return calls[-1]

    @staticmethod
    async def _until(true: Callable[[], bool], seconds: float) -> bool:
        deadline = monotonic() + seconds
        while not true():
            if monotonic() > deadline:
                return False
            await asyncio.sleep(_LOOK_AGAIN)
        return True


def _number(text: str) -> str:
    number = text.removeprefix("sip:").removeprefix("tel:")
    if not is_number(number.partition("@")[0]):
        raise CommandError(f"{text!r} is neither a number nor number@domain")
    return number


def _watched(arguments: list[str], verb: str) -> tuple[Package, str]:
    """An event, and the number it is about; no number: all."""
    package = Wire().event(arguments[0]) if arguments else None
    if package is None:
        raise CommandError(f"usage: {verb} {'|'.join(_EVENTS.values())} [NUMBER]")
    return package, _number(arguments[1]) if len(arguments) > 1 else ""


def _is_emergency(arguments: list[str]) -> bool:
    """Is it said at the end? It is taken away."""
    said = bool(arguments) and arguments[-1].lower() == "emergency"
    if said:
        arguments.pop()
    return said


def _how(call: Call) -> str:
    """Who talks or which place is ours in a group call; held or not in another."""
    if call.talking:
        return ", you talk"
    place = f", place {call.position}" if call.position else ""
    if call.talker:
        return f", {call.talker} talks{place}"
    return "" if call.direction == "sendrecv" else f", {call.direction}"


def _seconds(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found < 1e6:
        raise CommandError(f"{text!r} is no number of seconds")
    return found


async def _run(
    user: Aor,
    password: str,
    hop: tuple[str, int],
    plain: bool,
    behaviour: Behaviour,
    script: list[str] | None,
    printer: Printer,
) -> int:
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    radio = await open_radio(user, password, hop, plain=plain, behaviour=behaviour)
    desk = Desk(radio, printer)
    radio.listener = desk.heard
    try:
        strict = script is not None or not sys.stdin.isatty()
        code = await _obey(
            desk, _scripted(script) if script is not None else _typed(), printer, strict=strict
        )
        if not desk.left:
            await desk.leave()
        return code
    except asyncio.CancelledError:
        await desk.leave()
        return INTERRUPTED
    finally:
        radio.close()


async def _obey(desk: Desk, lines: "asyncio.Queue[str | None]", printer: Printer, *, strict: bool) -> int:
    """Line by line; a script stops at the first command that fails."""
    printer.prompt()
    while (line := await lines.get()) is not None:
        try:
            await desk.obey(line)
        except CommandError as error:
            printer.error(str(error))
            if strict:
                return FAILED
        if desk.left:
            break
        printer.prompt()
    return 0


def _scripted(lines: list[str]) -> "asyncio.Queue[str | None]":
    queue: asyncio.Queue[str | None] = asyncio.Queue()
    for line in lines:
        queue.put_nowait(line)
    queue.put_nowait(None)
    return queue


def _typed() -> "asyncio.Queue[str | None]":
    """Lines of stdin, from a terminal, a pipe or a file; None at its end."""
    queue: asyncio.Queue[str | None] = asyncio.Queue()
    loop, source, left = asyncio.get_running_loop(), sys.stdin.fileno(), bytearray()

    def read() -> None:
        data = os.read(source, 65_536)
        left.extend(data)
        *lines, rest = left.split(b"\n")
        for line in lines:
            queue.put_nowait(line.decode("utf-8", "replace"))
        left[:] = rest
        if not data:
            loop.remove_reader(source)
            queue.put_nowait(left.decode("utf-8", "replace"))
            queue.put_nowait(None)

    try:
        loop.add_reader(source, read)
    except PermissionError:  # a regular file cannot be waited for; it is all there
        text = b"".join(iter(lambda: os.read(source, 65_536), b"")).decode("utf-8", "replace")
        return _scripted(text.splitlines())
    return queue
