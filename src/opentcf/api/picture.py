"""A ladder as a file: SVG, a page that stands alone, Mermaid. Each message has its English and its Chinese name."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from opentcf.api.ladder import Ladder

_CLOCK, _STEP, _ROW, _HEAD, _COLOURS = 84, 232, 34, 58, 12
_LANE_LEFT, _LANE_ROW = 160, 24
ENDINGS = {"svg": "svg", "html": "html", "mermaid": "mmd", "pcapng": "pcapng"}
"""A format → how the name of its file ends. Captures are written by `traces`."""
_SHORTEST = 0.5
"""Seconds that the floor lane shows at least."""
_FONT = 'svg { font-family: system-ui, "Noto Sans", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif }'
_PAGE_STYLE = """
body { font-family: system-ui, "Noto Sans", "Noto Sans CJK SC", sans-serif; margin: 2em; color: #16202a }
pre { background: #f5f7f8; padding: .8em; overflow: auto } details:target summary { font-weight: 600 }
a { fill: inherit }
"""
Item = Mapping[str, Any]


def svg(told: Ladder) -> str:
    """The ladder, and above it the floor lane where somebody talked. It needs nothing from elsewhere."""
    lane = _Lane(told)
    wide = lane.wide
    high = lane.high + _HEAD + _ROW * len(told.items) + 12
    parts = (*lane.drawn(), f'<g transform="translate(0 {lane.high})">', *_heads(told), *_steps(told), "</g>")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}">'
        f"<style>{styles()}</style>"
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def html(told: Ladder, title: str) -> str:
    """The picture, and below it each message in full; an arrow leads to its message."""
    pairs = enumerate(zip(told.items, told.rows, strict=True))
    messages = "".join(_message(n, item, row, _began(told)) for n, (item, row) in pairs)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_PAGE_STYLE}</style><h1>{escape(title)}</h1>{svg(told)}{messages}</html>\n"
    )


def mermaid(told: Ladder) -> str:
    """A sequence diagram. A semicolon would end the line, so it is written as a character reference."""
    names = {column["name"]: f"p{n}" for n, column in enumerate(told.columns)}
    kinds = {"tcf": "participant", "terminal": "actor"}
    lines = ["sequenceDiagram"]
    lines += [f"  {kinds[one['kind']]} {names[one['name']]} as {_plain(one['name'])}" for one in told.columns]
    for item in told.items:
        arrow = "->>" if item["ok"] is None else "-->>"
        said = f"{_said(item)} ({item['time'] - _began(told):.3f} s)"
        lines.append(f"  {names[item['source']]}{arrow}{names[item['target']]}: {_plain(said)}")
    return "\n".join(lines) + "\n"


@cache
def styles() -> str:
    """The console's own rules for ladders, in its light colours; not every viewer of SVG knows variables of CSS."""
    css = (files("opentcf.api.console") / "web" / "console.css").read_text("utf-8")
    rules = [rule.strip() for rule in re.findall(r"[^{}]+\{[^{}]*\}", css)]
    light = next(rule for rule in rules if re.match(r":root\s*\{", rule))
    values = dict(re.findall(r"(--[\w-]+):\s*([^;]+);", light))
    drawn = " ".join([_FONT, *(rule for rule in rules if rule.startswith("svg "))])
    return re.sub(r"var\((--[\w-]+)\)", lambda found: values[found[1]], drawn)


def _heads(told: Ladder) -> Iterator[str]:
    for n, column in enumerate(told.columns):
        x, kind = _middle(n), column["kind"]
        yield (
            f'<rect class="box {kind}" x="{x - _STEP / 2 + 16:g}" y="8" width="{_STEP - 32}" height="40" rx="7"/>'
            f'<text class="name" x="{x:g}" y="25">{escape(column["label"])}'
            f"<title>{escape(column['name'])}</title></text>"
            f'<text class="role" x="{x:g}" y="40">{"UE 终端" if kind == "terminal" else "TCF 核心网"}</text>'
            f'<line class="life" x1="{x:g}" x2="{x:g}" y1="{_HEAD}" y2="{_HEAD + _ROW * len(told.items)}"/>'
        )


def _steps(told: Ladder) -> Iterator[str]:
    places = {column["name"]: _middle(n) for n, column in enumerate(told.columns)}
    for n, item in enumerate(told.items):
        y, (begin, end) = _HEAD + n * _ROW + 24, (places[item["source"]], places[item["target"]])
        way = 1 if end > begin else -1
        failed = " failed" if item["ok"] is False and item["label"] not in ("401", "407") else ""
        yield (
            f'<a href="#m{n + 1}"><g class="msg c{item["transaction"] % _COLOURS}{" again" if item["again"] else ""}">'
            f'<text class="clock" x="8" y="{y + 4}">{item["time"] - _began(told):.4f}</text>'
            f'<line class="stroke{"" if item["ok"] is None else " answer"}" x1="{begin:g}" x2="{end - way * 7:g}" '
            f'y1="{y}" y2="{y}"/><path class="tip" d="M{end:g} {y}l{-way * 9} -4.5v9z"/>'
            f'<text class="label{failed}" x="{(begin + end) / 2:g}" y="{y - 6}" text-anchor="middle">'
            f"{escape(_said(item))}{' ·SDP' if item['sdp'] else ''}</text></g></a>"
        )


class _Lane:
    """Who talked and who waited over the time of the ladder; no higher than 0 where nobody did."""

    def __init__(self, told: Ladder) -> None:
        self._spans = told.floor
        self._users = list(dict.fromkeys(span["user"] for span in told.floor))
        times = [item["time"] for item in told.items] or [0.0]
        self._begin, self._end = times[0], max(times[-1], times[0] + _SHORTEST)
        self.wide = _CLOCK + _STEP * len(told.columns) + 20
        self.high = len(self._users) * _LANE_ROW + 30 if self._users else 0

    def drawn(self) -> Iterator[str]:
        """A line a user, and the time below."""
        for n, user in enumerate(self._users):
            y = n * _LANE_ROW + 16
            yield f'<text class="lane" x="14" y="{y + 4}">{escape(user)}</text>'
            yield f'<line class="life" x1="{_LANE_LEFT}" x2="{self.wide - 20}" y1="{y}" y2="{y}"/>'
            yield from (self._bar(span, y) for span in self._spans if span["user"] == user)
        for part in range(5 if self._users else 0):
            seconds = (self._end - self._begin) * part / 4
            x = self._x(self._begin + seconds)
            yield f'<text class="clock" x="{x:.1f}" y="{self.high - 8}" text-anchor="middle">{seconds:.1f} s</text>'

    def _bar(self, span: Item, y: int) -> str:
        begin, end = self._x(span["begin"]), self._x(span["end"] or self._end)
        kind, words = ("talk", "talks 讲话") if span["kind"] == "talks" else ("wait", "waits 排队")
        size = f'x="{begin:.1f}" y="{y - 8}" width="{max(end - begin, 3):.1f}" height="16" rx="3"'
        return f'<rect class="{kind}" {size}><title>{escape(span["user"])} {words}</title></rect>'

    def _x(self, time: float) -> float:
        part: float = (min(max(time, self._begin), self._end) - self._begin) / (self._end - self._begin)
        return _LANE_LEFT + part * (self.wide - 40 - _LANE_LEFT)


def _message(number: int, item: Item, row: Item, began: float) -> str:
    text = row["head"].rstrip("\r\n") + "\n\n" + row["body"]
    return (
        f'<details id="m{number + 1}"><summary>{item["time"] - began:.4f} {escape(item["source"])} → '
        f"{escape(item['target'])} {escape(_said(item))}</summary><pre>{escape(text)}</pre></details>"
    )


def _said(item: Item) -> str:
    again = " (again 重发)" if item["again"] else ""
    return " ".join(filter(None, (item["label"], item["english"], item["chinese"]))) + again


def _plain(text: str) -> str:
    return re.sub("[#;]", lambda found: f"#{ord(found[0])};", text)


def _began(told: Ladder) -> float:
    began: float = told.items[0]["time"] if told.items else 0.0
    return began


def _middle(column: int) -> float:
    return _CLOCK + _STEP * (column + 0.5)
