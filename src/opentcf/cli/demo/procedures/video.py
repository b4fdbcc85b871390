"""Video 视频: private calls 视频单呼, push 视频下推, pull 视频上拉, forward 视频转发 and its end 视频转发终止."""

from functools import partial

from opentcf.btrunc.video import Goal, Source
from opentcf.btrunc.wire import Wire
from opentcf.cli.demo.actor import Actor
from opentcf.cli.demo.group import LOOK, GroupCall, member
from opentcf.cli.demo.network import MASTER, domain
from opentcf.cli.demo.procedure import procedure
from opentcf.cli.demo.stage import Stage
from opentcf.model.call import CalledType, CallSetup, CallType
from opentcf.model.numbers import Aor
from opentcf.sip.sdp import direction_of
from opentcf.terminal import Behaviour, Call, CallState, control
from opentcf.terminal.control import Order

DISPATCHER = Actor("1100", at=1, left=True)
CAMERA = Actor("2001", at=2)
SCREEN = Actor("4001", at=4, behaviour=Behaviour.ANSWER)


@procedure(
    "video-call", "Private call, video added and removed", "视频单呼",
    Actor("2001", at=1, left=True), Actor("3001", at=4, behaviour=Behaviour.ANSWER),
    roles={1: "V", 2: "H", 3: "H", 4: "V"},
)  # fmt: skip
async def video_call(stage: Stage) -> None:
    """It begins with audio; media changes add a video stream and close it again."""
    phone = stage["2001"]
    call = phone.call(stage["3001"].uri)
    other = await stage.until_up(call, "3001", (1, 2, 3, 4))
    for kind, streams in (
        (CallType.PRIVATE_AUDIO_VIDEO, ["audio", "video"]),
        (CallType.PRIVATE_AUDIO, ["audio"]),
    ):
        await stage.pause(LOOK)
        before = call.remote_sdp
        phone.become(call, kind)
        await stage.until_described(call, before, "the media change was answered")
        stage.expect(_open(call.remote_sdp), streams, "the answer, as the caller saw it")
        stage.expect(_open(other.remote_sdp), streams, "the offer, as the callee saw it")
        await stage.until_quiet()
    phone.hang_up(call)
    await stage.until_released()


@procedure(
    "video-push", "Video push", "视频下推",
    Actor("2001", at=1, left=True), Actor("3001", at=4, behaviour=Behaviour.ANSWER),
    roles={1: "V", 2: "H", 3: "H", 4: "V"},
)  # fmt: skip
async def push(stage: Stage) -> None:
    """The caller sends, the called user looks on."""
    call = await _video(stage, "2001", "3001", CallType.VIDEO_PUSH)
    await stage.pause(LOOK)
    await _end(stage, "2001", call)


@procedure(
    "video-push-group", "Video push to a group", "视频下推至组",
    member("2011", at=1, left=True), member("1011", at=1), member("3011", at=4),
    roles={1: "G=V", 3: "H", 4: "V"},
)  # fmt: skip
async def push_to_group(stage: Stage) -> None:
    """A member sends, all others look on."""
    setup = CallSetup(CallType.VIDEO_PUSH, called_type=CalledType.GROUP)
    call = stage["2011"].call(GroupCall(stage).aor, setup)
    await stage.until(lambda: call.state is CallState.UP, "the caller's call is up")
    for user in ("1011", "3011"):
        await stage.until(partial(_is_up, stage, user), f"{user} looks on")
        offered = stage.call_of(user).remote_sdp
        stage.expect(
            (_open(offered), direction_of(offered)), (["video"], "sendonly"), f"what {user} is offered"
        )
    await stage.until_quiet()
    await stage.pause(LOOK)
    await _end(stage, "2011", call)


