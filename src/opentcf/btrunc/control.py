"""Control operations: `pttstun`, `pttkill`, `pttrevive` and `pttdismantle` (遥晕, 遥毙, 复活, 强拆)."""

from opentcf.btrunc import extension
from opentcf.btrunc.extension import Extension
from opentcf.btrunc.wire import Param, Token, Wire
from opentcf.model.cause import Result
from opentcf.model.numbers import Aor
from opentcf.model.subscriber import UserState
from opentcf.sip.errors import RemoteError
from opentcf.sip.message import Message, Response

STATES = {
    Token.STUN: UserState.STUNNED,
    Token.KILL: UserState.KILLED,
    Token.REVIVE: UserState.NORMAL,
}
"""What each operation makes of a user."""
TOKENS = {state: token for token, state in STATES.items()}


def read_state(ext: Extension | None) -> UserState:
    """Which state an operation asks for."""
    assert ext is not None
    assert ext.token is not None
    return STATES[ext.token]


def read_target(ext: Extension | None, called: Aor) -> Aor:
    """Whom it is about; 400 when `UDN` and Request-URI name different users."""
    named = ext.identity(Param.UDN, called.domain) if ext is not None else None
    if named is not None and named != called:
        raise RemoteError(400, f"UDN {named} is not the called user {called}")
    return called


def write_order(message: Message, wire: Wire, state: UserState, user: Aor) -> None:
    """Put an operation into a MESSAGE."""
    extension.write(message, wire, TOKENS[state], (Param.UDN, user.number))


def write_result(message: Message, wire: Wire, state: UserState, user: Aor, result: Result) -> None:
    """Put its result into a 200."""
    about = (Param.UDN, user.number), (Param.RESULT, wire.code(result))
    extension.write(message, wire, TOKENS[state], *about)


def read_result(response: Response | None, wire: Wire) -> Result:
    """What an answer, or none, says of whether the terminal obeyed. One without a result means its status."""
    if response is None or response.status in (404, 408, 480) or 500 <= response.status < 600:
        return Result.UNREACHABLE
    if response.status >= 300:
        return Result.REFUSED
    ext = extension.read(response, wire)
    text = ext.get(Param.RESULT) if ext is not None else None
    result = Result.SUCCESS if text is None else wire.member(Result, text)
    return Result.REFUSED if result is None else result


def write_entry(message: Message, wire: Wire, token: Token, call_id: str, target: Aor) -> None:
    """Put a forced insertion or discreet listening into an INVITE to `target`."""
    extension.write(message, wire, token, (Param.CALL_ID, call_id), (Param.UDN, target.number))


def read_entry(ext: Extension | None) -> tuple[Token, str]:
    """Insertion or listening, and into which call; 400 when it does not say."""
    call_id = ext.get(Param.CALL_ID) if ext is not None else None
    if ext is None or ext.token is None or not call_id:
        raise RemoteError(400, "which call is to be entered")
    return ext.token, call_id


def write_dismantle(message: Message, wire: Wire, call_id: str) -> None:
    """Put a forced release into a MESSAGE."""
    extension.write(message, wire, Token.DISMANTLE, (Param.CALL_ID, call_id))


def read_dismantle(ext: Extension | None) -> str:
    """Which call it is about; 400 when it does not say."""
    call_id = ext.get(Param.CALL_ID) if ext is not None else None
    if not call_id:
        raise RemoteError(400, "which call is to be released")
    return call_id
