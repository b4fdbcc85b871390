"""What only a dispatcher may do: stun, kill, revive 遥晕 遥毙 复活, forced release 强拆, dynamic regroup 动态重组."""

from opentcf.btrunc.regroup import Regroup
from opentcf.btrunc.wire import Wire
from opentcf.cli.demo.actor import Actor
from opentcf.cli.demo.group import LOOK, GroupCall, member
from opentcf.cli.demo.network import MASTER, domain
from opentcf.cli.demo.phone import Phone
from opentcf.cli.demo.procedure import procedure
from opentcf.cli.demo.stage import Stage
from opentcf.model.call import CallSetup, CallType
from opentcf.model.group import Member, RegroupAction
from opentcf.model.numbers import Aor
from opentcf.model.subscriber import UserState
from opentcf.terminal import Behaviour, CallState, control
from opentcf.terminal.control import Order

GROUP = Aor("8901", domain(MASTER))
DISPATCHER = Actor("1100", at=1, left=True)


@procedure(
    "stun", "Stun and revive", "遥晕与复活",
    DISPATCHER, Actor("2001", at=3), Actor("2002", at=2, behaviour=Behaviour.ANSWER),
    roles={1: "dispatcher's H", 2: "H", 3: "V"},
)  # fmt: skip
async def stun(stage: Stage) -> None:
    """Dispatcher's home → user's home → his V → his terminal. He stays registered, and gets and gives no call."""
    user = stage["2001"]
    await _order(stage, UserState.STUNNED, user.terminal.user, "success")
    await stage.until(lambda: user.heard("stunned") is not None, "2001 is stunned")
    await stage.until_registered("2001", 3)
    call = stage["2002"].call(user.uri)
    await stage.until_over(call, "the call to 2001 is refused")
    stage.expect(call.status, 403, "the answer to a call to 2001")
    await stage.pause(LOOK)
    await _order(stage, UserState.NORMAL, user.terminal.user, "success")
    await stage.until(lambda: user.heard("revived") is not None, "2001 is revived")
    call = user.call(stage["2002"].uri)
    await stage.until(lambda: call.state is CallState.UP, "2001 calls again")
    user.hang_up(call)


@procedure(
    "stun-call", "Stun during a call", "通话中遥晕",
    DISPATCHER, Actor("2001", at=3), Actor("4001", at=4, behaviour=Behaviour.ANSWER),
    roles={1: "dispatcher's H", 2: "H", 3: "V", 4: "V=H"},
)  # fmt: skip
async def stun_in_call(stage: Stage) -> None:
    """The running call is released on all hops, cause 68."""
    user = stage["2001"]
    call = user.call(stage["4001"].uri)
    await stage.until_up(call, "4001", (2, 3, 4))
    await stage.pause(LOOK)
    await _order(stage, UserState.STUNNED, user.terminal.user, "success")
    await stage.until_over(call, "the call of 2001 is over")
    await stage.until(stage["4001"].is_idle, "4001 is free")
    await _order(stage, UserState.NORMAL, user.terminal.user, "success")


@procedure(
    "stun-absent", "Stun, not reached", "遥晕，用户未注册",
    DISPATCHER, Actor("2001", near=3), roles={1: "dispatcher's H", 2: "H", 3: "V"},
)  # fmt: skip
async def stun_absent(stage: Stage) -> None:
    """result=2; the home keeps it, and the terminal obeys when it registers."""
    user = stage["2001"]
    await _order(stage, UserState.STUNNED, user.terminal.user, "unreachable")
    user.register()
    await stage.until(lambda: user.heard("stunned") is not None, "2001 is stunned")
    await stage.until_quiet()
    await _order(stage, UserState.NORMAL, user.terminal.user, "success")


@procedure(
    "kill", "Kill and revive", "遥毙与复活",
    DISPATCHER, Actor("2001", at=3), roles={1: "dispatcher's H", 2: "H", 3: "V"},
)  # fmt: skip
async def kill(stage: Stage) -> None:
    """He is kicked off when his terminal has obeyed, and may not register until he is revived."""
    user = stage["2001"]
    await _order(stage, UserState.KILLED, user.terminal.user, "success")
    await stage.until(lambda: user.heard("kicked") is not None, "2001 is kicked off")
    event = user.heard("kicked")
    stage.expect(event.text if event else "", "killed", "the cause of the kick-off")
    user.register()
    await stage.until(lambda: user.heard("refused") is not None, "2001 may not register")
    await stage.until_registered("2001", None)
    await stage.pause(LOOK)
    await _order(stage, UserState.NORMAL, user.terminal.user, "unreachable")
    user.register()
    await stage.until(lambda: user.heard("revived") is not None, "2001 is revived")
    await stage.until_registered("2001", 3)


