"""The private call as the profile tells it (4.2), with what goes over the wire in each case."""

from collections.abc import Callable

from tests.world import World

from opentcf.terminal import Behaviour, Call, CallState, Terminal


def four(behaviour: Behaviour = Behaviour.ANSWER) -> tuple[World, Terminal, Terminal]:
    """1001 visits core2 and 4001 visits core3: a call between them passes all four TCFs."""
    return place(2, "4001", 3, behaviour)


def place(
    at: int, number: str, its: int, behaviour: Behaviour = Behaviour.ANSWER
) -> tuple[World, Terminal, Terminal]:
    """1001 visits core `at`, the other one core `its`; both are registered and nothing else goes on."""
    world = World(delay=(0.01, 0.01))
    caller, called = world.terminal("1001", at), world.terminal(number, its, behaviour)
    world.register(caller)
    world.register(called)
    world.settle()
    world.transcript.clear()
    return world, caller, called


def once(source: str, target: str, start: bytes, times: int = 1) -> Callable[[str, str, bytes], bool]:
    """Lose the first `times` messages of that kind on that way."""
    left = [times]

    def lose(one: str, other: str, data: bytes) -> bool:
        if (one, other) == (source, target) and data.startswith(start) and left[0]:
            left[0] -= 1
            return True
        return False

    return lose


def over(world: World) -> None:
    """All is released and nothing is left."""
    world.settle()
    world.check(empty=True)


def status(call: Call) -> int:
    assert call.state is CallState.ENDED
    return call.status


def test_a_call_over_four_tcfs() -> None:
    world, caller, _ = four()
    world.call(caller, "4001")
    world.run(2)
    world.check()
    assert world.events(caller)[-2:] == ["ringing", "up"]
    world.hang_up(caller)
    over(world)
    assert world.ladder() == [
        "1001 core2 INVITE",
        "core2 1001 100 INVITE",
        "core2 core1 INVITE",
        "core1 core2 100 INVITE",
        "core1 core4 INVITE",
        "core4 core1 100 INVITE",
        "core4 core3 INVITE",
        "core3 core4 100 INVITE",
        "core3 4001 INVITE",
        "4001 core3 180 INVITE",
        "4001 core3 200 INVITE",
        "core3 core4 180 INVITE",
        "core3 4001 ACK",
        "core3 core4 200 INVITE",
        "core4 core1 180 INVITE",
        "core4 core3 ACK",
        "core4 core1 200 INVITE",
        "core1 core2 180 INVITE",
        "core1 core4 ACK",
        "core1 core2 200 INVITE",
        "core2 1001 180 INVITE",
        "core2 core1 ACK",
        "core2 1001 200 INVITE",
        "1001 core2 ACK",
        "1001 core2 BYE",
        "core2 1001 200 BYE",
        "core2 core1 BYE",
        "core1 core2 200 BYE",
        "core1 core4 BYE",
        "core4 core1 200 BYE",
        "core4 core3 BYE",
        "core3 core4 200 BYE",
        "core3 4001 BYE",
        "4001 core3 200 BYE",
    ]


def test_cancel_stops_the_ringing_on_all_hops() -> None:
    world, caller, called = four(Behaviour.RING)
    call = world.call(caller, "4001")
    world.run(1)
    assert call.state is CallState.RINGING
    world.hang_up(caller)
    over(world)
    assert status(call) == 487
    assert world.events(called)[-1] == "ended"
    cancels = [step for step in world.ladder() if step.endswith(" CANCEL") and " 200 " not in step]
    assert cancels == ["1001 core2 CANCEL", "core2 core1 CANCEL", "core1 core4 CANCEL", "core4 core3 CANCEL",
                       "core3 4001 CANCEL"]  # fmt: skip


def test_cancel_that_crosses_the_200() -> None:
    """487 upstream at once; the late 200 gets its ACK and a BYE (profile 2.1)."""
    world, caller, called = four(Behaviour.RING)
    call = world.call(caller, "4001")
    world.run(1)
    world.links["core4", "core1"] = world.link._replace(delay=(0.5, 0.5))
    world.answer(called)
    world.run(0.1)
    world.hang_up(caller)
    over(world)
    assert status(call) == 487
    assert world.events(called)[-2:] == ["up", "ended"]
    steps = world.ladder()
    assert (
        steps.index("core1 core2 487 INVITE")
        < steps.index("core1 core4 ACK")
        < steps.index("core1 core4 BYE")
    )
    assert "core1 core2 200 INVITE" not in steps


