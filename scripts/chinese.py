"""What the pages printed from the code say in Chinese: a sentence or name of the code → its translation.

The pages stop at a sentence that is not here, and a test finds a translation whose sentence is gone.
"""

from collections.abc import Mapping

API: Mapping[str, str] = {
    "200 while the node serves; asks for no token": "节点正常服务时应答200，不需要令牌",
    "Metrics in Prometheus' text format": "Prometheus文本格式的指标",
    "Who this node is, what it has to do, whose consoles it knows": "本节点的标识、负载，以及已配置控制台地址的对端",
    "The other TCFs and whether they answer": "其他TCF及其是否可达",
    "Who is registered where": "用户的注册位置",
    "The subscribers of this core network": "本核心网的用户",
    "Add a subscriber": "新增用户",
    "Add or change many subscribers: all rows or, when one is wrong, none": (
        "批量新增或修改用户：全部成功，有一行错误则全不执行"
    ),
    "One subscriber, as a list of one": "单个用户，以一项的列表给出",
    "Add or replace a subscriber": "新增或替换用户",
    "Change settings of a subscriber": "修改用户的设置",
    "Remove a subscriber": "删除用户",
    "Forget what was changed of a subscriber: the configuration says what it is": "撤销对用户的修改，以配置为准",
    "The members of a group, and where each is": "群组的成员及各自的位置",
    "The groups of this core network": "本核心网的群组",
    "Add a group": "新增群组",
    "Add or change many groups: all rows or, when one is wrong, none": (
        "批量新增或修改群组：全部成功，有一行错误则全不执行"
    ),
    "One group, as a list of one": "单个群组，以一项的列表给出",
    "Add or replace a group": "新增或替换群组",
    "Change settings of a group": "修改群组的设置",
    "Remove a group": "删除群组",
    "Forget what was changed of a group: the configuration says what it is": "撤销对群组的修改，以配置为准",
    "Make, change or end a temporary group": "动态重组：建立、修改或取消临时组",
    "The calls that go on": "进行中的呼叫",
    "Release a call on all its hops": "释放呼叫的全部各跳",
    "Who watches which events": "事件订阅方及其订阅的事件",
    "The latest short messages, and who got them": "最近的短数据及其接收结果",
    "Who talks in which group, and who waits": "各组的讲话方和排队方",
    "Take the floor from who talks": "收回讲话方的话权",
    "Take a user's registration away": "核心网发起注销用户",
    "Refuse a user every service until revived": "遥晕：复活之前拒绝该用户的一切业务",
    "Refuse a user registration until revived": "遥毙：复活之前拒绝该用户注册",
    "Undo a stun or kill": "复活",
    "Prepare the handover of a user in a private call": "为单呼中的用户准备切换",
    "Who did what, oldest first; newest first with `before`": "审计日志，由旧到新；给出`before`时由新到旧",
    "Recent messages, secrets masked": "最近的消息，机密已屏蔽",
    "The messages of all TCFs whose console is known, each once and named, and who talked": (
        "信令图：已配置控制台地址的所有TCF的消息，每条一次并注明名称，以及讲话方"
    ),
    "One message of a ladder, and what its extension means": "信令图中的一条消息及其扩展头域的含义",
    "What somebody needs who is to help with this node, in one zip; no secret is in it": (
        "诊断包：排查本节点问题所需的信息，一个zip文件，不含机密"
    ),
    "Server-sent events: what happens, as it happens": "事件流（server-sent events），实时上报",
    "This API as an OpenAPI document": "本接口的OpenAPI文档",
    "This API as a page for people": "本接口的网页说明",
    "a user of ours registered, de-registered or expired": "本网用户注册、注销或注册到期",
    "a terminal attached here or left": "终端在此附着或离开",
    "a user was stunned, killed or revived": "用户被遥晕、遥毙或复活",
    "a private call changed": "单呼发生变化",
    "a group call changed": "组呼发生变化",
    "the floor of a group changed": "组的话权发生变化",
    "a handover went on": "切换有进展",
    "another TCF answers, or does not any more": "其他TCF可达，或不再可达",
    "another TCF is spoken to at another one of its addresses": "改用其他TCF的另一个地址",
    "another TCF began anew": "其他TCF丢失状态后重新启动",
    "an overload began, or is over; `refused` says how many requests": "过载开始或结束；`refused`为被拒绝的请求数",
    "somebody acted; an entry of the audit log": "有人操作；内容为一条审计日志",
}
"""The HTTP API: what requests do, and when events come."""

