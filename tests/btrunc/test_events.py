"""Bodies of events and of the address book: as the published schemas say, and read again as they were written."""

import pytest
from tests.schemas import schema

from opentcf.btrunc import events
from opentcf.btrunc import registration as wire_registration
from opentcf.btrunc.events import Part
from opentcf.btrunc.wire import Package, Wire
from opentcf.model.call import CallType
from opentcf.model.facts import CallChanged, GroupCallChanged
from opentcf.model.group import Group, Membership
from opentcf.model.numbers import Aor
from opentcf.model.registration import Binding
from opentcf.model.subscriber import Role, Subscriber
from opentcf.sip.errors import RemoteError
from opentcf.sip.message import Request

WIRE = Wire()
ALICE, BOB, FIRE = Aor("1001", "core1.example"), Aor("2001", "core2.example"), Aor("8001", "core1.example")
CALL = CallChanged("key", "id<&>", CallType.PRIVATE_AUDIO, "alerting", ALICE, BOB, 1_000_000_000.0)
GROUP = GroupCallChanged(FIRE, "id2", CallType.GROUP_AUDIO, "up", ALICE, ALICE, (BOB,), True, 1_000_000_000.5)
NOBODY = GroupCallChanged(FIRE, "id3", state="confirming", began=1.0)
ENTRIES = {
    Package.REGISTER: [
        events.registration(ALICE, None),
        events.registration(BOB, Binding(BOB, "core3.example", "sip:x", "1", 1, 0.0)),
    ],
    Package.USER_CALL: [
        events.user_calls(ALICE, []),
        events.user_calls(BOB, [Part("id", 1, "up", "called", ALICE), Part("id2", 4, "up", "talker", FIRE)]),
    ],
    Package.GROUP_CALL: [
        events.group_call(FIRE, GROUP),
        events.group_call(Aor("8002", "core1.example"), None),
        events.group_call(Aor("8003", "core1.example"), NOBODY),
    ],
    Package.ONLINE_CALL: [
        events.online_call("id<&>", CALL),
        events.online_call("id2", GROUP),
        events.online_call("id3", NOBODY),
        events.online_call("id4", None),
    ],
    Package.MEMBERSHIP: [
        events.memberships(ALICE, [Membership(FIRE, 'Fire "1" & <more>', 7)]),
        events.memberships(BOB, []),
    ],
}


def notify(package: Package, entries: list[str], *, full: bool = True) -> Request:
    request = Request("NOTIFY", "sip:1005@host")
    events.write_event(request, WIRE, package, "")
    events.write_report(request, WIRE, package, 3, entries, full=full)
    return request


@pytest.mark.parametrize("package", Package)
@pytest.mark.parametrize("full", [True, False])
def test_a_body_is_valid_and_is_read_again(package: Package, full: bool) -> None:
    request = notify(package, ENTRIES[package], full=full)
    schema(events.ROOTS[package]).validate(request.body.decode())
    report = events.read_report(request, WIRE, package)
    assert (report.version, report.full) == (3, full)
    assert len(report.entries) == len(ENTRIES[package])


@pytest.mark.parametrize("package", Package)
def test_an_empty_state_is_valid(package: Package) -> None:
    request = notify(package, [])
    schema(events.ROOTS[package]).validate(request.body.decode())
    assert events.read_report(request, WIRE, package).entries == {}


def test_the_content_type_is_named_like_the_root() -> None:
    for package in Package:
        assert WIRE.bodies[events.BODIES[package]] == f"application/{events.ROOTS[package]}+xml"


def test_a_schema_refuses_what_is_wrong() -> None:
    for wrong in ('<ue udn="nobody" state="registered"/>', '<ue udn="1@a" state="here"/>', "<other/>"):
        assert not schema("pttuereginfo").is_valid(notify(Package.REGISTER, [wrong]).body.decode())


