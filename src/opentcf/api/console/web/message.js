// One message with its header fields explained, and two side by side.

import { ask, el } from "./dom.js";
import { chosen, header, say } from "./words.js";

const when = (seconds) => { const time = new Date(seconds * 1000); return `${time.toLocaleTimeString("en-GB")}.${String(time.getMilliseconds()).padStart(3, "0")}`; };
const lines = (message) => [...message.head.split("\r\n"), "", ...message.body.split(/\r?\n/)];

export function shown(message, item) {
  const [start, ...fields] = message.head.split("\r\n");
  const arrived = item.arrived !== null && item.arrived !== undefined ? ` · ${say("arrived")} +${Math.max(0, (item.arrived - item.time) * 1000).toFixed(2)} ms` : "";
  return el("div", { class: "sip" },
    el("div", { class: "row dim", text: `${when(item.time)}${arrived} · ${message.transport.toUpperCase()} ${message.local} ${message.direction === "out" ? "→" : "←"} ${message.remote} · ${say("seen_by")} ${message.teller}` }),
    el("div", { class: "row start", text: start }),
    fields.filter(Boolean).map((line) => field(line, message.extension)),
    message.body ? el("div", { class: "row body", text: `\n${message.body}` }) : null);
}

function field(line, extension) {
  const at = line.indexOf(":");
  const name = line.slice(0, at), why = header(name);
  const row = el("div", { class: "row" }, el("span", { class: "name", text: name }), line.slice(at), why ? el("span", { class: "why", text: why }) : null);
  if (!extension || name.toLowerCase() !== extension.header.toLowerCase()) return row;
  row.append(el("span", { class: "why" }, el("b", { text: chosen(extension.english, extension.chinese) })),
    el("table", { class: "params" }, extension.params.map((one) => el("tr", {}, el("td", { class: "name", text: one.name }), el("td", { text: one.value ?? "" }),
      el("td", { text: [chosen(one.english, one.chinese), chosen(one.meaning, one.meaning_chinese)].filter(Boolean).join(": ") })))));
  return row;
}

/** A dialog with both messages, what differs marked. */
export function differing([first, one], [second, two]) {
  const rows = matched(lines(one), lines(two));
  const title = (item) => `${item.label} ${chosen(item.english, item.chinese)}  ${item.source} → ${item.target}`;
  return ask(say("differs"), el("div", { class: "diff" }, el("div", {}, el("b", { text: title(first) })), el("div", {}, el("b", { text: title(second) })),
    rows.flatMap(([left, right]) => [el("div", { class: left !== right && left !== null ? "minus" : "", text: left ?? "" }), el("div", { class: left !== right && right !== null ? "plus" : "", text: right ?? "" })])), [[say("close"), "primary", true]]);
}

/** Longest common subsequence of lines; header fields of one name stand beside each other. */
function matched(left, right) {
  const same = (a, b) => a === b ? 2 : a.includes(":") && a.split(":")[0].toLowerCase() === b.split(":")[0].toLowerCase() ? 1 : 0;
  const best = Array.from({ length: left.length + 1 }, () => new Array(right.length + 1).fill(0));
  for (let i = left.length - 1; i >= 0; i--) for (let j = right.length - 1; j >= 0; j--) {
    const s = same(left[i], right[j]);
    best[i][j] = Math.max(best[i + 1][j], best[i][j + 1], s ? best[i + 1][j + 1] + s : 0);
  }
  const rows = [];
  let i = 0, j = 0;
  while (i < left.length || j < right.length) {
    const s = i < left.length && j < right.length ? same(left[i], right[j]) : 0;
    if (s && best[i][j] === best[i + 1][j + 1] + s) rows.push([left[i++], right[j++]]);
    else if (j >= right.length || (i < left.length && best[i + 1][j] >= best[i][j + 1])) rows.push([left[i++], null]);
    else rows.push([null, right[j++]]);
  }
  return rows;
}
