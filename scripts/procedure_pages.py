"""Writes docs/procedures/ and docs/zh/procedures/ from calls that are played: `python -m scripts.procedure_pages`."""

import re
from functools import cache
from pathlib import Path

from scripts import captures, ladder
from scripts.ladder import Step
from scripts.scenes import PAGES, Page, Scene

DOCS = Path(__file__).parent.parent / "docs"
CHINESE = re.compile("[\u4e00-\u9fff].*")
WIDE = "---\nhide: [toc]\n---\n\n"
"""No table of contents: a ladder takes all the width."""
FOOT = """---

Played in one process on virtual time, 10 ms a way, and written by `python -m scripts.procedure_pages`; a test fails
when this page says something else. Seconds on the left. Heartbeats and the fields that
every SIP message has are left out.
[The messages as a capture](SLUG.pcapng) for Wireshark: each ladder begins at a full minute.
"""
FOOT_ZH = """---

本页由程序在虚拟时间中实际运行各流程后生成，每段路径时延10毫秒，左侧为秒数；省略心跳和SIP消息的通用头域。
[抓包文件](../../procedures/SLUG.pcapng)可用Wireshark打开，每个流程从整分钟开始。
"""


def files() -> dict[Path, bytes]:
    """Path → content: each page in both languages, and its capture."""
    found: dict[Path, bytes] = {}
    for page in PAGES:
        found[DOCS / "procedures" / f"{page.slug}.md"] = english(page).encode()
        found[DOCS / "zh" / "procedures" / f"{page.slug}.md"] = chinese(page).encode()
        found[DOCS / "procedures" / f"{page.slug}.pcapng"] = captures.written(
            {one.title: _told(one, page) for one in page.scenes}
        )
    return found


def english(page: Page) -> str:
    parts = [WIDE + f"# {page.title}", page.english]
    for one in page.scenes:
        parts += [f"## {one.title}", one.english, *_shown(one, page)]
    return "\n\n".join([*parts, FOOT.replace("SLUG", page.slug)])


def chinese(page: Page) -> str:
    parts = [WIDE + f"# {_in_chinese(page.title)}", page.chinese]
    for one in page.scenes:
        parts += [f"## {_in_chinese(one.title)}", one.chinese, *_shown(one, page)]
    return "\n\n".join([*parts, FOOT_ZH.replace("SLUG", page.slug)])


def _in_chinese(title: str) -> str:
    """`Late entry 迟后进入` → `迟后进入`."""
    found = CHINESE.search(title)
    assert found, title
    return found[0]


@cache
def _told(played: Scene, page: Page) -> tuple[Step, ...]:
    return tuple(ladder.steps(played.play(), heartbeats=page.slug == "heartbeat"))


def _shown(played: Scene, page: Page) -> list[str]:
    """The ladder, and the messages that are given in full."""
    told = _told(played, page)
    lanes = dict(lane.partition("=")[::2] for lane in played.lanes.split())
    drawn = ladder.draw(told, {name: role.replace("_", " ") for name, role in lanes.items()})
    return [f"```text\n{drawn}\n```", *(_full(told, which) for which in played.shown)]


def _full(told: tuple[Step, ...], which: str) -> str:
    """`core2 core1 INVITE`: the first such message."""
    source, target, start = which.split(" ", 2)
    found = [
        s for s in told if (s.source, s.target) == (source, target) and s.data.startswith(start.encode())
    ]
    if not found:
        raise LookupError(f"{which!r} was not said")
    (step, *_) = found
    return f"{source} → {target}:\n\n```text\n{ladder.in_full(step)}\n```"


if __name__ == "__main__":
    for path, content in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
