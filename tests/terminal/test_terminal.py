"""The terminal without I/O, against nodes in memory; what the scenarios of the nodes do not look at."""

import pytest
from tests.services.group_world import AUDIO, GroupWorld, aor
from tests.world import Link, World

from opentcf.model.call import CallSetup, CallType
from opentcf.model.registration import RegType
from opentcf.sip.sdp import direction_of
from opentcf.terminal import Behaviour, CallState, Terminal


@pytest.fixture
def world() -> World:
    return World(delay=(0.01, 0.01))


def ready(world: World, *terminals: Terminal) -> None:
    """Registered, and what they heard so far is forgotten."""
    for ua in terminals:
        world.register(ua)
    world.run(1)
    for ua in terminals:
        assert ua.registered
        ua.events.clear()


def test_registers_refreshes_and_leaves(world: World) -> None:
    ua = world.terminal("1001", 1)
    world.register(ua, 600)
    world.run(1)
    assert world.events(ua) == ["registered"]
    world.run(310)
    assert world.events(ua) == ["registered", "refreshed"], "at half the granted time"
    world.register(ua, 0)
    world.run(1000)
    assert world.events(ua)[2:] == ["unregistered"], "and never again"
    assert not ua.registered


def test_one_refresh_however_often_it_registers(world: World) -> None:
    ua = world.terminal("1001", 1)
    for _ in range(5):
        world.register(ua)
        world.run(1)
    ua.events.clear()
    world.run(310)
    assert world.events(ua) == ["refreshed"]


def test_a_wrong_password_is_tried_once(world: World) -> None:
    ua = world.terminal("1001", 1)
    ua.line.password = "wrong"
    world.register(ua)
    world.run(5)
    assert [(event.name, event.status) for event in ua.events] == [("refused", 403)]
    sent = [passed for passed in world.transcript if passed.source == "1001"]
    assert len(sent) == 2


def test_moves_and_stays_registered(world: World) -> None:
    """The kick-off of the TCF that it left says so and changes nothing."""
    ua = world.terminal("1001", 2)
    ready(world, ua)
    world.move(ua, 3)
    world.run(5)
    assert sorted((event.name, event.text) for event in ua.events) == [
        ("moved_on", "moved"),
        ("registered", ""),
    ]
    assert ua.registered


def test_who_moves_does_not_go_on_registering_where_he_was(world: World) -> None:
    """RFC 3261 10.2: a REGISTER of his that came last would bind him to the TCF that he left."""
    ua = world.terminal("1001", 2)
    world.lose = lambda source, target, data: target == "core2" and b"Authorization" in data
    world.register(ua)
    world.run(1)
    world.lose = lambda source, target, data: False
    world.move(ua, 3)
    world.run(40)
    binding = world.node(1)._ctx.directory.binding(ua.user)
    assert binding is not None
    assert binding.visited == "core3.example"
    assert ua.quiet()


def test_a_call_goes_on_through_the_tcf_that_it_was_made_through(world: World) -> None:
    """Its home hears nothing of its move, so that the TCF that it left lets nothing go."""
    ua, caller = world.terminal("1001", 2), world.terminal("3001", 3)
    called = world.terminal("2001", 2, Behaviour.RING)
    ready(world, ua, caller, called)
    incoming = world.call(caller, "1001")
    world.run(1)
    (its,) = ua.calls.values()
    outgoing = world.call(ua, "2001")
    world.run(1)
    world.lose = lambda source, target, data: source == "core3" and data.startswith(b"REGISTER")
    world.move(ua, 3)
    world.run(1)
    world.transcript.clear()
    for call in (outgoing, its):
        world.hang_up(ua, call)
    world.run(1)
    sent = [passed for passed in world.transcript if passed.source == "1001"]
    where = {passed.data.split()[0]: passed.target for passed in sent}
    assert (where[b"CANCEL"], where[b"BYE"]) == ("core2", "core2")
    assert (incoming.state, outgoing.state) == (CallState.ENDED, CallState.ENDED)


