// The ladder of one call over all TCFs, live.

import { get } from "./api.js";
import { drawing, laneOf } from "./drawing.js";
import { el, fill } from "./dom.js";
import { exporter } from "./export.js";
import { differing, shown } from "./message.js";
import { listing } from "./table.js";
import { isChinese, say } from "./words.js";

const EVERY = 1000;
const MORE = 300; // messages that are shown at first, and more at a time
const CLOCKS = ["absolute", "relative", "delta"];

export async function ladder(main, context) {
  const [id] = context.rest;
  const input = el("input", { type: "search", value: id ?? "", placeholder: say("find_call"), "aria-label": say("find_call"), "data-key": "id" });
  const form = el("form", {}, input, " ", el("button", { text: say("show") }));
  form.addEventListener("submit", (event) => { event.preventDefault(); location.hash = `#/ladder/${encodeURIComponent(input.value.trim())}`; });
  if (id) return follow(main, context, id);
  const table = await listing(context, { title: "ongoing", steps: "calls", every: 2000, columns: [
    ["type", (row) => say(`call_${row.type}`)], ["caller", (row) => row.caller ?? "–"], ["called", (row) => row.called],
    ["call", (row) => el("a", { class: "mono", href: `#/ladder/${encodeURIComponent(row.id)}`, text: row.id })],
  ] });
  context.shared.hear = table.soon;
  fill(main, el("h1", {}, say("ladder"), form), table.box);
}

async function follow(main, context, id) {
  const { signal, shared, refuse } = context;
  const view = { data: null, clock: sessionStorage.getItem("clock") ?? "relative", chosen: null, first: null, following: true, last: MORE };
  let before = "", asking = false;
  const picture = el("div", { class: "ladder", tabindex: "-1" });
  const lane = el("div", { class: "scroll" });
  const floor = el("section", { class: "panel", hidden: true }, el("div", { class: "head" }, el("h2", { text: say("floor_lane") })), lane);
  const count = el("span", { class: "dim" });
  const missing = el("span");
  const side = el("aside", { class: "panel message", "aria-label": say("message"), hidden: true });
  const clocks = el("span", { class: "group-buttons", role: "group", "aria-label": say("clock") });
  const earlier = el("button", { "data-key": "earlier", hidden: true, onclick: () => { view.last += MORE; look(); } });
  const following = el("button", { "data-key": "follow", text: say("follow"), onclick: () => { view.following = !view.following; buttons(); draw(); } });

  const both = el("div", { class: "with-message" });
  both.append(
    el("section", { class: "panel" },
      el("div", { class: "head" }, clocks, following, earlier, el("span", { class: "grow" }), exporter(id)),
      picture),
    side);
  fill(main,
    el("h1", {}, el("span", { text: say("ladder") }), el("span", { class: "mono dim", text: id }), count, missing),
    floor,
    both);
  buttons();

  function buttons() {
    fill(clocks, CLOCKS.map((name) => el("button", { "data-key": name, "aria-pressed": String(view.clock === name), text: say(name), onclick: () => { view.clock = name; sessionStorage.setItem("clock", name); buttons(); draw(); } })));
    following.setAttribute("aria-pressed", String(view.following));
  }

  /** The message beside the ladder, or the ladder alone. */
  function reveal(...parts) {
    side.hidden = parts.length === 0;
    both.classList.toggle("two", parts.length > 0);
    fill(side, ...parts);
    draw();
  }

  function draw() {
    if (!view.data) return;
    const { items, columns, floor: spans, failed, earlier: before } = view.data;
    count.textContent = `${items.length + before} ${say("messages_n")}`;
    earlier.hidden = before === 0;
    earlier.textContent = `${say("earlier")} (${before})`;
    fill(missing, Object.entries(failed).map(([domain, why]) => el("span", { class: "badge warn", title: why, text: `${say("missing")} ${domain}` })));
    floor.hidden = spans.length === 0;
    if (spans.length) fill(lane, laneOf(spans, items));
    if (!items.length) return fill(picture, el("div", { class: "empty", text: say("no_messages") }));
    fill(picture, drawing({ columns, items, began: view.data.began, clock: view.clock, chosen: view.chosen, width: picture.clientWidth, chinese: isChinese(), choose }));
    if (view.following && !view.chosen) picture.scrollTop = picture.scrollHeight;
  }

  async function choose(item) {
    if (view.first) return compare(item);
    view.chosen = item.id;
    try {
      const message = await get(["ladder", ...item.id.split("/")]);
      if (view.chosen !== item.id || signal.aborted) return;
      const start = el("button", { text: say("compare"), "data-key": "compare", onclick: () => { view.first = { item, message }; start.replaceWith(el("span", { class: "badge warn", text: say("compare_hint") })); } });
      const close = el("button", { text: say("close"), "data-key": "close", onclick: leave });
      reveal(el("div", { class: "head" }, el("h2", { text: `${item.label} ${isChinese() ? item.chinese : item.english}` }), el("span", { class: "grow" }), start, close),
        el("div", { class: "scroll" }, shown(message, item)));
    } catch (error) { refuse(error); }
  }

  /** Back to the ladder alone, and to the message there. */
  function leave() {
    const key = view.chosen;
    view.chosen = view.first = null;
    reveal();
    picture.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
  }

  async function compare(item) {
    const { item: first, message } = view.first;
    view.first = null;
    try { await differing([first, message], [item, await get(["ladder", ...item.id.split("/")])]); } catch (error) { refuse(error); }
    choose(first);
  }

  async function look() {
    if (asking || signal.aborted || document.hidden) return;
    asking = true;
    try {
      const data = await get("ladder", { call: id, last: view.last });
      const now = JSON.stringify(data);
      if (now !== before && !signal.aborted) { before = now; view.data = data; draw(); }
    } catch (error) { refuse(error); } finally { asking = false; }
  }

  const clock = setInterval(look, EVERY);
  signal.addEventListener("abort", () => clearInterval(clock));
  addEventListener("resize", draw, { signal });
  addEventListener("keydown", (event) => { if (event.key === "Escape" && !side.hidden && !document.querySelector("dialog")) leave(); }, { signal });
  shared.hear = look;
  await look();
}
