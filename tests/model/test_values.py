"""Numbers, subscriptions, call types: plain values and their few rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentcf.model.call import CallSetup, CallType
from opentcf.model.cause import Decline
from opentcf.model.group import Group, Member
from opentcf.model.numbers import Aor, is_number
from opentcf.model.subscriber import Subscriber

USER = Aor("1001", "core1.example")


@pytest.mark.parametrize("text", ["1", "0", "007", "123456789012345"])
def test_numbers(text: str):
    assert is_number(text)


@pytest.mark.parametrize("text", ["", "1234567890123456", "12a", "+1", " 1", "²", "٣", "1.0"])
def test_what_is_no_number(text: str):
    assert not is_number(text)


@given(st.from_regex(r"[0-9]{1,15}", fullmatch=True), st.sampled_from(["core1.example", "a", "192.0.2.1"]))
def test_an_aor_is_read_as_it_is_written(number: str, domain: str):
    aor = Aor(number, domain)
    assert Aor.parse(str(aor)) == aor
    assert Aor.parse(f"sip:{aor}") == aor


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1001",
        "@core1.example",
        "1001@",
        "a@core1.example",
        "1@a@b",
        "1@a;b",
        "1@a:5060",
        "1@a b",
        "1@a?b",
    ],
)
def test_what_is_no_aor(text: str):
    with pytest.raises(ValueError, match="is not number@domain"):
        Aor.parse(text)


@pytest.mark.parametrize(
    ("roaming", "home", "second", "third"),
    [
        (True, True, True, True),
        (False, True, False, False),
        (frozenset({"core2.example"}), True, True, False),
    ],
)
def test_roaming(roaming: bool | frozenset[str], home: bool, second: bool, third: bool):
    subscriber = Subscriber(USER, roaming=roaming)
    allowed = [subscriber.may_roam_to(f"core{number}.example") for number in (1, 2, 3)]
    assert allowed == [home, second, third]


@given(st.integers(0, 255), st.integers(0, 255))
def test_nobody_gets_a_better_priority_than_allowed(asked: int, allowed: int):
    setup = CallSetup(priority=asked).with_priority(allowed)
    assert setup.priority == max(asked, allowed)


def test_which_calls_are_group_calls():
    assert {call for call in CallType if call.is_group} == {
        CallType.GROUP_AUDIO,
        CallType.GROUP_AUDIO_VIDEO,
        CallType.AUDIO_MULTICAST,
        CallType.VIDEO_MULTICAST,
    }


def test_a_groups_member_is_found_by_number_and_domain():
    member = Member(USER, 5)
    group = Group(Aor("8001", "core1.example"), members=(member,))
    assert group.member(USER) is member
    assert group.member(Aor("1001", "core2.example")) is None


def test_a_decline_says_why():
    decline = Decline(403, "no", (("Retry-After", "1"),))
    assert (decline.status, str(decline), decline.headers) == (403, "no", (("Retry-After", "1"),))