def test_the_ack_of_a_200_goes_to_the_tcf_that_sent_it() -> None:
    """Also where the terminal moved while the answer to its request for the floor was under way."""
    w = GroupWorld(at={"1001": 1, "2001": 2})
    w.dial("1001")
    w.run(1.0)
    w.links["core2", "2001"] = Link(delay=(0.2, 0.2))
    w.press("2001")
    w.lose = lambda source, target, data: source == "core3" and data.startswith(b"REGISTER")
    w.run(0.1)
    w.move(w.ua("2001"), 3)
    w.run(40.0)
    assert w.count("ACK", "2001", "core3") == 0
    assert w.floor() == ("1001", ["2001"])


def test_one_that_is_switched_off_leaves_its_successor_alone(world: World) -> None:
    """What the old one still has to repeat neither leaves nor keeps the new one from repeating."""
    old = world.terminal("1001", 1)
    world.lose = lambda source, target, data: target == "core1"
    world.register(old)
    world.run(0.4)
    world.switch_off(old)
    new = world.terminal("1001", 1)
    world.register(new)
    world.run(5)
    sent = [passed.data for passed in world.transcript if passed.source == "1001" and passed.target]
    assert [b"127.0.9.2" in data for data in sent] == [False, True, True, True, True]


def test_is_kicked_by_its_own_tcf(world: World) -> None:
    ua = world.terminal("1001", 2)
    ready(world, ua)
    world.command(1, "user_kick", udn="1001")
    world.run(1000)
    assert [(event.name, event.text) for event in ua.events] == [("kicked", "admin")]
    assert not ua.registered


def test_hangs_up_before_anything_came_back(world: World) -> None:
    """The CANCEL waits for a provisional response (RFC 3261 9.1)."""
    caller, called = world.terminal("1001", 1), world.terminal("2001", 2, Behaviour.RING)
    ready(world, caller, called)
    call = world.call(caller, "2001")
    world.hang_up(caller, call)
    assert [passed.data.split()[0] for passed in world.transcript if passed.source == "1001"][-1:] != [
        b"CANCEL"
    ]
    world.settle()
    assert (call.state, call.status) == (CallState.ENDED, 487)
    world.check(empty=True)


def test_hangs_up_while_the_answer_is_under_way(world: World) -> None:
    """A 200 that crosses the hanging up gets its ACK and a BYE; nobody is told that the call was up."""
    caller, called = world.terminal("1001", 1), world.terminal("2001", 2)
    ready(world, caller, called)
    call = world.call(caller, "2001")
    world.run(0.075)
    world.hang_up(caller, call)
    world.settle()
    assert call.state is CallState.ENDED
    world.check(empty=True)


@pytest.mark.parametrize(("behaviour", "status"), [(Behaviour.BUSY, 486), (Behaviour.DECLINE, 603)])
def test_one_who_does_not_want(world: World, behaviour: Behaviour, status: int) -> None:
    caller, called = world.terminal("1001", 1), world.terminal("2001", 2, behaviour)
    ready(world, caller, called)
    call = world.call(caller, "2001")
    world.settle()
    assert (call.state, call.status) == (CallState.ENDED, status)
    assert world.events(called) == ["incoming", "ended"]


def test_is_told_why_it_is_refused(world: World) -> None:
    caller = world.terminal("1001", 1)
    ready(world, caller)
    world.call(caller, "2001")
    world.settle()
    event = caller.events[-1]
    assert (event.name, event.status) == ("ended", 480)
    assert "not registered" in event.text


def test_hold_and_resume(world: World) -> None:
    caller, called = world.terminal("1001", 1), world.terminal("2001", 2)
    ready(world, caller, called)
    call = world.call(caller, "2001")
    world.run(2)
    (other,) = called.calls.values()
    for ours, theirs in (("sendonly", "recvonly"), ("sendrecv", "sendrecv")):
        caller.change(call, ours, world.now)
        world.touch(caller)
        world.run(2)
        assert direction_of(other.remote_sdp) == ours
        assert direction_of(call.remote_sdp) == theirs
        assert (caller.events[-1].name, called.events[-1].text) == ("changed", theirs)
    world.hang_up(called)
    world.settle()
    assert (caller.events[-1].name, caller.events[-1].text) == ("ended", "normal")
    world.check(empty=True)