@procedure(
    "control-refused", "Control without the right", "无权限的控制操作",
    Actor("1001", at=1, left=True), Actor("2001", at=2), roles={1: "V=H", 2: "H"},
)  # fmt: skip
async def refused(stage: Stage) -> None:
    """A terminal is no dispatcher: 403 from its own home, and an entry in the audit log."""
    phone = stage["1001"]
    phone.dispatch(control.becomes(UserState.STUNNED, stage["2001"].terminal.user))
    await stage.until(lambda: phone.heard("refused") is not None, "1001 is refused")
    event = phone.heard("refused")
    stage.expect(event.status if event else 0, 403, "the answer to 1001")
    entry = f"1001@{domain(1)}", "user stun"
    await stage.until_node(
        1,
        "audit",
        lambda rows: any((row["who"], row["action"]) == entry for row in rows),
        "the audit log has it",
    )


@procedure(
    "dismantle-private", "Forced release, private call", "强拆单呼",
    DISPATCHER, Actor("2001", at=3), Actor("4001", at=4, behaviour=Behaviour.ANSWER),
    roles={1: "dispatcher's H", 2: "H, controlling", 3: "V", 4: "V=H"},
)  # fmt: skip
async def dismantle_private(stage: Stage) -> None:
    """The order goes to the called user; his home relays it to the caller's, which controls the call."""
    call = stage["2001"].call(stage["4001"].uri)
    await stage.until_up(call, "4001", (2, 3, 4))
    await _carry_out(stage, control.dismantle(stage["4001"].terminal.user, call.id))
    await stage.until_over(call, "the call of 2001 is over")
    await stage.until(stage["4001"].is_idle, "4001 is free")


@procedure(
    "dismantle-group", "Forced release, group call", "强拆组呼",
    Actor("2100", at=2, left=True), member("1011", at=1), member("2011", at=3), member("4011", at=4),
    roles={1: "G=V", 2: "dispatcher's H", 3: "V", 4: "V"},
)  # fmt: skip
async def dismantle_group(stage: Stage) -> None:
    """The order goes to the group; its master releases every leg."""
    group = GroupCall(stage)
    call = await group.begin("1011", "2011", "4011")
    await stage.pause(LOOK)
    await _carry_out(stage, control.dismantle(Aor("8001", domain(MASTER)), call.id), "2100")
    await group.until_over()


@procedure(
    "regroup", "Dynamic regroup during a call", "动态重组",
    Actor("1100", at=1, left=True), member("1001", at=1), member("2001", at=3), member("3001", at=4),
    roles={1: "G", 2: "H", 3: "H, V", 4: "V"},
)  # fmt: skip
async def regroup(stage: Stage) -> None:
    """A temporary group of several cores: each member's result comes back; in a running call he is taken in or out."""
    await _regroup(stage, RegroupAction.CREATE, "1001", "2001")
    call = stage["1001"].call(str(GROUP), CallSetup(CallType.GROUP_AUDIO))
    await _until_in(stage, "1001", "2001")
    await stage.pause(LOOK)
    await _regroup(stage, RegroupAction.ADD, "3001")
    await _until_in(stage, "1001", "2001", "3001")
    await stage.pause(LOOK)
    await _regroup(stage, RegroupAction.REMOVE, "2001")
    await _until_in(stage, "1001", "3001")
    await stage.pause(LOOK)
    await _regroup(stage, RegroupAction.DELETE)
    await stage.until_over(call, "the group's call is over")
    await _until_in(stage)


async def _order(stage: Stage, state: UserState, user: Aor, result: str) -> None:
    await _carry_out(stage, control.becomes(state, user), text=result)


async def _carry_out(stage: Stage, order: Order, boss: str = "1100", text: str = "") -> None:
    """Give an order, and wait for its 200."""
    phone = stage[boss]
    before = phone.times("delivered")
    phone.dispatch(order)
    await stage.until(lambda: phone.times("delivered") > before, f"the order of {boss} is carried out")
    if text:
        heard = [event for event in phone.radio.heard if event.name == "delivered"]
        stage.expect(heard[-1].text, text, "the result")


async def _regroup(stage: Stage, action: RegroupAction, *numbers: str) -> None:
    phone = stage["1100"]
    before, expected = phone.times("regrouped"), len(numbers) or 2
    members = tuple(Member(Aor(number, domain(int(number[0])))) for number in numbers)
    await _carry_out(stage, control.regroup(GROUP, Regroup(action, members), Wire()))
    await stage.until(lambda: phone.times("regrouped") == before + expected, f"{expected} results")


async def _until_in(stage: Stage, *numbers: str) -> None:
    """Exactly these are in the call."""
    phones = [phone for phone in stage.phones() if phone.number != "1100"]
    wanted = set(numbers)
    await stage.until(
        lambda: {phone.number for phone in phones if _is_in(phone)} == wanted,
        f"in the call are {', '.join(numbers) or 'none'}",
    )


def _is_in(phone: Phone) -> bool:
    return any(call.state is CallState.UP for call in phone.terminal.calls.values())
