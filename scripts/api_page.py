"""Writes docs/api.md and docs/zh/api.md from the table of endpoints: `python -m scripts.api_page`."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from scripts import chinese

from opentcf.api.openapi import tag
from opentcf.api.table import ENDPOINTS, Body, Endpoint
from opentcf.runtime.events import EVENTS, KEPT, WAITING

DOCS = Path(__file__).parent.parent / "docs"
HEAD = """# HTTP API

Written by `python -m scripts.api_page` from the table that the node serves; a test fails when this page says
something else. A running node shows the same at `/api/v1/docs`, and to programs as an OpenAPI 3.1 document at
`/api/v1/openapi.json`.

- **Lists** are `{"items": […], "next": …}`. `?limit=` makes pages shorter (1000 at most), `?after=` takes the
  `next` of the page before; `next` is null at the end.
- **Parameters** that a request does not take are refused with 400, as are values that cannot be meant.
- **Errors** are problem documents (RFC 9457), `application/problem+json`; `detail` says in one line what is wrong,
  and where.
- **Tokens**: when [`[http]`](configuration.md#http) has any, every request but `/health` carries one:
  `Authorization: Bearer …`. The audit log says whose. Without one the node listens on loopback only, and takes
  nothing from web pages of other hosts.
- **Numbers** of users and groups are `1001` or `1001@core1.example`, in paths and bodies; what stands in a path is
  escaped as in any URL.
"""
TAIL = """## Events

A stream of server-sent events, each with an id, a name and a JSON object. A comment breaks 15 seconds of silence.
A client that comes back with `Last-Event-ID` (or `?after=`) gets what it missed, as far as the node still has it:
the latest {kept} events of this run. An event `reset` tells it when something is gone, and that it should read the
lists again. A client that leaves {waiting} events unread is disconnected.

| event | when |
| --- | --- |
"""
HEAD_ZH = """# HTTP接口

本页由`python -m scripts.api_page`按节点所用的接口表生成，有测试保证两者一致。
运行中的节点在`/api/v1/docs`给出同样的内容，并在`/api/v1/openapi.json`给出供程序使用的OpenAPI 3.1文档。

- **列表**为`{"items": […], "next": …}`。`?limit=`限定每页条数（最多1000），`?after=`为上一页的`next`；
  到末尾时`next`为null。
- 请求中未定义的**参数**和无法理解的取值以400拒绝。
- **错误**为问题文档（RFC 9457），类型`application/problem+json`；`detail`以一行说明错在何处。
- **令牌**：[`[http]`](configuration.md#http)配置了令牌时，除`/health`外每个请求都须携带
  `Authorization: Bearer …`，审计日志记录令牌的名称。没有令牌的节点只在环回地址监听，不接受其他主机网页的请求。
- 用户和群组的**号码**写作`1001`或`1001@core1.example`，路径和消息体中均可；路径按URL的规则转义。
"""
TAIL_ZH = """## 事件

以server-sent events形式的事件流，每个事件有编号、名称和一个JSON对象。静默15秒时发送一行注释。
客户端重新连接时带`Last-Event-ID`（或`?after=`），可补收节点仍保留的事件：本次运行的最近{kept}个。
有事件已丢失时，节点发送事件`reset`，客户端应重新读取各列表。未读事件达到{waiting}个的客户端被断开。

| 事件 | 何时上报 |
| --- | --- |
"""


class Language(NamedTuple):
    """What surrounds the tables, and how a sentence of the code is said."""

    head: str
    columns: str
    tail: str
    say: Callable[[str], str]


ENGLISH = Language(HEAD, "| request | does | parameters and body |", TAIL, str)
CHINESE = Language(HEAD_ZH, "| 请求 | 作用 | 参数和消息体 |", TAIL_ZH, chinese.API.__getitem__)


def files() -> dict[Path, str]:
    """Path → content: the page in both languages."""
    return {DOCS / "api.md": page(ENGLISH), DOCS / "zh" / "api.md": page(CHINESE)}


def page(language: Language) -> str:
    """The whole page."""
    subjects: dict[str, list[Endpoint]] = {}
    for endpoint in ENDPOINTS:
        subjects.setdefault(tag(endpoint), []).append(endpoint)
    lines = [language.head]
    for subject, found in subjects.items():
        lines += [
            f"## `{subject}`",
            "",
            language.columns,
            "| --- | --- | --- |",
            *(_row(endpoint, language.say) for endpoint in found),
            "",
        ]
    lines.append(
        language.tail.format(kept=KEPT, waiting=WAITING)
        + "\n".join(f"| `{name}` | {language.say(when)} |" for name, when in EVENTS.items())
    )
    return "\n".join(lines) + "\n"


def _row(endpoint: Endpoint, say: Callable[[str], str]) -> str:
    takes = [f"`?{query.name}=`" for query in endpoint.query]
    if endpoint.body is not None:
        takes.append(_carried(endpoint.body))
    return f"| `{endpoint.method} {endpoint.path}` | {say(endpoint.summary)} | {', '.join(takes)} |"


def _carried(body: Body) -> str:
    if body.schema is None:
        return f"`{body.media}`"
    return "JSON: " + ", ".join(f"`{name}`" for name in body.schema.__struct_encode_fields__)


if __name__ == "__main__":
    for path, content in files().items():
        path.write_text(content, "utf-8")
