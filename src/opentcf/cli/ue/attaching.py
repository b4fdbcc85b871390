"""Attach to a TCF: register, move, hand over."""

from opentcf.cli.ue.session import Session
from opentcf.cli.ue.verb import Verb
from opentcf.cli.ue.words import CommandError, proxy_address
from opentcf.model.registration import RegType
from opentcf.sip.outbox import Flow
from opentcf.terminal import CallState


async def _register(session: Session, words: list[str]) -> None:
    mark = session.mark()
    session.terminal.register(session.now)
    await _outcome(session, mark, "registered", "refreshed")


async def _unregister(session: Session, words: list[str]) -> None:
    mark = session.mark()
    session.terminal.register(session.now, 0)
    await _outcome(session, mark, "unregistered")


async def _move(session: Session, words: list[str]) -> None:
    mark, flow = session.mark(), _flow(words[0])
    session.terminal.move(flow, session.now)
    await _outcome(session, mark, "registered")


async def _prepare(session: Session, words: list[str]) -> None:
    mark, call = session.mark(), session.pick(words[1:], CallState.UP)
    session.terminal.prepare(call, words[0], session.now)
    over = {"handover", "ended"}
    event = await session.hear(mark, lambda event: event.call is call and event.name in over)
    if event.name != "handover":
        raise CommandError("the call is over")


async def _hand_over(session: Session, words: list[str]) -> None:
    mark, flow = session.mark(), _flow(words[0])
    has_call = bool(words[1:]) or any(call.state is CallState.UP for call in session.terminal.calls.values())
    call = session.pick(words[1:], CallState.UP) if has_call else None
    session.terminal.move(flow, session.now, RegType.HANDOVER, call)
    await _outcome(session, mark, "registered")


def _flow(text: str) -> Flow:
    try:
        return proxy_address(text)
    except ValueError as error:
        raise CommandError(str(error)) from None


async def _outcome(session: Session, mark: int, *good: str) -> None:
    wanted = {*good, "refused", "failed"}
    event = await session.hear(mark, lambda event: event.name in wanted and event.page is None)
    if event.name not in good:
        raise CommandError(f"not {good[0]}")


VERBS = {
    "register": Verb("", "register", _register),
    "unregister": Verb("", "de-register", _unregister),
    "move": Verb("udp:HOST:PORT", "attach to another TCF", _move),
    "prepare": Verb("DOMAIN [CALL]", "prepare a call's handover to the TCF of a domain", _prepare),
    "handover": Verb("udp:HOST:PORT [CALL]", "attach to another TCF; the call comes along", _hand_over),
}
