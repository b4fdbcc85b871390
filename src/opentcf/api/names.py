"""What a message is called, in English and in the words of the source."""

from typing import NamedTuple

from opentcf.btrunc import extension
from opentcf.btrunc.call import PUSHES
from opentcf.btrunc.extension import Extension
from opentcf.btrunc.registration import read_kick
from opentcf.btrunc.wire import Alert, Param, Token, Wire
from opentcf.model.call import CallType
from opentcf.model.cause import FloorCause, KickCause
from opentcf.sip.message import Message, Request, Response
from opentcf.sip.sdp import direction_of

Name = tuple[str, str]


class Named(NamedTuple):
    """`label` is the method or the status, `english` and `chinese` what it means; `ok`: None for a request."""

    label: str
    english: str
    chinese: str
    ok: bool | None


TOKENS: dict[Token, Name] = {
    Token.REGISTER: ("registration", "注册"),
    Token.KICK_OFF: ("network de-registration", "核心网发起注销"),
    Token.HEARTBEAT: ("heartbeat", "心跳检测"),
    Token.CALL: ("call set-up", "呼叫建立"),
    Token.REQUEST: ("floor request", "话权申请"),
    Token.ACCEPT: ("floor granted", "话权授权"),
    Token.WAITING: ("floor queued", "话权排队"),
    Token.RELEASE_FLOOR: ("floor release", "话权释放"),
    Token.INFO: ("floor information", "话权信息通知"),
    Token.INSERT: ("forced insertion", "强插"),
    Token.DISMANTLE: ("forced release", "强拆"),
    Token.RELEASE: ("release", "呼叫释放"),
    Token.MESSAGE: ("short data", "实时短数据"),
    Token.REGROUP: ("dynamic regroup", "动态重组"),
    Token.REGROUP_RESULT: ("regroup result", "重组结果上报"),
    Token.STUN: ("stun", "遥晕"),
    Token.KILL: ("kill", "遥毙"),
    Token.REVIVE: ("revive", "复活"),
    Token.VIDEO_FORWARD: ("video forward", "视频转发"),
    Token.VIDEO_TERMINATE: ("video forward ends", "视频转发终止"),
    Token.VIDEO_REPORT: ("video forward result", "视频转发结果上报"),
    Token.GROUP_UPDATE: ("group update", "组信息更新"),
    Token.HANDOVER: ("handover preparation", "切换准备"),
    Token.GET_ADDRESSES: ("address book, please", "请求通讯录"),
    Token.PUSH_ADDRESSES: ("address book", "下发通讯录"),
    Token.SUBSCRIBE: ("subscription", "事件订阅"),
    Token.LISTEN: ("discreet listening", "缜密监听"),
}
_CALLS: dict[CallType, Name] = {
    CallType.PRIVATE_AUDIO: ("private call", "单呼"),
    CallType.PRIVATE_AUDIO_VIDEO: ("private video call", "视频单呼"),
    CallType.PRIVATE_VIDEO: ("private video call", "视频单呼"),
    CallType.GROUP_AUDIO: ("group call", "组呼"),
    CallType.GROUP_AUDIO_VIDEO: ("group video call", "视频组呼"),
    CallType.AMBIENCE: ("ambience listening", "环境监听"),
    CallType.VIDEO_PULL: ("video pull", "视频上拉"),
    CallType.VIDEO_PUSH: ("video push", "视频下推"),
}
_DENIED: dict[FloorCause, Name] = {
    FloorCause.DENIED: ("floor denied", "话权拒绝"),
    FloorCause.QUEUE_FULL: ("denied, queue full", "话权排队已满"),
    FloorCause.RECEIVE_ONLY: ("denied, may listen", "话权拒绝：只听"),
    FloorCause.FORCED: ("floor denied", "话权拒绝"),
}
_REVOKED: dict[FloorCause, Name] = {
    FloorCause.PREEMPTED: ("revoked, preempted", "话权收回：抢占"),
    FloorCause.TIMEOUT: ("revoked, time over", "话权收回：超时"),
    FloorCause.FORCED: ("revoked by command", "话权收回：强制"),
}
_KICKS: dict[KickCause, Name] = {
    KickCause.MOVED: ("kick-off, moved", "注销：移动"),
    KickCause.ADMIN: ("kick-off", "核心网发起注销"),
    KickCause.KILLED: ("kick-off, killed", "注销：遥毙"),
    KickCause.EXPIRED: ("kick-off, expired", "注销：已过期"),
}
_METHODS: dict[str, Name] = {
    "REGISTER": ("registration", "注册"),
    "INVITE": ("private call", "单呼"),
    "ACK": ("acknowledge", "确认"),
    "BYE": ("release", "呼叫释放"),
    "CANCEL": ("cancel", "呼叫取消"),
    "OPTIONS": ("options", "能力查询"),
    "MESSAGE": ("short data", "实时短数据"),
    "INFO": ("information", "信息通知"),
    "SUBSCRIBE": ("subscription", "事件订阅"),
    "NOTIFY": ("notification", "事件通知"),
}
_STATUSES: dict[int, Name] = {
    100: ("trying", "处理中"),
    180: ("ringing", "振铃"),
    401: ("challenge", "鉴权"),
    403: ("forbidden", "禁止"),
    404: ("unknown number", "空号"),
    408: ("time-out", "超时"),
    423: ("interval too brief", "注册时长过短"),
    480: ("not registered", "用户未注册"),
    481: ("no such call", "呼叫不存在"),
    486: ("busy", "用户忙"),
    487: ("cancelled", "呼叫已取消"),
    488: ("not acceptable", "媒体不可接受"),
    491: ("crossing offers", "请求冲突"),
    500: ("internal error", "内部错误"),
    503: ("unavailable", "不可用"),
    603: ("declined", "被叫拒绝"),
}
_DONE: dict[str, Name] = {
    "REGISTER": ("registered", "注册成功"),
    "INVITE": ("answered", "应答"),
    "BYE": ("released", "释放完成"),
    "CANCEL": ("cancel taken", "取消确认"),
    "OPTIONS": ("ok", "成功"),
    "MESSAGE": ("delivered", "已送达"),
    "SUBSCRIBE": ("subscribed", "订阅成功"),
    "NOTIFY": ("noted", "通知确认"),
}
_DIRECTIONS: dict[str, Name] = {
    "sendrecv": ("resume", "呼叫恢复"),
    "sendonly": ("hold", "呼叫保持"),
    "recvonly": ("hold", "呼叫保持"),
    "inactive": ("hold", "呼叫保持"),
}
_MEDIA_CHANGE: Name = ("media change", "媒体变更")
_PUSH_CHANGE: Name = ("video push change", "视频下推媒体变更")
_EMERGENCIES: dict[CallType, Name] = {
    CallType.PRIVATE_AUDIO: ("emergency call", "紧急单呼"),
    CallType.GROUP_AUDIO: ("emergency group call", "紧急组呼"),
}
_ASKED: Name = ("cancel floor request", "话权申请取消")
_RELEASES = (TOKENS[Token.RELEASE_FLOOR], TOKENS[Token.ACCEPT], *_REVOKED.values())


