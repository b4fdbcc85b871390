"""Short data: delivered when that was said, once, and to every member."""

from tests.chaos.tales import A, B, C, Tale, judged, violated

from opentcf.chaos.check.message import LATEST

DELIVERED = "a message said to be delivered is"
ONCE = "no message is delivered twice"
EVERYBODY = "an accepted group message reaches its members"
FIRE = "8001@core1.example"
MEMBERS = [f"{core}00{n}@core{core}.example" for core in (1, 2, 3, 4) for n in (1, 2)]


def text() -> Tale:
    return Tale().registered(A, 1).registered(B, 2).did(A, "text", to=B, msgid="m1")


def got(tale: Tale, who: str = B) -> Tale:
    return tale.heard(who, "message", msgid="m1")


def said(tale: Tale) -> Tale:
    return tale.heard(A, "delivered", msgid="m1")


def test_a_message_that_arrives():
    tale = said(got(text()))
    assert violated(tale) == {}
    assert judged(tale) == {DELIVERED, ONCE}


def test_a_message_that_never_arrives():
    assert violated(said(text())).keys() == {DELIVERED}


def test_a_message_that_arrives_elsewhere():
    assert violated(said(got(text(), C))).keys() == {DELIVERED}


def test_a_message_that_was_said_to_be_delivered_too_early():
    assert violated(got(said(text()))).keys() == {DELIVERED}


def test_a_message_that_comes_twice():
    assert violated(said(got(got(text())))).keys() == {ONCE}


def test_a_message_may_come_again_when_its_v_tcf_was_killed_in_between():
    killed = got(text()).fault("core2", "kill").fault("core2", "ready")
    assert violated(said(got(killed))) == {}
    elsewhere = got(text()).fault("core3", "kill").fault("core3", "ready")
    assert violated(said(got(elsewhere))).keys() == {ONCE}


def to_group(*who: str) -> Tale:
    tale = Tale()
    for member in MEMBERS:
        tale.registered(member, int(member[0]))
    tale.at(30.0).did(A, "group text", to=FIRE, msgid="m1")
    for member in who:
        got(tale, member)
    return said(tale)


def test_a_group_message_that_one_member_never_gets():
    assert violated(to_group(*MEMBERS[1:]).at(80.0 + LATEST).end()) == {}
    assert violated(to_group(*MEMBERS[2:]).at(80.0 + LATEST).end()).keys() == {EVERYBODY}


def test_a_group_message_is_fast_where_there_is_no_fault_and_late_where_there_is_one():
    def tale(who: str) -> Tale:
        told = to_group(*MEMBERS[2:]).fault(who, "kill").fault(who, "ready")
        return got(told.at(60.0), MEMBERS[1]).at(80.0 + LATEST).end()

    assert violated(tale("core1")) == {}
    assert violated(tale("core4")).keys() == {EVERYBODY}


def test_a_group_message_that_is_too_fresh_is_not_judged():
    assert EVERYBODY not in judged(to_group(*MEMBERS[2:]).end())


def test_a_member_who_moved_is_not_judged():
    tale = to_group(*MEMBERS[2:]).did(MEMBERS[1], "register", core=4).at(80.0 + LATEST).end()
    assert violated(tale) == {}
