// A list of the API as a table: a page at a time, searched by the node, read again when something happens.

import { get } from "./api.js";
import { el, fill } from "./dom.js";
import { say } from "./words.js";

const LIMIT = 50;
const HASTE = 1000; // no more than one look in so many milliseconds
const TYPING = 150; // milliseconds after the last key

/** `columns` are [word, row → text or node, class]. `steps` names the list; `search` offers the node's search. */
export async function listing(context, { title, steps, columns, search = false, query = {}, cursor = "after", first = null, top = null, every = 0 }) {
  const { signal, shared, refuse } = context;
  const seen = [first];
  let text = "", last = 0, waiting = 0, asked = 0, next = null;
  const box = el("div");
  const body = el("tbody");
  const input = search ? el("input", { type: "search", placeholder: say("search"), "aria-label": say("search"), "data-key": "search" }) : null;
  const back = el("button", { text: say("newer"), onclick: () => { seen.pop(); look(); } });
  const on = el("button", { text: say("older"), onclick: () => { seen.push(next); look(); } });
  const place = el("span", { class: "dim" });
  fill(box, el("section", { class: "panel" },
    el("div", { class: "head" }, el("h2", { text: say(title) }), el("span", { class: "grow" }), input),
    el("div", { class: "scroll" }, el("table", {}, el("thead", {}, el("tr", {}, columns.map(([word, , kind]) => el("th", { class: kind, scope: "col", text: say(word) })))), body)),
    el("div", { class: "pager" }, back, on, place)));
  input?.addEventListener("input", () => { text = input.value.trim(); seen.splice(1); clearTimeout(waiting); waiting = setTimeout(look, TYPING); });

  async function look() {
    const mine = ++asked;
    waiting = 0;
    last = Date.now();
    try {
      const page = await get(steps, { limit: LIMIT, ...query, [cursor]: seen.at(-1), search: text });
      if (signal.aborted || mine !== asked) return;
      next = page.next;
      fill(body, page.items.length ? page.items.map((row) => el("tr", {}, columns.map(([, cell, kind]) => el("td", { class: kind }, cell(row))))) : el("tr", {}, el("td", { class: "empty", colspan: columns.length, text: say("nothing") })));
      back.disabled = seen.length < 2;
      on.disabled = next === null;
      place.textContent = `${say("page")} ${seen.length}`;
      box.querySelector(".pager").hidden = seen.length < 2 && next === null;
      top?.(page.items);
    } catch (error) { refuse(error); }
  }

  /** Soon, but not too often; for a page that nobody sees, when he does. */
  function soon() {
    if (waiting || signal.aborted || document.hidden) return;
    waiting = setTimeout(() => { if (!signal.aborted) look(); }, Math.max(150, last + HASTE - Date.now()));
  }
  if (every) {
    const clock = setInterval(soon, every);
    signal.addEventListener("abort", () => clearInterval(clock));
  }
  document.addEventListener("visibilitychange", soon, { signal });
  await look();
  return { box, soon, look };
}
