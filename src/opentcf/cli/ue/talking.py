"""Group calls 组呼, and the floor 话权 of these and of half-duplex calls."""

from opentcf.cli.ue.session import Session
from opentcf.cli.ue.verb import Verb
from opentcf.cli.ue.words import CommandError, number, only, take
from opentcf.model.call import CallSetup, CallType
from opentcf.terminal import CallState


async def _group(session: Session, words: list[str]) -> None:
    kind = CallType.GROUP_AUDIO_VIDEO if take(words, "audio+video") else CallType.GROUP_AUDIO
    emergency = bool(take(words, "emergency"))
    await session.dial(number(only(words)), CallSetup(kind, emergency=emergency))


async def _press(session: Session, words: list[str]) -> None:
    emergency = bool(take(words, "emergency"))
    session.terminal.press(session.pick(words, CallState.UP), session.now, emergency=emergency)
    session.radio.pump()


async def _release(session: Session, words: list[str]) -> None:
    session.terminal.let_go(session.pick(words, CallState.UP), session.now)
    session.radio.pump()


async def _withdraw(session: Session, words: list[str]) -> None:
    call = session.pick(words, CallState.UP)
    if session.terminal.quiet():
        raise CommandError("no request for the floor is open; a place in the queue goes back by release")
    session.terminal.withdraw(call, session.now)
    session.radio.pump()


async def _calm(session: Session, words: list[str]) -> None:
    session.terminal.calm(session.pick(words, CallState.UP), session.now)
    session.radio.pump()


VERBS = {
    "group": Verb("NUMBER[@DOMAIN] [audio+video] [emergency]", "call a group", _group),
    "press": Verb("[CALL] [emergency]", "press to talk: ask for the floor", _press),
    "release": Verb("[CALL]", "release to listen: give the floor back", _release),
    "withdraw": Verb("[CALL]", "cancel a request for the floor that is not answered yet", _withdraw),
    "calm": Verb("[CALL]", "end the emergency of a group call", _calm),
}
