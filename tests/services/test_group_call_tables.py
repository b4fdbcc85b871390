"""Every (state, input) of a group call at its master and at a V-TCF, brought about by messages where a row says so."""

from collections.abc import Callable
from itertools import product

import pytest
from tests.services.group_world import GroupWorld, aor, fire

from opentcf.model.group import SetUp
from opentcf.model.numbers import Aor
from opentcf.services.group_call import masters, visits
from opentcf.services.group_call.master import MasterCall, MasterInput, MasterState
from opentcf.services.group_call.visited import VisitedCall, VisitedInput, VisitedState
from opentcf.terminal import CallState

GROUP = Aor("8001", "core1.example")
AT = {"1001": 2, "1002": 1, "2001": 3, "3001": 2}


def master(w: GroupWorld) -> MasterCall | None:
    return w.node(1).procedures.group_call.masters.calls.get(GROUP)


def visit(w: GroupWorld) -> VisitedCall | None:
    """The part at core2."""
    return w.node(2).procedures.group_call.visits.calls.get(GROUP)


# --- the master


def confirming() -> GroupWorld:
    w = GroupWorld(fire(setup=SetUp.CONFIRMED), at={"1001": 2, "2001": 3, "4001": 4})
    w.part("core1", "core3")
    w.dial("1001")
    w.run(0.5)
    return w


def up() -> GroupWorld:
    w = GroupWorld(at=AT)
    w.dial("1001")
    w.run(0.5)
    return w


def ended() -> GroupWorld:
    w = up()
    w.command(1, "call_release", id=running(w).id)
    w.run(1.0)
    return w


def running(w: GroupWorld) -> MasterCall:
    call = master(w)
    assert call is not None
    return call


def another_dials_early(w: GroupWorld) -> None:
    w.leave("4001")
    w.run(0.5)
    w.dial("4001")
    w.run(0.5)
    assert w.count("200 INVITE", "core1", "core4") == 0


def all_answer(w: GroupWorld) -> None:
    w.cut.clear()
    w.run(4.0)
    assert w.count("200 INVITE pttaccept", "core1", "core2") == 1


def nobody_answers(w: GroupWorld) -> None:
    w.leave("4001")
    w.run(8.0)
    assert w.ua("1001").events[-1].status == 480


def released(w: GroupWorld) -> None:
    w.command(1, "call_release", id=running(w).id)
    w.run(1.0)
    assert w.in_call() == set()


def another_dials(w: GroupWorld) -> None:
    w.leave("2001")
    w.run(0.5)
    w.dial("2001")
    w.run(0.5)
    assert w.count("200 INVITE pttwaiting", "core1", "core3") == 1


S, I = MasterState, MasterInput
MASTER: dict[tuple[MasterState, MasterInput], tuple[MasterState, Callable[[GroupWorld], None]]] = {
    (S.CONFIRMING, I.JOINED): (S.CONFIRMING, another_dials_early),
    (S.CONFIRMING, I.SETTLED): (S.UP, all_answer),
    (S.CONFIRMING, I.UNANSWERED): (S.ENDED, nobody_answers),
    (S.CONFIRMING, I.OVER): (S.ENDED, released),
    (S.UP, I.JOINED): (S.UP, another_dials),
    (S.UP, I.OVER): (S.ENDED, released),
}
MASTERS = {S.CONFIRMING: confirming, S.UP: up}


@pytest.mark.parametrize(("state", "what"), list(product(MasterState, MasterInput)))
def test_every_pair_of_the_master(state: MasterState, what: MasterInput) -> None:
    if (state, what) in MASTER:
        after, story = MASTER[state, what]
        w = MASTERS[state]()
        call = running(w)
        assert call.state is state
        story(w)
        assert call.state is after
        assert (master(w) is None) == (after is MasterState.ENDED)
        return
    assert what not in masters.TABLE[state]
    w = MASTERS.get(state, up)()
    call = running(w)
    call.state = state
    w.node(1).procedures.group_call.masters._step(call, what)
    assert call.state is state
    assert not w.node(1).drain().sends


# --- the V-TCF


def calling() -> GroupWorld:
    w = GroupWorld(at={"1001": 2, "2001": 3, "3001": 2})
    w.lose = lambda source, target, data: (
        (source, target) == ("core1", "core2") and b"SIP/2.0 200" in data[:12]
    )
    w.dial("1001")
    w.run(0.2)
    return w


def called() -> GroupWorld:
    """Core2 was called by the master."""
    w = GroupWorld(at=AT)
    w.dial("2001")
    w.run(1.0)
    return w


def neighbour_dials(w: GroupWorld) -> None:
    w.dial("3001")
    w.run(0.1)
    assert w.count("INVITE pttrequest", "core2", "core1") == 0


