"""Private call 单呼."""

from opentcf.cli.demo.actor import Actor
from opentcf.cli.demo.network import domain
from opentcf.cli.demo.procedure import procedure
from opentcf.cli.demo.stage import Stage
from opentcf.model.call import CallSetup
from opentcf.sip.sdp import direction_of
from opentcf.terminal import Behaviour, Call, CallState

NO_MEDIA = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 0 RTP/AVP 8\r\n"
TALK = 4.0
"""Seconds of a call that somebody watches."""


@procedure(
    "call-1", "Private call over 1 TCF", "单呼，经1个TCF",
    Actor("1100", at=1, left=True), Actor("1001", at=1), roles={1: "V=H"},
)  # fmt: skip
async def over_one(stage: Stage) -> None:
    """A dispatcher calls a terminal of his core network."""
    await _talk(stage, "1100", "1001", (1,))


@procedure(
    "call-2", "Private call over 2 TCFs", "单呼，经2个TCF",
    Actor("1001", at=1, left=True), Actor("2001", at=2), roles={1: "V=H", 2: "H=V"},
)  # fmt: skip
async def over_two(stage: Stage) -> None:
    """Both are at home."""
    await _talk(stage, "1001", "2001", (1, 2))


@procedure(
    "call-3", "Private call over 3 TCFs", "单呼，经3个TCF",
    Actor("2001", at=1, left=True), Actor("3001", at=3), roles={1: "V", 2: "H", 3: "H=V"},
)  # fmt: skip
async def over_three(stage: Stage) -> None:
    """The caller roams."""
    await _talk(stage, "2001", "3001", (1, 2, 3))


@procedure(
    "call-4", "Private call over 4 TCFs", "单呼，经4个TCF",
    Actor("2001", at=1, left=True), Actor("3001", at=4), roles={1: "V", 2: "H", 3: "H", 4: "V"},
)  # fmt: skip
async def over_four(stage: Stage) -> None:
    """Both roam: V → H → H → V."""
    await _talk(stage, "2001", "3001", (1, 2, 3, 4))


@procedure(
    "plain", "Plain softphones over 4 TCFs", "普通SIP话机单呼",
    Actor("2001", at=1, left=True, plain=True), Actor("3001", at=4, plain=True), roles={1: "V", 2: "H", 3: "H", 4: "V"},
)  # fmt: skip
async def plain(stage: Stage) -> None:
    """Phones that never heard of Ptt-Extension; this time the called one hangs up."""
    await _talk(stage, "2001", "3001", (1, 2, 3, 4), callee_ends=True)


@procedure(
    "cancel", "Cancel", "呼叫取消",
    Actor("2001", at=1, left=True), Actor("3001", at=4), roles={1: "V", 2: "H", 3: "H", 4: "V"},
)  # fmt: skip
async def cancel(stage: Stage) -> None:
    """The caller gives up while the other one rings."""
    call = await _ring(stage, "2001", "3001")
    incoming = stage.call_of("3001")
    await stage.pause(TALK)
    stage["2001"].hang_up(call)
    await stage.until_released()
    stage.expect(call.status, 487, "what the caller got")
    stage.expect(incoming.status, 487, "what the callee answered")


@procedure(
    "busy", "Busy", "用户忙",
    Actor("1001", at=1, left=True), Actor("2001", at=2), Actor("3001", at=3),
    roles={1: "V=H", 2: "H=V", 3: "H=V"},
)  # fmt: skip
async def busy(stage: Stage) -> None:
    """2001 talks to 3001; 1001 gets 486 and their call goes on."""
    first = stage["2001"].call(stage["3001"].uri)
    stage["3001"].answer(await stage.until_called("3001"))
    other = await stage.until_up(first, "3001", (2, 3))
    call = stage["1001"].call(stage["2001"].uri)
    await stage.until_over(call, "1001 is told")
    stage.expect(call.status, 486, "what the caller got")
    stage.expect((first.state, other.state), (CallState.UP, CallState.UP), "the first call")
    stage["2001"].hang_up(first)
    await stage.until_released()


@procedure(
    "decline", "Decline", "被叫拒绝",
    Actor("2001", at=1, left=True), Actor("3001", at=4, behaviour=Behaviour.DECLINE),
    roles={1: "V", 2: "H", 3: "H", 4: "V"},
)  # fmt: skip
async def decline(stage: Stage) -> None:
    """The called user does not want."""
    await _refused(stage, "2001", f"3001@{domain(3)}", 603)
    stage.expect(stage["3001"].heard("incoming") is not None, True, "3001 was called")


@procedure(
    "not-registered", "Called user not registered", "被叫未注册",
    Actor("2001", at=1, left=True), roles={1: "V", 2: "H", 3: "H"},
)  # fmt: skip
async def not_registered(stage: Stage) -> None:
    """His home knows him, but not where he is."""
    await _refused(stage, "2001", f"3001@{domain(3)}", 480)


@procedure(
    "unknown", "Called number unknown", "空号",
    Actor("2001", at=1, left=True), roles={1: "V", 2: "H", 3: "H"},
)  # fmt: skip
async def unknown(stage: Stage) -> None:
    """His home would have to know him."""
    await _refused(stage, "2001", f"3999@{domain(3)}", 404)