TRUNKING: Mapping[str, str] = {
    "The floor 话权": "话权",
    "The group call at its master 组呼, G": "组呼：组主控TCF",
    "The group call at a V-TCF 组呼, V": "组呼：访问域TCF",
    "`opentcf.model.floor`; group calls and half-duplex private calls use it.": (
        "`opentcf.model.floor`，用于组呼和半双工单呼。"
    ),
    "`opentcf.services.group_call.masters`.": "`opentcf.services.group_call.masters`。",
    "`opentcf.services.group_call.visits`.": "`opentcf.services.group_call.visits`。",
    "idle": "空闲 `idle`",
    "taken": "占用 `taken`",
    "revoking": "收回中 `revoking`",
    "confirming": "等待确认 `confirming`",
    "calling": "呼叫中 `calling`",
    "up": "进行中 `up`",
    "ended": "结束 `ended`",
    "request": "话权申请",
    "request that pre-empts": "可抢占的话权申请",
    "request of the talker": "讲话方的话权申请",
    "forced insertion": "强插",
    "head of the queue": "队首授权",
    "revoke": "话权收回",
    "revoke confirmed": "话权收回得到确认",
    "talker gone": "讲话方离开",
    "waiter gone": "排队方离开",
    "a V-TCF's INVITE": "访问域TCF的INVITE",
    "set-up settled": "呼叫建立完成",
    "set-up failed": "呼叫建立失败",
    "release": "释放",
    "a member's INVITE": "成员的INVITE",
    "a member who may enter late": "可以迟后进入的成员",
    "Late entry: he is alerted. Before the master has answered there is no call that he could enter.": (
        "迟后进入：向其发起呼叫。主控TCF应答之前，没有可以进入的呼叫。"
    ),
    "the master's INVITE": "组主控TCF的INVITE",
    "the master's INVITE, ours under way": "组主控TCF的INVITE，本侧INVITE尚未完成",
    "the master's 200": "组主控TCF的200",
    "the master's refusal": "组主控TCF的拒绝",
    "the master's BYE": "组主控TCF的BYE",
    "no member left": "已无成员",
    "200 with the grant; the others hear who talks.": "应答200并授权；通知其他各方讲话方是谁。",
    "Grant to the head of the queue; the others hear who talks, the waiters their places.": (
        "授权给队首；通知其他各方讲话方是谁，通知排队方各自的位置。"
    ),
    "200 with his place in the queue; denied when it is full or off.": "应答200并告知排队位置；队列满或关闭时拒绝。",
    "200 with the first place, and the talker is told to stop.": "应答200，排在首位，并通知讲话方停止。",
    "200 with the first place, and the talker is told to stop by force.": "应答200，排在首位，并强制讲话方停止。",
    "200 with the same grant.": "应答200，授权不变。",
    "The talker is told to stop.": "通知讲话方停止。",
    "The floor is free: `head of the queue` follows, or all hear that nobody talks.": (
        "话权空闲：接着输入“队首授权”，或通知各方无人讲话。"
    ),
    "The waiters behind him hear their places.": "通知其后的排队方各自的位置。",
    "200 with his place, whatever the queue's length; a revoke is on its way.": (
        "应答200并告知位置，不受队列长度限制；话权收回已发出。"
    ),
    "Denied: a talker never waits.": "拒绝：讲话方不排队。",
    "His 200 waits until the set-up is settled. The first of them is the caller: the others are called.": (
        "其200待呼叫建立完成后发送。其中第一个为主叫，由此呼叫其他访问域TCF。"
    ),
    "200 to the caller, and to whoever called meanwhile. TC2-C 组呼呼叫建立的成功响应.": (
        "对主叫以及在此期间发起呼叫的用户应答200。TC2-C 组呼呼叫建立的成功响应。"
    ),
    "480 to the caller; every leg is released.": "对主叫应答480，释放所有呼叫腿。",
    "BYE to every leg; the timers stop.": "向每条呼叫腿发送BYE，停止定时器。",
    "200 with what the floor says; V-TCFs that are missing are called. TC2-C 组呼呼叫建立的成功响应.": (
        "应答200，携带话权结果；呼叫尚未加入的访问域TCF。TC2-C 组呼呼叫建立的成功响应。"
    ),
    "He asks for the floor when the master has answered.": "组主控TCF应答后，为该成员申请话权。",
    "491: our own INVITE wins.": "应答491：以本侧的INVITE为准。",
    "The others here are alerted, and who dialled meanwhile asks for the floor.": (
        "呼叫此处的其他成员；期间发起呼叫的成员申请话权。"
    ),
    "The same status and Warning to each who dialled.": "以相同的状态码和Warning应答每个发起呼叫的成员。",
    "The last member here left a call that the master took us into: BYE, and who hung up is remembered.": (
        "组主控TCF已接纳的呼叫，本地最后一个成员离开：发送BYE，并记住已挂断的成员。"
    ),
    "BYE (or CANCEL) to the master.": "向组主控TCF发送BYE（或CANCEL）。",
    "BYE to each member.": "向每个成员发送BYE。",
    "He joins within the leg that stands: a floor request to the master.": (
        "经已有的呼叫腿加入：向组主控TCF申请话权。"
    ),
    "200 to the master, whose leg replaces what we had; the members here are alerted.": (
        "对组主控TCF应答200，其呼叫腿取代原有的；呼叫此处的成员。"
    ),
}
"""The state tables of floor and group call: headings, places, states, inputs, deeds."""

