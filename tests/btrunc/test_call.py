"""`pttcall` and `pttrelease`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentcf.btrunc import call, extension
from opentcf.btrunc.wire import Token, Wire
from opentcf.model.call import CalledType, CallSetup, CallType
from opentcf.model.cause import ReleaseCause
from opentcf.model.numbers import Aor
from opentcf.sip.errors import RemoteError
from opentcf.sip.message import Request

WIRE = Wire()
AORS = st.builds(
    Aor, st.from_regex(r"[0-9]{1,15}", fullmatch=True), st.sampled_from(("core1.example", "core2.example"))
)
SETUPS = st.builds(
    CallSetup,
    call_type=st.sampled_from(CallType),
    full_duplex=st.booleans(),
    priority=st.integers(0, 255),
    emergency=st.booleans(),
    caller=AORS,
    online_call_id=st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True),
    called_type=st.sampled_from(CalledType),
    extra=st.just((("vendor", "x y"), ("flag", None))),
)


def setup_of(value: str) -> CallSetup:
    message = Request("INVITE", "sip:x")
    message.headers.set("Ptt-Extension", value)
    return call.read_setup(extension.read(message, WIRE), WIRE, "core1.example")


@given(SETUPS)
def test_a_set_up_travels_unchanged(setup: CallSetup):
    message = Request("INVITE", "sip:x")
    call.write_setup(message, WIRE, setup, "core1.example")
    assert call.read_setup(extension.read(message, WIRE), WIRE, "core1.example") == setup


def test_a_plain_phone_means_a_private_audio_call():
    assert call.read_setup(None, WIRE, "core1.example") == CallSetup()
    assert setup_of("pttcall") == CallSetup()


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("calltype=77", 488),
        ("CalledType=0", 488),
        ("duplex=2", 488),
        ("emergency=yes", 488),
        ("PrioAttribute=256", 400),
        ("PrioAttribute=-1", 400),
        ("PrioAttribute=²", 400),
        ("callerUDN=alice", 400),
    ],
)
def test_what_is_unknown_is_488_and_what_is_malformed_400(value: str, status: int):
    with pytest.raises(RemoteError) as refused:
        setup_of(f"pttcall;{value}")
    assert refused.value.status == status


@pytest.mark.parametrize("cause", list(ReleaseCause))
def test_a_cause_travels(cause: ReleaseCause):
    message = Request("BYE", "sip:x")
    call.write_release(message, WIRE, cause)
    assert call.read_release(message, WIRE) is cause
    assert message.headers.lines("Reason") == list(call.REASONS[cause])


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("SIP;cause=200", ReleaseCause.NORMAL),
        ('SIP ;cause=503 ;text="down"', ReleaseCause.PEER_DOWN),
        ("Q.850;cause=16, SIP;cause=486", ReleaseCause.BUSY),
        ("preemption;cause=1", ReleaseCause.PREEMPTED),
        ("SIP;cause=999", ReleaseCause.NORMAL),
        ("SIP;cause=²", ReleaseCause.NORMAL),
        ('SIP;cause="', ReleaseCause.NORMAL),
        (";;;", ReleaseCause.NORMAL),
        ("", ReleaseCause.NORMAL),
    ],
)
def test_without_the_extension_the_reason_counts(reason: str, cause: ReleaseCause):
    message = Request("BYE", "sip:x")
    message.headers.set("Reason", reason)
    assert call.read_release(message, WIRE) is cause


@pytest.mark.parametrize(
    "value", ["pttrelease;cause=nonsense", "pttrelease", "other;cause=64", '"broken', ""]
)
def test_a_release_is_one_whatever_it_says(value: str):
    """Profile: a vendor's BYE is never refused."""
    message = Request("BYE", "sip:x")
    message.headers.set("Ptt-Extension", value)
    assert call.read_release(message, WIRE) is ReleaseCause.NORMAL


def test_what_was_cancelled_is_named():
    message = Request("CANCEL", "sip:x")
    call.write_cancelled(message, WIRE, ReleaseCause.NORMAL, Token.REQUEST)
    assert message.headers.get("Ptt-Extension") == "pttrelease;cause=16;optype=pttrequest"
    assert message.headers.get("Reason") == "SIP;cause=487"