@procedure(
    "video-push-change", "Video push media change", "视频下推媒体变更",
    Actor("2001", at=1, left=True), Actor("3001", at=4, behaviour=Behaviour.ANSWER),
    roles={1: "V", 2: "H", 3: "H", 4: "V"},
)  # fmt: skip
async def push_changes(stage: Stage) -> None:
    """The picture stands still for a while; then the push is turned into a pull: now 3001 sends."""
    call = await _video(stage, "2001", "3001", CallType.VIDEO_PUSH)
    for kind, ours, theirs in (
        (CallType.VIDEO_PUSH, "inactive", "inactive"),
        (CallType.VIDEO_PULL, "recvonly", "sendonly"),
    ):
        await stage.pause(LOOK)
        before = call.remote_sdp
        stage["2001"].become(call, kind, ours)
        await stage.until_described(call, before, "the media change was answered")
        stage.expect(direction_of(call.remote_sdp), theirs, "the answer, as the caller saw it")
        await stage.until_quiet()
    await _end(stage, "2001", call)


@procedure(
    "video-group", "Group call with video", "视频组呼",
    member("1011", at=1, left=True), member("2011", at=2), member("3011", at=4),
    roles={1: "G=V", 2: "V", 3: "H", 4: "V"},
)  # fmt: skip
async def group_call(stage: Stage) -> None:
    """Audio and video follow the floor."""
    group = GroupCall(stage)
    stage["1011"].call(group.aor, CallSetup(CallType.GROUP_AUDIO_VIDEO))
    await group.until_in("1011", "2011", "3011")
    await group.until_floor("1011")
    for user in ("2011", "3011"):
        stage.expect(_open(group.call_of(user).remote_sdp), ["audio", "video"], f"what {user} is offered")
    await stage.pause(LOOK)
    group.let_go("1011")
    group.press("3011")
    await group.until_floor("3011")
    await group.leave("1011")
    await group.until_over()


@procedure(
    "video-pull", "Video pull", "视频上拉",
    DISPATCHER, Actor("2001", at=3, behaviour=Behaviour.ANSWER), roles={1: "dispatcher's H", 2: "H", 3: "V"},
)  # fmt: skip
async def pull(stage: Stage) -> None:
    """The dispatcher looks at what a terminal sees."""
    call = await _video(stage, "1100", "2001", CallType.VIDEO_PULL)
    await stage.pause(LOOK)
    await _end(stage, "1100", call)


@procedure(
    "video-forward", "Video forward to a user, and its end", "视频转发与视频转发终止",
    DISPATCHER, CAMERA, Actor("3001", at=3, behaviour=Behaviour.ANSWER), SCREEN,
    roles={1: "dispatcher's H", 2: "V=H, controlling", 3: "H=V", 4: "H=V"},
)  # fmt: skip
async def forward(stage: Stage) -> None:
    """The video that runs to 4001 also goes to 3001, and the result is reported; its end leaves the source running."""
    call = await _video(stage, "2001", "4001", CallType.VIDEO_PUSH)
    target = stage["3001"].terminal.user
    await _forward(stage, call, Goal(target, False))
    stage.expect(_open(stage.call_of("3001").remote_sdp), ["video"], "what 3001 is offered")
    await _terminate(stage, call, "3001")
    await _end(stage, "2001", call)


@procedure(
    "video-forward-group", "Video forward to a group, and its end", "视频转发至组",
    DISPATCHER, CAMERA, member("2011", at=2), member("3011", at=3), SCREEN,
    roles={1: "G, dispatcher's H", 2: "V=H, controlling", 3: "V", 4: "H=V"},
)  # fmt: skip
async def forward_to_group(stage: Stage) -> None:
    """The group's master calls its members; they only receive."""
    call = await _video(stage, "2001", "4001", CallType.VIDEO_PUSH)
    await _forward(stage, call, Goal(Aor("8001", domain(MASTER)), True))
    for user in ("2011", "3011"):
        await stage.until(partial(_is_up, stage, user), f"{user} looks on")
    await _terminate(stage, call, "2011", "3011")
    await _end(stage, "2001", call)


