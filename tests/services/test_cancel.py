"""CANCEL in every phase on every number of TCFs (profile 2.1, 3, 7): 200 and 487 name the operation on each hop.

A row is an operation and the TCFs from its caller on; a moment is what the INVITE's callee has said when CANCEL comes.
Where a TCF answers in the same tick (a floor request at its own master, a group without another V-TCF) nothing can be
cancelled, and no row says so.
"""

from collections.abc import Callable
from enum import Enum
from itertools import pairwise

import pytest
from tests.services.control_world import ControlWorld
from tests.services.group_world import aor, ext, fire
from tests.world import Link

from opentcf.btrunc.video import Goal, Source
from opentcf.btrunc.wire import Token, Wire
from opentcf.model.call import CallSetup, CallType
from opentcf.model.group import SetUp
from opentcf.model.registration import RegType
from opentcf.sip.sdp import direction_of
from opentcf.terminal import Behaviour, CallState, control

FULL, HALF, PUSH = CallSetup(), CallSetup(full_duplex=False), CallSetup(CallType.VIDEO_PUSH)
PROVISIONAL, ALL = (b"SIP/2.0 100 ", b"SIP/2.0 180 "), (b"SIP/2.0 ",)


class Moment(Enum):
    """When the CANCEL comes."""

    BEFORE_100 = "before 100"
    AFTER_100 = "after 100"
    AFTER_180 = "after 180"
    CROSSING = "crossing the 200"


B, T, R, X = Moment


class Bed(ControlWorld):
    """A world in which answers on a row of TCFs can be held back."""

    def __init__(self, *groups: object, at: dict[str, int]) -> None:
        super().__init__(*groups, at=at)  # type: ignore[arg-type]
        self.clear()

    def hold(self, way: tuple[str, ...], heads: tuple[bytes, ...]) -> None:
        """What comes back along the way from its second party on, and begins so, is lost."""
        self.lose = held(way, heads)

    def delay_answers(self, way: tuple[str, ...]) -> None:
        """What the last party of a way says comes so late that a CANCEL meets it."""
        self.links[way[-1], way[-2]] = Link(delay=(0.1, 0.1))

    def free(self) -> None:
        self.lose = lambda source, target, data: False


def agree(w: Bed, operation: Token, way: tuple[str, ...]) -> None:
    """On each hop of the way: CANCEL, 200 and 487 name the operation; the 487 gives its reason."""
    named = f"optype={Wire().tokens[operation]}"
    for source, target in pairwise(way):
        for what, one, other in (
            ("CANCEL", source, target),
            ("200 CANCEL", target, source),
            ("487 INVITE", target, source),
        ):
            if target.startswith("core") or what == "CANCEL":
                said = ext(w.last(what, one, other))
                assert said.startswith("pttrelease"), (one, other, what)
                assert named in said, (one, other, what)
        if target.startswith("core"):
            reason = w.last("487 INVITE", target, source).headers.get("Reason")
            assert reason == "SIP;cause=487", (source, target)


def cancel_seen(w: Bed, way: tuple[str, ...]) -> tuple[str, ...]:
    """As much of the way as the CANCEL went before it met the 200."""
    seen = way[:1]
    for source, target in pairwise(way):
        if not w.count("CANCEL", source, target) or not w.count("487 INVITE", target, source):
            break
        seen = (*seen, target)
    return seen


# --- private calls

PRIVATE: dict[int, tuple[int, str, int, tuple[str, ...]]] = {
    1: (1, "1002", 1, ("core1",)),
    2: (1, "2001", 2, ("core1", "core2")),
    3: (2, "4001", 4, ("core2", "core1", "core4")),
    4: (2, "4001", 3, ("core2", "core1", "core4", "core3")),
}


def rows(*hops: int, moments: tuple[Moment, ...] = tuple(Moment)) -> pytest.MarkDecorator:
    """Each number of TCFs with each moment."""
    table = [(number, moment) for number in hops for moment in moments]
    return pytest.mark.parametrize(
        ("hops", "moment"), table, ids=[f"{number} TCFs, {moment.value}" for number, moment in table]
    )


Lose = Callable[[str, str, bytes], bool]


