"""`pttregister`, `pttkickoff`, `pttheartbeat`, and membership XML."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentcf.btrunc import extension, registration, xml
from opentcf.btrunc.registration import Kick
from opentcf.btrunc.wire import Wire
from opentcf.model.cause import KickCause
from opentcf.model.group import Membership
from opentcf.model.numbers import Aor
from opentcf.model.registration import RegType
from opentcf.sip.errors import RemoteError
from opentcf.sip.message import Request

WIRE = Wire()
USER = Aor("2001", "core2.example")
TEXT = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufffe\uffff"), max_size=20
)
MEMBERSHIPS = st.builds(
    Membership,
    st.builds(Aor, st.from_regex(r"[0-9]{1,15}", fullmatch=True), st.just("core1.example")),
    TEXT,
    st.integers(0, 255),
)


def message(**fields: str) -> Request:
    made = Request("REGISTER", "sip:x")
    for name, value in fields.items():
        made.headers.set(name.replace("_", "-"), value)
    return made


@pytest.mark.parametrize("reg_type", list(RegType))
def test_a_registration_says_what_it_is(reg_type: RegType):
    made = message()
    registration.write_register(made, WIRE, reg_type, 1234.5678)
    ext = extension.read(made, WIRE)
    assert registration.read_reg_type(ext, WIRE) is reg_type
    assert registration.read_since(ext) == 1234.567


def test_a_plain_phone_registers():
    assert registration.read_reg_type(None, WIRE) is RegType.INITIAL
    assert registration.read_since(None) is None


@pytest.mark.parametrize(
    ("value", "status"), [("regtype=odd", 488), ("since=x", 400), ("since=²", 400), ("since=", 400)]
)
def test_a_registration_that_is_not_understood(value: str, status: int):
    ext = extension.read(message(Ptt_Extension=f"pttregister;{value}"), WIRE)

    def both() -> None:
        registration.read_reg_type(ext, WIRE)
        registration.read_since(ext)

    with pytest.raises(RemoteError) as refused:
        both()
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({"Expires": "60"}, 60),
        ({"Contact": "<sip:a@b>;expires=30", "Expires": "60"}, 30),
        ({"Contact": "<sip:a@b>"}, 3600),
        ({"Contact": "*", "Expires": "0"}, 0),
        ({}, 3600),
    ],
)
def test_the_expiry_asked_for(fields: dict[str, str], seconds: int):
    assert registration.asked_expiry(message(**fields), 3600) == seconds


@pytest.mark.parametrize("fields", [{"Expires": "x"}, {"Contact": "<sip:a@b>;expires=-1"}, {"Expires": "²"}])
def test_an_expiry_that_is_none_is_400(fields: dict[str, str]):
    with pytest.raises(RemoteError):
        registration.asked_expiry(message(**fields), 3600)


@given(st.lists(MEMBERSHIPS, max_size=5))
def test_memberships_travel_unchanged(groups: list[Membership]):
    made = message()
    registration.write_memberships(made, WIRE, USER, groups)
    assert registration.read_memberships(made, WIRE) == groups


@pytest.mark.parametrize("named", ["UTF-8", "GB2312", "gbk", "GB18030", "utf-16"])
def test_a_home_writes_its_own_letters(named: str):
    made = message(Content_Type="application/pttmembershipinfo+xml")
    document = (
        '<pttmembershipinfo><group gdn="8001" domain="core1.example" name="消防一组"/></pttmembershipinfo>'
    )
    made.body = f'<?xml version="1.0" encoding="{named}"?>\n{document}'.encode(named)
    (membership,) = registration.read_memberships(made, WIRE) or []
    assert membership.name == "消防一组"


def test_no_body_is_not_an_empty_list():
    assert registration.read_memberships(message(), WIRE) is None


@pytest.mark.parametrize(
    "attributes",
    [
        'gdn="x" domain="d"',
        'gdn="1"',
        'gdn="1" domain="d" priority="high"',
        'gdn="1" domain="d" priority="²"',
    ],
)
def test_a_malformed_membership_is_400(attributes: str):
    made = message(Content_Type="application/pttmembershipinfo+xml")
    made.body = f"<pttmembershipinfo><group {attributes}/></pttmembershipinfo>".encode()
    with pytest.raises(RemoteError) as refused:
        registration.read_memberships(made, WIRE)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "ha1", [{}, {"MD5": "a" * 32}, {"SHA-256": "b" * 64}, {"MD5": "a" * 32, "SHA-256": "b" * 64}]
)
@pytest.mark.parametrize("stunned", [True, False])
def test_what_the_home_adds(ha1: dict[str, str], stunned: bool):
    made = message()
    registration.write_home_answer(made, WIRE, stunned=stunned, ha1=ha1)
    assert registration.read_home_answer(extension.read(made, WIRE), WIRE) == (stunned, ha1)


@pytest.mark.parametrize("cause", list(KickCause))
@pytest.mark.parametrize("binding", ["", "call-id@host"])
def test_a_kick_off_travels(cause: KickCause, binding: str):
    made = message()
    registration.write_kick(made, WIRE, Kick(cause, binding))
    ext = extension.read(made, WIRE)
    assert ext is not None
    assert registration.read_kick(ext, WIRE) == Kick(cause, binding)


def test_an_unknown_cause_is_the_operators():
    ext = extension.read(message(Ptt_Extension="pttkickoff;Cause=whim"), WIRE)
    assert ext is not None
    assert registration.read_kick(ext, WIRE) == Kick(KickCause.ADMIN, "")


# --- XML


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<",
        b"text",
        b"<other/>",
        b"<root>",
        b"<!DOCTYPE root><root/>",
        b'<!DOCTYPE root [<!ENTITY a "b">]><root>&a;</root>',
        b"<root>&unknown;</root>",
        b"<root>" + b"<a>" * 40 + b"</a>" * 40 + b"</root>",
        b"<root>" + b"<a/>" * 20_001 + b"</root>",
        b"\xff\xfe\x00",
    ],
)
def test_xml_that_is_refused(body: bytes):
    with pytest.raises(RemoteError) as refused:
        xml.parse(body, "root")
    assert refused.value.status == 400


@given(st.binary(max_size=200))
def test_any_bytes_parse_or_are_400(body: bytes):
    with suppress(RemoteError):
        xml.parse(body, "root")


def test_namespaces_and_unknown_elements_are_passed_over():
    root = xml.parse(b'<n:root xmlns:n="u"><a x="1">t</a><b/><a/></n:root>', "root")
    assert [element.attributes for element in root.all("a")] == [{"x": "1"}, {}]
    first = root.first("a")
    assert first is not None
    assert first.text == "t"
    assert root.first("c") is None