@procedure(
    "video-forward-list", "Video forward to a list", "视频转发至列表",
    DISPATCHER, CAMERA, member("3011", at=3), Actor("4002", at=4, behaviour=Behaviour.ANSWER), SCREEN,
    roles={1: "G, dispatcher's H", 2: "V=H, controlling", 3: "V", 4: "H=V"},
)  # fmt: skip
async def forward_to_list(stage: Stage) -> None:
    """A user, a group and one who is not registered: the result of each is reported."""
    call = await _video(stage, "2001", "4001", CallType.VIDEO_PUSH)
    found, group, absent = stage["4002"].terminal.user, Aor("8001", domain(MASTER)), Aor("3001", domain(3))
    goals = (Goal(found, False), Goal(group, True), Goal(absent, False))
    await _order_forward(stage, call, *goals)
    for text in (f"{found}: success", f"{group}: success", f"{absent}: unreachable"):
        await _until_reported(stage, text)
    for user in ("3011", "4002"):
        await stage.until(partial(_is_up, stage, user), f"{user} looks on")
    await _terminate(stage, call, "3011", "4002")
    await _end(stage, "2001", call)


@procedure(
    "video-forward-over", "The source of a video forward ends", "视频转发源结束",
    DISPATCHER, CAMERA, Actor("3001", at=3, behaviour=Behaviour.ANSWER), SCREEN,
    roles={1: "dispatcher's H", 2: "V=H, controlling", 3: "H=V", 4: "H=V"},
)  # fmt: skip
async def source_ends(stage: Stage) -> None:
    """What was forwarded ends with it."""
    call = await _video(stage, "2001", "4001", CallType.VIDEO_PUSH)
    await _forward(stage, call, Goal(stage["3001"].terminal.user, False))
    await stage.pause(LOOK)
    await _end(stage, "2001", call)


async def _video(stage: Stage, caller: str, callee: str, kind: CallType) -> Call:
    """A video call that goes one way."""
    call = stage[caller].call(stage[callee].uri, CallSetup(kind))
    await stage.until(lambda: call.state is CallState.UP, "the caller's call is up")
    stage.expect(_open(call.remote_sdp), ["video"], "the answer, as the caller saw it")
    theirs = "recvonly" if kind is CallType.VIDEO_PUSH else "sendonly"
    stage.expect(direction_of(call.remote_sdp), theirs, "its direction")
    await stage.until_quiet()
    return call


async def _end(stage: Stage, user: str, call: Call) -> None:
    stage[user].hang_up(call)
    await stage.until_released()


async def _forward(stage: Stage, call: Call, goal: Goal) -> None:
    """Order it, until success is reported."""
    await _order_forward(stage, call, goal)
    await _until_reported(stage, f"{goal.aor}: success")
    await stage.until_quiet()
    await stage.pause(LOOK)


async def _order_forward(stage: Stage, call: Call, *goals: Goal) -> None:
    party = stage["2001"].terminal.user
    await _carry_out(stage, control.forward(party, Source(call.id, False), goals, Wire()))


async def _until_reported(stage: Stage, text: str) -> None:
    await stage.until(lambda: stage["1100"].times("forwarded", text) == 1, f"reported is {text}")


async def _terminate(stage: Stage, call: Call, *users: str) -> None:
    """Order the end: those look on no more, the source goes on."""
    await _carry_out(stage, control.terminate(stage["2001"].terminal.user, call.id))
    for user in users:
        await stage.until(stage[user].is_idle, f"{user} looks on no more")
    stage.expect(call.state, CallState.UP, "the source")
    await stage.until_quiet()
    await stage.pause(LOOK)


async def _carry_out(stage: Stage, order: Order) -> None:
    phone = stage["1100"]
    before = phone.times("delivered")
    phone.dispatch(order)
    await stage.until(lambda: phone.times("delivered") > before, "the order is carried out")


def _is_up(stage: Stage, user: str) -> bool:
    return any(call.state is CallState.UP for call in stage[user].terminal.calls.values())


def _open(body: bytes) -> list[str]:
    """The kinds of the streams that are not closed."""
    lines = [line.split() for line in body.decode().splitlines() if line.startswith("m=")]
    return [words[0][2:] for words in lines if words[1] != "0"]