def held(way: tuple[str, ...], heads: tuple[bytes, ...]) -> Lose:
    """What comes back along a way from its second party on, and begins so."""
    pairs = set(zip(way[1:], way, strict=False))
    return lambda source, target, data: (
        (source, target) in pairs and data.startswith(heads) and b" INVITE\r\n" in data
    )


def either(*chosen: Lose) -> Lose:
    return lambda source, target, data: any(lose(source, target, data) for lose in chosen)


def held_back(moment: Moment) -> tuple[bytes, ...]:
    return {B: PROVISIONAL, T: (b"SIP/2.0 180 ",)}.get(moment, (b"-",))


def call_and_cancel(setup: CallSetup, hops: int, moment: Moment) -> None:
    at, number, there, tcfs = PRIVATE[hops]
    w = Bed(at={"1001": at, number: there})
    w.ua(number).behaviour = Behaviour.IGNORE
    way = ("1001", *tcfs, number)
    w.hold(way[1:], held_back(moment))
    call = w.call(w.ua("1001"), number, setup)
    w.run(0.3)
    w.hang_up(w.ua("1001"), call)
    if moment is X:
        w.run(0.012 if hops > 1 else 0.006)
        w.answer(w.ua(number))
    w.run(0.3)
    w.free()
    w.run(5.0)
    agree(w, Token.CALL, way if moment is not X else cancel_seen(w, way))
    assert w.count("487 INVITE", tcfs[0], "1001") == 1
    assert call.state is CallState.ENDED
    w.assert_over()


@rows(1, 2, 3, 4)
def test_private_call(hops: int, moment: Moment):
    """TC2-C 呼叫取消, TC2-C 487."""
    call_and_cancel(FULL, hops, moment)


@pytest.mark.parametrize("setup", [PUSH, HALF], ids=["push", "half duplex"])
def test_other_private_calls(setup: CallSetup):
    for moment in (T, X):
        call_and_cancel(setup, 4, moment)


@rows(1, 2, 3, 4, moments=(T, X))
def test_media_change_of_a_private_call(hops: int, moment: Moment):
    """A hold: both sides go on as before."""
    at, number, there, tcfs = PRIVATE[hops]
    w = Bed(at={"1001": at, number: there})
    call = w.call(w.ua("1001"), number, FULL)
    w.run(2.0)
    w.clear()
    before, way = call.sdp, ("1001", *tcfs, number)
    w.hold(way[-2:], (b"SIP/2.0 200 ",))
    w.ua("1001").change(call, "sendonly", w.now)
    w.touch(w.ua("1001"))
    w.run(0.3)
    w.ua("1001")._calls.cancel(call)
    if moment is X:
        w.free()
    w.touch(w.ua("1001"))
    w.run(0.3)
    w.free()
    w.run(10.0)
    agree(w, Token.CALL, cancel_seen(w, way))
    (other,) = w.ua(number).calls.values()
    assert direction_of(other.remote_sdp) == direction_of(before) == "sendrecv"
    assert (call.state, other.state) == (CallState.UP, CallState.UP)
    w.hang_up(w.ua("1001"), call)
    w.assert_over()


# --- forced insertion

ENTRY = {
    1: ("1005", 1, "1001", ("core1",)),
    2: ("1005", 3, "1001", ("core3", "core1")),
    3: ("4005", 2, "1001", ("core2", "core4", "core1")),
    4: ("3005", 2, "4001", ("core2", "core3", "core4", "core1")),
}


@rows(1, 2, 3, 4, moments=(B, T, X))
def test_forced_insertion(hops: int, moment: Moment):
    """The parties of a full-duplex call have not answered the offer of his stream yet."""
    boss, at, party, tcfs = ENTRY[hops]
    w = Bed(at={"1001": 2, "4001": 3, boss: at})
    running = w.call(w.ua("1001"), "4001", FULL)
    w.run(2.0)
    w.clear()
    way = (boss, *tcfs)
    w.hold(way[1:], held_back(moment))
    w.lose = either(w.lose, lambda source, target, data: source in ("1001", "4001"))
    entry = w.ua(boss).enter(aor(party), running.id, w.now)
    w.touch(w.ua(boss))
    w.run(0.3)
    if moment is X:
        w.free()
        w.run(0.4)
    w.hang_up(w.ua(boss), entry)
    w.run(0.3)
    w.free()
    w.run(5.0)
    agree(w, Token.CALL, way if moment is not X else cancel_seen(w, way))
    assert entry.state is CallState.ENDED
    assert running.state is CallState.UP
    w.run(5.0)
    w.check(empty=False)
    w.hang_up(w.ua("1001"), running)
    w.assert_over()


