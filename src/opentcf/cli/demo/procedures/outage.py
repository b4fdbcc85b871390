"""Calls while a TCF on their path dies."""

from opentcf.cli.demo.actor import Actor
from opentcf.cli.demo.network import DOWN_SECONDS
from opentcf.cli.demo.procedure import procedure
from opentcf.cli.demo.stage import Stage
from opentcf.terminal import Call, CallState

MIDDLE = 2
_ACTORS = (Actor("2001", at=1, left=True), Actor("3001", at=4))
_ROLES = {1: "V", 2: "H", 3: "H", 4: "V"}


@procedure("outage-restart", "Middle TCF dies and returns", "中间TCF重启", *_ACTORS, roles=_ROLES)
async def restart(stage: Stage) -> None:
    """It comes back before Tdown is over; who hangs up afterwards releases every hop."""
    call = await _up(stage)
    await stage.kill(MIDDLE)
    await stage.until_peers(MIDDLE, "down", within=12.0)
    stage.note(f"all peers see TCF {MIDDLE} down", f"TCF {MIDDLE} 不可达")
    await stage.start(MIDDLE)
    await stage.until_peers(MIDDLE, "up", within=12.0)
    stage.note(f"all peers see TCF {MIDDLE} up", f"TCF {MIDDLE} 可达")
    await stage.pause(1.5)
    stage.expect((call.state, stage.call_of("3001").state), (CallState.UP, CallState.UP), "the call")
    stage["2001"].hang_up(call)
    await stage.until_released(within=12.0)


@procedure("outage-down", "Middle TCF dies, call released", "中间TCF宕机", *_ACTORS, roles=_ROLES)
async def down(stage: Stage) -> None:
    """Its peers see it down and, after Tdown, release the call on both sides; then it comes back."""
    call = await _up(stage)
    other = stage.call_of("3001")
    await stage.kill(MIDDLE)
    await stage.until_peers(MIDDLE, "down", within=12.0)
    stage.note(f"all peers see TCF {MIDDLE} down; Tdown is {DOWN_SECONDS:g} s", f"TCF {MIDDLE} 不可达")
    for side in (call, other):
        await stage.until_over(side, "both terminals are released", DOWN_SECONDS + 10.0)
    await stage.start(MIDDLE)
    await stage.until_peers(MIDDLE, "up", within=12.0)
    await stage.until_released(within=12.0)


async def _up(stage: Stage) -> Call:
    call = stage["2001"].call(stage["3001"].uri)
    stage["3001"].answer(await stage.until_called("3001"))
    await stage.until_up(call, "3001", (1, 2, 3, 4))
    return call
