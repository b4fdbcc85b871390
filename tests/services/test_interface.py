"""Each line of the interface as it goes over the wire: who says what to whom, in that order (docs/conformance.md).

A step reads `2→1 INVITE pttcall;calltype=1`: core 2 to core 1, and what the message and its extension begin with;
`1001→2` is a terminal. A step that begins with `!` must not have been said.
"""

from collections.abc import Callable
from functools import cache
from itertools import pairwise

import pytest
from tests.services.control_world import ControlWorld
from tests.services.group_world import aor, ext, fire

from opentcf.btrunc.video import Goal, Source
from opentcf.btrunc.wire import Package, Token, Wire
from opentcf.model.call import CallSetup, CallType
from opentcf.model.group import RegroupAction
from opentcf.model.numbers import Aor
from opentcf.model.registration import RegType
from opentcf.model.subscriber import UserState
from opentcf.sip.message import Response
from opentcf.sip.parse import parse
from opentcf.terminal import Behaviour, control

PUSH = CallSetup(CallType.VIDEO_PUSH)
AT = {"1001": 2, "2001": 3, "4001": 3, "1002": 1}


class Story(ControlWorld):
    """A world whose transcript can be read as steps."""

    def steps(self) -> list[str]:
        return [
            _step(passed.source, passed.target, passed.data)
            for passed in self.transcript
            if passed.target and passed.fate != "LOST"
        ]


def _step(source: str, target: str, data: bytes) -> str:
    message = parse(data)
    what = f"{message.status} {message.cseq()[1]}" if isinstance(message, Response) else message.method
    expires = " Expires=0" if what == "REGISTER" and message.headers.get("Expires") == "0" else ""
    way = f"{source.removeprefix('core')}→{target.removeprefix('core')}"
    return f"{way} {what}{expires} {ext(message)}".strip()


# --- what happens


@cache
def roaming() -> list[str]:
    """1001 of core 1 attaches at core 2, moves on to core 3 during a call of his group, and detaches."""
    w = Story(fire("1001", "4001"), at={"4001": 4, "1001": 2})
    w.dial("4001")
    w.run(1.0)
    w.ua("1001").move(w.cores[3].proxy, w.now, RegType.HANDOVER)
    w.touch(w.ua("1001"))
    w.run(3.0)
    w.leave("1001")
    w.run(1.0)
    w.register(w.ua("1001"), 0)
    w.run(30.0)
    return w.steps()


@cache
def private_calls() -> list[str]:
    """1001 (at core 2) calls 4001 (at core 3): answered, cancelled, declined, busy; a number that nobody has."""
    w = Story(at=AT)
    w.clear()
    one, two = w.ua("1001"), w.ua("4001")
    call = w.call(one, "4001")
    w.run(1.0)
    w.call(w.ua("1002"), "4001")
    w.run(1.0)
    w.hang_up(one, call)
    w.run(1.0)
    call = w.call(one, "4001")
    w.run(1.0)
    w.hang_up(two)
    w.run(1.0)
    two.behaviour = Behaviour.RING
    call = w.call(one, "4001")
    w.run(1.0)
    w.hang_up(one, call)
    w.run(1.0)
    two.behaviour = Behaviour.DECLINE
    w.call(one, "4001")
    w.run(1.0)
    w.call(one, "4999")
    w.run(1.0)
    w.crash(4)
    w.run(40.0)
    w.call(one, "4001")
    w.run(1.0)
    return w.steps()


@cache
def handover() -> list[str]:
    """4001 says that he moves to core 2, and does, with his call."""
    w = Story(at={"1001": 1, "4001": 3})
    w.clear()
    w.call(w.ua("1001"), "4001")
    w.run(1.0)
    mover = w.ua("4001")
    call = next(iter(mover.calls.values()))
    mover.prepare(call, "core2.example", w.now)
    w.touch(mover)
    w.run(1.0)
    mover.move(w.cores[2].proxy, w.now, RegType.HANDOVER, call)
    w.touch(mover)
    w.run(3.0)
    return w.steps()


