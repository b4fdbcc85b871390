"""Private calls 单呼: audio, video, half duplex, emergency; and what can be done with any call."""

from opentcf.cli.ue.session import Session
from opentcf.cli.ue.verb import Verb
from opentcf.cli.ue.words import UsageError, number, only, take
from opentcf.model.call import CallSetup, CallType
from opentcf.terminal import Call, CallState

MEDIA = {
    "audio": CallType.PRIVATE_AUDIO,
    "audio+video": CallType.PRIVATE_AUDIO_VIDEO,
    "video": CallType.PRIVATE_VIDEO,
}
DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")


async def _call(session: Session, words: list[str]) -> None:
    setup = CallSetup(
        MEDIA[take(words, *MEDIA) or "audio"],
        full_duplex=not take(words, "half"),
        emergency=bool(take(words, "emergency")),
    )
    await session.dial(number(only(words)), setup)


async def _answer(session: Session, words: list[str]) -> None:
    session.terminal.answer(session.pick(words, CallState.INCOMING), session.now)
    session.radio.pump()


async def _reject(session: Session, words: list[str]) -> None:
    status = 603
    if words and words[-1].isdigit() and 400 <= int(words[-1]) < 700:
        status = int(words.pop())
    session.terminal.reject(session.pick(words, CallState.INCOMING), session.now, status)
    session.radio.pump()


async def _hangup(session: Session, words: list[str]) -> None:
    session.terminal.hang_up(session.pick(words), session.now)
    session.radio.pump()


async def _hold(session: Session, words: list[str]) -> None:
    await _change(session, words, "sendonly")


async def _resume(session: Session, words: list[str]) -> None:
    await _change(session, words, "sendrecv")


async def _change(session: Session, words: list[str], direction: str) -> None:
    call, mark = session.pick(words, CallState.UP), session.mark()
    session.terminal.change(call, direction, session.now)
    await session.changed(call, mark)


async def _media(session: Session, words: list[str]) -> None:
    kind, direction = take(words, *MEDIA), take(words, *DIRECTIONS) or "sendrecv"
    if not kind or len(words) > 1:
        raise UsageError
    call, mark = session.pick(words, CallState.UP), session.mark()
    session.terminal.become(call, CallSetup(MEDIA[kind]), direction, session.now)
    await session.changed(call, mark)


async def _list(session: Session, words: list[str]) -> None:
    if not session.terminal.calls:
        session.printer.say("no calls")
    for call in session.terminal.calls.values():
        state, number = f"{call.state.value}{_media_of(call)}{_floor_of(call)}", session.number_of(call)
        session.printer.say(f"call {number} with {call.remote}: {state}  {call.id}".rstrip())


def _media_of(call: Call) -> str:
    """What it consists of, unless it is audio alone."""
    return "" if call.open_streams in ((), ("audio",)) else f", {'+'.join(call.open_streams)}"


def _floor_of(call: Call) -> str:
    """Who talks or which place is ours in a group call; held or not in another."""
    if call.talking:
        return ", you talk"
    place = f", place {call.position}" if call.position else ""
    if call.talker:
        return f", {call.talker} talks{place}"
    return "" if call.direction == "sendrecv" else f", {call.direction}"


VERBS = {
    "call": Verb("NUMBER[@DOMAIN] [audio+video|video] [half] [emergency]", "call a user", _call),
    "answer": Verb("[CALL]", "take a call", _answer),
    "reject": Verb("[CALL] [STATUS]", "refuse a call: 603, 486 …", _reject),
    "hangup": Verb("[CALL]", "release or cancel a call", _hangup),
    "hold": Verb("[CALL]", "hold a call", _hold),
    "resume": Verb("[CALL]", "take a held call up again", _resume),
    "media": Verb(
        f"[CALL] {'|'.join(MEDIA)} [{'|'.join(DIRECTIONS)}]", "change what a call consists of", _media
    ),
    "calls": Verb("", "list the calls", _list),
}
