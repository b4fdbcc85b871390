"""Handover 切换: idle, in a private call, in a group call. The far side never hears a release."""

from opentcf.cli.demo.actor import Actor
from opentcf.cli.demo.group import LOOK, GroupCall, member
from opentcf.cli.demo.network import MASTER, domain
from opentcf.cli.demo.phone import Phone
from opentcf.cli.demo.procedure import procedure
from opentcf.cli.demo.stage import Stage
from opentcf.terminal import Call, CallState

TALK = 1.5
"""Seconds of a call that somebody watches."""


@procedure(
    "handover-idle", "Handover, idle", "空闲态切换",
    Actor("2001", at=1, left=True), roles={1: "V, source", 2: "H", 3: "V, target"},
)  # fmt: skip
async def idle(stage: Stage) -> None:
    """The target registers him by handover; the source lets him go."""
    stage["2001"].hand_over(3)
    await stage.until_registered("2001", 3)
    await stage.until(lambda: stage["2001"].heard("moved_on") is not None, "the source let him go")


@procedure(
    "handover-call", "Handover in a private call", "单呼切换",
    Actor("2001", at=1, left=True), Actor("3001", at=4),
    roles={1: "V, source", 2: "H of 2001", 3: "H of 3001, target", 4: "V of 3001"},
)  # fmt: skip
async def unprepared(stage: Stage) -> None:
    """The caller turns up at the target with his call; his home calls him there and re-offers the media once."""
    call, other = await _talk(stage)
    before = other.remote_sdp
    stage["2001"].hand_over(3, call)
    await _until_moved(stage, stage["2001"], 3)
    stage.expect(stage["3001"].heard("ended"), None, "what the far side heard of a release")
    stage.expect(
        other.remote_sdp.splitlines()[1].split()[:2], before.splitlines()[1].split()[:2], "o= of the far side"
    )
    await stage.pause(TALK)
    stage["3001"].hang_up(other)
    await stage.until_released()


@procedure(
    "handover-callee", "The called user moves", "被叫切换",
    Actor("2001", at=1, left=True), Actor("3001", at=4),
    roles={1: "V of 2001", 2: "H of 2001, target", 3: "H of 3001", 4: "V, source"},
)  # fmt: skip
async def called_user(stage: Stage) -> None:
    """The same on the other side; afterwards the caller hangs up."""
    call, other = await _talk(stage)
    stage["3001"].hand_over(2, other)
    await _until_moved(stage, stage["3001"], 2)
    stage.expect(call.state, CallState.UP, "the call of 2001")
    await stage.pause(TALK)
    stage["2001"].hang_up(call)
    await stage.until_released()


@procedure(
    "handover-both", "Both move at once", "双方同时切换",
    Actor("2001", at=1, left=True), Actor("3001", at=4),
    roles={1: "V of 2001", 2: "H of 2001, target", 3: "H of 3001, target", 4: "V of 3001"},
)  # fmt: skip
async def both(stage: Stage) -> None:
    """Two handovers of one call cross; it goes on between the targets."""
    call, other = await _talk(stage)
    stage["2001"].hand_over(3, call)
    stage["3001"].hand_over(2, other)
    for user, core in (("2001", 3), ("3001", 2)):
        await _until_moved(stage, stage[user], core)
    await stage.until_quiet()
    stage.expect((call.state, other.state), (CallState.UP, CallState.UP), "the call")
    await stage.pause(TALK)
    stage["2001"].hang_up(call)
    await stage.until_released()


@procedure(
    "handover-prepared", "Prepared handover", "预先准备的切换",
    Actor("2001", at=1, left=True), Actor("3001", at=4),
    roles={1: "V, source", 2: "H of 2001", 3: "H of 3001, target", 4: "V of 3001"},
)  # fmt: skip
async def prepared(stage: Stage) -> None:
    """The source reserves at the target first, and tells the terminal when it may go."""
    call, other = await _talk(stage)
    stage["2001"].prepare(call, 3)
    await stage.until(lambda: stage["2001"].heard("handover") is not None, "the target has reserved")
    await stage.pause(TALK)
    stage["2001"].hand_over(3, call)
    await _until_moved(stage, stage["2001"], 3)
    stage["3001"].hang_up(other)
    await stage.until_released()


@procedure(
    "handover-talker", "The talker moves", "讲话方切换",
    member("2011", at=2, left=True), member("1011", at=1), member("3011", at=3), member("2012", at=2),
    roles={1: "G=V", 2: "V, source", 3: "V", 4: "V, target"},
)  # fmt: skip
async def talker(stage: Stage) -> None:
    """He keeps the floor, nobody is told; the one who waits gets it when he lets go."""
    group = GroupCall(stage)
    await group.begin("2011", "1011", "3011", "2012")
    group.press("3011")
    await group.until_queued("3011", 1)
    stage["2011"].hand_over(4, stage.call_of("2011"))
    await _until_moved(stage, stage["2011"], 4)
    await group.until_floor("2011", "3011")
    rows = await stage.network[MASTER].items("calls")
    legs = sorted(str(leg["peer"]) for leg in rows[0]["legs"])
    stage.expect(legs, [domain(core) for core in (1, 2, 3, 4)], "the legs of the master")
    await stage.pause(LOOK)
    group.let_go("2011")
    await group.until_floor("3011")
    await group.leave("2011")
    await group.until_over()


@procedure(
    "handover-waiter", "A listener and a waiter move", "听者与排队者切换",
    member("1011", at=1, left=True), member("2011", at=2), member("3011", at=3),
    roles={1: "G=V, talker", 2: "V", 3: "V", 4: "V, target"},
)  # fmt: skip
async def waiter(stage: Stage) -> None:
    """The listener's downlink is set up anew at the target; the waiter keeps his place and is granted there."""
    group = GroupCall(stage)
    await group.begin("1011", "2011", "3011")
    stage["2011"].hand_over(4, stage.call_of("2011"))
    await _until_moved(stage, stage["2011"], 4)
    await group.until_floor("1011")
    group.press("3011")
    await group.until_queued("3011", 1)
    stage["3011"].hand_over(4, stage.call_of("3011"))
    await _until_moved(stage, stage["3011"], 4)
    await group.until_floor("1011", "3011")
    await stage.pause(LOOK)
    group.let_go("1011")
    await group.until_floor("3011")
    await group.leave("1011")
    await group.until_over()


async def _talk(stage: Stage) -> tuple[Call, Call]:
    """2001 in core 1 talks to 3001 in core 4."""
    call = stage["2001"].call(stage["3001"].uri)
    other = await stage.until_called("3001")
    if other.state is not CallState.UP:
        stage["3001"].answer(other)
    await stage.until_up(call, "3001", (1, 2, 3, 4))
    await stage.pause(TALK)
    return call, other


async def _until_moved(stage: Stage, phone: Phone, core: int) -> None:
    await stage.until(lambda: phone.heard("moved") is not None, f"{phone.number} has the call at TCF {core}")
    await stage.until_registered(phone.number, core)