def master_calls_too(w: GroupWorld) -> None:
    call = visit(w)
    assert call is not None
    branch = running(w).branches.pop("core2.example")
    w.node(1).procedures.group_call.masters.call_missing(running(w))
    w.touch(w.cores[1])
    w.run(0.1)
    assert w.count("491 INVITE", "core2", "core1") == 1
    running(w).branches["core2.example"] = branch


def master_accepts(w: GroupWorld) -> None:
    w.lose = lambda source, target, data: False
    w.run(2.0)
    assert w.in_call() == {"1001", "2001", "3001"}


def refused_dial() -> GroupWorld:
    w = GroupWorld(at={"1001": 2, "2001": 3})
    w.regroup(fire("2001", "1002"))
    w.run(1.0)
    w.lose = lambda source, target, data: (
        (source, target) == ("core2", "core1") and data.startswith(b"INVITE")
    )
    w.dial("1001")
    w.run(0.1)
    return w


def master_refuses(w: GroupWorld) -> None:
    w.lose = lambda source, target, data: False
    w.run(2.0)
    assert w.ua("1001").events[-1].status == 403


def members_leave(w: GroupWorld) -> None:
    for number in ("1001", "3001"):
        for call in list(w.ua(number).calls.values()):
            if call.state is not CallState.ENDED:
                w.hang_up(w.ua(number), call)
    w.run(0.2)
    w.lose = lambda source, target, data: False
    w.run(5.0)


def master_releases(w: GroupWorld) -> None:
    w.lose = lambda source, target, data: (
        (source, target) == ("core1", "core2") and b"SIP/2.0 200" in data[:12]
    )
    w.command(1, "call_release", id=running(w).id)
    w.run(0.3)


def neighbour_asks(w: GroupWorld) -> None:
    w.leave("3001")
    w.run(0.5)
    w.dial("3001")
    w.run(0.5)
    assert w.count("INVITE pttrequest", "core2", "core1") == 1


def neighbour_registers(w: GroupWorld) -> None:
    w.leave("3001")
    w.run(0.5)
    assert w.in_call() == {"1001", "1002", "2001"}
    w.register(w.ua("3001"))
    w.run(0.5)
    assert w.in_call() == {"1001", "1002", "2001", "3001"}


def master_calls_again(w: GroupWorld) -> None:
    call = visit(w)
    assert call is not None
    before = call.uplink
    running(w).branches.pop("core2.example")
    w.node(1).procedures.group_call.masters.call_missing(running(w))
    w.touch(w.cores[1])
    w.run(0.5)
    assert call.uplink is not before
    assert w.count("200 INVITE recvonly", "core2", "core1") == 2


T, J = VisitedState, VisitedInput
VISITED: dict[
    tuple[VisitedState, VisitedInput],
    tuple[Callable[[], GroupWorld], VisitedState, Callable[[GroupWorld], None]],
] = {
    (T.CALLING, J.DIALLED): (calling, T.CALLING, neighbour_dials),
    (T.CALLING, J.CROSSED): (calling, T.CALLING, master_calls_too),
    (T.CALLING, J.ACCEPTED): (calling, T.UP, master_accepts),
    (T.CALLING, J.REFUSED): (refused_dial, T.ENDED, master_refuses),
    (T.CALLING, J.EMPTY): (calling, T.ENDED, members_leave),
    (T.CALLING, J.RELEASED): (calling, T.ENDED, master_releases),
    (T.UP, J.DIALLED): (called, T.UP, neighbour_asks),
    (T.UP, J.ARRIVED): (called, T.UP, neighbour_registers),
    (T.UP, J.INVITED): (called, T.UP, master_calls_again),
    (T.UP, J.CROSSED): (up, T.UP, master_calls_too),
    (T.UP, J.EMPTY): (called, T.ENDED, members_leave),
    (T.UP, J.RELEASED): (called, T.ENDED, master_releases),
}


@pytest.mark.parametrize(("state", "what"), list(product(VisitedState, VisitedInput)))
def test_every_pair_of_a_v_tcf(state: VisitedState, what: VisitedInput) -> None:
    if (state, what) in VISITED:
        begin, after, story = VISITED[state, what]
        w = begin()
        call = visit(w)
        assert call is not None
        assert call.state is state
        story(w)
        assert call.state is after
        return
    assert what not in visits.TABLE[state]
    w = up()
    call = visit(w)
    assert call is not None
    call.state = state
    w.node(2).procedures.group_call.visits._step(call, what)
    assert call.state is state
    assert not w.node(2).drain().sends
    assert aor("1001") in call.members
