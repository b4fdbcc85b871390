// A ladder as a file: SVG, HTML, Mermaid, and the node's capture for Wireshark.

import { raw } from "./api.js";
import { el, save, svg, toast } from "./dom.js";
import { timed } from "./drawing.js";
import { isChinese, say } from "./words.js";

export function exporter(view, id, picture, lane) {
  const kinds = { SVG: () => save(`${id}.svg`, drawn(picture, lane), "image/svg+xml"), HTML: () => save(`${id}.html`, page(id, picture, lane), "text/html"), Mermaid: () => save(`${id}.mmd`, mermaid(view.data), "text/plain"), pcapng };
  async function pcapng() {
    try { save(`${id}.pcapng`, await raw("trace", { call: id, format: "pcapng" }), "application/x-pcapng"); } catch (error) { toast(error.message, true); }
  }
  return el("span", {}, el("span", { class: "dim", text: `${say("export")} ` }), el("span", { class: "group-buttons" }, Object.entries(kinds).map(([name, deed]) => el("button", { "data-key": name, text: name, onclick: () => view.data && deed() }))));
}

/** One SVG of lane, heads and steps that needs no style sheet from elsewhere; always in the light colours. */
function drawn(picture, lane) {
  const parts = [lane.querySelector("svg"), ...picture.querySelectorAll("svg")].filter(Boolean);
  let y = 8, width = 0;
  const whole = svg("svg", { xmlns: "http://www.w3.org/2000/svg" });
  whole.append(svg("style", { text: styles() }), svg("rect", { class: "paper", width: "100%", height: "100%" }));
  for (const part of parts) {
    const [w, h] = [Number(part.getAttribute("width")), Number(part.getAttribute("height"))];
    const inner = svg("g", { transform: `translate(0 ${y})` });
    for (const child of part.cloneNode(true).childNodes) inner.append(child.cloneNode(true));
    whole.append(inner);
    y += h + 6;
    width = Math.max(width, w);
  }
  whole.setAttribute("width", width);
  whole.setAttribute("height", y);
  whole.setAttribute("viewBox", `0 0 ${width} ${y}`);
  return new XMLSerializer().serializeToString(whole);
}

function styles() {
  const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]).filter((rule) => rule.selectorText === ":root" || rule.selectorText?.startsWith("svg "));
  return `${rules.map((rule) => rule.cssText).join("\n")}\nsvg { font-family: system-ui, sans-serif } svg .paper { fill: #fff }`;
}

function page(id, picture, lane) {
  const text = el("b", { text: id }).innerHTML;
  return `<!doctype html><html lang="${isChinese() ? "zh-CN" : "en"}"><meta charset="utf-8"><title>${text}</title><body><h1>${text}</h1>${drawn(picture, lane)}</body></html>`;
}

export function mermaid({ columns, items }) {
  const names = new Map(columns.map((column, n) => [column.name, `p${n}`]));
  const lines = ["sequenceDiagram", ...columns.map((column) => `  ${column.kind === "tcf" ? "participant" : "actor"} ${names.get(column.name)} as ${column.name}`)];
  items.forEach((item, n) => {
    const words = `${item.label} ${isChinese() && item.chinese ? item.chinese : item.english} (${timed("relative", items, n)})`.replace(/[;#]/g, " ");
    lines.push(`  ${names.get(item.source)}${item.ok === null ? "->>" : "-->>"}${names.get(item.target)}: ${words}`);
  });
  return lines.join("\n") + "\n";
}