def test_the_membership_of_a_registration_is_valid_too() -> None:
    message = Request("MESSAGE", "sip:1001@core1.example")
    wire_registration.write_memberships(message, WIRE, ALICE, [Membership(FIRE, "Fire", 255)])
    schema("pttmembershipinfo").validate(message.body.decode())


def test_a_large_group_names_some_of_its_listeners_and_counts_all() -> None:
    many = tuple(Aor(str(number), "core1.example") for number in range(1000, 2000))
    entry = events.group_call(FIRE, GROUP._replace(listeners=many))
    assert 'count="1000"' in entry
    assert entry.count("<listener") == events.LISTED
    schema("pttgroupcallinfo").validate(notify(Package.GROUP_CALL, [entry]).body.decode())


def test_an_address_book_is_valid_and_is_read_again() -> None:
    lines = [
        events.address(Subscriber(ALICE, "Alice & co", role=Role.DISPATCHER)),
        events.address(Group(FIRE, "Fire")),
    ]
    message = Request("MESSAGE", "sip:1001@core1.example")
    events.write_addresses(message, WIRE, "core1.example", 5, 6, lines)
    schema("pttaddrlist").validate(message.body.decode())
    book = events.read_addresses(message, WIRE)
    assert (book.domain, book.first, book.total) == ("core1.example", 5, 6)
    assert [entry.attributes["name"] for entry in book.entries] == ["Alice & co", "Fire"]


@pytest.mark.parametrize(
    ("text", "package", "identifier"),
    [
        ("UERegisterStatus", Package.REGISTER, ""),
        ("ueregisterstatus ; id=7", Package.REGISTER, "7"),
        ("presence", None, ""),
        ("", None, ""),
        (";id=1", None, "1"),
    ],
)
def test_events_are_read(text: str, package: Package | None, identifier: str) -> None:
    request = Request("SUBSCRIBE", "sip:core1.example")
    request.headers.set("Event", text)
    assert events.read_event(request, WIRE) == (package, identifier)


def test_an_id_that_is_no_token_is_refused() -> None:
    request = Request("SUBSCRIBE", "sip:core1.example")
    request.headers.set("Event", 'UECallStatus;id="a b"')
    with pytest.raises(RemoteError):
        events.read_event(request, WIRE)


@pytest.mark.parametrize(
    ("accept", "fits"),
    [
        ("application/pttuereginfo+xml", True),
        ("application/sdp, APPLICATION/PTTUEREGINFO+XML;q=0.5", True),
        ("application/*", True),
        ("*/*", True),
        ("application/pidf+xml", False),
    ],
)
def test_what_the_watcher_accepts(accept: str, fits: bool) -> None:
    request = Request("SUBSCRIBE", "sip:core1.example")
    request.headers.set("Accept", accept)
    if fits:
        events.check_accept(request, WIRE, Package.REGISTER)
    else:
        with pytest.raises(RemoteError) as refused:
            events.check_accept(request, WIRE, Package.REGISTER)
        assert refused.value.status == 406


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<pttuereginfo/>",
        b'<pttuereginfo version="x" state="full"/>',
        b'<pttuecallinfo version="1" state="full"/>',
        b'<!DOCTYPE a><pttuereginfo version="1" state="full"/>',
    ],
)
def test_a_broken_report_is_refused(body: bytes) -> None:
    request = notify(Package.REGISTER, [])
    request.body = body
    with pytest.raises(RemoteError):
        events.read_report(request, WIRE, Package.REGISTER)


def test_portions_hold_everything_in_order() -> None:
    entries = [f"<e{'x' * number}/>" for number in range(100)]
    portions = list(events.fitting(entries, events.HEAD + 150))
    assert [entry for portion in portions for entry in portion] == entries
    assert all(sum(len(entry) + 3 for entry in portion) <= 150 for portion in portions)
    assert list(events.fitting(["y" * 1000], events.HEAD + 10)) == [["y" * 1000]]
