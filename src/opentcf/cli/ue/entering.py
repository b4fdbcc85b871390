"""Enter calls of others: forced insertion 强插, discreet listening 缜密监听, ambience listening 环境监听."""

from opentcf.btrunc.wire import Token
from opentcf.cli.ue.session import Session
from opentcf.cli.ue.verb import Verb
from opentcf.cli.ue.words import identity, number
from opentcf.model.call import CallSetup, CallType


async def _insert(session: Session, words: list[str]) -> None:
    await _enter(session, words, Token.INSERT)


async def _listen(session: Session, words: list[str]) -> None:
    await _enter(session, words, Token.LISTEN)


async def _enter(session: Session, words: list[str], operation: Token) -> None:
    party = identity(words[0], session.terminal.user.domain)
    await session.begin(session.terminal.enter(party, words[1], session.now, operation))


async def _ambience(session: Session, words: list[str]) -> None:
    await session.dial(number(words[0]), CallSetup(CallType.AMBIENCE))


VERBS = {
    "insert": Verb(
        "NUMBER[@DOMAIN] ID", "enter a call of a user or group by force and talk (dispatcher)", _insert
    ),
    "listen": Verb("NUMBER[@DOMAIN] ID", "listen to it, and nobody is told (dispatcher)", _listen),
    "ambience": Verb("NUMBER[@DOMAIN]", "listen to what is around a user (dispatcher)", _ambience),
}