# --- group calls

CALLERS = {
    2: ("1002", 1, ("core1",), "2"),
    3: ("2001", 2, ("core2", "core1"), "3"),
    4: ("2001", 2, ("core2", "core1"), "34"),
}
"""Who calls, where, over which TCFs to the master, and which other V-TCFs it calls."""


@rows(2, 3, 4, moments=(B, T, X))
def test_confirmed_group_set_up(hops: int, moment: Moment):
    """The called V-TCFs have not answered, or their 200 meets the CANCEL."""
    caller, at, tcfs, others = CALLERS[hops]
    members = [caller, *(f"{other}001" for other in others)]
    w = Bed(fire(*members, setup=SetUp.CONFIRMED), at={caller: at, **{f"{n}001": int(n) for n in others}})
    way, called = (caller, *tcfs), [("core1", f"core{n}") for n in others]
    back = [held(pair, ALL if moment is B else (b"SIP/2.0 200 ",)) for pair in called]
    w.hold(way[1:], held_back(moment))
    w.lose = either(w.lose, *back)
    call = w.dial(caller)
    w.run(0.3)
    if moment is X:
        w.free()
        w.run(0.21)
    w.hang_up(w.ua(caller), call)
    w.run(0.3)
    w.free()
    w.run(5.0)
    agree(w, Token.CALL, way)
    for pair in called:
        agree(w, Token.CALL, cancel_seen(w, pair))
    assert w.in_call() == set()
    w.assert_over()


@pytest.mark.parametrize("moment", [B, T, X], ids=lambda moment: moment.value)
@pytest.mark.parametrize("queued", [False, True], ids=["denied or granted", "queued"])
def test_floor_request(moment: Moment, queued: bool):
    """V and G: the dialogs stay, and he neither talks nor waits."""
    w = Bed(fire("1001", "2001", "2002"), at={"1001": 1, "2001": 2, "2002": 2})
    w.dial("1001")
    w.run(1.0)
    if not queued:
        w.let_go("1001")
        w.run(1.0)
    w.clear()
    w.hold(("core2", "core1"), ALL if moment is B else (b"SIP/2.0 200 ",) if moment is T else (b"-",))
    if moment is X:
        w.delay_answers(("core2", "core1"))
    w.press("2001")
    w.run(0.3 if moment is not X else 0.05)
    w.ua("2001").withdraw(w.its("2001"), w.now)
    w.touch(w.ua("2001"))
    w.run(0.3)
    w.free()
    w.run(5.0)
    if w.count("CANCEL", "core2", "core1"):
        agree(w, Token.REQUEST, cancel_seen(w, ("2001", "core2", "core1")))
    assert w.count("487 INVITE", "core2", "2001") == 1
    assert w.floor() == ("1001" if queued else "", [])
    assert w.talking() == (["1001"] if queued else [])
    assert w.in_call() == {"1001", "2001", "2002"}
    w.press("2001")
    w.run(1.0)
    assert w.floor() == (("1001", ["2001"]) if queued else ("2001", []))


HALF_DUPLEX = {2: ("1001", ("core2", "core1")), 3: ("4001", ("core3", "core4", "core1"))}


@rows(2, 3, moments=(B, T, X))
def test_floor_request_of_a_half_duplex_call(hops: int, moment: Moment):
    asker, tcfs = HALF_DUPLEX[hops]
    w = Bed(at={"1001": 2, "4001": 3})
    w.call(w.ua("1001"), "4001", HALF)
    w.run(2.0)
    w.let_go("1001")
    w.run(1.0)
    w.clear()
    way = (asker, *tcfs)
    w.hold(way[1:], ALL if moment is B else (b"SIP/2.0 200 ",) if moment is T else (b"-",))
    if moment is X:
        w.delay_answers(tcfs)
    w.press(asker)
    w.run(0.3 if moment is not X else 0.05)
    w.ua(asker).withdraw(w.its(asker), w.now)
    w.touch(w.ua(asker))
    w.run(0.3)
    w.free()
    w.run(8.0)
    agree(w, Token.REQUEST, cancel_seen(w, way))
    (row,) = w.node(1).procedures.private_call.floors()
    assert (row["talker"], row["queue"], w.talking()) == (None, [], [])
    w.press(asker)
    w.run(1.0)
    assert w.talking() == [asker]


