"""What the terminal says: lines for people, or JSON."""

import json
import sys

import click
from rich.console import Console
from rich.text import Text

from opentcf.btrunc.wire import Wire
from opentcf.model.call import CallSetup, CallType
from opentcf.model.numbers import Aor
from opentcf.sip.message import REASONS
from opentcf.terminal import Call, Event
from opentcf.terminal.event import UNANSWERED

_GOOD = frozenset(
    ("registered", "refreshed", "unregistered", "up", "changed", "granted", "delivered", "notified")
)
_BAD = frozenset(("refused", "failed", "kicked", "denied", "revoked", "stunned", "killed"))
_UNITS = {"queued": "place ", "granted": "grant "}
"""What the number is that comes with an event."""
_EVENTS = Wire().events
_USUAL = (CallType.PRIVATE_AUDIO, CallType.GROUP_AUDIO)


class Printer:
    """`prompts`: there is somebody to ask for commands."""

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
            _write({"event": "text", "text": text})
        else:
            self._console.print(Text(text, style))

    def error(self, text: str) -> None:
        """A command went wrong."""
        if self._as_json:
            _write({"event": "error", "text": text})
        else:
            self._console.print(Text(text, "red"))

    def event(self, event: Event, number: int | None) -> None:
        """Something happened."""
        if self._as_json:
            _write(_fields(event, number))
            return
        if self._prompts:
            self._console.print("\r", end="")
        self._console.print(_line(event, number))


def _write(fields: dict[str, object]) -> None:
    """One JSON object a line."""
    click.echo(json.dumps(fields, ensure_ascii=False))


def _line(event: Event, number: int | None) -> Text:
    style = _style(event)
    text = Text("● ", style)
    if event.call is not None:
        ways = "from" if event.name == "incoming" else "with"
        text.append(f"call {number} {ways} {event.call.remote}: ")
    if event.text.startswith(UNANSWERED):
        return text.append(event.text, f"bold {style}")
    text.append(event.name.replace("_", " "), f"bold {style}")
    if event.name == "message" and event.page is not None:
        told = f" to {event.page.group}" if event.page.group else ""
        return text.append(f" from {event.page.sender}{told}: {event.text}")
    if event.name == "incoming" and event.call is not None:
        text.append(_kind(event.call.setup), f"bold {style}")
    if event.watch is not None:
        text.append(f" {_EVENTS[event.watch.package]} {event.watch.number}".rstrip())
    if event.status:
        text.append(f" {event.status} {REASONS.get(event.status, '')}".rstrip(), style)
    if event.text:
        text.append(f" ({_UNITS.get(event.name, '')}{event.text})", "bright_black")
    return text


def _style(event: Event) -> str:
    if event.name in _GOOD:
        return "green"
    return "red" if event.name in _BAD or event.status >= 300 else "yellow"


def _kind(setup: CallSetup) -> str:
    """What is unusual about a call that comes in."""
    emergency = " emergency" if setup.emergency else ""
    kind = "" if setup.call_type in _USUAL else f" {setup.call_type.name.lower().replace('_', ' ')}"
    return emergency + kind + ("" if setup.full_duplex or setup.call_type.is_group else " half duplex")


def _fields(event: Event, number: int | None) -> dict[str, object]:
    fields: dict[str, object] = {"event": event.name}
    if event.call is not None:
        fields |= _call_fields(event.call, number)
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


def _call_fields(call: Call, number: int | None) -> dict[str, object]:
    """`streams` are those of the other side's latest description."""
    fields: dict[str, object] = {"call": number, "remote": call.remote, "id": call.id or None}
    fields |= {"type": int(call.setup.call_type), "streams": list(call.open_streams)}
    if call.setup.emergency:
        fields["emergency"] = True
    if call.talker:
        fields["talker"] = call.talker
    return fields