def test_a_late_offer(world: World) -> None:
    """INVITE without a session description: the offer is in the 200, the answer in the ACK."""
    caller, called = world.terminal("1001", 1), world.terminal("2001", 2)
    ready(world, caller, called)
    call = caller.call("2001@core2.example", world.now, sdp=b"")
    world.touch(caller)
    world.run(2)
    (other,) = called.calls.values()
    assert (call.state, other.state) == (CallState.UP, CallState.UP)
    assert call.remote_sdp == other.sdp
    assert other.remote_sdp == call.sdp


def test_what_it_cannot_read_it_ignores(world: World) -> None:
    ua = world.terminal("1001", 1)
    for data in (b"", b"nonsense", b"SIP/2.0 200 OK\r\n\r\n", b"INVITE sip:x SIP/2.0\r\n\r\n"):
        ua.receive(data, ua.proxy, world.now)
    assert ua.events == []
    assert ua.quiet()


def test_refresh_says_that_it_is_one(world: World) -> None:
    ua = world.terminal("1001", 2)
    ready(world, ua)
    ua.register(world.now, 600, RegType.REFRESH)
    world.touch(ua)
    world.run(1)
    assert world.events(ua) == ["refreshed"]


def test_a_call_that_is_held_stays_what_it_is(world: World) -> None:
    """What a re-INVITE says of the call are the call's values (profile 3): to hold makes no audio call of it."""
    caller, called = world.terminal("1001", 1), world.terminal("2001", 2)
    ready(world, caller, called)
    call = world.call(caller, "2001", CallSetup(CallType.PRIVATE_AUDIO_VIDEO, full_duplex=True))
    world.run(2)
    (other,) = called.calls.values()
    assert call.open_streams == other.open_streams == ("audio", "video")
    for ua, one in ((caller, call), (called, other)):
        ua.change(one, "sendonly", world.now)
        world.touch(ua)
        world.run(2)
    kinds = [row["type"] for row in world.node(2).procedures.private_call.view()]
    assert kinds == [2]


def test_a_request_for_the_floor_is_cancelled_once_something_came_back() -> None:
    """RFC 3261 9.1: no CANCEL before a provisional response."""
    w = GroupWorld(at={"1001": 1, "2001": 2}, delay=(0.01, 0.01))
    w.dial("1001", AUDIO)
    w.run(1)
    ua, call = w.ua("2001"), w.its("2001")
    w.transcript.clear()
    w.press("2001")
    ua.withdraw(call, w.now)
    w.touch(ua)
    w.run(0.005)
    assert [line.partition("2001 core2 ")[2] for line in w.ladder()] == ["INVITE"]
    w.run(1)
    ours = [line.removeprefix("2001 core2 ") for line in w.ladder() if line.startswith("2001 core2")]
    assert ours[:2] == ["INVITE", "CANCEL"]
    assert (ua.events[-1].name, ua.events[-1].status) == ("failed", 487)
    assert call.state is CallState.UP


def test_an_answer_from_a_dialog_that_a_call_has_left_does_not_end_it() -> None:
    """Its TCF was restarted and calls it anew, while its floor request is on the way to the dialog before that."""
    w = GroupWorld(at={"1001": 2, "1002": 1})
    w.dial("1001")
    w.run(1.0)
    visits = w.node(1).procedures.group_call.visits
    (visit,) = visits.calls.values()
    del w.node(1)._ctx.legs[visit.members.pop(aor("1002")).leg.key]
    w.links["1002", "core1"] = Link(delay=(0.1, 0.1))
    w.press("1002")
    visits.alert_all(visit)
    w.touch(w.cores[1])
    w.run(2.0)
    assert w.told_events("1002")[-1] == "moved"
    assert w.count("481 INVITE", "core1", "1002") == 1
    assert w.in_call() == {"1001", "1002"}
    w.press("1002")
    w.run(1.0)
    assert w.floor() == ("1001", ["1002"])
