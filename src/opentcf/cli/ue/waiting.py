"""Wait in a script."""

import asyncio
from collections.abc import Callable

from opentcf.cli.ue.session import Session, how_ended
from opentcf.cli.ue.verb import Verb
from opentcf.cli.ue.words import CommandError, UsageError, seconds
from opentcf.terminal import Call, CallState

WAIT_SECONDS = 30.0
CONDITIONS: dict[str, Callable[[Session], bool]] = {
    "registered": lambda session: session.terminal.registered,
    "stunned": lambda session: session.terminal.control.barred,
    "incoming": lambda session: _has(session, CallState.INCOMING, CallState.UP),
    "ringing": lambda session: _has(session, CallState.RINGING, CallState.UP),
    "up": lambda session: _has(session, CallState.UP),
    "ended": lambda session: not session.terminal.calls,
    "talking": lambda session: _any(session, lambda call: call.talking),
    "queued": lambda session: _any(session, lambda call: call.position > 0),
    "listening": lambda session: _any(
        session, lambda call: call.talker not in ("", str(session.terminal.user))
    ),
    "idle": lambda session: _any(session, lambda call: not call.talker),
}


def _has(session: Session, *states: CallState) -> bool:
    return any(call.state in states for call in session.terminal.calls.values())


def _any(session: Session, true: Callable[[Call], bool]) -> bool:
    return any(call.state is CallState.UP and true(call) for call in session.terminal.calls.values())


async def _wait(session: Session, words: list[str]) -> None:
    name, patience = words[0].lower(), seconds(words[1]) if len(words) > 1 else WAIT_SECONDS
    if name not in CONDITIONS:
        raise UsageError
    true = CONDITIONS[name]

    def settled() -> bool:
        hopeless = name in ("ringing", "up") and session.last is not None and not session.terminal.calls
        return hopeless or true(session)

    await session.until(settled, patience)
    if not true(session):
        raise CommandError(how_ended(session.last) if session.last else f"not {name} within {patience:g} s")


async def _sleep(session: Session, words: list[str]) -> None:
    await asyncio.sleep(seconds(words[0]) if words else 1.0)


VERBS = {
    "wait": Verb(f"{'|'.join(CONDITIONS)} [SECONDS]", "until it is so", _wait),
    "sleep": Verb("[SECONDS]", "do nothing for a while", _sleep),
}