class Namer:
    """Knows the wire table, and from the requests what their responses mean."""

    def __init__(self) -> None:
        self._wire = Wire()
        self._asked: dict[tuple[str, int, str], Name] = {}

    def name(self, message: Message) -> Named:
        """Name one message."""
        number, method = message.cseq()
        key = (message.call_id(), number, method)
        if isinstance(message, Request):
            english, chinese = self._request(message)
            self._asked[key] = (english, chinese)
            return Named(message.method, english, chinese, None)
        assert isinstance(message, Response)
        english, chinese = self._response(message, method, self._asked.get(key))
        return Named(str(message.status), english, chinese, message.status < 300)

    def is_heartbeat(self, message: Message) -> bool:
        """Does it only say that a TCF is alive?"""
        ext = extension.read(message, self._wire)
        return ext is not None and ext.token is Token.HEARTBEAT

    def _request(self, request: Request) -> Name:
        ext = extension.read(request, self._wire)
        if request.method == "REGISTER":
            return self._register(request, ext)
        if ext is not None and ext.token is Token.KICK_OFF:
            return _KICKS[read_kick(ext, self._wire).cause]
        if request.method == "INVITE":
            return self._invite(request, ext)
        if request.method == "INFO" and ext is not None and ext.token is Token.INFO:
            return self._floor_information(ext)
        if request.method == "CANCEL" and ext is not None:
            asked = (ext.get(Param.OPERATION) or "").lower() == self._wire.tokens[Token.REQUEST].lower()
            return _ASKED if asked else _METHODS["CANCEL"]
        if request.method in ("ACK", "BYE") or ext is None or ext.token is None:
            return _METHODS.get(request.method, (request.method.lower(), ""))
        return TOKENS.get(ext.token, _METHODS.get(request.method, ("", "")))

    def _floor_information(self, ext: Extension) -> Name:
        alert, user = self._wire.member(Alert, ext.get(Param.ALERT_TYPE) or ""), ext.get(Param.UDN) or ""
        number = user.partition("@")[0]
        if alert is Alert.TAKEN:
            return (f"{number} talks", "话权已占用")
        if alert is Alert.QUEUE:
            place = ext.get(Param.POSITION) or ""
            return (f"{number} at place {place}", f"排队第{place}位")
        if alert is Alert.LEFT:
            return (f"{number} left", "组成员离开")
        return ("floor idle", "话权空闲") if alert is Alert.IDLE else TOKENS[Token.INFO]

    def _register(self, request: Request, ext: Extension | None) -> Name:
        if ext is not None and ext.get(Param.GDN) is not None:
            gone = request.headers.get("Expires") == "0"
            return ("group location gone", "组位置撤销") if gone else ("group location", "组位置登记")
        if request.headers.get("Expires") == "0":
            return ("de-registration", "终端注销")
        kind = (ext.get(Param.REG_TYPE) or "") if ext is not None else ""
        if kind == "refresh":
            return ("refresh", "周期注册")
        if kind == "handover":
            return ("handover", "切换注册")
        roams = request.headers.get("P-Visited-Network-ID") is not None
        return ("roaming", "漫游注册") if roams else ("registration", "注册")

    def _invite(self, request: Request, ext: Extension | None) -> Name:
        if ext is not None and ext.token is Token.RELEASE_FLOOR:
            cause = self._wire.member(FloorCause, ext.get(Param.CAUSE) or "")
            return _REVOKED.get(cause, TOKENS[Token.RELEASE_FLOOR]) if cause else TOKENS[Token.RELEASE_FLOOR]
        if ext is not None and ext.token not in (None, Token.CALL):
            return TOKENS.get(ext.token, _METHODS["INVITE"])
        if request.to_tag() is not None and ext is not None and ext.get(Param.EMERGENCY) == "0":
            return ("emergency ends", "取消紧急")
        code = (ext.get(Param.CALL_TYPE) or "") if ext is not None else ""
        kind = self._wire.member(CallType, code) or CallType.PRIVATE_AUDIO
        if request.to_tag() is not None:
            return _PUSH_CHANGE if kind in PUSHES else _offer(request.body)
        if ext is not None and ext.get(Param.EMERGENCY) == "1":
            return _EMERGENCIES.get(kind, _CALLS.get(kind, _METHODS["INVITE"]))
        if ext is not None and ext.get(Param.DUPLEX) == "0":
            return ("half-duplex call", "半双工单呼")
        return _CALLS.get(kind, _METHODS["INVITE"])

    def _response(self, response: Response, method: str, asked: Name | None) -> Name:
        if (floor := self._floor_answer(response, method)) is not None:
            return floor
        if response.status not in (200, 202):
            return _not_done(response, asked)
        if asked is not None and asked[0] == "de-registration":
            return ("de-registered", "注销成功")
        if asked is not None and asked[0] in (
            "heartbeat",
            "hold",
            "resume",
            "refresh",
            "media change",
            _PUSH_CHANGE[0],
        ):
            return {
                "heartbeat": ("alive", "心跳响应"),
                "hold": ("held", "已保持"),
                "resume": ("resumed", "已恢复"),
                "refresh": ("refreshed", "周期注册成功"),
                "media change": ("media changed", "媒体变更完成"),
                _PUSH_CHANGE[0]: ("media changed", "媒体变更完成"),
            }[asked[0]]
        if asked is not None and (asked in _RELEASES or asked == ("emergency ends", "取消紧急")):
            return ("ok", "成功")
        if asked is not None and asked[0].startswith("group location"):
            return ("noted", "已登记")
        if asked is not None and method == "OPTIONS":
            return ("de-registered", "注销确认")
        return _DONE.get(method, ("ok", "成功"))

    def _floor_answer(self, response: Response, method: str) -> Name | None:
        """What the answer to a floor request says of the floor; None for another answer."""
        ext = extension.read(response, self._wire) if method == "INVITE" and response.status >= 200 else None
        if ext is None:
            return None
        if ext.token is Token.ACCEPT:
            return ("floor granted", "话权申请成功")
        if ext.token is Token.WAITING:
            place = ext.get(Param.POSITION) or ""
            return (f"queued, place {place}", f"话权排队第{place}位")
        if ext.token is Token.RELEASE_FLOOR:
            cause = self._wire.member(FloorCause, ext.get(Param.CAUSE) or "")
            return _DENIED.get(cause or FloorCause.DENIED, _DENIED[FloorCause.DENIED])
        return None


def _not_done(response: Response, asked: Name | None) -> Name:
    if response.status == 487 and asked == TOKENS[Token.REQUEST]:
        return ("request cancelled", "话权申请已取消")
    return _STATUSES.get(response.status, (response.reason.lower(), ""))


def _offer(body: bytes) -> Name:
    """A re-INVITE by what it offers: one stream is held or resumed, several are a media change."""
    several = body.count(b"\nm=") > 1
    return _MEDIA_CHANGE if several else _DIRECTIONS.get(direction_of(body), _MEDIA_CHANGE)
