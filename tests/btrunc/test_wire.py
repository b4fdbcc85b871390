"""The wire table: complete, unambiguous, overridable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentcf.btrunc import extension
from opentcf.btrunc.urgency import Urgency
from opentcf.btrunc.wire import CODES, TABLE, Body, Param, Token, Wire, check_overrides
from opentcf.model.call import CalledType, CallType
from opentcf.model.cause import ReleaseCause
from opentcf.sip.message import Request


def test_every_token_parameter_body_and_code_is_in_the_table():
    wire = Wire()
    assert all(wire.token(wire.tokens[token]) is token for token in Token)
    assert set(wire.params) == set(Param)
    assert set(wire.bodies) == set(Body)
    assert all(wire.member(codes, wire.code(member)) is member for codes in CODES for member in codes)


def test_tokens_are_told_apart():
    texts = [text.lower() for key, text in TABLE.items() if key.startswith("token.")]
    assert len(texts) == len(set(texts))


def test_only_the_two_causes_share_a_parameter_name():
    texts = [text.lower() for key, text in TABLE.items() if key.startswith("param.")]
    assert sorted(text for text in texts if texts.count(text) > 1) == ["cause", "cause"]


def test_names_compare_without_case():
    wire = Wire()
    assert wire.token("PTTCALL") is Token.CALL
    assert wire.param("onlinecallid") is Param.CALL_ID
    assert wire.member(ReleaseCause, "16") is ReleaseCause.NORMAL


def test_a_misspelling_from_the_field():
    assert Wire().token("pptDGNA") is Token.REGROUP


def test_what_nobody_knows():
    wire = Wire()
    assert (wire.token("x"), wire.param("x"), wire.member(CallType, "x")) == (None, None, None)


def test_codes_with_one_number_keep_their_own_spelling():
    """`CallType.PRIVATE_AUDIO == CalledType.USER == 1` for Python."""
    wire = Wire({"code.calltype.private_audio": "voice"})
    assert wire.code(CallType.PRIVATE_AUDIO) == "voice"
    assert wire.code(CalledType.USER) == "1"
    assert wire.member(CallType, "VOICE") is CallType.PRIVATE_AUDIO
    assert wire.member(CallType, "1") is None


@given(st.sampled_from(sorted(TABLE)))
def test_every_entry_can_be_overridden(key: str):
    wire = Wire({key: "x-other"})
    assert wire.table[key] == "x-other"
    assert Wire().table[key] == TABLE[key]
    check_overrides({key: "x-other"})


def test_values_are_spelled_as_the_table_says():
    vendor = Wire({"value.emergency.1": "yes", "value.duplex.0": "half", "value.video_id_type.2": "CALL"})
    said = extension.render(vendor, Token.CALL, (Param.EMERGENCY, "1"), (Param.DUPLEX, "0"))
    assert said == "pttcall;emergency=yes;duplex=half"
    message = Request("INVITE", "sip:x")
    message.headers.set("Ptt-Extension", "pttcall;emergency=YES;duplex=Half")
    found = extension.read(message, vendor)
    assert found is not None
    assert (found.get(Param.EMERGENCY), found.get(Param.DUPLEX)) == ("1", "0")
    assert Urgency((Wire(), vendor)).spares(
        b"invite sip:x sip/2.0\r\nptt-extension: pttcall;emergency=yes\r\n"
    )


def test_a_wrong_key_names_the_nearest():
    with pytest.raises(ValueError, match=r"token\.cal'; did you mean 'token\.call'"):
        check_overrides({"token.cal": "x"})
    with pytest.raises(ValueError, match="no entry 'zzzzzz'"):
        check_overrides({"zzzzzz": "x"})
