"""A day of four core networks: the procedures as chapters of a story, at a pace that can be watched."""

from typing import NamedTuple


class Chapter(NamedTuple):
    """A time of the day, what happens, and the procedures that show it."""

    clock: str
    english: str
    chinese: str
    keys: tuple[str, ...]


DAY = (
    Chapter(
        "06:30",
        "The early shift switches its radios on, some of them abroad",
        "早班开机，部分用户漫游",
        ("register-home", "register-roaming"),
    ),
    Chapter(
        "07:10",
        "A dispatcher and two patrols talk",
        "调度台与巡逻组通话",
        ("call-1", "call-4", "half-duplex"),
    ),
    Chapter(
        "08:05", "A note for a colleague in another network", "给外网同事发短数据", ("text-4", "text-gb18030")
    ),
    Chapter(
        "09:20",
        "Smoke at the harbour: the fire ground calls its group",
        "港口冒烟：火场组呼",
        ("group-roaming", "floor-queue"),
    ),
    Chapter("09:35", "Somebody is in danger", "有人遇险", ("group-emergency", "floor-emergency")),
    Chapter(
        "10:00", "Crews of three networks become one group", "三网人员动态重组", ("regroup", "text-group")
    ),
    Chapter(
        "11:15",
        "A commander drives into the next network while he talks",
        "指挥员通话中跨网移动",
        ("handover-prepared", "handover-talker"),
    ),
    Chapter(
        "12:30",
        "The dispatcher sees the harbour, and shows it to the crews",
        "调度台查看并转发现场视频",
        ("video-pull", "video-push-change", "video-forward-list"),
    ),
    Chapter(
        "13:10",
        "He breaks into a conversation",
        "调度台强插通话",
        ("insert-full", "insert-group", "call-emergency"),
    ),
    Chapter("13:40", "A radio is stolen", "终端被盗", ("stun-call", "kill")),
    Chapter(
        "15:30",
        "A core network dies and comes back",
        "一个核心网宕机并恢复",
        ("group-g-killed", "outage-restart", "group-v-down"),
    ),
    Chapter(
        "17:00",
        "The shift supervisor watches and ends what is left",
        "值班长监视并收尾",
        ("event-group", "dismantle-group"),
    ),
    Chapter("18:00", "Going home", "下班", ("moved", "deregister")),
)