# --- what a TCF begins itself

TARGETS = {
    1: ("1002", 1, ("core1",)),
    2: ("2001", 2, ("core1", "core2")),
    3: ("3002", 4, ("core1", "core3", "core4")),
}


@rows(1, 2, 3)
def test_video_forward(hops: int, moment: Moment):
    """It is terminated while a target is being called."""
    target, there, tcfs = TARGETS[hops]
    w = Bed(at={"1001": 2, "4001": 3, "1005": 1, target: there})
    source = w.call(w.ua("1001"), "4001", PUSH)
    w.run(2.0)
    w.clear()
    w.ua(target).behaviour = Behaviour.IGNORE
    way = (*tcfs, target)
    w.hold(way, held_back(moment))
    goal = (Goal(aor(target), False),)
    w.dispatch("1005", control.forward(aor("1001"), Source(source.id, False), goal, Wire()))
    w.run(0.4)
    w.dispatch("1005", control.terminate(aor("1001"), source.id))
    if moment is X:
        w.run(0.012)
        w.answer(w.ua(target))
    w.run(0.3)
    w.free()
    w.run(5.0)
    agree(w, Token.CALL, way if moment is not X else cancel_seen(w, way))
    assert source.state is CallState.UP
    assert w.in_call() == {"1001", "4001"}
    w.hang_up(w.ua("1001"), source)
    w.assert_over()


ARRIVALS = {1: (4, ("core4",)), 2: (2, ("core4", "core2"))}


@rows(1, 2)
def test_handover(hops: int, moment: Moment):
    """The home's INVITE to the target: within Tho the terminal does not take its call."""
    target, tcfs = ARRIVALS[hops]
    w = Bed(at={"1001": 1, "4001": 3})
    call = w.call(w.ua("1001"), "4001", FULL)
    w.run(2.0)
    w.clear()
    identity = next(iter(w.ua("4001").calls.values())).id
    w.switch_off(w.ua("4001"))
    mover = w.terminal("4001", target, Behaviour.IGNORE)
    way = (*tcfs, "4001")
    w.hold(way, held_back(moment))
    mover.register(w.now, 600, RegType.HANDOVER, identity)
    w.touch(mover)
    w.run(8.0 if moment is X else 8.1)
    while moment is X and not w.count("CANCEL", "core4"):
        w.run(0.001)
    if moment is X:
        w.answer(mover)
    w.run(0.3)
    w.free()
    w.run(12.0)
    agree(w, Token.CALL, way if moment is not X else cancel_seen(w, way))
    assert w.count("BYE", "core1", "1001") == 0, "the far side hears nothing"
    assert call.state is CallState.UP
    w.hang_up(w.ua("1001"), call)
    w.run(40.0)
    assert w.node(4)._ctx.legs == {}


def test_preparation_of_a_handover():
    """Source to target, which answers at once: the terminal is gone before the 200 arrives."""
    w = Bed(at={"1001": 1, "4001": 3})
    call = w.call(w.ua("1001"), "4001", FULL)
    w.run(2.0)
    w.clear()
    mover = w.ua("4001")
    w.hold(("core3", "core2"), (b"SIP/2.0 200 ",))
    mover.prepare(next(iter(mover.calls.values())), "core2.example", w.now)
    w.touch(mover)
    w.run(0.3)
    mover.register(w.now, 0)
    w.touch(mover)
    w.run(0.3)
    w.free()
    w.run(5.0)
    assert "optype=pttcall" in ext(w.last("CANCEL", "core3", "core2"))
    assert "optype=pttcall" in ext(w.last("200 CANCEL", "core2", "core3"))
    assert w.count("BYE", "core3", "core2") == 1, "its 200 was under way"
    assert call.state is CallState.ENDED
    w.assert_over()
