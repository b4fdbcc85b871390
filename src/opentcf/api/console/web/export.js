// A ladder as a file, drawn by the node.

import { raw } from "./api.js";
import { el, save, toast } from "./dom.js";
import { say } from "./words.js";

const KINDS = { SVG: ["svg", "svg"], HTML: ["html", "html"], Mermaid: ["mermaid", "mmd"], pcapng: ["pcapng", "pcapng"] };

export function exporter(id) {
  async function take(format, ending) {
    try { save(`${id}.${ending}`, await raw("ladder", { call: id, format }), "application/octet-stream"); } catch (error) { toast(error.message, true); }
  }
  return el("span", {}, el("span", { class: "dim", text: `${say("export")} ` }), el("span", { class: "group-buttons" }, Object.entries(KINDS).map(([name, [format, ending]]) => el("button", { "data-key": name, text: name, onclick: () => take(format, ending) }))));
}
