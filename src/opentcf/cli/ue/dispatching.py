"""What a dispatcher orders by MESSAGE: stun, kill, revive 遥晕 遥毙 复活, forced release 强拆, regroup 动态重组."""

from functools import partial

from opentcf.btrunc.regroup import Regroup
from opentcf.btrunc.wire import Wire
from opentcf.cli.ue.session import Session
from opentcf.cli.ue.verb import Verb
from opentcf.cli.ue.words import UsageError, identity
from opentcf.model.group import Member, RegroupAction
from opentcf.model.subscriber import UserState
from opentcf.terminal import control
from opentcf.terminal.control import Order

ACTIONS = tuple(action.value for action in RegroupAction)


async def _state(verb: str, state: UserState, session: Session, words: list[str]) -> None:
    await _order(session, verb, control.becomes(state, identity(words[0], session.terminal.user.domain)))


async def _dismantle(session: Session, words: list[str]) -> None:
    party = identity(words[0], session.terminal.user.domain)
    await _order(session, "dismantle", control.dismantle(party, words[1]))


async def _regroup(session: Session, words: list[str]) -> None:
    domain = session.terminal.user.domain
    if words[0] not in ACTIONS:
        raise UsageError
    members = tuple(Member(identity(word, domain)) for word in words[2:])
    wish = Regroup(RegroupAction(words[0]), members)
    await _order(session, "regroup", control.regroup(identity(words[1], domain), wish, Wire()))


async def _order(session: Session, verb: str, order: Order) -> None:
    mark = session.mark()
    await session.paged(mark, session.terminal.dispatch(order, session.now), f"no {verb}")


def _becomes(name: str, state: UserState, meaning: str) -> Verb:
    return Verb("NUMBER[@DOMAIN]", f"{meaning} (dispatcher)", partial(_state, name, state))


VERBS = {
    "stun": _becomes("stun", UserState.STUNNED, "refuse a user every service"),
    "kill": _becomes("kill", UserState.KILLED, "refuse a user registration too"),
    "revive": _becomes("revive", UserState.NORMAL, "undo a stun or kill"),
    "dismantle": Verb(
        "NUMBER[@DOMAIN] ID", "release a call of a user or group by force (dispatcher)", _dismantle
    ),
    "regroup": Verb(
        f"{'|'.join(ACTIONS)} GROUP[@DOMAIN] [MEMBER…]", "a temporary group (dispatcher)", _regroup
    ),
}
