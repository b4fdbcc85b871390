"""What the pages of the procedures show: one world for each scene, played on virtual time, the same every time."""

from collections.abc import Callable
from typing import Any, NamedTuple

from tests.services.control_world import ControlWorld
from tests.services.group_world import aor, fire
from tests.world import World

from opentcf.btrunc.video import Goal, Source
from opentcf.btrunc.wire import Package, Token, Wire
from opentcf.model.call import CallSetup, CallType
from opentcf.model.group import RegroupAction
from opentcf.model.numbers import Aor
from opentcf.model.registration import RegType
from opentcf.model.subscriber import UserState
from opentcf.terminal import Behaviour, control


class Scene(NamedTuple):
    """`lanes`: from left to right, `core2=V` with a role; `shown`: `FROM TO START` of messages given in full.

    A title is the English one, a blank, and the Chinese one.
    """

    title: str
    english: str
    chinese: str
    lanes: str
    play: Callable[[], World]
    shown: tuple[str, ...] = ()


class Page(NamedTuple):
    slug: str
    title: str
    english: str
    chinese: str
    scenes: tuple[Scene, ...]


FOUR = "1001 core2=caller's_V core1=caller's_H core4=called_H core3=called_V 4001"
GROUP = "2001 core2=V core1=G 1001 core3=V 3001"
PLACES = {"2001": 2, "1001": 1, "3001": 3}
HALF = CallSetup(full_duplex=False)


def world(at: dict[str, int] | None = None, **more: Any) -> ControlWorld:
    """Everybody who is to be there is registered; nothing else goes on."""
    made = ControlWorld(fire("1001", "2001", "3001"), at=at, delay=(0.01, 0.01), **more)
    made.settle()
    made.clear()
    return made


def visiting(behaviour: Behaviour = Behaviour.ANSWER) -> ControlWorld:
    """1001 visits core2, 4001 visits core3: a call between them passes four TCFs."""
    made = world({"1001": 2})
    made.attach("4001", 3, behaviour=behaviour)
    made.settle()
    made.clear()
    return made


def then(made: World, seconds: float = 1.0) -> World:
    made.run(seconds)
    return made


# --- registration


def registers() -> World:
    made = world()
    made.register(made.terminal("1001", 2))
    return then(made)


def moves() -> World:
    made = world({"1001": 2})
    made.move(made.ua("1001"), 3)
    return then(made)


def leaves() -> World:
    made = world({"1001": 2})
    made.register(made.ua("1001"), 0)
    return then(made)


def kicked() -> World:
    made = world({"1001": 2})
    made.command(1, "user_kick", udn="1001")
    return then(made)


# --- heartbeat


def beats() -> World:
    """Heartbeats are all that happens here."""
    return then(world(nodes=2), 11.0)


def misses() -> World:
    made = world(nodes=2)
    made.crash(2)
    return then(made, 35.0)


def dead() -> World:
    made = visiting()
    made.crash(4)
    made.run(60.0)
    made.clear()
    made.call(made.ua("1001"), "4001")
    return then(made)


# --- private call


def calls() -> World:
    made = visiting()
    call = made.call(made.ua("1001"), "4001")
    made.run(1.0)
    made.hang_up(made.ua("1001"), call)
    return then(made)


def gives_up() -> World:
    made = visiting(Behaviour.RING)
    call = made.call(made.ua("1001"), "4001")
    made.run(1.0)
    made.hang_up(made.ua("1001"), call)
    return then(made)


def busy() -> World:
    made = visiting(Behaviour.BUSY)
    made.call(made.ua("1001"), "4001")
    return then(made)


def holds() -> World:
    made = visiting()
    call = made.call(made.ua("1001"), "4001")
    made.run(1.0)
    made.clear()
    made.ua("1001").change(call, "sendonly", made.now)
    made.touch(made.ua("1001"))
    return then(made)


def half_duplex() -> World:
    made = world({"1001": 1, "2001": 2})
    made.call(made.ua("1001"), "2001", HALF)
    made.run(1.0)
    made.let_go("1001")
    made.run(1.0)
    made.press("2001")
    return then(made)


def video_push() -> World:
    made = world({"1001": 1, "2001": 2})
    call = made.call(made.ua("1001"), "2001", CallSetup(CallType.VIDEO_PUSH))
    made.run(1.0)
    made.hang_up(made.ua("1001"), call)
    return then(made)