@cache
def group_call() -> list[str]:
    """1001 calls the group, 4001 waits and is granted, nobody talks, 4001 asks again, a dispatcher releases."""
    w = Story(fire("1001", "1002", "2001", "4001", owner_release=True), at={**AT, "4001": 4})
    w.clear()
    w.dial("1001")
    w.run(1.0)
    w.press("4001")
    w.run(1.0)
    w.let_go("1001")
    w.run(1.0)
    w.let_go("4001")
    w.run(1.0)
    w.press("4001")
    w.run(1.0)
    w.leave("1001")
    w.run(2.0)
    return w.steps()


@cache
def insertion() -> list[str]:
    """3005 (at core 3) enters a group call by force."""
    w = Story(fire("1001", "4001"), at={"1001": 2, "4001": 4, "3005": 3})
    w.dial("1001")
    w.run(1.0)
    w.clear()
    call_id = str(w.node(1).procedures.group_call.view()[0]["id"])
    w.ua("3005").enter(Aor("8001", "core1.example"), call_id, w.now, Token.INSERT)
    w.touch(w.ua("3005"))
    w.run(2.0)
    return w.steps()


@cache
def video() -> list[str]:
    """1001 pushes video to 4001 and adds sound; a dispatcher forwards it to 2001, and ends that."""
    w = Story(at={**AT, "3005": 4})
    w.clear()
    call = w.call(w.ua("1001"), "4001", PUSH)
    w.run(1.0)
    w.ua("1001").become(call, CallSetup(CallType.PRIVATE_AUDIO_VIDEO), "sendrecv", w.now)
    w.touch(w.ua("1001"))
    w.run(1.0)
    w.dispatch(
        "3005", control.forward(aor("1001"), Source(call.id, False), (Goal(aor("2001"), False),), Wire())
    )
    w.run(2.0)
    w.dispatch("3005", control.terminate(aor("1001"), call.id))
    w.run(2.0)
    return w.steps()


@cache
def orders() -> list[str]:
    """Short data, regrouping, stun, kill and revival, and what a dispatcher watches."""
    w = Story(fire("1001", "2001", "4001"), at={**AT, "2005": 2})
    w.clear()
    w.text(w.ua("1001"), "4001")
    w.run(1.0)
    w.ua("1001").message("8001@core1.example", "all", w.now, group=True)
    w.touch(w.ua("1001"))
    w.run(1.0)
    w.dgna("2005", RegroupAction.CREATE, "4001")
    w.run(5.0)
    w.dgna("2005", RegroupAction.DELETE)
    w.run(5.0)
    for state in (UserState.STUNNED, UserState.NORMAL, UserState.KILLED):
        w.order("2005", state, "1001")
        w.run(2.0)
    watcher = w.ua("2005")
    watcher.watch(Package.REGISTER, w.now, "2001@core2.example")
    w.touch(watcher)
    w.run(2.0)
    return w.steps()


# --- what must be seen

Steps = tuple[str, ...]


def hop_by_hop(what: str, *places: int | str) -> Steps:
    """The same from each place to the next."""
    return tuple(f"{one}→{other} {what}" for one, other in pairwise(places))


