"""Group call 组呼: set-up, who takes part, and its ends."""

from opentcf.cli.demo.group import LOOK, GroupCall, member
from opentcf.cli.demo.network import MASTER, domain
from opentcf.cli.demo.procedure import procedure
from opentcf.cli.demo.stage import Stage
from opentcf.model.call import CallSetup, CallType

ROLES = {1: "G=V", 2: "V", 3: "V", 4: "V"}
GROUP_AUDIO = CallSetup(CallType.GROUP_AUDIO)


@procedure(
    "group-home", "Group call, member at home", "组呼，本地发起",
    member("1011", at=1, left=True), member("2011", at=2), member("3011", at=3), member("4011", at=4), roles=ROLES,
)  # fmt: skip
async def by_member_at_home(stage: Stage) -> None:
    """One leg to each V-TCF, all at once; the caller has the floor. He is the originator and hangs up: it ends."""
    group = GroupCall(stage)
    await group.begin("1011", "2011", "3011", "4011")
    await stage.pause(LOOK)
    await group.leave("1011")
    await group.until_over()


@procedure(
    "group-roaming", "Group call, roaming member", "组呼，漫游发起",
    member("2011", at=3, left=True), member("1011", at=1), member("2012", at=2), member("4011", at=4),
    roles={1: "G=V", 2: "V", 3: "V, caller's", 4: "V"},
)  # fmt: skip
async def by_roaming_member(stage: Stage) -> None:
    """His V-TCF calls the master; his home takes no part."""
    group = GroupCall(stage)
    await group.begin("2011", "1011", "2012", "4011")
    await stage.pause(LOOK)
    await group.leave("2011")
    await group.until_over()


@procedure(
    "group-one-leg", "One leg for three members", "每TCF一条呼叫腿",
    member("1011", at=1, left=True), member("2011", at=2), member("2012", at=2), member("3011", at=2),
    roles={1: "G=V", 2: "V"},
)  # fmt: skip
async def one_leg(stage: Stage) -> None:
    """Three members, two of them at home there, one visiting: one INVITE to their V-TCF."""
    group = GroupCall(stage)
    await group.begin("1011", "2011", "2012", "3011")
    rows = await stage.network[MASTER].items("calls")
    stage.expect([leg["peer"] for leg in rows[0]["legs"]], [domain(1), domain(2)], "the legs of the master")
    await group.leave("1011")
    await group.until_over()


@procedure(
    "group-dispatcher", "Dispatcher calls and releases", "调度台组呼与释放",
    member("1100", at=1, left=True), member("2021", at=2), member("3021", at=4), roles=ROLES,
)  # fmt: skip
async def by_dispatcher(stage: Stage) -> None:
    """He is no member, but a dispatcher of the master; the call that he began ends with him."""
    group = GroupCall(stage, "8002")
    await group.begin("1100", "2021", "3021")
    await stage.pause(LOOK)
    await group.leave("1100")
    await group.until_over()


@procedure(
    "group-confirmed", "Confirmed set-up", "组呼确认建立",
    member("1021", at=1, left=True), member("2021", at=2), member("3021", at=3), roles=ROLES,
)  # fmt: skip
async def confirmed(stage: Stage) -> None:
    """The caller gets his 200 when every V-TCF has answered. The call outlives its originator, not its last member."""
    group = GroupCall(stage, "8002")
    await group.begin("1021", "2021", "3021")
    await group.leave("1021")
    await group.until_in("2021", "3021")
    await group.leave("2021")
    await group.leave("3021")
    await group.until_over()


@procedure(
    "group-not-member", "Caller not a member", "主叫非组成员",
    member("2001", at=3, left=True), roles={1: "G", 3: "V"},
)  # fmt: skip
async def not_member(stage: Stage) -> None:
    """The master refuses."""
    await _refused(stage, "8001", 403)


@procedure(
    "group-unknown", "Unknown group", "组号不存在",
    member("2001", at=3, left=True), roles={1: "G", 3: "V"},
)  # fmt: skip
async def unknown(stage: Stage) -> None:
    """The master does not have it."""
    await _refused(stage, "8999", 404)


