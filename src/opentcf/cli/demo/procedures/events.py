"""Events 事件订阅 and the address book 通讯录: what a dispatcher watches at his home."""

from opentcf.btrunc.wire import Package
from opentcf.cli.demo.actor import Actor
from opentcf.cli.demo.group import LOOK, GroupCall, member
from opentcf.cli.demo.network import domain
from opentcf.cli.demo.procedure import procedure
from opentcf.cli.demo.stage import Stage
from opentcf.terminal import Watch

DISPATCHER = "1100"


@procedure(
    "event-registration", "Watching registrations", "订阅注册状态",
    Actor(DISPATCHER, at=1, left=True), Actor("1001", near=2), roles={1: "H", 2: "V", 3: "V"},
)  # fmt: skip
async def registrations(stage: Stage) -> None:
    """UERegisterStatus: full state at once, then where the user goes."""
    watch = stage[DISPATCHER].watch(Package.REGISTER)
    await stage.until(lambda: watch.version == 0, "the full state")
    await stage.pause(LOOK)
    stage["1001"].register()
    await _until(stage, watch, "1001@core1.example", visited=domain(2))
    await stage.pause(LOOK)
    stage["1001"].move(3)
    await _until(stage, watch, "1001@core1.example", visited=domain(3))
    stage["1001"].unregister()
    await _until(stage, watch, "1001@core1.example", state="unregistered")


@procedure(
    "event-private", "Watching a private call", "订阅用户呼叫状态",
    Actor(DISPATCHER, at=1, left=True), Actor("1001", at=2), Actor("3001", at=3), roles={1: "H", 2: "V", 3: "H=V"},
)  # fmt: skip
async def private_call(stage: Stage) -> None:
    """UECallStatus of one user, who is elsewhere; and OnLineCallStatus of the TCF."""
    user, online = (
        stage[DISPATCHER].watch(Package.USER_CALL, "1001"),
        stage[DISPATCHER].watch(Package.ONLINE_CALL),
    )
    await _until(stage, user, "1001@core1.example", state="idle")
    call = stage["1001"].call(stage["3001"].uri)
    stage["3001"].answer(await stage.until_called("3001"))
    await stage.until(
        lambda: [part.attributes["state"] for part in user.entries["1001@core1.example"].children] == ["up"],
        "the call of 1001 is seen to be up",
    )
    await stage.until(lambda: len(online.entries) == 1, "the TCF's call is seen")
    await stage.pause(LOOK)
    stage["1001"].hang_up(call)
    await _until(stage, user, "1001@core1.example", state="idle")
    await _until(stage, online, next(iter(online.entries)), state="ended")
    await stage.until_released()


@procedure(
    "event-group", "Watching a group call", "订阅组呼状态",
    member(DISPATCHER, at=1, left=True), member("1011", at=1), member("2011", at=2),
    roles={1: "G=V", 2: "V"},
)  # fmt: skip
async def group_call(stage: Stage) -> None:
    """GroupCallStatus: the talker and the listeners, as the floor goes from one to the other."""
    group, watch = GroupCall(stage), stage[DISPATCHER].watch(Package.GROUP_CALL, "8001")
    await _until(stage, watch, group.aor, state="ended")
    await group.begin("1011", "2011")
    await _until(stage, watch, group.aor, talker=stage["1011"].uri, count="1")
    group.let_go("1011")
    await group.until_floor(None)
    group.press("2011")
    await _until(stage, watch, group.aor, talker=stage["2011"].uri)
    await stage.pause(LOOK)
    await group.leave("1011")
    await _until(stage, watch, group.aor, state="ended")


@procedure(
    "event-restart", "Watching over a restart", "TCF重启后订阅保持",
    Actor(DISPATCHER, at=1, left=True), Actor("2001", at=2), roles={1: "H", 2: "H=V"},
)  # fmt: skip
async def restart(stage: Stage) -> None:
    """The TCF dies and returns: its dispatchers get the full state again, without asking."""
    watch = stage[DISPATCHER].watch(Package.REGISTER, DISPATCHER)
    await stage.until(lambda: watch.version == 0, "the full state")
    await stage.kill(1)
    await stage.start(1)
    await stage.until(lambda: watch.version == 1, "the full state again", within=12.0)
    await _until(stage, watch, f"{DISPATCHER}@core1.example", state="registered")
    await stage.until_peers(1, "up", within=12.0)


@procedure(
    "event-forbidden", "Watching without the right", "无权订阅",
    Actor("1001", at=1, left=True), roles={1: "H"},
)  # fmt: skip
async def forbidden(stage: Stage) -> None:
    """A terminal may not."""
    phone = stage["1001"]
    phone.watch(Package.ONLINE_CALL)
    await stage.until(lambda: phone.heard("refused") is not None, "1001 is refused")
    event = phone.heard("refused")
    stage.expect(event.status if event else 0, 403, "the answer")


@procedure("address-book", "Address book", "通讯录", Actor("1001", at=1, left=True), roles={1: "H"})
async def address_book(stage: Stage) -> None:
    """The users and groups of his home are pushed to a terminal that asks."""
    phone = stage["1001"]
    phone.addresses()
    await stage.until(lambda: phone.heard("addresses") is not None, "the book has come")


async def _until(stage: Stage, watch: Watch, key: str, **wanted: str) -> None:
    """The watcher knows this of an entry."""

    def known() -> bool:
        entry = watch.entries.get(key)
        return entry is not None and all(
            entry.attributes.get(name) == value for name, value in wanted.items()
        )

    said = ", ".join(f"{name} {value}" for name, value in wanted.items())
    await stage.until(known, f"{watch.package.value} of {key}: {said}")
