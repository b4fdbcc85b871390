"""Video push 视频下推, pull 视频上拉 and forward 视频转发."""

from opentcf.btrunc.video import Goal, Source
from opentcf.btrunc.wire import Wire
from opentcf.cli.ue.session import Session
from opentcf.cli.ue.verb import Verb
from opentcf.cli.ue.words import UsageError, identity, number, only, take
from opentcf.model.call import CalledType, CallSetup, CallType
from opentcf.terminal import control
from opentcf.terminal.control import Order

ANY = "any"
"""In place of an OnlineCallID: whichever call of the user it is."""


async def _push(session: Session, words: list[str]) -> None:
    called = CalledType.GROUP if take(words, "group") else CalledType.NOT_SAID
    await session.dial(number(only(words)), CallSetup(CallType.VIDEO_PUSH, called_type=called))


async def _pull(session: Session, words: list[str]) -> None:
    await session.dial(number(words[0]), CallSetup(CallType.VIDEO_PULL))


async def _forward(session: Session, words: list[str]) -> None:
    domain = session.terminal.user.domain
    party, goals = identity(words[0], domain), _goals(words[2:], domain)
    source = Source(party.number, True) if words[1] == ANY else Source(words[1], False)
    await _order(session, control.forward(party, source, goals, Wire()), "not forwarded")


async def _terminate(session: Session, words: list[str]) -> None:
    party = identity(words[0], session.terminal.user.domain)
    video_id = party.number if words[1] == ANY else words[1]
    await _order(session, control.terminate(party, video_id), "not ended")


async def _order(session: Session, order: Order, failure: str) -> None:
    mark = session.mark()
    await session.paged(mark, session.terminal.dispatch(order, session.now), failure)


def _goals(words: list[str], domain: str) -> tuple[Goal, ...]:
    """Targets; the word `group` says that the next one is a group."""
    goals, is_group = [], False
    for word in words:
        if word.lower() == "group":
            is_group = True
        else:
            goals.append(Goal(identity(word, domain), is_group))
            is_group = False
    if not goals or is_group:
        raise UsageError
    return tuple(goals)


VERBS = {
    "push": Verb("[group] NUMBER[@DOMAIN]", "push video to a user or a group", _push),
    "pull": Verb("NUMBER[@DOMAIN]", "pull video from a user", _pull),
    "forward": Verb(
        f"NUMBER[@DOMAIN] ID|{ANY} [group] TARGET…",
        "forward the video of a call of a user or group (dispatcher)",
        _forward,
    ),
    "terminate": Verb(f"NUMBER[@DOMAIN] ID|{ANY}", "end what was forwarded of it (dispatcher)", _terminate),
}
