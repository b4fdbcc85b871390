"""RFC 4028: who refreshes, how often, and when it is over."""

import pytest

from opentcf.sip import session_timer
from opentcf.sip.errors import RemoteError
from opentcf.sip.message import Request, Response
from opentcf.sip.session_timer import Session, SessionExpires


def invite(expires: str = "", supported: bool = True, min_se: str = "") -> Request:
    made = Request("INVITE", "sip:2001@core2.example")
    for name, value in (("Session-Expires", expires), ("Min-SE", min_se)):
        if value:
            made.headers.set(name, value)
    if supported:
        made.headers.set("Supported", "100rel, timer")
    return made


def answered(request: Request, interval: float = 1800.0) -> tuple[Session, Response]:
    response = Response(200)
    return session_timer.answer(request, response, interval), response


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1800", (1800, None)),
        ("1800;refresher=uac", (1800, "uac")),
        (" 90 ; refresher=uas", (90, "uas")),
        ("90;other=1", (90, None)),
    ],
)
def test_reading(text: str, read: tuple[int, str | None]):
    found = SessionExpires.read(invite(text))
    assert found == read
    assert found is not None
    assert SessionExpires.read(invite(str(found))) == found


def test_absent():
    assert SessionExpires.read(invite()) is None


@pytest.mark.parametrize("text", ["", "x", "-1", "1800;refresher=me", "99999999999"])
def test_malformed_is_400(text: str):
    request = invite()
    request.headers.set("Session-Expires", text)
    with pytest.raises(RemoteError) as refused:
        SessionExpires.read(request)
    assert refused.value.status == 400


@pytest.mark.parametrize("refuse", [session_timer.check, answered])
def test_too_short_is_422_with_the_least(refuse):
    with pytest.raises(RemoteError) as refused:
        refuse(invite("89"))
    assert (refused.value.status, refused.value.headers) == (422, (("Min-SE", "90"),))


def test_one_that_cannot_try_again_is_not_refused():
    """§9: a 422 is for those only who support the extension."""
    session_timer.check(invite("60", supported=False))
    session, response = answered(invite("60", supported=False))
    assert (session, response.headers.get("Require")) == (Session(1800, True), None)


@pytest.mark.parametrize(
    ("request_", "session", "said"),
    [
        (invite("1800;refresher=uac"), Session(1800, False), "1800;refresher=uac"),
        (invite("600;refresher=uas"), Session(600, True), "600;refresher=uas"),
        (invite("7200"), Session(1800, False), "1800;refresher=uac"),
        (invite(""), Session(1800, False), "1800;refresher=uac"),
        (invite("", min_se="3600"), Session(3600, False), "3600;refresher=uac"),
        (invite("", supported=False), Session(1800, True), "1800;refresher=uas"),
    ],
)
def test_the_called_side_decides(request_: Request, session: Session, said: str):
    found, response = answered(request_)
    assert found == session
    assert response.headers.get("Session-Expires") == said
    assert ("timer" in response.tokens("Require")) is ("timer" in request_.tokens("Supported"))


def test_the_interval_is_never_below_min_se():
    """§9: the UAS must not go below the Min-SE of the request."""
    session, _ = answered(invite("7200", min_se="3600"))
    assert session.interval == 3600


@pytest.mark.parametrize(
    ("said", "session"),
    [
        ("1800;refresher=uac", Session(1800, True)),
        ("1800;refresher=uas", Session(1800, False)),
        ("1800", Session(1800, True)),
        ("", Session(900, True)),
        ("10;refresher=uac", Session(90, True)),
        ("nonsense", Session(900, True)),
    ],
)
def test_the_calling_side_takes_it(said: str, session: Session):
    response = Response(200)
    if said:
        response.headers.set("Session-Expires", said)
    assert session_timer.settle(response, 900.0) == session


def test_who_refreshed_goes_on():
    """§7.4"""
    for current, said in (
        (None, "1800"),
        (Session(600, True), "600;refresher=uac"),
        (Session(600, False), "600;refresher=uas"),
    ):
        request = invite()
        session_timer.ask(request, 1800.0, current)
        assert request.headers.get("Session-Expires") == said
        assert request.headers.get("Min-SE") == "90"


def test_when():
    """§10: refreshed at half, over 32 s or a third before the end."""
    assert Session(1800, True).refresh_at(100.0) == 1000.0
    assert Session(1800, True).over_at(100.0) == 1868.0
    assert Session(90, True).over_at(0.0) == 60.0
