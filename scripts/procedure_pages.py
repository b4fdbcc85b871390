"""Writes docs/procedures/ from calls that are really played: `python -m scripts.procedure_pages`."""

from pathlib import Path

from scripts import ladder
from scripts.ladder import Step
from scripts.scenes import PAGES, Page, Scene

FOLDER = Path(__file__).parent.parent / "docs" / "procedures"
FOOT = """---

Played in one process on virtual time, 10 ms a way, and written by `python -m scripts.procedure_pages`; a test fails
when this page says something else. Seconds on the left. Heartbeats and the fields that
every SIP message has are left out.

本页由程序在虚拟时间中实际运行各流程后生成，每段路径时延10毫秒，左侧为秒数；省略心跳和SIP消息的通用头域。
"""


def pages() -> dict[str, str]:
    """File name → page."""
    return {f"{page.slug}.md": written(page) for page in PAGES}


def written(page: Page) -> str:
    scenes = [scene(one, heartbeats=page.slug == "heartbeat") for one in page.scenes]
    return "\n\n".join([f"# {page.title}", page.english, page.chinese, *scenes, FOOT])


def scene(played: Scene, *, heartbeats: bool = False) -> str:
    told = list(ladder.steps(played.transcript(), heartbeats=heartbeats))
    lanes = dict(lane.partition("=")[::2] for lane in played.lanes.split())
    drawn = ladder.draw(told, {name: role.replace("_", " ") for name, role in lanes.items()})
    parts = [f"## {played.title}", played.english, played.chinese, f"```text\n{drawn}\n```"]
    return "\n\n".join([*parts, *(full(told, which) for which in played.shown)])


def full(told: list[Step], which: str) -> str:
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
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, "utf-8")
