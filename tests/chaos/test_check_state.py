"""Nothing that was acknowledged is lost."""

from tests.chaos.tales import CAST, OPEN, A, B, C, Tale, judged, violated

BINDING = "no acknowledged binding is lost"
USER_STATE = "no acknowledged stun or revive is lost"
GROUP = "no acknowledged regroup is lost"


def core2(tale: Tale, visited: str | None) -> Tale:
    """Node 2 is killed and says where B is."""
    rows = {B: visited} if visited else {}
    return tale.fault("core2", "kill").fault("core2", "ready").state("core2", "registrations", rows)


def test_a_binding_that_is_kept():
    tale = core2(Tale().registered(B, 3), "core3.example")
    assert violated(tale) == {}
    assert judged(tale) == {BINDING}


def test_a_binding_that_is_lost():
    assert violated(core2(Tale().registered(B, 3), None)).keys() == {BINDING}


def test_a_binding_that_is_an_older_one():
    assert violated(core2(Tale().registered(B, 3).registered(B, 4), "core3.example")).keys() == {BINDING}


def test_a_registration_that_was_not_acknowledged_may_be_kept_or_not():
    moving = Tale().registered(B, 3).did(B, "register", core=4)
    assert violated(core2(moving, "core4.example")) == {}
    assert violated(core2(Tale().registered(B, 3).did(B, "register", core=4), "core3.example")) == {}
    assert violated(core2(Tale().registered(B, 3).did(B, "register", core=4), None)).keys() == {BINDING}


def test_a_user_who_left_is_gone():
    def left() -> Tale:
        return Tale().registered(B, 3).did(B, "unregister").heard(B, "unregistered")

    assert violated(core2(left(), None)) == {}
    assert violated(core2(left(), "core3.example")).keys() == {BINDING}


def test_what_was_acknowledged_while_a_node_was_being_asked_may_be_missing():
    tale = Tale().registered(B, 3)
    assert violated(tale.state("core2", "registrations", {}, asked=0.0)) == {}
    assert violated(tale.state("core2", "registrations", {}, asked=0.3)).keys() == {BINDING}


def states(tale: Tale, state: str) -> Tale:
    return tale.state("core2", "subscribers", {B: state})


def test_a_stun_that_is_lost():
    assert violated(states(Tale().order("stun", B, "m1").obeyed("m1"), "normal")).keys() == {USER_STATE}
    assert violated(states(Tale().order("stun", B, "m1").obeyed("m1"), "stunned")) == {}


def test_a_stun_that_nobody_ordered():
    assert violated(states(Tale().order("stun", C, "m1").obeyed("m1"), "stunned")).keys() == {USER_STATE}


def test_a_revive_that_is_lost():
    tale = Tale().order("stun", B, "m1").obeyed("m1").order("revive", B, "m2").obeyed("m2")
    assert violated(states(tale, "stunned")).keys() == {USER_STATE}


def test_a_stun_that_was_refused_may_be_kept_or_not():
    for state in ("normal", "stunned"):
        tale = Tale().order("stun", B, "m1").heard(CAST.dispatcher, "refused", msgid="m1")
        assert violated(states(tale, state)) == {}


def test_of_two_orders_at_once_either_may_be_the_last():
    for state in ("normal", "stunned"):
        tale = Tale().order("stun", B, "m1").order("revive", B, "m2").obeyed("m1")
        assert violated(states(tale, state)) == {}


def groups(tale: Tale, *members: str) -> Tale:
    return tale.state("core1", "groups", {OPEN: list(members)} if members else {})


def made() -> Tale:
    return Tale().order("create", OPEN, "m1", A, B).obeyed("m1")


def test_a_temporary_group_that_is_lost():
    assert violated(groups(made(), A, B)) == {}
    assert violated(groups(made())).keys() == {GROUP}


def test_a_member_who_is_lost():
    tale = made().order("add", OPEN, "m2", C).obeyed("m2")
    assert violated(groups(tale, A, B)).keys() == {GROUP}


def test_a_member_who_comes_back():
    tale = made().order("remove", OPEN, "m2", B).obeyed("m2")
    assert violated(groups(tale, A, B)).keys() == {GROUP}


def test_a_group_that_comes_back():
    tale = made().order("delete", OPEN, "m2").obeyed("m2")
    assert violated(groups(tale, A, B)).keys() == {GROUP}
    assert violated(groups(made().order("delete", OPEN, "m2"), A, B)) == {}
