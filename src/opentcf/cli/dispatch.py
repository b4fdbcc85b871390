"""What a dispatcher types at the prompt, read."""

from opentcf.btrunc.regroup import Regroup
from opentcf.btrunc.wire import Wire
from opentcf.model.group import Member, RegroupAction
from opentcf.model.numbers import Aor, is_number
from opentcf.model.subscriber import UserState
from opentcf.terminal import control
from opentcf.terminal.control import Order

STATES = {"stun": UserState.STUNNED, "kill": UserState.KILLED, "revive": UserState.NORMAL}
USAGES: dict[str, tuple[str, str]] = {
    "stun": ("NUMBER[@DOMAIN]", "refuse a user every service (dispatcher)"),
    "kill": ("NUMBER[@DOMAIN]", "refuse a user registration too (dispatcher)"),
    "revive": ("NUMBER[@DOMAIN]", "undo a stun or kill (dispatcher)"),
    "dismantle": ("NUMBER[@DOMAIN] ID", "release a call of a user or group by force (dispatcher)"),
    "regroup": ("create|add|remove|delete GROUP[@DOMAIN] MEMBER…", "a temporary group (dispatcher)"),
}


def read(verb: str, words: list[str], domain: str) -> Order:
    """The order that a line means; ValueError in one line for people when it means none."""
    if verb == "regroup":
        return _regroup(words, domain)
    if len(words) != len(USAGES[verb][0].split()):
        raise ValueError(f"usage: {verb} {USAGES[verb][0]}")
    party = _number(words[0], domain)
    return control.becomes(STATES[verb], party) if verb in STATES else control.dismantle(party, words[1])


def _regroup(words: list[str], domain: str) -> Order:
    actions = [action.value for action in RegroupAction]
    if len(words) < 2 or words[0] not in actions:
        raise ValueError(f"usage: regroup {USAGES['regroup'][0]}")
    group = _number(words[1], domain)
    members = tuple(Member(_number(word, domain)) for word in words[2:])
    return control.regroup(group, Regroup(RegroupAction(words[0]), members), Wire())


def _number(text: str, domain: str) -> Aor:
    return Aor(text, domain) if is_number(text) else Aor.parse(text)
