"""The floor 话权 as a terminal sees it."""

from opentcf.btrunc import extension as wire_extension
from opentcf.btrunc import floor as wire_floor
from opentcf.btrunc.extension import Extension
from opentcf.btrunc.floor import Ask, Calm, Inform, Left, LetGo
from opentcf.btrunc.wire import Alert, Param, Token, Wire
from opentcf.model.numbers import Aor
from opentcf.sip.headers import NameAddr
from opentcf.sip.message import Message
from opentcf.terminal.call import Call
from opentcf.terminal.event import Event

Wish = Ask | LetGo | Calm


def render(wish: Wish, wire: Wire, call: Call) -> str:
    """The extension of a re-INVITE that asks for it."""
    return wire_floor.render(wish, wire, NameAddr.parse(call.dialog.remote).uri.host)


def lets_go(call: Call, wire: Wire) -> bool:
    """Was our last INVITE a release? A grant that crossed it is void (profile 7)."""
    ext = wire_extension.read(call.invite, wire) if call.invite is not None else None
    return ext is not None and ext.token is Token.RELEASE_FLOOR


def learn(call: Call, message: Message, wire: Wire, user: Aor, taken_away: str) -> Event | None:
    """What a message says of the floor; `taken_away` is what a release from the other side means there."""
    ext = wire_extension.read(message, wire)
    if ext is None:
        return None
    if ext.token is Token.ACCEPT:
        call.talking, call.talker, call.position = True, str(user), 0
        return Event("granted", call, 0, ext.get(Param.GRANT) or "")
    if ext.token is Token.WAITING:
        call.position = ext.number(Param.POSITION) or 1
        return Event("queued", call, 0, ext.get(Param.POSITION) or "")
    if ext.token is Token.RELEASE_FLOOR:
        call.talking, call.position = False, 0
        return Event(taken_away, call, 0, ext.get(Param.CAUSE) or "")
    if ext.token is Token.HANDOVER:
        return Event("handover", call, 0, ext.get(Param.TARGET) or "")
    return _informed(call, ext, wire, user) if ext.token is Token.INFO else None


def _informed(call: Call, ext: Extension, wire: Wire, user: Aor) -> Event:
    told = wire_floor.read_info(ext, wire, user.domain)
    if isinstance(told, Inform) and told.alert is Alert.QUEUE:
        call.position = told.position
    elif isinstance(told, Inform):
        call.talker = str(told.user) if told.user is not None else ""
    return Event("floor", call, 0, _words(told, ext))


def _words(told: Inform | Left | None, ext: Extension) -> str:
    """A floor information for people: what, who or which place, and whether it is an emergency."""
    if not isinstance(told, Inform):
        return ext.get(Param.ALERT_TYPE) or ""
    place = str(told.position) if told.alert is Alert.QUEUE else str(told.user or "")
    return " ".join(filter(None, (told.alert.value, place, "emergency" if told.emergency else "")))
