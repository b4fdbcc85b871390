"""What the extension of a message means, in the profile's terms, English and Chinese."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from opentcf.api.ladder import message_of
from opentcf.api.names import TOKENS, Name
from opentcf.btrunc import extension
from opentcf.btrunc.wire import Alert, Param, Wire
from opentcf.model.call import CalledType, CallType
from opentcf.model.cause import FloorCause, KickCause, ReleaseCause, Result
from opentcf.model.registration import RegType
from opentcf.model.short_data import MessageType
from opentcf.model.subscriber import Preemptible
from opentcf.sip.errors import RemoteError

PARAMS: Mapping[Param, Name] = {
    Param.REG_TYPE: ("kind of registration", "注册类型"),
    Param.SINCE: ("attached since, ms since 1970", "附着时间"),
    Param.BINDING: ("the registration that is meant", "所指注册"),
    Param.STATE: ("state of the user", "用户状态"),
    Param.HA1: ("digest secret", "鉴权密钥"),
    Param.HA1_MD5: ("digest secret, MD5", "鉴权密钥（MD5）"),
    Param.HA1_SHA256: ("digest secret, SHA-256", "鉴权密钥（SHA-256）"),
    Param.ALGORITHM: ("digest algorithm", "鉴权算法"),
    Param.GDN: ("group number", "组号码"),
    Param.UDN: ("user number", "用户号码"),
    Param.KICK_CAUSE: ("why he is de-registered", "注销原因"),
    Param.CALL_ID: ("the call, the same on all hops", "呼叫标识（全程一致）"),
    Param.EPOCH: ("run of the TCF; a new one: it lost its state", "运行标识"),
    Param.CALL_TYPE: ("kind of call", "呼叫类型"),
    Param.DUPLEX: ("1 full, 0 half duplex", "1 全双工，0 半双工"),
    Param.PRIORITY: ("priority, 0 highest", "优先级，0 最高"),
    Param.EMERGENCY: ("1: emergency, above every priority", "1：紧急呼叫"),
    Param.CALLER: ("calling user", "主叫用户"),
    Param.CALLED_TYPE: ("what the called number is", "被叫类型"),
    Param.PREEMPTIBLE: ("may what he is engaged in be released for this call", "能否为此呼叫释放其原有呼叫"),
    Param.DURATION: ("seconds that he may talk", "话权时长（秒）"),
    Param.GRANT: ("counts the grants of this call", "授权序号"),
    Param.POSITION: ("place in the queue", "排队位置"),
    Param.CAUSE: ("cause", "原因"),
    Param.ALERT_TYPE: ("what became of the floor", "话权状态"),
    Param.OPERATION: ("operation that is cancelled", "被取消的操作"),
    Param.MESSAGE_TYPE: ("to a user or a group", "短数据类型"),
    Param.MESSAGE_ID: ("the message, the same on all hops", "消息标识"),
    Param.RESULT: ("result", "结果"),
    Param.REGROUP_RESULT: ("result of the regroup", "重组结果"),
    Param.VERSION: ("version of the group", "组信息版本"),
    Param.VIDEO_ID_TYPE: ("kind of video source", "视频源类型"),
    Param.VIDEO_ID: ("video source", "视频源"),
    Param.VIDEO_RESULT: ("result of the forward", "转发结果"),
    Param.USER_TYPE: ("user or group", "用户类型"),
    Param.TARGET: ("where he is handed over to", "切换目标"),
}
CODES: Mapping[Param, tuple[type[Enum], ...]] = {
    Param.REG_TYPE: (RegType,),
    Param.KICK_CAUSE: (KickCause,),
    Param.CALL_TYPE: (CallType,),
    Param.CALLED_TYPE: (CalledType,),
    Param.PREEMPTIBLE: (Preemptible,),
    Param.CAUSE: (FloorCause, ReleaseCause),
    Param.ALERT_TYPE: (Alert,),
    Param.MESSAGE_TYPE: (MessageType,),
    Param.RESULT: (Result,),
    Param.REGROUP_RESULT: (Result,),
    Param.VIDEO_RESULT: (Result,),
}
VALUES: Mapping[Enum, str] = {
    CallType.PRIVATE_AUDIO: "语音单呼",
    CallType.PRIVATE_AUDIO_VIDEO: "音视频单呼",
    CallType.PRIVATE_VIDEO: "视频单呼",
    CallType.GROUP_AUDIO: "语音组呼",
    CallType.GROUP_AUDIO_VIDEO: "音视频组呼",
    CallType.AMBIENCE: "环境监听",
    CallType.VIDEO_PULL: "视频回传",
    CallType.VIDEO_PUSH: "视频下推",
    ReleaseCause.PREEMPTED: "被抢占",
    ReleaseCause.NORMAL: "正常释放",
    ReleaseCause.BUSY: "用户忙",
    ReleaseCause.NO_ANSWER: "无应答",
    ReleaseCause.REJECTED: "拒绝",
    ReleaseCause.FORCED: "强拆",
    ReleaseCause.HANDOVER: "切换",
    ReleaseCause.TIMEOUT: "超时",
    ReleaseCause.PEER_DOWN: "对端核心网故障",
    ReleaseCause.STUNNED: "遥晕或遥毙",
    ReleaseCause.SESSION_EXPIRED: "会话过期",
}


def explained(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The token and parameters of a message of the trace; None where it has no extension that can be read."""
    message, wire = message_of(row), Wire()
    if message is None:
        return None
    try:
        found = extension.read(message, wire)
    except RemoteError:
        return None
    if found is None:
        return None
    english, chinese = TOKENS.get(found.token, ("", "")) if found.token is not None else ("", "")
    params = [_explained(wire, name, value) for name, value in found.params]
    return {"header": wire.extension, "english": english, "chinese": chinese, "params": params}


def _explained(wire: Wire, name: Param | str, value: str | None) -> dict[str, str | None]:
    if not isinstance(name, Param):
        return {
            "name": name,
            "value": value,
            "english": "",
            "chinese": "",
            "meaning": "",
            "meaning_chinese": "",
        }
    english, chinese = PARAMS[name]
    code = next(
        (m for codes in CODES.get(name, ()) if (m := wire.member(codes, value or "")) is not None), None
    )
    meaning = code.name.lower().replace("_", " ") if code is not None else ""
    return {
        "name": wire.params[name],
        "value": value,
        "english": english,
        "chinese": chinese,
        "meaning": meaning if meaning != (value or "").lower() else "",
        "meaning_chinese": _chinese(code),
    }


def _chinese(code: Enum | None) -> str:
    """By type too: members of two enumerations may be equal."""
    return next((text for known, text in VALUES.items() if known is code), "")
