"""Who enters calls of others: forced insertion 强插, discreet listening 缜密监听, ambience listening 环境监听."""

from opentcf.btrunc.wire import Token
from opentcf.cli.demo.actor import Actor
from opentcf.cli.demo.group import LOOK, GroupCall, member
from opentcf.cli.demo.network import MASTER, domain
from opentcf.cli.demo.procedure import procedure
from opentcf.cli.demo.stage import Stage
from opentcf.model.call import CallSetup, CallType
from opentcf.model.numbers import Aor
from opentcf.sip.sdp import direction_of
from opentcf.terminal import Behaviour, Call, CallState

TALKERS = (Actor("2001", at=1, left=True), Actor("3001", at=4, behaviour=Behaviour.ANSWER))
DISPATCHER = Actor("1100", at=1, left=True)
ROLES = {1: "V, dispatcher's H", 2: "H, controlling", 3: "H", 4: "V"}


@procedure(
    "insert-group", "Forced insertion, group call", "强插组呼",
    Actor("2100", at=2, left=True), member("1011", at=1), member("2011", at=3), member("4011", at=4),
    roles={1: "G=V", 2: "dispatcher's H", 3: "V", 4: "V"},
)  # fmt: skip
async def group_call(stage: Stage) -> None:
    """The dispatcher, no member, takes the floor from its talker at once; when he leaves it is free."""
    group = GroupCall(stage)
    call = await group.begin("1011", "2011", "4011")
    entered = stage["2100"].enter(Aor("8001", domain(MASTER)), call)
    await group.until_in("1011", "2011", "4011", "2100")
    await group.until_floor("2100")
    await group.until_heard("1011", "revoked", "forced")
    await stage.pause(LOOK)
    stage["2100"].hang_up(entered)
    await group.until_floor(None)
    await group.leave("1011")
    await group.until_over()


@procedure(
    "insert-half", "Forced insertion, half-duplex call", "强插半双工单呼", DISPATCHER, *TALKERS, roles=ROLES
)
async def half_duplex(stage: Stage) -> None:
    """He names the called user, whose home relays it to the caller's, which gives him the floor."""
    call = await _talk(stage, CallSetup(full_duplex=False))
    other = stage.call_of("3001")
    await stage.until(lambda: call.talking, "2001 talks")
    entered = await _enter(stage, "3001", call)
    boss = stage["1100"].uri
    await stage.until(lambda: entered.talking and not call.talking, "the floor is the dispatcher's")
    await stage.until(lambda: call.talker == other.talker == boss, "both are told")
    await stage.pause(LOOK)
    await _leave(stage, entered)
    await stage.until(lambda: call.talker == other.talker == "", "nobody talks")
    stage["2001"].press(call)
    await stage.until(lambda: call.talking, "2001 talks again")
    await _end(stage, call)


@procedure(
    "insert-full", "Forced insertion, full-duplex call", "强插全双工单呼", DISPATCHER, *TALKERS, roles=ROLES
)
async def full_duplex(stage: Stage) -> None:
    """Both parties are offered his stream as well; when he leaves it is closed."""
    call = await _talk(stage, CallSetup())
    other = stage.call_of("3001")
    entered = await _enter(stage, "3001", call)
    his = _ports(entered.sdp)
    await stage.until(
        lambda: _ports(call.remote_sdp)[1:] == _ports(other.remote_sdp)[1:] == his, "both have his stream"
    )
    await stage.pause(LOOK)
    await _leave(stage, entered)
    await stage.until(
        lambda: _ports(call.remote_sdp)[1:] == _ports(other.remote_sdp)[1:] == ["0"], "his stream is closed"
    )
    await _end(stage, call)


