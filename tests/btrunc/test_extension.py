"""`Ptt-Extension`: read and written, unknown parts kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentcf.btrunc import extension
from opentcf.btrunc.wire import Param, Token, Wire
from opentcf.model.numbers import Aor
from opentcf.sip.errors import RemoteError
from opentcf.sip.message import Request

WIRE = Wire()


def read(value: str) -> extension.Extension:
    message = Request("INVITE", "sip:x")
    message.headers.set("Ptt-Extension", value)
    found = extension.read(message, WIRE)
    assert found is not None
    return found


def test_absent():
    assert extension.read(Request("INVITE", "sip:x"), WIRE) is None


def test_token_and_parameters():
    found = read('PttCall ; calltype = 1;callerudn="2001@core2.example";flag; vendor=x ;;')
    assert found.token is Token.CALL
    assert found.get(Param.CALL_TYPE) == "1"
    assert found.number(Param.CALL_TYPE) == 1
    assert found.identity(Param.CALLER, "core1.example") == Aor("2001", "core2.example")
    assert found.unknown == (("flag", None), ("vendor", "x"))
    assert (found.get(Param.GRANT), found.number(Param.GRANT), found.identity(Param.UDN, "x")) == (
        None,
        None,
        None,
    )


def test_an_unknown_token_is_kept():
    found = read("vendorThing;a=1")
    assert (found.token, found.spelled) == (None, "vendorThing")


def test_a_separator_within_quotes_is_none():
    found = read('pttcall;OnlineCallID="a;b=c";calltype=1')
    assert (found.get(Param.CALL_ID), found.get(Param.CALL_TYPE)) == ("a;b=c", "1")


@pytest.mark.parametrize("value", ["", ";", "two words", '"quoted"', 'pttcall;x="open'])
def test_malformed_is_400(value: str):
    with pytest.raises(RemoteError) as refused:
        read(value)
    assert refused.value.status == 400


@pytest.mark.parametrize("value", ["", "x", "-1", "1.0", "²", "99999999999"])
def test_a_number_that_is_none_is_400(value: str):
    with pytest.raises(RemoteError):
        read(f"pttcall;grant={value}").number(Param.GRANT)


@pytest.mark.parametrize(
    ("text", "aor"),
    [
        ("2001", Aor("2001", "core1.example")),
        ("2001@core2.example", Aor("2001", "core2.example")),
        ("2001@CORE2.example", Aor("2001", "core2.example")),
        ("sip:2001@core2.example", Aor("2001", "core2.example")),
    ],
)
def test_an_identity(text: str, aor: Aor):
    """Profile 2.2: a bare number belongs to the domain of To."""
    assert extension.identity(text, "core1.example") == aor


@pytest.mark.parametrize(
    "text", ["", "x", "1234567890123456", "²", "2001@", "@core1.example", "1@a@b", "1@a b"]
)
def test_an_identity_that_is_none_is_400(text: str):
    with pytest.raises(RemoteError) as refused:
        extension.identity(text, "core1.example")
    assert refused.value.status == 400


def test_writing_leaves_out_what_is_empty_and_quotes_what_needs_it():
    text = extension.render(
        WIRE,
        Token.CALL,
        (Param.CALL_ID, ""),
        (Param.CALLER, "1@a.example"),
        (Param.DUPLEX, "0"),
        ("flag", None),
    )
    assert text == 'pttcall;callerUDN="1@a.example";duplex=0;flag'


TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=20)


@given(
    st.sampled_from(Token),
    st.lists(st.tuples(st.sampled_from(Param), TEXT), max_size=6, unique_by=lambda p: p[0]),
)
def test_what_was_written_is_read_again(token: Token, params: list[tuple[Param, str]]):
    params = [(name, value) for name, value in params if name not in (Param.CAUSE, Param.KICK_CAUSE)]
    found = read(extension.render(WIRE, token, *params))
    assert found.token is token
    assert found.params == params