def ambience() -> World:
    made = world({"1005": 1, "1001": 2})
    made.call(made.ua("1005"), "1001", CallSetup(CallType.AMBIENCE))
    return then(made)


# --- group call and floor


def group_call() -> ControlWorld:
    """2001 talks."""
    made = world(PLACES)
    made.dial("2001")
    made.run(1.0)
    return made


def talks() -> ControlWorld:
    """A call stands and nobody talks."""
    made = group_call()
    made.let_go("2001")
    made.run(1.0)
    made.clear()
    return made


def sets_up() -> World:
    return group_call()


def comes_late() -> World:
    made = world({"2001": 2, "1001": 1})
    made.dial("2001")
    made.run(1.0)
    made.clear()
    made.register(made.terminal("3001", 3))
    return then(made)


def hang_time() -> World:
    made = talks()
    return then(made, 31.0)


def asks() -> World:
    made = talks()
    made.press("3001")
    made.run(1.0)
    made.let_go("3001")
    return then(made)


def queues() -> World:
    made = group_call()
    made.clear()
    made.press("3001")
    made.run(1.0)
    made.let_go("2001")
    return then(made)


def preempts() -> World:
    made = group_call()
    made.clear()
    made.press("3001", emergency=True)
    return then(made)


def revoked() -> World:
    made = group_call()
    made.clear()
    made.command(1, "floor_revoke", gdn="8001")
    return then(made)


# --- messages


def texts() -> World:
    made = visiting()
    made.text(made.ua("1001"), "4001", "All clear")
    return then(made)


def texts_group() -> World:
    made = world(PLACES)
    ua = made.ua("2001")
    ua.message("8001@core1.example", "Come back", made.now, group=True)
    made.touch(ua)
    return then(made)


# --- control


def regroups() -> World:
    made = world({"3005": 3, "1001": 1, "2001": 2})
    made.dgna("3005", RegroupAction.CREATE, "1001", "2001")
    return then(made)


def stuns() -> World:
    made = world({"3005": 3, "1001": 2})
    made.order("3005", UserState.STUNNED, "1001")
    return then(made)


def kills() -> World:
    made = world({"3005": 3, "1001": 2})
    made.order("3005", UserState.KILLED, "1001")
    return then(made)


def revives() -> World:
    made = world({"3005": 3, "1001": 2})
    made.order("3005", UserState.STUNNED, "1001")
    made.run(1.0)
    made.clear()
    made.order("3005", UserState.NORMAL, "1001")
    return then(made)


def dismantles() -> World:
    made = visiting()
    made.attach("4005", 4)
    call = made.call(made.ua("1001"), "4001")
    made.run(1.0)
    made.clear()
    made.dispatch("4005", control.dismantle(aor("4001"), call.id))
    return then(made)


# --- handover


def moves_in_call() -> World:
    made = visiting()
    call = made.call(made.ua("1001"), "4001")
    made.run(1.0)
    made.clear()
    made.ua("1001").move(made.cores[3].proxy, made.now, RegType.HANDOVER, call)
    made.touch(made.ua("1001"))
    return then(made)


def moves_talking() -> World:
    made = group_call()
    made.clear()
    made.ua("2001").move(made.cores[4].proxy, made.now, RegType.HANDOVER, made.its("2001"))
    made.touch(made.ua("2001"))
    return then(made)


def prepares() -> World:
    made = visiting()
    call = made.call(made.ua("1001"), "4001")
    made.run(1.0)
    made.clear()
    made.command(2, "user_handover", udn="1001@core1.example", domain="core3.example")
    made.run(1.0)
    made.ua("1001").move(made.cores[3].proxy, made.now, RegType.HANDOVER, call)
    made.touch(made.ua("1001"))
    return then(made)


# --- insertion and listening


def online_id(made: ControlWorld) -> str:
    """The OnlineCallID of the group call that stands."""
    return str(made.node(1).procedures.group_call.view()[0]["id"])


def inserted(made: ControlWorld, party: Aor, call_id: str, token: Token = Token.INSERT) -> World:
    """3005 enters, stays for a second, and leaves."""
    made.attach("3005", 3)
    made.clear()
    boss = made.ua("3005")
    call = boss.enter(party, call_id, made.now, token)
    made.touch(boss)
    made.run(1.0)
    made.hang_up(boss, call)
    return then(made)


