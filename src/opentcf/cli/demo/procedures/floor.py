"""The floor 话权 of a group call. There is never more than one talker."""

from opentcf.cli.demo.group import LOOK, GroupCall, member
from opentcf.cli.demo.network import MASTER
from opentcf.cli.demo.procedure import procedure
from opentcf.cli.demo.stage import Stage
from opentcf.sip.sdp import direction_of

ROLES = {1: "G=V", 2: "V", 3: "V", 4: "V"}
FIRE = (member("1011", at=1, left=True), member("2011", at=2), member("3011", at=3))
WORKS = (member("1041", at=1, left=True), member("2041", at=2), member("3041", at=3))
RESCUE = (member("2051", at=2, left=True), member("1051", at=1), member("3051", at=3), member("4051", at=4))


@procedure("floor", "Floor granted and released", "话权申请与释放", *FIRE, roles=ROLES)
async def request(stage: Stage) -> None:
    """One presses and talks, all others are told; he releases, all are told that the floor is free."""
    group = GroupCall(stage)
    await group.begin("1011", "2011", "3011")
    group.let_go("1011")
    await group.until_floor(None)
    for user in ("2011", "3011"):
        await stage.pause(LOOK)
        group.press(user)
        await group.until_floor(user)
        group.let_go(user)
        await group.until_floor(None)
    await _end(group, "1011")


@procedure(
    "floor-queue",
    "Floor queued, granted later",
    "话权排队与授权",
    *FIRE,
    member("4011", at=4),
    roles=ROLES,
)
async def queue(stage: Stage) -> None:
    """Two wait behind the talker, and are granted in their turn."""
    group = GroupCall(stage)
    await group.begin("1011", "2011", "3011", "4011")
    for place, user in enumerate(("2011", "3011"), 1):
        group.press(user)
        await group.until_queued(user, place)
    await group.until_floor("1011", "2011", "3011")
    await stage.pause(LOOK)
    group.let_go("1011")
    await group.until_queued("3011", 1)
    await group.until_floor("2011", "3011")
    await stage.pause(LOOK)
    group.let_go("2011")
    await group.until_floor("3011")
    await stage.pause(LOOK)
    await _end(group, "1011")


@procedure(
    "floor-unqueue", "A waiter leaves the queue", "退出话权排队", *FIRE, member("4011", at=4), roles=ROLES
)
async def unqueue(stage: Stage) -> None:
    """He releases before it is his turn; who waits behind him moves up."""
    group = GroupCall(stage)
    await group.begin("1011", "2011", "3011", "4011")
    for place, user in enumerate(("2011", "3011"), 1):
        group.press(user)
        await group.until_queued(user, place)
    group.let_go("2011")
    await group.until_queued("3011", 1)
    await group.until_floor("1011", "3011")
    await _end(group, "1011")


@procedure("floor-cancel", "Floor request cancelled", "话权申请取消", *FIRE, roles=ROLES)
async def cancelled(stage: Stage) -> None:
    """The master is slow: 3011 lets go before it has answered. He neither talks nor waits, and stays in the call."""
    group = GroupCall(stage)
    await group.begin("1011", "2011", "3011")
    await stage.freeze(MASTER)
    group.press("3011")
    stage["3011"].withdraw(group.call_of("3011"))
    await group.until_heard("3011", "failed")
    stage.expect(_failed(stage, "3011"), 487, "the answer to the request")
    stage.thaw(MASTER)
    await group.until_floor("1011")
    await group.until_in("1011", "2011", "3011")
    await stage.pause(LOOK)
    await _end(group, "1011")


@procedure("floor-preempted", "Floor pre-empted, priority", "话权抢占", *RESCUE[:3], roles=ROLES)
async def preempted(stage: Stage) -> None:
    """1051 has the better priority: the talker is revoked, then 1051 is granted."""
    group = GroupCall(stage, "8005")
    await group.begin("2051", "1051", "3051")
    group.press("1051")
    await group.until_floor("1051")
    await group.until_heard("2051", "revoked", "preempted")
    await stage.pause(LOOK)
    await _end(group, "2051", "1051", "3051")


@procedure("floor-off", "Floor denied, no queue", "话权拒绝", *WORKS, roles=ROLES)
async def queue_off(stage: Stage) -> None:
    """This group has no queue: 486 while somebody talks."""
    group = GroupCall(stage, "8004")
    await group.begin("1041", "2041", "3041")
    group.press("2041")
    await group.until_heard("2041", "denied")
    stage.expect(_failed(stage, "2041"), 486, "the answer")
    await group.until_floor("1041")
    await _end(group, "1041", "2041", "3041")