@procedure(
    "group-late-entry", "Late entry by registration", "注册后迟后进入",
    member("1011", at=1, left=True), member("2011", near=3), member("4011", at=4),
    roles={1: "G=V", 2: "H", 3: "V", 4: "V"},
)  # fmt: skip
async def late_entry(stage: Stage) -> None:
    """His home tells the master where he is; the master calls his V-TCF into the running call."""
    group = GroupCall(stage)
    await group.begin("1011", "4011")
    await stage.pause(LOOK)
    stage["2011"].register()
    await group.until_in("1011", "4011", "2011")
    await group.until_floor("1011")
    await group.leave("1011")
    await group.until_over()


@procedure(
    "group-left", "Members hang up", "组成员挂机",
    member("1011", at=1, left=True), member("2011", at=2), member("2012", at=2), member("3011", at=3), roles=ROLES,
)  # fmt: skip
async def members_hang_up(stage: Stage) -> None:
    """The first of a V-TCF is reported, the last one ends its leg; the call goes on, and they are not called back."""
    group = GroupCall(stage)
    await group.begin("1011", "2011", "2012", "3011")
    await group.leave("2011")
    await group.until_in("1011", "2012", "3011")
    await group.leave("2012")
    await group.until_in("1011", "3011")
    await group.until_floor("1011")
    await group.leave("1011")
    await group.until_over()


@procedure(
    "group-join", "Dialling into a running call", "拨入组呼",
    member("1011", at=1, left=True), member("2011", at=2), member("3011", at=3), roles=ROLES,
)  # fmt: skip
async def join(stage: Stage) -> None:
    """Who hung up and calls the group again joins, and has asked for the floor."""
    group = GroupCall(stage)
    await group.begin("1011", "2011", "3011")
    await group.leave("2011")
    await group.until_in("1011", "3011")
    group.dial("2011")
    await group.until_in("1011", "2011", "3011")
    await group.until_floor("1011", "2011")
    group.let_go("1011")
    await group.until_floor("2011")
    await group.leave("1011")
    await group.until_over()


@procedure(
    "group-command", "Group call, operator releases", "操作员释放组呼",
    member("1031", at=1, left=True), member("2031", at=2), member("3031", at=3), roles=ROLES,
)  # fmt: skip
async def by_command(stage: Stage) -> None:
    """A command at the master ends the call on every leg."""
    group = GroupCall(stage, "8003")
    await group.begin("1031", "2031", "3031")
    stage.note("the operator of TCF 1 releases the call", "操作员释放呼叫")
    rows = await stage.network[MASTER].items("calls")
    await stage.network[MASTER].post(f"calls/{rows[0]['id']}/release")
    await group.until_over()
    for user in ("1031", "2031", "3031"):
        await group.until_heard(user, "ended", "forced")


@procedure(
    "group-hang-time", "Nobody talks, hang time", "空闲超时释放",
    member("1031", at=1, left=True), member("2031", at=2), member("3031", at=3), roles=ROLES,
)  # fmt: skip
async def hang_time(stage: Stage) -> None:
    """The floor has been idle for the group's hang time (here one second): the master releases the call."""
    group = GroupCall(stage, "8003")
    await group.begin("1031", "2031", "3031")
    group.let_go("1031")
    await group.until_floor(None)
    await group.until_over()


@procedure(
    "group-emergency", "Emergency group call and end", "紧急组呼及取消",
    member("2031", at=2, left=True), member("1031", at=1), member("3031", at=3), roles=ROLES,
)  # fmt: skip
async def emergency(stage: Stage) -> None:
    """The group is in emergency: its originator takes the floor from anybody, until he ends the emergency."""
    group = GroupCall(stage, "8003")
    call = await group.begin("2031", "1031", "3031", emergency=True)
    group.let_go("2031")
    await group.until_heard("3031", "floor", "idle emergency")
    group.press("3031")
    await group.until_floor("3031")
    await stage.pause(LOOK)
    stage.note("2031 takes the floor from 3031", "紧急用户抢占话权")
    group.press("2031")
    await group.until_floor("2031")
    await group.until_heard("3031", "revoked", "preempted")
    await stage.pause(LOOK)
    group.let_go("2031")
    await group.until_floor(None)
    stage.note("2031 ends the emergency", "取消紧急状态")
    stage["2031"].calm(call)
    for user in ("1031", "2031", "3031"):
        await group.until_heard(user, "floor", "idle")
    await group.until_over()


async def _refused(stage: Stage, number: str, status: int) -> None:
    call = stage["2001"].call(f"{number}@{domain(MASTER)}", GROUP_AUDIO)
    await stage.until_over(call, "2001 is told")
    stage.expect(call.status, status, "what the caller got")
    await stage.until_released()
