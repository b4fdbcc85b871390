"""Orders of control and their results on the wire."""

import pytest

from opentcf.btrunc import control, extension
from opentcf.btrunc.wire import Wire
from opentcf.model.cause import Result
from opentcf.model.numbers import Aor
from opentcf.model.subscriber import UserState
from opentcf.sip.errors import RemoteError
from opentcf.sip.message import Request, Response

WIRE = Wire()
USER = Aor("2001", "core2.example")


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (UserState.STUNNED, "pttstun;UDN=2001"),
        (UserState.KILLED, "pttkill;UDN=2001"),
        (UserState.NORMAL, "pttrevive;UDN=2001"),
    ],
)
def test_an_order_there_and_back(state: UserState, text: str) -> None:
    request = Request("MESSAGE", "sip:2001@core2.example")
    control.write_order(request, WIRE, state, USER)
    assert request.headers.get("Ptt-Extension") == text
    ext = extension.read(request, WIRE)
    assert control.read_state(ext) is state
    assert control.read_target(ext, USER) == USER


def answered(status: int, text: str = "") -> Response:
    response = Response(status)
    if text:
        response.headers.set("Ptt-Extension", text)
    return response


@pytest.mark.parametrize(
    ("response", "result"),
    [
        (None, Result.UNREACHABLE),
        (answered(200), Result.SUCCESS),
        (answered(200, "pttstun;UDN=1;result=0"), Result.SUCCESS),
        (answered(200, "pttstun;result=2"), Result.UNREACHABLE),
        (answered(200, "pttstun;result=99"), Result.REFUSED),
        (answered(480), Result.UNREACHABLE),
        (answered(503), Result.UNREACHABLE),
        (answered(405), Result.REFUSED),
        (answered(603), Result.REFUSED),
    ],
)
def test_what_an_answer_says(response: Response | None, result: Result) -> None:
    assert control.read_result(response, WIRE) is result


def test_a_result_there_and_back() -> None:
    response = answered(200)
    control.write_result(response, WIRE, UserState.KILLED, USER, Result.UNREACHABLE)
    assert response.headers.get("Ptt-Extension") == "pttkill;UDN=2001;result=2"
    assert control.read_result(response, WIRE) is Result.UNREACHABLE


def test_a_peers_own_spelling() -> None:
    wire = Wire({"token.stun": "xstun", "code.result.success": "ok"})
    response = answered(200)
    control.write_result(response, wire, UserState.STUNNED, USER, Result.SUCCESS)
    assert response.headers.get("Ptt-Extension") == "xstun;UDN=2001;result=ok"
    assert control.read_result(response, wire) is Result.SUCCESS


def test_two_names_and_no_call() -> None:
    request = Request("MESSAGE", "sip:2001@core2.example")
    request.headers.set("Ptt-Extension", "pttstun;UDN=2002")
    with pytest.raises(RemoteError, match="not the called user"):
        control.read_target(extension.read(request, WIRE), USER)
    request.headers.set("Ptt-Extension", "pttdismantle")
    with pytest.raises(RemoteError, match="which call"):
        control.read_dismantle(extension.read(request, WIRE))
    control.write_dismantle(request, WIRE, "c1")
    assert control.read_dismantle(extension.read(request, WIRE)) == "c1"
