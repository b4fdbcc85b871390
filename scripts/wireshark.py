"""Writes the tables of packaging/wireshark/btrunc.lua from the wire table: `python -m scripts.wireshark`."""

import json
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path

from opentcf.api.explain import CODES, PARAMS, VALUES
from opentcf.api.names import TOKENS, Name
from opentcf.btrunc.wire import ALIASES, TABLE, Body, Param, Token

SCRIPT = Path(__file__).parent.parent / "packaging" / "wireshark" / "btrunc.lua"
BEGIN, END = "-- tables begin\n", "-- tables end\n"
NUMBERS = frozenset(
    (
        Param.SINCE, Param.CALL_TYPE, Param.DUPLEX, Param.PRIORITY, Param.EMERGENCY, Param.CALLED_TYPE, Param.DURATION,
        Param.GRANT, Param.POSITION, Param.MESSAGE_TYPE, Param.RESULT, Param.REGROUP_RESULT, Param.VERSION,
        Param.VIDEO_RESULT,
    )
)  # fmt: skip
"""Parameters that are decimal numbers, so that a filter may compare them."""
BODIES: Mapping[Body, Name] = {
    Body.MEMBERSHIP: ("groups of a user", "用户组信息"),
    Body.REGROUP: ("temporary group", "动态重组组成员"),
    Body.REGISTER_INFO: ("registration status", "用户注册状态"),
    Body.USER_CALL_INFO: ("call status of users", "用户呼叫状态"),
    Body.GROUP_CALL_INFO: ("group call status", "组呼状态"),
    Body.ONLINE_CALL_INFO: ("calls under way", "系统在线呼叫"),
    Body.ADDRESSES: ("address book", "通讯录"),
}
ATTRIBUTES: Mapping[str, Name] = {
    "action": ("what is done", "操作"),
    "called": ("called", "被叫"),
    "caller": ("caller", "主叫"),
    "count": ("how many", "数量"),
    "domain": ("core network", "核心网域名"),
    "emergency": ("emergency", "紧急"),
    "first": ("first in this part", "本部分起始序号"),
    "gdn": ("group number", "组号码"),
    "id": ("call", "呼叫标识"),
    "name": ("name", "名称"),
    "number": ("number", "号码"),
    "operate": ("what is done to the member", "成员操作"),
    "priority": ("priority", "优先级"),
    "role": ("role", "角色"),
    "since": ("since", "起始时间"),
    "state": ("state", "状态"),
    "t": ("name of a property", "属性名"),
    "talker": ("talker", "讲话方"),
    "total": ("how many in all", "总数"),
    "type": ("kind of call", "呼叫类型"),
    "udn": ("user number", "用户号码"),
    "utype": ("user or group", "用户类型"),
    "v": ("value of a property", "属性值"),
    "version": ("version", "版本"),
    "visited": ("visited core network", "拜访核心网"),
    "with": ("other party", "对方"),
}


def field(param: Param) -> str:
    """What a filter calls it, behind `btrunc.`."""
    return "cancelled_operation" if param is Param.OPERATION else param.value


def script() -> str:
    """The whole dissector, its tables as the code has them."""
    before, _, rest = SCRIPT.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "".join(_tables()) + END + after


def _tables() -> Iterator[str]:
    yield f"local HEADER = {_lua(TABLE['header.extension'])}\n"
    yield from _table("ALIASES", ((f"[{_lua(text)}]", _lua(token.value)) for text, token in ALIASES.items()))
    yield from _table("TOKENS", ((token.value, _token(token)) for token in Token))
    yield from _table("PARAMS", ((param.value, _param(param)) for param in Param))
    yield from _table("BODIES", ((body.value, _body(body)) for body in Body))
    words = ((f"[{_lua(name)}]", _lua(" ".join(said))) for name, said in ATTRIBUTES.items())
    yield from _table("ATTRIBUTES", words)


def _table(name: str, entries: Iterator[tuple[str, str]]) -> Iterator[str]:
    yield f"local {name} = {{\n"
    yield from (f"  {key} = {value},\n" for key, value in entries)
    yield "}\n"


def _token(token: Token) -> str:
    english, chinese = TOKENS[token]
    spelled = TABLE[f"token.{token.value}"]
    return f"{{ spelling = {_lua(spelled)}, english = {_lua(english)}, chinese = {_lua(chinese)} }}"


def _param(param: Param) -> str:
    english, chinese = PARAMS[param]
    parts = [f"spelling = {_lua(TABLE[f'param.{param.value}'])}", f"field = {_lua(field(param))}"]
    parts += [f"english = {_lua(english)}", f"chinese = {_lua(chinese)}"]
    parts += ["number = true"] if param in NUMBERS else []
    codes = ", ".join(_code(member) for kinds in CODES.get(param, ()) for member in kinds)
    parts += [f"codes = {{ {codes} }}"] if codes else []
    return f"{{ {', '.join(parts)} }}"


def _code(member: Enum) -> str:
    key = f"code.{type(member).__name__}.{member.name}".lower()
    chinese = next((text for known, text in VALUES.items() if known is member), "")
    meaning = f"{member.name.lower().replace('_', ' ')} {chinese}".rstrip()
    return f"{{ key = {_lua(key)}, spelling = {_lua(TABLE[key])}, meaning = {_lua(meaning)} }}"


def _body(body: Body) -> str:
    english, chinese = BODIES[body]
    content = TABLE[f"body.{body.value}"]
    return f"{{ content = {_lua(content)}, english = {_lua(english)}, chinese = {_lua(chinese)} }}"


def _lua(text: str) -> str:
    """A Lua string; what is written here needs no escape that JSON and Lua spell differently."""
    return json.dumps(text, ensure_ascii=False)


if __name__ == "__main__":
    SCRIPT.write_text(script(), "utf-8")
