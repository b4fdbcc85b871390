"""Short data 短数据."""

from opentcf.cli.ue.session import Session
from opentcf.cli.ue.verb import Verb
from opentcf.cli.ue.words import number


async def _text(session: Session, words: list[str]) -> None:
    await _send(session, words, group=False)


async def _grouptext(session: Session, words: list[str]) -> None:
    await _send(session, words, group=True)


async def _send(session: Session, words: list[str], *, group: bool) -> None:
    mark, text = session.mark(), " ".join(words[1:])
    key = session.terminal.message(number(words[0]), text, session.now, group=group)
    await session.paged(mark, key, "not delivered")


VERBS = {
    "text": Verb("NUMBER[@DOMAIN] TEXT…", "send a text to a user", _text),
    "grouptext": Verb("NUMBER[@DOMAIN] TEXT…", "send a text to a group", _grouptext),
}
