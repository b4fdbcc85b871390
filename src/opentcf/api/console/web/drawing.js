// Lifelines and arrows as SVG.

import { svg } from "./dom.js";
import { say } from "./words.js";

const CLOCK = 104, ROW = 34, HEAD = 50, COLOURS = 12;

export const colour = (transaction) => `c${transaction % COLOURS}`;
const short = (name) => (name.length > 16 ? `${name.slice(0, 15)}…` : name);

export function timed(clock, items, at, began) {
  const time = items[at].time;
  if (clock === "absolute") { const when = new Date(time * 1000); return `${when.toLocaleTimeString("en-GB")}.${String(when.getMilliseconds()).padStart(3, "0")}`; }
  if (clock === "delta") return at ? `+${(time - items[at - 1].time).toFixed(4)}` : "0.0000";
  return (time - began).toFixed(4);
}

export function drawing({ columns, items, began, clock, chosen, width, chinese, choose }) {
  const step = Math.max(104, Math.min(240, (width - CLOCK - 20) / columns.length));
  const at = new Map(columns.map((column, n) => [column.name, CLOCK + step * (n + 0.5)]));
  const wide = CLOCK + step * columns.length + 20, high = items.length * ROW + 20;
  const box = document.createElement("div");
  const heads = svg("svg", { class: "heads", width: wide, height: HEAD, "aria-hidden": "true" });
  for (const column of columns) {
    const x = at.get(column.name), terminal = column.kind === "terminal";
    heads.append(svg("rect", { class: terminal ? "box terminal" : "box", x: x - step / 2 + 6, y: 4, width: step - 12, height: 40, rx: 7 }),
      svg("text", { class: "name", x, y: 21, text: short(column.label) }, svg("title", { text: column.name })), svg("text", { class: "role", x, y: 36, text: say(terminal ? "ue" : "tcf") }));
  }
  const body = svg("svg", { class: "steps", width: wide, height: high, role: "list" });
  for (const x of at.values()) body.append(svg("line", { class: "life", x1: x, x2: x, y1: 0, y2: high }));
  items.forEach((item, n) => body.append(arrow(item, n)));
  body.addEventListener("keydown", (event) => {
    const way = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    const next = way && event.target.closest(".msg")?.[way];
    if (next?.classList.contains("msg")) { event.preventDefault(); next.focus(); }
  });
  box.append(heads, body);
  return box;

  function arrow(item, n) {
    const from = at.get(item.source), to = at.get(item.target), y = n * ROW + 26;
    const words = chinese && item.chinese ? item.chinese : item.english;
    const said = `${item.label} ${words}`;
    const node = svg("g", { class: `msg ${colour(item.transaction)}${item.again ? " again" : ""}${item.id === chosen ? " chosen" : ""}`, tabindex: "0", role: "listitem", "data-key": item.id,
      "aria-label": `${timed(clock, items, n, began)} ${item.source} → ${item.target} ${said}`, onclick: () => choose(item), onkeydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(item); } } });
    node.append(svg("rect", { class: "hit", x: 0, y: n * ROW + 4, width: wide, height: ROW }), svg("text", { class: "clock", x: 12, y: y + 4, text: timed(clock, items, n, began) }));
    if (from === undefined || to === undefined) { node.append(svg("text", { class: "label", x: CLOCK, y: y - 4, text: said })); return node; }
    const way = to > from ? 1 : -1;
    node.append(
      svg("line", { class: item.ok === null ? "stroke" : "stroke answer", x1: from, x2: to - way * 7, y1: y, y2: y }),
      svg("path", { class: "tip", d: `M${to} ${y}l${-way * 9} -4.5v9z` }),
      svg("text", { class: `label${item.ok === false && item.label >= "300" && item.label !== "401" ? " failed" : ""}`, x: (from + to) / 2, y: y - 6, "text-anchor": "middle", text: said + (item.sdp ? " ·SDP" : "") + (item.again ? ` (${say("again")})` : "") }));
    return node;
  }
}

/** Who talked and who waited over the time of the call. */
export function laneOf(spans, items) {
  const users = [...new Set(spans.map((span) => span.user))];
  const begin = items[0]?.time ?? spans[0].begin, end = Math.max(items.at(-1)?.time ?? 0, begin + 0.5);
  const left = 130, wide = 900, row = 24, high = users.length * row + 26;
  const x = (time) => left + ((Math.max(begin, Math.min(end, time)) - begin) / (end - begin)) * (wide - left - 20);
  const picture = svg("svg", { class: "lane-picture", viewBox: `0 0 ${wide} ${high}`, width: wide, height: high, role: "img", "aria-label": say("floor_lane") });
  users.forEach((user, n) => {
    picture.append(svg("text", { class: "lane", x: 14, y: n * row + 20, text: user }), svg("line", { class: "life", x1: left, x2: wide - 20, y1: n * row + 16, y2: n * row + 16 }));
    for (const span of spans.filter((one) => one.user === user)) {
      const from = x(span.begin), to = Math.max(x(span.end ?? end), from + 3);
      picture.append(svg("rect", { class: span.kind === "talks" ? "talk" : "wait", x: from, y: n * row + 8, width: to - from, height: 16, rx: 3 }, svg("title", { text: `${user} ${say(span.kind)} ${(span.begin - begin).toFixed(2)}–${span.end ? (span.end - begin).toFixed(2) : "…"} s` })));
    }
  });
  for (let n = 0; n <= 4; n++) { const time = ((end - begin) * n) / 4; picture.append(svg("text", { class: "clock", x: x(begin + time), y: high - 5, "text-anchor": n === 4 ? "end" : n ? "middle" : "start", text: `${time.toFixed(1)} s` })); }
  return picture;
}
