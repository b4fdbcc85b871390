"""The wire table: every token, parameter, code, header and content type of TC2-C and D, spelled once.

A site that has the text of the standard overrides entries per peer (`wire = {"token.call" = "…"}`); nothing else in
the program spells any of them.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from enum import Enum, StrEnum
from typing import TypeVar

from opentcf.model.call import CalledType, CallType
from opentcf.model.cause import FloorCause, KickCause, ReleaseCause, Result
from opentcf.model.group import RegroupAction
from opentcf.model.registration import RegType
from opentcf.model.short_data import MessageType
from opentcf.model.subscriber import Preemptible

E = TypeVar("E", bound=Enum)


class Token(StrEnum):
    """The operation that a `Ptt-Extension` names; the value is its key in the table."""

    REGISTER = "register"
    KICK_OFF = "kick_off"
    HEARTBEAT = "heartbeat"
    CALL = "call"
    REQUEST = "request"
    ACCEPT = "accept"
    WAITING = "waiting"
    RELEASE_FLOOR = "release_floor"
    INFO = "info"
    INSERT = "insert"
    DISMANTLE = "dismantle"
    RELEASE = "release"
    MESSAGE = "message"
    REGROUP = "regroup"
    REGROUP_RESULT = "regroup_result"
    STUN = "stun"
    KILL = "kill"
    REVIVE = "revive"
    VIDEO_FORWARD = "video_forward"
    VIDEO_TERMINATE = "video_terminate"
    VIDEO_REPORT = "video_report"
    GROUP_UPDATE = "group_update"
    HANDOVER = "handover"
    LISTEN = "listen"
    GET_ADDRESSES = "get_addresses"
    PUSH_ADDRESSES = "push_addresses"
    SUBSCRIBE = "subscribe"


class Param(StrEnum):
    """A parameter of a `Ptt-Extension`; the value is its key in the table."""

    REG_TYPE = "reg_type"
    SINCE = "since"
    BINDING = "binding"
    STATE = "state"
    HA1 = "ha1"
    HA1_MD5 = "ha1_md5"
    HA1_SHA256 = "ha1_sha256"
    ALGORITHM = "algorithm"
    GDN = "gdn"
    UDN = "udn"
    KICK_CAUSE = "kick_cause"
    CALL_ID = "call_id"
    EPOCH = "epoch"
    CALL_TYPE = "call_type"
    DUPLEX = "duplex"
    PRIORITY = "priority"
    EMERGENCY = "emergency"
    CALLER = "caller"
    CALLED_TYPE = "called_type"
    PREEMPTIBLE = "preemptible"
    DURATION = "duration"
    GRANT = "grant"
    POSITION = "position"
    CAUSE = "cause"
    ALERT_TYPE = "alert_type"
    OPERATION = "operation"
    MESSAGE_TYPE = "message_type"
    MESSAGE_ID = "message_id"
    RESULT = "result"
    REGROUP_RESULT = "regroup_result"
    VERSION = "version"
    VIDEO_ID_TYPE = "video_id_type"
    VIDEO_ID = "video_id"
    VIDEO_RESULT = "video_result"
    USER_TYPE = "user_type"
    TARGET = "target"


class Alert(StrEnum):
    """What a floor information says."""

    TAKEN = "taken"
    IDLE = "idle"
    QUEUE = "queue"
    LEFT = "left"


class Body(StrEnum):
    """A content type; the value is its key in the table."""

    MEMBERSHIP = "membership"
    REGROUP = "regroup"
    REGISTER_INFO = "register_info"
    USER_CALL_INFO = "user_call_info"
    GROUP_CALL_INFO = "group_call_info"
    ONLINE_CALL_INFO = "online_call_info"
    ADDRESSES = "addresses"


class Package(StrEnum):
    """An event package that a dispatcher subscribes to (RFC 6665 §7.2); the value is its key in the table."""

    REGISTER = "register"
    USER_CALL = "user_call"
    GROUP_CALL = "group_call"
    ONLINE_CALL = "online_call"
    MEMBERSHIP = "membership"


TABLE: dict[str, str] = {
    "header.extension": "Ptt-Extension",
    "package.floor": "ptt-floor",
    "namespace.priority": "",
    "token.register": "pttregister",
    "token.kick_off": "pttkickoff",
    "token.heartbeat": "pttheartbeat",
    "token.call": "pttcall",
    "token.request": "pttrequest",
    "token.accept": "pttaccept",
    "token.waiting": "pttwaiting",
    "token.release_floor": "pttreleasefloor",
    "token.info": "pttinfo",
    "token.insert": "pttinsert",
    "token.dismantle": "pttdismantle",
    "token.release": "pttrelease",
    "token.message": "pttmsg",
    "token.regroup": "pttDGNA",
    "token.regroup_result": "reDGNA",
    "token.stun": "pttstun",
    "token.kill": "pttkill",
    "token.revive": "pttrevive",
    "token.video_forward": "pttVideoForward",
    "token.video_terminate": "pttVideoTerminate",
    "token.video_report": "pttVideoForwardReport",
    "token.group_update": "pttgroupupdate",
    "token.handover": "ptthandover",
    "token.listen": "pttDL",
    "token.get_addresses": "pttgetaddrlist",
    "token.push_addresses": "pttpushaddrlist",
    "token.subscribe": "pttsubscribe",
    "param.reg_type": "regtype",
    "param.since": "since",
    "param.binding": "binding",
    "param.state": "state",
    "param.ha1": "ha1",
    "param.ha1_md5": "ha1_md5",
    "param.ha1_sha256": "ha1_sha256",
    "param.algorithm": "algorithm",
    "param.gdn": "GDN",
    "param.udn": "UDN",
    "param.kick_cause": "Cause",
    "param.call_id": "OnlineCallID",
    "param.epoch": "epoch",
    "param.call_type": "calltype",
    "param.duplex": "duplex",
    "param.priority": "PrioAttribute",
    "param.emergency": "emergency",
    "param.caller": "callerUDN",
    "param.called_type": "CalledType",
    "param.preemptible": "preemptible",
    "param.duration": "duration",
    "param.grant": "grant",
    "param.position": "position",
    "param.cause": "cause",
    "param.alert_type": "Alerttype",
    "param.operation": "optype",
    "param.message_type": "msgtype",
    "param.message_id": "msgid",
    "param.result": "result",
    "param.regroup_result": "DGNAresult",
    "param.version": "version",
    "param.video_id_type": "VideoIdType",
    "param.video_id": "VideoId",
    "param.video_result": "VideoSendResult",
    "param.user_type": "utype",
    "param.target": "target",
    "value.state.stunned": "stunned",
    "event.register": "UERegisterStatus",
    "event.user_call": "UECallStatus",
    "event.group_call": "GroupCallStatus",
    "event.online_call": "OnLineCallStatus",
    "event.membership": "MembershipAttributes",
    "body.register_info": "application/pttuereginfo+xml",
    "body.user_call_info": "application/pttuecallinfo+xml",
    "body.group_call_info": "application/pttgroupcallinfo+xml",
    "body.online_call_info": "application/pttsysonlinecallinfo+xml",
    "body.addresses": "application/pttaddrlist+xml",
    "body.membership": "application/pttmembershipinfo+xml",
    "body.regroup": "application/pttdgnagrpmbrlist+xml",
}
ALIASES = {"pptdgna": Token.REGROUP}
"""Misspellings from the field that a receiver also accepts."""


def _code_key(member: Enum) -> str:
    return f"code.{type(member).__name__}.{member.name}".lower()


CODES: tuple[type[Enum], ...] = (
    CallType, CalledType, ReleaseCause, FloorCause, KickCause, RegType, Alert, MessageType, Result,
    RegroupAction, Preemptible,
)  # fmt: skip
TABLE |= {_code_key(member): str(member.value) for codes in CODES for member in codes}
VALUES: dict[Param | str, tuple[str, ...]] = {
    Param.EMERGENCY: ("0", "1"),
    Param.DUPLEX: ("0", "1"),
    Param.VIDEO_ID_TYPE: ("1", "2"),
}
"""Parameters with values of their own, as the logic knows them: a `value.` row says how one is written."""
TABLE |= {f"value.{param}.{value}": value for param, values in VALUES.items() for value in values}


class Wire:
    """One spelling of the table: the profile's, or a peer's with its overrides.

    `namespace`: that of a Resource-Priority field which mirrors priorities (RFC 8101 §3: `mcpttp`, `mcpttq`); by itself
    there is none.
    """

    __slots__ = (
        "_codes",
        "_meant",
        "_members",
        "_params",
        "_tokens",
        "_written",
        "bodies",
        "events",
        "extension",
        "info_package",
        "namespace",
        "params",
        "table",
        "tokens",
    )

    def __init__(self, overrides: Mapping[str, str] | None = None) -> None:
        self.table = {**TABLE, **(overrides or {})}
        self.extension = self.table["header.extension"]
        self.info_package = self.table["package.floor"]
        self.namespace = self.table["namespace.priority"]
        self.tokens = {token: self.table[f"token.{token.value}"] for token in Token}
        self.params = {param: self.table[f"param.{param.value}"] for param in Param}
        self.bodies = {body: self.table[f"body.{body.value}"] for body in Body}
        self.events = {package: self.table[f"event.{package.value}"] for package in Package}
        rows = {(p, value): self.table[f"value.{p}.{value}"] for p in VALUES for value in VALUES[p]}
        self._written = {row: text for row, text in rows.items() if row[1] != text}
        self._meant = {(param, text.lower()): value for (param, value), text in self._written.items()}
        self._tokens = ALIASES | {text.lower(): token for token, text in self.tokens.items()}
        self._params = {text.lower(): param for param, text in self.params.items()}
        self._codes = {(codes, m.name): self.table[_code_key(m)] for codes in CODES for m in codes}
        self._members = {(codes, self._codes[codes, m.name].lower()): m for codes in CODES for m in codes}

    def token(self, text: str) -> Token | None:
        """What a token means, without case; None when nobody knows."""
        return self._tokens.get(text.lower())

    def event(self, text: str) -> Package | None:
        """What an event package's name means, without case."""
        return next((package for package, name in self.events.items() if name.lower() == text.lower()), None)

    def param(self, text: str) -> Param | None:
        """What a parameter name means, without case."""
        return self._params.get(text.lower())

    def written(self, param: Param | str, value: str) -> str:
        """How a value is written here."""
        return self._written.get((param, value), value) if self._written else value

    def meant(self, param: Param | str, text: str) -> str:
        """What a written value means; as it is when no row names it."""
        return self._meant.get((param, text.lower()), text) if self._meant else text

    def code(self, member: Enum) -> str:
        """How a code is written."""
        return self._codes[type(member), member.name]  # by name: members of two IntEnums may be equal

    def member(self, codes: type[E], text: str) -> E | None:
        """What a written code means."""
        found = self._members.get((codes, text.lower()))
        return found if isinstance(found, codes) else None


def check_overrides(overrides: Mapping[str, str]) -> None:
    """ValueError that names the first key the table does not have, and the nearest one that it has."""
    for key in overrides:
        if key not in TABLE:
            near = get_close_matches(key, TABLE, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"the wire table has no entry {key!r}{hint}")
