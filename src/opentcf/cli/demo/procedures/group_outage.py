"""Group calls while a TCF dies."""

from opentcf.cli.demo.group import LOOK, GroupCall, member
from opentcf.cli.demo.network import MASTER
from opentcf.cli.demo.procedure import procedure
from opentcf.cli.demo.stage import Stage

ROLES = {1: "G=V", 2: "V", 3: "V", 4: "V"}
FIRE = (member("1011", at=1, left=True), member("2011", at=2), member("3011", at=3), member("4011", at=4))
LOST = 3


@procedure("group-v-down", "V-TCF down, taken in later", "访问域TCF恢复补入", *FIRE, roles=ROLES)
async def visited_down(stage: Stage) -> None:
    """A V-TCF that is down is left out of the set-up, and called when it is back."""
    group = GroupCall(stage)
    await stage.kill(LOST)
    await stage.until_peers(LOST, "down", within=12.0)
    stage.note(f"all peers see TCF {LOST} down", f"TCF {LOST} 不可达")
    await group.begin("1011", "2011", "4011")
    await stage.start(LOST)
    await group.until_in("1011", "2011", "4011", "3011", within=12.0)
    await group.until_floor("1011")
    await group.leave("1011")
    await group.until_over(within=12.0)


@procedure("group-talker-down", "Talker's TCF dies", "讲话方TCF宕机", *FIRE, roles=ROLES)
async def talker_down(stage: Stage) -> None:
    """The floor of a talker whose V-TCF is down is released, and goes to who waits."""
    group = GroupCall(stage)
    await group.begin("1011", "2011", "3011", "4011")
    group.let_go("1011")
    await group.until_floor(None)
    group.press("3011")
    await group.until_floor("3011")
    group.press("4011")
    await group.until_floor("3011", "4011")
    await stage.kill(LOST)
    await group.until_heard("4011", "granted", within=12.0)
    await stage.start(LOST)
    await group.until_in("1011", "2011", "3011", "4011", within=12.0)
    await group.until_floor("4011", within=12.0)
    await group.leave("1011")
    await group.until_over(within=12.0)


@procedure("group-g-killed", "G-TCF dies and returns", "组主控TCF重启", *FIRE, roles=ROLES)
async def master_killed(stage: Stage) -> None:
    """It comes back with the call, the same talker and the same queue; the floor goes on."""
    group = GroupCall(stage)
    await group.begin("1011", "2011", "3011", "4011")
    group.let_go("1011")
    await group.until_floor(None)
    for user, wait in (("2011", ()), ("3011", ("3011",)), ("4011", ("3011", "4011"))):
        group.press(user)
        await group.until_floor("2011", *wait)
    await stage.kill(MASTER)
    await stage.start(MASTER)
    await group.until_floor("2011", "3011", "4011", within=12.0)
    stage.note("same call, same talker, same queue", "呼叫、讲话方与排队均保持")
    await stage.pause(LOOK)
    group.let_go("2011")
    await group.until_floor("3011", "4011", within=12.0)
    await group.until_in("1011", "2011", "3011", "4011")
    await group.leave("1011")
    await group.until_over(within=12.0)