def test_both_hang_up_at_once() -> None:
    world, caller, called = four()
    world.call(caller, "4001")
    world.run(2)
    world.hang_up(caller)
    world.hang_up(called)
    over(world)


def test_both_call_each_other_at_once() -> None:
    """Two calls: each finds the other engaged, or the first one to ring wins; none is left hanging."""
    world, one, other = four(Behaviour.RING)
    one.behaviour = Behaviour.RING
    calls = [world.call(one, "4001"), world.call(other, "1001")]
    over(world)
    assert {status(call) for call in calls} == {486}


def test_hold_from_both_sides_at_once_is_glare() -> None:
    """One or both get 491; the dialogs stay as they were and the call can be released (profile 2.1)."""
    world, caller, called = four()
    call = world.call(caller, "4001")
    world.run(2)
    (theirs,) = called.calls.values()
    caller.change(call, "sendonly", world.now)
    called.change(theirs, "sendonly", world.now)
    world.touch(caller)
    world.touch(called)
    world.run(2)
    world.check()
    assert any(" 491 INVITE" in step for step in world.ladder())
    assert call.state is theirs.state is CallState.UP
    world.hang_up(called)
    over(world)


def test_busy_decline_and_nobody_there() -> None:
    for behaviour, code in ((Behaviour.BUSY, 486), (Behaviour.DECLINE, 603)):
        world, caller, _ = four(behaviour)
        call = world.call(caller, "4001")
        over(world)
        assert status(call) == code

    world, caller, _ = four()
    calls = [world.call(caller, number) for number in ("4002", "4999", "1001")]
    over(world)
    assert [status(call) for call in calls] == [480, 404, 486]


def test_nobody_answers() -> None:
    world, caller, called = four(Behaviour.RING)
    call = world.call(caller, "4001")
    over(world)
    assert status(call) == 480
    assert world.events(called)[-1] == "ended"


def test_a_middle_tcf_dies_and_the_call_goes_after_tdown() -> None:
    world, caller, called = four()
    call = world.call(caller, "4001")
    world.run(2)
    world.crash(1)
    world.run(40)
    assert caller.calls, "a peer that is away for less than Tdown costs no call"
    world.run(60)
    world.settle()
    assert status(call) == 200
    assert world.events(called)[-1] == "ended"
    assert world.remains() == []


def test_a_spiral_through_the_same_tcf() -> None:
    """1001 and 1002 both visit core2: core2 is the caller's V and the called user's V, two calls of one identity."""
    world, caller, _ = place(2, "1002", 2)
    call = world.call(caller, "1002")
    world.run(2)
    world.check()
    assert call.state is CallState.UP
    assert len(world.node(2).procedures.private_call) == 2
    assert len(world.node(1).procedures.private_call) == 1
    world.hang_up(caller)
    over(world)


def test_a_spiral_home_to_home_and_back() -> None:
    """1001 visits core4, 4001 visits core1: each TCF is a home and a V in the same call."""
    world, caller, _ = place(4, "4001", 1)
    call = world.call(caller, "4001")
    world.run(2)
    world.check()
    assert call.state is CallState.UP
    world.hang_up(caller)
    over(world)


def test_the_called_user_hangs_up_while_his_200_is_lost() -> None:
    """His BYE overtakes the 200: the caller is refused, and the 200, when it comes, gets its ACK."""
    for source, target in (("4001", "core3"), ("core4", "core1")):
        world, caller, called = four(Behaviour.RING)
        call = world.call(caller, "4001")
        world.run(1)
        world.lose = once(source, target, b"SIP/2.0 200")
        world.answer(called)
        world.run(0.3)
        world.hang_up(called)
        over(world)
        assert status(call) == 480


def test_a_terminal_that_nobody_hears_does_not_ring_for_ever() -> None:
    world, caller, called = four(Behaviour.RING)
    world.lose = lambda source, target, data: source == "4001"
    call = world.call(caller, "4001")
    world.settle()
    assert status(call) == 480
    assert world.events(called)[-1] == "ended"