@procedure(
    "hold", "Hold and resume", "呼叫保持与恢复",
    Actor("2001", at=1, left=True), Actor("3001", at=4), roles={1: "V", 2: "H", 3: "H", 4: "V"},
)  # fmt: skip
async def hold(stage: Stage) -> None:
    """Re-INVITEs pass end to end."""
    call = await _ring(stage, "2001", "3001")
    stage["3001"].answer(stage.call_of("3001"))
    other = await stage.until_up(call, "3001", (1, 2, 3, 4))
    for ours, theirs in (("sendonly", "recvonly"), ("sendrecv", "sendrecv")):
        await stage.pause(TALK)
        before = call.remote_sdp
        stage["2001"].change(call, ours)
        await stage.until_described(call, before, f"{ours} was answered")
        stage.expect(direction_of(other.remote_sdp), ours, "the offer, as the callee saw it")
        stage.expect(direction_of(call.remote_sdp), theirs, "the answer, as the caller saw it")
        await stage.until_quiet()
    stage["2001"].hang_up(call)
    await stage.until_released()


@procedure(
    "both-hang-up", "Both hang up at once", "双方同时挂机",
    Actor("2001", at=1, left=True), Actor("3001", at=4), roles={1: "V", 2: "H", 3: "H", 4: "V"},
)  # fmt: skip
async def both_hang_up(stage: Stage) -> None:
    """Two BYEs that cross."""
    call = await _ring(stage, "2001", "3001")
    stage["3001"].answer(stage.call_of("3001"))
    other = await stage.until_up(call, "3001", (1, 2, 3, 4))
    stage["2001"].hang_up(call)
    stage["3001"].hang_up(other)
    await stage.until_released()


async def _ring(stage: Stage, caller: str, callee: str) -> Call:
    """Call, until it rings on both sides."""
    phone = stage[caller]
    call = phone.call(stage[callee].uri)
    await stage.until_called(callee)
    await stage.until(lambda: phone.heard("ringing") is not None, f"{caller} hears it ring")
    return call


async def _talk(
    stage: Stage, caller: str, callee: str, cores: tuple[int, ...], *, callee_ends: bool = False
) -> None:
    """Ring, answer, talk, hang up."""
    call = await _ring(stage, caller, callee)
    await stage.pause(TALK / 2)
    stage[callee].answer(stage.call_of(callee))
    other = await stage.until_up(call, callee, cores)
    await stage.pause(TALK)
    if callee_ends:
        stage[callee].hang_up(other)
    else:
        stage[caller].hang_up(call)
    await stage.until_released()
    told = stage[caller if callee_ends else callee].heard("ended")
    stage.expect(told.text if told else "", "normal", "the cause of the release")


async def _refused(stage: Stage, caller: str, number: str, status: int) -> None:
    call = stage[caller].call(number)
    await stage.until_over(call, f"{caller} is told")
    stage.expect(call.status, status, "what the caller got")
    await stage.until_released()


@procedure(
    "half-duplex", "Half-duplex private call", "半双工单呼",
    Actor("2001", at=1, left=True), Actor("3001", at=4), roles={1: "V", 2: "H, floor", 3: "H", 4: "V"},
)  # fmt: skip
async def half_duplex(stage: Stage) -> None:
    """It is answered at once; the caller begins, the caller's home arbitrates."""
    call = stage["2001"].call(stage["3001"].uri, CallSetup(full_duplex=False))
    await stage.until(lambda: call.talking, "2001 talks")
    other = stage.call_of("3001")
    await stage.until(lambda: other.talker == stage["2001"].uri, "3001 is told who talks")
    await stage.pause(TALK)
    stage["3001"].press(other)
    await stage.until(lambda: stage["3001"].heard("queued") is not None, "3001 waits")
    stage["2001"].let_go(call)
    await stage.until(lambda: other.talking, "3001 talks")
    await stage.until(lambda: call.talker == stage["3001"].uri, "2001 is told who talks")
    await stage.pause(TALK)
    stage["3001"].let_go(other)
    await stage.until(lambda: call.talker == "", "2001 is told that nobody talks")
    stage["2001"].hang_up(call)
    await stage.until_released()


@procedure(
    "call-emergency", "Emergency private call", "紧急单呼",
    Actor("2001", at=1, left=True), Actor("1001", at=1), Actor("3001", at=4, behaviour=Behaviour.ANSWER),
    roles={1: "V", 2: "H", 3: "H", 4: "V"},
)  # fmt: skip
async def emergency(stage: Stage) -> None:
    """3001 talks to 1001: that call is released, cause pre-empted, and the emergency call gets through."""
    first = stage["1001"].call(stage["3001"].uri)
    await stage.until(lambda: first.state is CallState.UP, "1001 talks to 3001")
    await stage.until_quiet()
    await stage.pause(TALK)
    call = stage["2001"].call(stage["3001"].uri, CallSetup(emergency=True))
    await stage.until_over(first, "the first call is over")
    stage.expect(_cause(stage, "1001"), "preempted", "the cause of its release")
    await stage.until_up(call, "3001", (1, 2, 3, 4))
    await stage.pause(TALK)
    stage["2001"].hang_up(call)
    await stage.until_released()


@procedure(
    "no-media", "Offer without media", "媒体不可接受",
    Actor("2001", at=1, left=True), Actor("3001", at=4), roles={1: "V", 2: "H", 3: "H", 4: "V"},
)  # fmt: skip
async def no_media(stage: Stage) -> None:
    """An offer whose only stream is closed: 488 at once."""
    phone = stage["2001"]
    call = phone.call(stage["3001"].uri, offer=NO_MEDIA)
    await stage.until_over(call, "2001 is told")
    stage.expect(call.status, 488, "what the caller got")
    stage.expect(stage["3001"].heard("incoming"), None, "a call at 3001")


def _cause(stage: Stage, user: str) -> str:
    event = stage[user].heard("ended")
    return event.text if event else ""