OUT, BACK = (1001, 2, 1, 4, 3, 4001), (4001, 3, 4, 1, 2, 1001)
SET_UP, ANSWER = hop_by_hop("INVITE pttcall;calltype=1", *OUT), hop_by_hop("200 INVITE", *BACK)
PUSHED = hop_by_hop("INVITE pttcall;calltype=23", *OUT)
RING, BYE = hop_by_hop("180 INVITE", *BACK), hop_by_hop("BYE pttrelease;cause=16", *OUT)
DOWNLINK = ("1→3 INVITE pttcall;calltype=4", "3→1 100 INVITE", "3→1 200 INVITE", "1→3 ACK")
REGISTERED = ("2→1 REGISTER pttregister;regtype=initial", "1→2 200 REGISTER pttregister")
MOVED = ("3→1 REGISTER pttregister;regtype=handover", "1→3 200 REGISTER pttregister")
GONE = ("3→1 REGISTER Expires=0 pttregister", "1→3 200 REGISTER")
KICKED = ("1→2 OPTIONS pttkickoff;Cause=moved", "2→1 200 OPTIONS")
GROUP = (
    *hop_by_hop("INVITE pttcall;calltype=4", 1001, 2, 1),
    "1→2 200 INVITE pttaccept",
    *DOWNLINK,
)
WAITS = (
    *hop_by_hop("INVITE pttrequest;UDN=", 4001, 4, 1),
    *hop_by_hop("200 INVITE pttwaiting;position=1", 1, 4, 4001),
)
LET_GO = ("1001→2 INVITE pttreleasefloor", "2→1 INVITE pttreleasefloor", "1→2 200 INVITE")
GRANT = ("1→4 INVITE pttaccept;UDN=", "4→1 200 INVITE", "4→4001 INVITE pttaccept", "4001→4 200 INVITE")
TOLD = ("1→3 INFO pttinfo;Alerttype=taken;UDN=", "3→1 200 INFO", "3→2001 INFO pttinfo", "2001→3 200 INFO")
IDLE = ("1→3 INFO pttinfo;Alerttype=idle", "3→1 200 INFO")
CANCEL = (
    "1001→2 CANCEL pttrelease;cause=16;optype=pttcall",
    "2→1001 200 CANCEL pttrelease",
    "2→1 CANCEL pttrelease;cause=16;optype=pttcall",
    "1→2 200 CANCEL pttrelease;cause=16;optype=pttcall",
    "1→4 CANCEL pttrelease;cause=16;optype=pttcall",
    "4→3 CANCEL pttrelease;cause=16;optype=pttcall",
    "3→4001 CANCEL pttrelease;cause=16;optype=pttcall",
)
FORCED = (
    *hop_by_hop("INVITE pttinsert;OnlineCallID=", 3005, 3, 1),
    "1→3 200 INVITE",
    "1→2 INVITE pttreleasefloor;UDN=1001;cause=forced",
    "1→3 INVITE pttaccept;UDN=3005",
)
FORWARD = (
    *hop_by_hop("MESSAGE pttVideoForward;VideoIdType=2;VideoId=", 3005, 4, 3, 1),
    "1→3 200 MESSAGE",
    "1→2 INVITE pttcall;calltype=23",
    "2→3 INVITE pttcall;calltype=23",
)
REGROUPED = (*hop_by_hop("MESSAGE pttDGNA", 2005, 2, 1), *hop_by_hop("200 MESSAGE", 1, 2, 2005))
RESULT = (
    *hop_by_hop("MESSAGE reDGNA;UDN=", 1, 2, 2005),
    *hop_by_hop("200 MESSAGE", 2005, 2, 1),
)


def ordered(token: str) -> Steps:
    return hop_by_hop(f"MESSAGE {token};UDN=1001", 2005, 2, 1, 2, 1001)


def obeyed(token: str) -> Steps:
    return hop_by_hop(f"200 MESSAGE {token};UDN=1001;result=0", 1001, 2, 1, 2, 2005)