@procedure("listen", "Discreet listening", "缜密监听", DISPATCHER, *TALKERS, roles=ROLES)
async def listen(stage: Stage) -> None:
    """He hears both; neither of them is told anything."""
    call = await _talk(stage, CallSetup())
    other = stage.call_of("3001")
    before = call.remote_sdp, other.remote_sdp
    entered = await _enter(stage, "3001", call, Token.LISTEN)
    stage.expect(direction_of(entered.remote_sdp), "sendonly", "what the dispatcher gets")
    await stage.pause(LOOK)
    await _leave(stage, entered)
    stage.expect((call.remote_sdp, other.remote_sdp), before, "the parties' media")
    await _end(stage, call)
    await _until_entered(stage, "call listen")


@procedure(
    "listen-group", "Discreet listening, group call", "缜密监听组呼",
    Actor("2100", at=2, left=True), member("1011", at=1), member("2011", at=3), member("4011", at=4),
    roles={1: "G=V", 2: "dispatcher's H", 3: "V", 4: "V"},
)  # fmt: skip
async def listen_to_group(stage: Stage) -> None:
    """He hears whoever talks; the floor stays with the talker, and no member is told."""
    group = GroupCall(stage)
    call = await group.begin("1011", "2011", "4011")
    told = [stage[user].told() for user in ("1011", "2011", "4011")]
    entered = stage["2100"].enter(Aor("8001", domain(MASTER)), call, Token.LISTEN)
    await stage.until(lambda: entered.state is CallState.UP, "the dispatcher is in the call")
    await stage.until_quiet()
    stage.expect(direction_of(entered.remote_sdp), "sendonly", "what the dispatcher gets")
    await stage.pause(LOOK)
    stage["2100"].hang_up(entered)
    await stage.until_quiet()
    stage.expect([stage[user].told() for user in ("1011", "2011", "4011")], told, "what the members saw")
    await group.until_floor("1011")
    await group.leave("1011")
    await group.until_over()


@procedure(
    "ambience", "Ambience listening", "环境监听",
    DISPATCHER, Actor("2001", at=3), roles={1: "dispatcher's H", 2: "H", 3: "V"},
)  # fmt: skip
async def ambience(stage: Stage) -> None:
    """The terminal, which else would ring, is on at once and only sends; who did it is in the audit log."""
    phone = stage["1100"]
    call = phone.call(stage["2001"].uri, CallSetup(CallType.AMBIENCE))
    await stage.until_up(call, "2001", (1, 2, 3))
    stage.expect(phone.heard("ringing"), None, "ringing")
    stage.expect(direction_of(call.remote_sdp), "sendonly", "the answer, as the dispatcher saw it")
    await stage.pause(LOOK)
    phone.hang_up(call)
    await stage.until_released()
    await _until_entered(stage, "ambience listening")


async def _talk(stage: Stage, setup: CallSetup) -> Call:
    call = stage["2001"].call(stage["3001"].uri, setup)
    await stage.until_up(call, "3001", (1, 2, 3, 4))
    await stage.until_quiet()
    return call


async def _enter(stage: Stage, party: str, call: Call, operation: Token = Token.INSERT) -> Call:
    entered = stage["1100"].enter(stage[party].terminal.user, call, operation)
    await stage.until(lambda: entered.state is CallState.UP, "the dispatcher is in the call")
    await stage.until_quiet()
    return entered


async def _leave(stage: Stage, entered: Call) -> None:
    stage["1100"].hang_up(entered)
    await stage.until_quiet()


async def _end(stage: Stage, call: Call) -> None:
    stage["2001"].hang_up(call)
    await stage.until_released()


async def _until_entered(stage: Stage, action: str) -> None:
    """The dispatcher's home has it in its audit log."""
    wanted = f"1100@{domain(1)}", action
    await stage.until_node(
        1,
        "audit",
        lambda rows: any((row["who"], row["action"]) == wanted for row in rows),
        "the audit log has it",
    )


def _ports(body: bytes) -> list[str]:
    """That of each stream; 0 where it is closed."""
    return [line.split()[1] for line in body.decode().splitlines() if line.startswith("m=")]
