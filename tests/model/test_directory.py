"""Who is who and who is where."""

from hypothesis import given
from hypothesis import strategies as st

from opentcf.model.directory import Directory
from opentcf.model.group import Group, Member, Membership
from opentcf.model.numbers import Aor
from opentcf.model.peer import Peer
from opentcf.model.registration import Attachment, Binding
from opentcf.model.subscriber import Subscriber, UserState

HOME = "core1.example"
OURS, THEIRS = Aor("1001", HOME), Aor("1001", "core2.example")
FIRE, FLOOD = Aor("8001", HOME), Aor("8002", "core2.example")


def directory() -> Directory:
    found = Directory(HOME)
    group = Group(FIRE, "Fire", (Member(OURS), Member(THEIRS)), priority=7)
    found.configure([Subscriber(OURS)], [group], [Peer("core2.example", "udp", "192.0.2.2", 5060)])
    return found


def attachment(user: Aor, *groups: Aor) -> Attachment:
    made = Attachment(user, "sip:phone", ("d", "udp", "192.0.2.9", 5060, 0), "call")
    made.groups = tuple((group.number, group.domain, "", 255) for group in groups)
    return made


def test_a_number_alone_is_nobody_its_domain_decides():
    found = directory()
    assert found.subscriber(OURS) is not None
    assert found.subscriber(THEIRS) is None
    assert found.group(FIRE) is not None
    assert found.group(Aor("8001", "core2.example")) is None
    found.bind(Binding(OURS, HOME, "sip:c", "call", 1, 0.0))
    assert found.binding(OURS) is not None
    assert found.binding(THEIRS) is None
    found.attach(attachment(THEIRS))
    assert found.attachment(OURS) is None


def test_memberships_are_ours_and_what_other_masters_told():
    found = directory()
    assert found.memberships(OURS) == [Membership(FIRE, "Fire", 7)]
    told = [Membership(FLOOD, "Flood", 9)]
    found.learn_memberships(OURS, "core2.example", told)
    assert found.memberships(OURS) == [Membership(FIRE, "Fire", 7), *told]
    assert found.foreign_memberships(OURS) == told
    found.learn_memberships(OURS, "core2.example", [])
    assert found.memberships(OURS) == [Membership(FIRE, "Fire", 7)]


def test_a_reload_keeps_the_live_part():
    found = directory()
    found.bind(Binding(OURS, HOME, "sip:c", "call", 1, 0.0))
    found.attach(attachment(OURS, FIRE))
    found.engage(OURS, "call")
    found.configure([], [], [])
    assert found.subscriber(OURS) is None
    assert found.groups_of(OURS) == []
    assert found.peer("core2.example") is None
    assert found.binding(OURS) is not None
    assert found.present(FIRE) == [OURS]
    assert found.engagements(OURS) == {"call"}


def test_where_a_member_is():
    found = directory()
    assert (found.where(FIRE, OURS), found.where(FIRE, THEIRS)) == (None, None)
    found.bind(Binding(OURS, "core3.example", "sip:c", "call", 1, 0.0))
    found.locate(FIRE, THEIRS, "core4.example")
    assert (found.where(FIRE, OURS), found.where(FIRE, THEIRS)) == ("core3.example", "core4.example")
    found.unbind(OURS)
    found.locate(FIRE, THEIRS, None)
    found.locate(FIRE, THEIRS, None)
    assert (found.where(FIRE, OURS), found.where(FIRE, THEIRS)) == (None, None)


def test_a_group_call_is_a_load_for_who_began_it_and_no_engagement():
    found = directory()
    found.engage(OURS, "a")
    for _ in range(2):
        found.opens(OURS, "g")
    assert (found.load(OURS), set(found.engagements(OURS))) == (2, {"a"})
    found.leaves(OURS, "g")
    found.leaves(OURS, "g")
    found.disengage(OURS, "a")
    assert found.load(OURS) == 0


def test_engagements_count_calls_not_times():
    found = directory()
    for call in ("a", "b", "a"):
        found.engage(OURS, call)
    found.disengage(OURS, "a")
    assert found.engagements(OURS) == {"b"}
    found.disengage(OURS, "b")
    found.disengage(OURS, "b")
    assert found.engagements(OURS) == frozenset()


USERS = st.sampled_from([Aor(str(number), HOME) for number in range(4)])
GROUPS = st.lists(st.sampled_from([FIRE, FLOOD, Aor("8003", HOME)]))  # a peer may name one twice


@given(st.lists(st.one_of(st.tuples(USERS, GROUPS), st.tuples(USERS, st.none())), max_size=30))
def test_who_is_present_follows_the_attachments(steps: list[tuple[Aor, list[Aor] | None]]):
    found, expected = directory(), dict[Aor, list[Aor]]()
    for user, groups in steps:
        if groups is None:
            found.detach(user)
            expected.pop(user, None)
        else:
            found.attach(attachment(user, *groups))
            expected[user] = groups
        for group in (FIRE, FLOOD, Aor("8003", HOME)):
            assert set(found.present(group)) == {u for u, of in expected.items() if group in of}
    assert {a.user for a in found.attachments()} == set(expected)


# --- temporary groups, control, running calls


def temporary(number: str, *members: Aor) -> Group:
    return Group(Aor(number, "core1.example"), "Flood", tuple(Member(member) for member in members))


def test_a_temporary_group_stands_beside_the_configured_ones() -> None:
    here = Directory("core1.example")
    alice = Aor("1001", "core1.example")
    static, flood = temporary("8001"), temporary("8901", alice)
    here.configure([], [static], [])
    here.put_temporary(flood)
    assert (here.group(flood.aor), here.temporary(flood.aor), here.temporary(static.aor)) == (
        flood,
        flood,
        None,
    )
    assert here.groups() == [static, flood]
    assert here.groups_of(alice) == [flood]
    here.configure([], [static], [])
    assert here.groups_of(alice) == [flood]
    here.configure([], [static, temporary("8901")], [])
    assert (here.temporary(flood.aor), here.groups_of(alice)) == (None, [])
    here.configure([], [static], [])
    here.drop_temporary(flood.aor)
    assert (here.group(flood.aor), here.groups_of(alice)) == (None, [])


def test_the_parts_of_a_running_call() -> None:
    here = Directory("core1.example")
    alice, bob = Aor("1001", "core1.example"), Aor("2001", "core2.example")
    here.run_call("c1", "up", alice, bob)
    here.run_call("c1", "down", alice, bob)
    here.end_call("c1", "up")
    assert here.running_call("c1") == (alice, bob)
    here.end_call("c1", "down")
    here.end_call("c1", "down")
    assert here.running_call("c1") is None


def test_who_is_in_service() -> None:
    here = Directory("core1.example")
    alice = Aor("1001", "core1.example")
    assert here.in_service(alice)
    here.set_state(alice, UserState.KILLED)
    assert (here.state(alice), here.in_service(alice)) == (UserState.KILLED, False)
    assert here.in_service(Aor("1001", "core2.example"))