LINES: dict[str, tuple[Callable[[], list[str]], Steps]] = {
    "漫游": (roaming, ("1001→2 REGISTER", *REGISTERED, "2→1001 200 REGISTER")),
    "单呼": (private_calls, (*SET_UP, *ANSWER, *BYE)),
    "组呼": (group_call, GROUP),
    "切换": (
        handover,
        (
            "3→2 INVITE ptthandover;OnlineCallID=",
            "2→3 200 INVITE",
            "2→4 REGISTER pttregister;regtype=handover",
            "4→2 INVITE pttcall;calltype=1",
            "2→4 200 INVITE",
            "4→3 BYE pttrelease;cause=65",
        ),
    ),
    "注册": (roaming, REGISTERED),
    "空闲态重注册": (roaming, MOVED),
    "群组下行资源补建": (roaming, (*MOVED, *DOWNLINK)),
    "确认": (private_calls, (*ANSWER[:2], "4→3 ACK", "1→4 ACK", "2→1 ACK")),
    "呼叫释放": (private_calls, BYE),
    "呼叫取消": (private_calls, CANCEL),
    "话权信息通知": (group_call, (*TOLD, *IDLE)),
    "呼叫建立": (private_calls, SET_UP),
    "话权申请": (group_call, WAITS[:2]),
    "话权授权": (group_call, GRANT),
    "话权释放": (group_call, LET_GO),
    "强插": (insertion, FORCED),
    "视频下推媒体变更": (
        video,
        (*PUSHED, *hop_by_hop("INVITE pttcall;calltype=2;", 2, 1, 4, 3, 4001), *ANSWER),
    ),
    "实时短数据": (orders, hop_by_hop("MESSAGE pttmsg;msgtype=1;msgid=", *OUT)),
    "组播短消息": (orders, hop_by_hop("MESSAGE pttmsg;msgtype=2;msgid=", 1001, 2, 1, 3, 2001)),
    "动态重组": (orders, REGROUPED),
    "动态重组结果上报": (orders, RESULT[:2]),
    "遥晕": (orders, ordered("pttstun")),
    "遥毙": (orders, ordered("pttkill")),
    "复活": (orders, ordered("pttrevive")),
    "视频转发": (video, FORWARD),
    "视频转发终止": (video, (*hop_by_hop("MESSAGE pttVideoTerminate", 3005, 4, 3, 1), "1→2 BYE", "2→3 BYE")),
    "视频转发结果上报": (video, hop_by_hop("MESSAGE pttVideoForwardReport;VideoId=", 1, 3, 4, 3005)),
    "心跳检测": (roaming, ("1→2 OPTIONS pttheartbeat;epoch=", "2→1 OPTIONS pttheartbeat;epoch=")),
    "集群核心网发起注销": (roaming, KICKED[:1]),
    "初始注册请求": (roaming, REGISTERED[:1]),
    "终端注销": (roaming, GONE[:1]),
    "100": (
        private_calls,
        ("2→1 INVITE", "1→2 100 INVITE", "1→4 INVITE", "4→1 100 INVITE", "3→4 100 INVITE"),
    ),
    "180": (private_calls, RING),
    "注册请求的成功响应": (roaming, REGISTERED),
    "注销的成功响应": (roaming, GONE),
    "网络侧注销的成功响应": (roaming, KICKED),
    "心跳检测成功响应": (roaming, ("1→2 OPTIONS pttheartbeat", "2→1 200 OPTIONS pttheartbeat;epoch=")),
    "单呼呼叫建立的成功响应": (private_calls, ANSWER),
    "组呼呼叫建立的成功响应": (group_call, GROUP[:3] + DOWNLINK),
    "单呼释放的成功响应": (
        private_calls,
        ("2→1 BYE", "1→2 200 BYE", "1→4 BYE", "4→1 200 BYE", "3→4 200 BYE"),
    ),
    "组呼释放的成功响应": (group_call, ("2→1 BYE", "1→2 200 BYE", "1→3 BYE pttrelease", "3→1 200 BYE")),
    "话权申请的成功响应": (
        group_call,
        (*IDLE, "4→1 INVITE pttrequest", *hop_by_hop("200 INVITE pttaccept;UDN=", 1, 4, 4001)),
    ),
    "话权排队": (group_call, WAITS),
    "话权授权响应": (group_call, GRANT),
    "话权释放的成功响应": (group_call, LET_GO),
    "话权信息通知响应": (group_call, TOLD),
    "动态重组设置成功响应": (orders, REGROUPED),
    "动态重组取消成功响应": (orders, (*REGROUPED, *RESULT, *REGROUPED)),
    "动态重组结果上报的成功响应": (orders, RESULT),
    "遥晕遥毙复活响应": (orders, (*obeyed("pttstun"), *obeyed("pttrevive"), *obeyed("pttkill"))),
    "单呼呼叫取消响应": (private_calls, CANCEL[2:4]),
    "实时短数据响应": (orders, hop_by_hop("200 MESSAGE", *BACK)),
    "组播短消息响应": (orders, ("2→1 MESSAGE pttmsg;msgtype=2", "1→2 200 MESSAGE", "3→1 200 MESSAGE")),
    "401": (roaming, ("2→1001 401 REGISTER", "!2→1 401", "!1→2 401", "!3→1 401", "!1→3 401")),
    "404": (private_calls, ("1→4 INVITE", *hop_by_hop("404 INVITE", 4, 1, 2, 1001))),
    "486": (private_calls, ("4→3 INVITE", *hop_by_hop("486 INVITE", 3, 4, 1, 1002))),
    "487": (private_calls, hop_by_hop("487 INVITE pttrelease;cause=16;optype=pttcall", 2, 1001)),
    "603": (private_calls, hop_by_hop("603 INVITE", *BACK)),
    "INVITE/TC2": (private_calls, hop_by_hop("INVITE", 2, 1, 4, 3)),
    "INVITE/D": (private_calls, ("1001→2 INVITE", "3→4001 INVITE")),
    "ACK/TC2": (private_calls, ("4→3 ACK", "1→4 ACK", "2→1 ACK")),
    "ACK/D": (private_calls, ("3→4001 ACK", "1001→2 ACK")),
    "BYE/TC2": (private_calls, hop_by_hop("BYE pttrelease", 3, 4, 1, 2)),
    "BYE/D": (private_calls, ("4001→3 BYE pttrelease", "3→4001 200 BYE", "2→1001 BYE pttrelease")),
    "CANCEL/TC2": (private_calls, hop_by_hop("CANCEL pttrelease", 2, 1, 4, 3)),
    "CANCEL/D": (
        private_calls,
        ("1001→2 CANCEL pttrelease", "2→1001 200 CANCEL", "3→4001 CANCEL pttrelease"),
    ),
    "INFO/TC2": (group_call, TOLD[:2]),
    "INFO/D": (
        handover,
        ("4001→3 INFO ptthandover", "3→4001 200 INFO", "3→4001 INFO ptthandover", "4001→3 200 INFO"),
    ),
    "MESSAGE/TC2": (orders, hop_by_hop("MESSAGE pttmsg", 2, 1, 4, 3)),
    "MESSAGE/D": (orders, ("1001→2 MESSAGE pttmsg", "3→4001 MESSAGE pttmsg", "2→1001 200 MESSAGE")),
    "OPTIONS/TC2": (roaming, ("1→2 OPTIONS pttheartbeat", *KICKED)),
    "OPTIONS/D": (roaming, ("2→1001 OPTIONS pttkickoff", "1001→2 200 OPTIONS")),
    "REGISTER/TC2": (roaming, (*REGISTERED, *MOVED, *GONE, "!1→2 401", "!1→3 401")),
    "REGISTER/D": (
        roaming,
        ("1001→2 REGISTER", "2→1001 401 REGISTER", "1001→2 REGISTER", "2→1001 200 REGISTER"),
    ),
    "SUBSCRIBE/D": (orders, ("2005→2 SUBSCRIBE pttsubscribe", "2→2005 200 SUBSCRIBE", "2→2005 NOTIFY")),
    "1xx/TC2": (private_calls, ("1→2 100 INVITE", *RING[1:4])),
    "1xx/D": (private_calls, ("2→1001 100 INVITE", RING[0], RING[4])),
    "2xx/TC2": (private_calls, ANSWER[1:4]),
    "2xx/D": (private_calls, (ANSWER[0], ANSWER[4])),
    "4xx/TC2": (private_calls, hop_by_hop("486 INVITE", 3, 4, 1)),
    "4xx/D": (private_calls, ("1→1002 486 INVITE", "2→1001 404 INVITE")),
    "5xx/TC2": (private_calls, ("1→2 503 INVITE",)),
    "5xx/D": (private_calls, ("2→1001 503 INVITE",)),
    "6xx/TC2": (private_calls, hop_by_hop("603 INVITE", 3, 4, 1, 2)),
    "6xx/D": (private_calls, ("4001→3 603 INVITE", "2→1001 603 INVITE")),
}


@pytest.mark.parametrize("line", LINES)
def test_line(line: str):
    happens, wanted = LINES[line]
    said = happens()
    never = [step[1:] for step in wanted if step.startswith("!")]
    assert not [step for step in said if step.startswith(tuple(never))] or not never
    at = 0
    for step in wanted:
        if not step.startswith("!"):
            found = next((where for where, one in enumerate(said[at:], at) if one.startswith(step)), None)
            assert found is not None, f"{step} does not come after {said[at - 1] if at else 'the start'}"
            at = found + 1