SIP: Mapping[str, str] = {
    "SIP transaction: invite client": "SIP事务：INVITE客户端",
    "SIP transaction: client": "SIP事务：非INVITE客户端",
    "SIP transaction: invite server": "SIP事务：INVITE服务器",
    "SIP transaction: server": "SIP事务：非INVITE服务器",
    "`opentcf.sip.transaction.machines`, RFC 3261 §17 as changed by RFC 6026.": (
        "`opentcf.sip.transaction.machines`，按RFC 3261 §17，经RFC 6026修订。"
    ),
    "calling": "Calling",
    "trying": "Trying",
    "proceeding": "Proceeding",
    "completed": "Completed",
    "accepted": "Accepted",
    "confirmed": "Confirmed",
    "terminated": "Terminated",
    "request": "请求（重复）",
    "provisional": "临时应答",
    "success": "2xx",
    "failure": "300-699",
    "ack": "ACK",
    "retransmit": "重传定时器",
    "timeout": "超时",
    "linger": "等待期满",
    "broken": "发送失败",
    "Timer A or E: send again; A doubles, E doubles up to T2 (RFC 3261 §17.1.1.2, §17.1.2.2).": (
        "定时器A或E到时：重发；A逐次加倍，E加倍至T2为止（RFC 3261 §17.1.1.2、§17.1.2.2）。"
    ),
    "Nobody answered: as 408 (RFC 3261 §8.1.3.1).": "无应答：按408处理（RFC 3261 §8.1.3.1）。",
    "It could not be sent: as 503 (RFC 3261 §8.1.3.1).": "无法发送：按503处理（RFC 3261 §8.1.3.1）。",
    "The first provisional response to an INVITE: no more copies, and the user has longer than timer B to answer.": (
        "INVITE的第一个临时应答：不再重发，等待应答的时间不受定时器B限制。"
    ),
    "2xx to an INVITE: the ACK is the user's; later copies of the 2xx find it here (RFC 6026 §8.4).": (
        "INVITE的2xx：ACK由事务用户发送；此后重复的2xx在此得到该ACK（RFC 6026 §8.4）。"
    ),
    "300-699 to an INVITE: acknowledge within the transaction (RFC 3261 §17.1.1.3).": (
        "INVITE的300-699：在事务内发送ACK（RFC 3261 §17.1.1.3）。"
    ),
    "A provisional response.": "收到临时应答。",
    "The other side repeated itself: so do we.": "对方重发，本侧也重发。",
    "The transaction is forgotten.": "删除事务。",
    "A copy of the 2xx gets the same ACK; one of another dialog (a fork) goes up.": (
        "对重复的2xx回以相同的ACK；属于另一会话的（分叉）向上递交。"
    ),
    "The final response to a non-INVITE.": "非INVITE请求的最终应答。",
    "Timer E after a provisional response: every T2.": "临时应答之后的定时器E：每T2一次。",
    "A provisional response of ours.": "本侧发送临时应答。",
    "2xx to an INVITE: repeated until acknowledged, whatever the transport (RFC 3261 §13.3.1.4, RFC 6026 §7.1).": (
        "对INVITE应答2xx：重复发送直到收到ACK，与传输协议无关（RFC 3261 §13.3.1.4、RFC 6026 §7.1）。"
    ),
    "300-699 to an INVITE: repeated over UDP until the ACK comes (timers G and H).": (
        "对INVITE应答300-699：在UDP上重复发送直到收到ACK（定时器G和H）。"
    ),
    "Timer G.": "定时器G到时，重发应答。",
    "The ACK of a failure: stray copies are absorbed for T4 (timer I).": (
        "收到失败应答的ACK：在T4内吸收重复的ACK（定时器I）。"
    ),
    "Nothing to do.": "不处理。",
    "The 2xx once more, the interval doubling up to T2.": "重发2xx，间隔逐次加倍至T2为止。",
    "The ACK of a 2xx came, as its user says.": "事务用户告知2xx的ACK已到。",
    "64·T1 after a 2xx: if it is still being repeated nobody acknowledged it.": (
        "2xx之后64·T1：若仍在重发，表示没有收到ACK。"
    ),
    "The final response to a non-INVITE, kept for copies of the request (timer J).": (
        "非INVITE请求的最终应答，保留以应答重复的请求（定时器J）。"
    ),
}
"""The state tables of SIP transactions; the states have the RFC's names."""