def inserts_group() -> World:
    made = group_call()
    return inserted(made, Aor("8001", "core1.example"), online_id(made))


def inserts_private(token: Token = Token.INSERT) -> World:
    made = world({"1001": 1, "2001": 2})
    call = made.call(made.ua("1001"), "2001")
    made.run(1.0)
    return inserted(made, aor("1001"), call.id, token)


def listens() -> World:
    return inserts_private(Token.LISTEN)


# --- video forward


def forwards() -> World:
    made = world({"1001": 1, "2001": 2, "3001": 3, "3005": 3})
    call = made.call(made.ua("1001"), "2001", CallSetup(CallType.VIDEO_PUSH))
    made.run(1.0)
    made.clear()
    source = Source(call.id, by_user=False)
    made.dispatch("3005", control.forward(aor("1001"), source, (Goal(aor("3001"), False),), Wire()))
    made.run(1.0)
    made.dispatch("3005", control.terminate(aor("1001"), call.id))
    return then(made)


# --- where members are


def locates() -> World:
    """His home is not the group's."""
    made = world({"1001": 1})
    made.register(made.terminal("2001", 3))
    return then(made)


def learns() -> World:
    made = world({"2001": 2, "3001": 3, "4001": 4})
    made.regroup(fire("1001", "2001", "3001", "4001"))
    return then(made)


# --- events


def watches() -> World:
    made = world({"1005": 1})
    ua = made.ua("1005")
    ua.watch(Package.REGISTER, made.now)
    made.touch(ua)
    made.run(1.0)
    made.register(made.terminal("1001", 2))
    return then(made)


def asks_addresses() -> World:
    made = world({"1001": 1})
    made.ua("1001").addresses(made.now)
    made.touch(made.ua("1001"))
    return then(made)