@procedure(
    "floor-full",
    "Floor denied, queue full",
    "话权排队已满",
    *RESCUE[:3],
    member("2052", at=2),
    roles=ROLES,
)
async def queue_full(stage: Stage) -> None:
    """This group's queue has one place."""
    group = GroupCall(stage, "8005")
    await group.begin("2051", "1051", "3051", "2052")
    group.press("3051")
    await group.until_queued("3051", 1)
    group.press("2052")
    await group.until_heard("2052", "denied", "queuefull")
    stage.expect(_failed(stage, "2052"), 486, "the answer")
    await group.until_floor("2051", "3051")
    await _end(group, "2051", "1051", "3051", "2052")


@procedure("floor-listener", "Floor denied, listens only", "只听成员", *RESCUE, roles=ROLES)
async def listener(stage: Stage) -> None:
    """4051 is a member who may listen only."""
    group = GroupCall(stage, "8005")
    await group.begin("2051", "1051", "3051", "4051")
    group.press("4051")
    await group.until_heard("4051", "denied", "receiveonly")
    stage.expect(_failed(stage, "4051"), 603, "the answer")
    await group.until_floor("2051")
    await _end(group, "2051", "1051", "3051", "4051")


@procedure("floor-timeout", "Talks too long, T2", "讲话超时", *WORKS, roles=ROLES)
async def talk_time(stage: Stage) -> None:
    """The longest talk burst of this group is two seconds: the master takes the floor."""
    group = GroupCall(stage, "8004")
    await group.begin("2041", "1041", "3041")
    await group.until_heard("2041", "revoked", "timeout")
    await group.until_floor(None)
    await _end(group, "1041", "2041", "3041")


@procedure("floor-command", "Floor revoked, operator", "操作员收回话权", *FIRE, roles=ROLES)
async def by_command(stage: Stage) -> None:
    """A command at the master takes the floor; the next waiter gets it."""
    group = GroupCall(stage)
    await group.begin("2011", "1011", "3011")
    group.press("3011")
    await group.until_floor("2011", "3011")
    stage.note("the operator of TCF 1 revokes the floor", "操作员收回话权")
    await stage.network[MASTER].post("floors/8001/revoke")
    await group.until_heard("2011", "revoked", "forced")
    await group.until_floor("3011")
    await _end(group, "2011")


@procedure("floor-emergency", "Emergency takes the floor", "紧急抢占话权", *FIRE, roles=ROLES)
async def emergency(stage: Stage) -> None:
    """Whatever the group's settings say, an emergency request pre-empts."""
    group = GroupCall(stage)
    await group.begin("1011", "2011", "3011")
    await stage.pause(LOOK)
    group.press("3011", emergency=True)
    await group.until_floor("3011")
    await group.until_heard("1011", "revoked", "preempted")
    await stage.pause(LOOK)
    await _end(group, "1011")


@procedure(
    "floor-plain", "Plain softphone in group call", "普通话机组呼",
    member("2011", at=3, left=True, plain=True), member("1011", at=1), member("2012", at=2),
    roles={1: "G=V", 2: "V", 3: "V"},
)  # fmt: skip
async def plain(stage: Stage) -> None:
    """It joins by dialling; resume asks for the floor, hold gives it back; denied is 486 and the call stays."""
    group = GroupCall(stage)
    await group.begin("1011", "2011", "2012")
    await group.leave("2011")
    call = group.dial("2011")
    await group.until_in("1011", "2011", "2012")
    stage.expect(direction_of(call.remote_sdp), "sendonly", "the answer to one who joins while another talks")
    stage["2011"].change(call, "sendrecv")
    await group.until_heard("2011", "failed")
    stage.expect(call.status, 486, "the answer to resume while another talks")
    group.let_go("1011")
    await group.until_floor(None)
    for direction, talker in (("sendrecv", "2011"), ("recvonly", None)):
        await stage.pause(LOOK)
        stage["2011"].change(call, direction)
        await group.until_floor(talker)
    await _end(group, "1011")


def _failed(stage: Stage, user: str) -> int:
    event = stage[user].heard("failed")
    return event.status if event is not None else 0


async def _end(group: GroupCall, *users: str) -> None:
    """These leave; where the first began a call that ends with him, he alone."""
    for user in users:
        await group.leave(user)
    await group.until_over()