PAGES = (
    Page(
        "registration",
        "Registration 注册",
        "A terminal registers where it is; that V-TCF registers it at its home.",
        "终端在所在的核心网注册，访问域TCF再向归属域TCF注册。",
        (
            Scene(
                "Initial registration 初始注册",
                "1001 of core1 registers at core2. V challenges with a nonce of its own; H checks the digest.",
                "归属core1的1001在core2注册。访问域TCF用自己的nonce发起挑战，归属域TCF校验摘要。",
                "1001 core2=V core1=H",
                registers,
                ("core2 core1 REGISTER", "core1 core2 SIP/2.0 200"),
            ),
            Scene(
                "The user moved 用户位置变更",
                "He registers at core3. H tells core2 to let go of him.",
                "用户在core3重新注册，归属域TCF通知core2删除其注册。",
                "1001 core2=old_V core1=H core3=new_V",
                moves,
                ("core1 core2 OPTIONS",),
            ),
            Scene(
                "De-registration 终端注销",
                "The terminal leaves.",
                "终端主动注销。",
                "1001 core2=V core1=H",
                leaves,
            ),
            Scene(
                "Network de-registration 核心网发起注销",
                "`opentcf user kick 1001` at core1.",
                "在core1执行`opentcf user kick 1001`。",
                "1001 core2=V core1=H",
                kicked,
            ),
        ),
    ),
    Page(
        "heartbeat",
        "Heartbeat 心跳检测",
        "Each TCF asks each of its peers.",
        "每个TCF向每个对端发送心跳。",
        (
            Scene(
                "Alive 对端可达",
                "`epoch` changes when a node lost its state.",
                "节点丢失状态后`epoch`改变。",
                "core1 core2",
                beats,
                ("core1 core2 OPTIONS", "core2 core1 SIP/2.0 200"),
            ),
            Scene(
                "Down 对端不可达",
                "Core2 stopped: after three misses it is down.",
                "core2停止运行，连续三次心跳无应答后判为不可达。",
                "core1 core2",
                misses,
            ),
        ),
    ),
    Page(
        "private-call",
        "Private call 单呼",
        "1001 of core1 visits core2, 4001 of core4 visits core3: the call passes four TCFs.",
        "1001归属core1、漫游在core2，4001归属core4、漫游在core3，呼叫经过四个TCF。",
        (
            Scene(
                "Set-up and release 呼叫建立与呼叫释放",
                "Each hop is a dialog of its own, with one `OnlineCallID`.",
                "每一跳是独立的对话，所有跳使用同一个`OnlineCallID`。",
                FOUR,
                calls,
                ("core2 core1 INVITE", "core4 core3 INVITE", "core2 core1 BYE"),
            ),
            Scene(
                "Cancel 呼叫取消",
                "The caller gives up while it rings.",
                "振铃时主叫放弃呼叫。",
                FOUR,
                gives_up,
                ("core2 core1 CANCEL",),
            ),
            Scene("Busy 被叫忙", "The called terminal is busy.", "被叫终端忙。", FOUR, busy),
            Scene(
                "Hold 呼叫保持",
                "A re-INVITE passes end to end; it is answered hop by hop.",
                "重邀请逐跳传递到对方，再逐跳应答。",
                FOUR,
                holds,
                ("core2 core1 INVITE",),
            ),
            Scene(
                "A TCF on the path is down 路径上的TCF不可达",
                "Core4 has not answered its heartbeats: the call fails at once.",
                "core4未应答心跳，呼叫立即失败。",
                FOUR,
                dead,
            ),
        ),
    ),
    Page(
        "half-duplex",
        "Half-duplex private call 半双工单呼",
        "The called terminal answers by itself; the caller's home arbitrates the floor.",
        "被叫自动应答，主叫的归属域TCF进行话权仲裁。",
        (
            Scene(
                "A word each way 双方轮流讲话",
                "1001 starts with the floor and gives it back; 2001 asks.",
                "1001先获得话权，释放后2001申请话权。",
                "1001 core1=V,_H core2=H,_V 2001",
                half_duplex,
                ("core1 core2 INVITE",),
            ),
        ),
    ),
    Page(
        "group-call",
        "Group call 组呼",
        "Group 8001 of core1 has the members 1001, 2001 and 3001. One leg for each V-TCF.",
        "core1的组8001有成员1001、2001和3001。每个访问域TCF只有一条呼叫腿。",
        (
            Scene(
                "Set-up 组呼建立",
                "2001 calls the group and has the floor at once.",
                "2001发起组呼，立即获得话权。",
                GROUP,
                sets_up,
                ("core2 core1 INVITE", "core1 core2 SIP/2.0 200", "core1 core3 INVITE"),
            ),
            Scene(
                "Late entry 迟后进入",
                "3001 registers while the call runs; his home tells the master, which brings him in.",
                "组呼进行中3001注册，归属域TCF向组主控TCF通知其位置，组主控TCF把他呼入。",
                "2001 core2=V core1=G 1001 core3=H,_V 3001",
                comes_late,
                ("core3 core1 REGISTER",),
            ),
            Scene(
                "The hang time is over 话权空闲时长到",
                "Nobody talks for T4.",
                "话权空闲达到T4，组呼释放。",
                GROUP,
                hang_time,
            ),
        ),
    ),
    Page(
        "floor",
        "Floor 话权",
        "In the group call of 8001. Only the master decides.",
        "组8001的组呼进行中，只有组主控TCF进行话权仲裁。",
        (
            Scene(
                "Request, grant, release 话权申请、授权、释放",
                "Nobody talks; 3001 asks, talks, and gives the floor back.",
                "话权空闲，3001申请话权，讲话后释放。",
                GROUP,
                asks,
                ("core3 core1 INVITE", "core1 core3 SIP/2.0 200", "core1 core2 INFO"),
            ),
            Scene(
                "Queue 话权排队",
                "2001 talks, 3001 waits. The floor passes on when 2001 gives it back.",
                "2001正在讲话，3001排队；2001释放后话权授予3001。",
                GROUP,
                queues,
            ),
            Scene(
                "Pre-emption 话权抢占",
                "3001 has an emergency: the floor is taken from 2001.",
                "3001发起紧急话权申请，2001的话权被收回。",
                GROUP,
                preempts,
                ("core1 core2 INVITE",),
            ),
            Scene(
                "Revoked by a person 强制收回话权",
                "`opentcf floor revoke 8001` at core1.",
                "在core1执行`opentcf floor revoke 8001`。",
                GROUP,
                revoked,
            ),
        ),
    ),
    Page(
        "short-data",
        "Short data 实时短数据",
        "Text or octets, in one MESSAGE.",
        "文本或二进制数据，由一个MESSAGE承载。",
        (
            Scene(
                "To a user 实时短数据",
                "The 200 comes from the terminal itself.",
                "200由被叫终端发出，逐跳返回。",
                FOUR,
                texts,
                ("core2 core1 MESSAGE",),
            ),
            Scene(
                "To a group 组播短消息",
                "The master accepts the message, then sends one to each V-TCF.",
                "组主控TCF先接受消息，再向每个访问域TCF发送一份。",
                GROUP,
                texts_group,
                ("core1 core3 MESSAGE",),
            ),
        ),
    ),
    Page(
        "regroup",
        "Dynamic regroup 动态重组",
        "A dispatcher makes a temporary group.",
        "调度台建立临时组。",
        (
            Scene(
                "Create 新建",
                "3005 of core3 makes group 8901 at core1. Each member has a result.",
                "core3的调度台3005在core1新建临时组8901，每个成员的结果分别上报。",
                "3005 core3=dispatcher's_H core1=G 1001 core2=H,_V 2001",
                regroups,
                ("core3 core1 MESSAGE", "core1 core2 MESSAGE", "core1 core3 MESSAGE"),
            ),
        ),
    ),
    Page(
        "stun-kill-revive",
        "Stun, kill, revive 遥晕、遥毙、复活",
        "3005 is a dispatcher of core3 with the rights; 1001 of core1 visits core2.",
        "3005是core3的调度台，具有相应权限；1001归属core1，漫游在core2。",
        (
            Scene(
                "Stun 遥晕",
                "The 200 says `result=0` when the terminal obeyed.",
                "终端执行后，200中携带`result=0`。",
                "3005 core3=dispatcher's_H core1=H core2=V 1001",
                stuns,
                ("core3 core1 MESSAGE", "core1 core3 SIP/2.0 200"),
            ),
            Scene(
                "Kill 遥毙",
                "When the terminal has obeyed the user is kicked off.",
                "终端执行后，核心网注销该用户。",
                "3005 core3=dispatcher's_H core1=H core2=V 1001",
                kills,
            ),
            Scene(
                "Revive 复活",
                "It undoes both.",
                "撤销遥晕或遥毙。",
                "3005 core3=dispatcher's_H core1=H core2=V 1001",
                revives,
            ),
        ),
    ),
    Page(
        "forced-release",
        "Forced release 强拆",
        "A dispatcher ends a running call.",
        "调度台强制释放正在进行的呼叫。",
        (
            Scene(
                "A private call 单呼的强拆",
                "4005 of core4 names the called user; the order goes on to the TCF that controls the call.",
                "core4的调度台4005在请求中给出被叫用户，请求转到呼叫主控TCF，即主叫的归属域TCF。",
                "1001 core2=caller's_V core1=controls core4=called_H 4005 core3=called_V 4001",
                dismantles,
                ("core4 core1 MESSAGE", "core1 core4 BYE"),
            ),
        ),
    ),
    Page(
        "handover",
        "Handover 切换",
        "The terminal goes on at another core; the far side hears no release.",
        "终端切换到另一个核心网，通话对方不会收到释放。",
        (
            Scene(
                "In a private call 单呼中的切换",
                "1001 moves from core2 to core3, unprepared: H brings the running call there.",
                "1001未经准备从core2切换到core3，归属域TCF把正在进行的呼叫接续到目标TCF。",
                "1001 core2=source core1=H core4=called_H core3=target,_called_V 4001",
                moves_in_call,
                ("core3 core1 REGISTER", "core1 core3 INVITE"),
            ),
            Scene(
                "Prepared 经准备的切换",
                "`opentcf user handover` at the source: core3 has reserved media before the terminal moves.",
                "在源TCF执行`opentcf user handover`：终端移动之前，目标TCF已预留媒体资源。",
                "1001 core2=source core1=H core4=called_H core3=target,_called_V 4001",
                prepares,
                ("core2 core3 INVITE",),
            ),
            Scene(
                "A talker of a group call 组呼讲话方的切换",
                "2001 talks and keeps the floor over the move from core2 to core4.",
                "讲话方2001从core2切换到core4，话权保持。",
                "2001 core4=target core2=source,_H core1=G 1001 core3=V 3001",
                moves_talking,
            ),
        ),
    ),
    Page(
        "video",
        "Video and listening 视频与监听",
        "The call type says what is meant; the descriptions say who sends.",
        "呼叫类型表示业务种类，媒体方向由SDP表示。",
        (
            Scene(
                "Video push 视频下推",
                "Call type 23.",
                "呼叫类型23。",
                "1001 core1=V,_H core2=H,_V 2001",
                video_push,
                ("core1 core2 INVITE",),
            ),
            Scene(
                "Ambience listening 环境监听",
                "Call type 16: the terminal answers by itself and alerts nobody.",
                "呼叫类型16，终端自动应答，不提示用户。",
                "1005 core1=H core2=V 1001",
                ambience,
                ("core1 core2 INVITE",),
            ),
            Scene(
                "Video forward and its end 视频转发、视频转发终止",
                "1001 pushes to 2001. The dispatcher 3005 has it forwarded to 3001, hears the result, and ends it.",
                "1001向2001下推视频。调度台3005把该视频转发给3001，收到结果上报后终止转发。",
                "1001 core1=controls core2=H,_V 2001 core3=H,_V 3001 3005",
                forwards,
                ("3005 core3 MESSAGE", "core1 core3 MESSAGE"),
            ),
        ),
    ),
    Page(
        "insertion",
        "Forced insertion and listening 强插与缜密监听",
        "3005 is a dispatcher of core3. The request goes to the TCF that controls the call.",
        "3005是core3的调度台，请求到达呼叫主控TCF。",
        (
            Scene(
                "Into a group call 强插组呼",
                "2001 talks; the floor is taken from him. When 3005 leaves nobody has it.",
                "2001正在讲话，其话权被强制收回；3005退出后话权空闲。",
                "2001 core2=V core1=G 1001 core3=V 3001 3005",
                inserts_group,
                ("core3 core1 INVITE",),
            ),
            Scene(
                "Into a private call 强插单呼",
                "Both parties are offered media that name the inserter too; when he leaves they are as before.",
                "主控TCF向双方重新协商媒体，加入强插方的媒体流；强插方退出后恢复原状。",
                "1001 core1=controls core2=H,_V 2001 core3=H,_V 3005",
                inserts_private,
            ),
            Scene(
                "Discreet listening 缜密监听",
                "The same way, and nobody is told.",
                "过程相同，但不通知通话双方。",
                "1001 core1=controls core2=H,_V 2001 core3=H,_V 3005",
                listens,
                ("core3 core1 INVITE",),
            ),
        ),
    ),
    Page(
        "membership",
        "Group information 群组信息",
        "What the home of a member and the master of his group tell each other.",
        "组成员的归属域TCF与组主控TCF之间相互通知的信息。",
        (
            Scene(
                "Group location 组成员位置",
                "2001 of core2 registers at core3; his home tells the master of his group, core1.",
                "core2的2001在core3注册，归属域TCF把他的位置通知组主控TCF core1。",
                "2001 core3=V core2=H core1=G",
                locates,
                ("core2 core1 REGISTER",),
            ),
            Scene(
                "Group information update 组信息更新",
                "A new member, 4001 of core4: G tells the homes, H the V-TCFs and terminals; the location comes back.",
                "增加成员4001：组主控TCF通知各归属域TCF，归属域TCF通知访问域TCF和终端，再上报成员位置。",
                "2001 core2=H,_V core1=G core3=H,_V 3001 core4=H,_V 4001",
                learns,
                ("core1 core4 MESSAGE",),
            ),
        ),
    ),
    Page(
        "events",
        "Events and address book 事件与通讯录",
        "On D. What can be watched: [events](../events.md).",
        "D接口的业务，可订阅的事件见[事件](../events.md)。",
        (
            Scene(
                "A dispatcher watches registrations 订阅注册状态",
                "1005 subscribes; then 1001 registers at core2.",
                "1005订阅后，1001在core2注册。",
                "1005 core1=H core2=V 1001",
                watches,
                ("1005 core1 SUBSCRIBE", "core1 1005 NOTIFY"),
            ),
            Scene(
                "The address book 通讯录",
                "A terminal asks, the home pushes.",
                "终端请求，归属域TCF下推。",
                "1001 core1=H",
                asks_addresses,
                ("core1 1001 MESSAGE",),
            ),
        ),
    ),
)
