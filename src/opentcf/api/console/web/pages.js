// The pages that are lists, and the overview.

import { act, get, Refused } from "./api.js";
import { ask, el, fill, toast } from "./dom.js";
import { listing } from "./table.js";
import { say } from "./words.js";

const GOOD = new Set(["up", "ok", "normal", "registered", "delivered", "done", "200"]);
const BAD = new Set(["down", "stunned", "killed", "failed", "refused", "expired"]);

const badge = (text) => el("span", { class: `badge ${GOOD.has(String(text)) ? "good" : BAD.has(String(text)) ? "bad" : ""}`, text: say(String(text)) });
const mono = (text) => el("span", { class: "mono", text });
const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString("en-GB");
const day = (seconds) => new Date(seconds * 1000).toLocaleString("sv-SE");
const lasting = (seconds) => { const n = Math.max(0, Math.round(seconds)); return n >= 3600 ? `${Math.floor(n / 3600)}:${String(Math.floor(n / 60) % 60).padStart(2, "0")}:${String(n % 60).padStart(2, "0")}` : `${Math.floor(n / 60)}:${String(n % 60).padStart(2, "0")}`; };
const own = (context, domain) => domain === context.shared.node.domain;
const number = (context, user) => (own(context, String(user).split("@")[1]) ? user.split("@")[0] : user);
const heading = (word, ...more) => el("h1", {}, el("span", { text: say(word) }), ...more);
const ladderLink = (id) => el("a", { href: `#/ladder/${encodeURIComponent(id)}`, text: say("ladder") });

/** A button that asks first, acts, and says what came of it. */
function action(context, word, what, steps, { kind = "danger", body, extra } = {}) {
  return el("button", { class: kind, "data-key": [...steps].join("/"), disabled: !context.shared.node.may_act, text: say(word), onclick: async () => {
    const more = extra?.();
    const sure = await ask(say(word), el("div", {}, el("p", { text: say(`sure_${word}`) }), el("p", {}, mono(what)), more), [[say("cancel"), "", null], [say(word), kind, () => body?.(more) ?? {}]]);
    if (!sure) return;
    try {
      await act(steps, body ? sure : undefined);
      toast(`${say("done")}: ${say(word)} ${what}`);
      context.shared.hear?.();
    } catch (error) {
      if (error instanceof Refused && error.status !== 401) toast(error.message, true);
      else context.refuse(error);
    }
  } });
}

const release = (context, row) => action(context, "release", `${row.caller ? `${row.caller} → ` : ""}${row.called ?? row.id}`, ["calls", row.id, "release"]);

// --- overview

export async function overview(main, context) {
  const { shared } = context;
  const tiles = el("div", { class: "tiles" });
  const peers = await listing(context, { title: "peers", steps: "peers", every: 2000, columns: [
    ["peer", (row) => row.domain], ["state", (row) => badge(row.state)],
    ["rtt", (row) => (row.rtt === null ? "–" : `${(row.rtt * 1000).toFixed(1)} ms`), "right"], ["misses", (row) => (row.misses ? el("span", { class: "badge warn", text: row.misses }) : "0"), "right"],
    ["address", (row) => mono(row.address)], ["console", (row) => { const known = shared.node.consoles.find((one) => one.domain === row.domain); return known ? el("a", { href: known.url, target: "_blank", rel: "noopener", text: say("open") }) : "–"; }],
  ] });
  const live = await listing(context, { title: "ongoing", steps: "calls", columns: callColumns(context, true) });
  const list = el("ul", { class: "events" });
  const happens = el("section", { class: "panel" }, el("div", { class: "head" }, el("h2", { text: say("happens") })), list);
  fill(main, heading("overview"), tiles, el("div", { class: "split" }, el("div", {}, peers.box, live.box), happens));

  async function look() {
    try {
      const node = (shared.node = await get("node"));
      const up = node.peers.filter((state) => state === "up").length;
      fill(tiles,
        tile("peers_up", `${up} / ${node.peers.length}`, "#/overview", up < node.peers.length), tile("home_users", node.home, "#/registrations"),
        tile("terminals", node.attached, "#/registrations"), tile("private_calls", node.private_calls, "#/calls"), tile("group_calls", node.group_calls, "#/floors"));
    } catch (error) { context.refuse(error); }
    fill(list, shared.latest.length ? shared.latest.map(happened) : el("li", { class: "dim", text: say("nothing") }));
  }
  shared.hear = () => { look(); peers.soon(); live.soon(); };
  await look();
}

const tile = (word, value, href, alarm) => el("a", { class: alarm ? "tile alarm" : "tile", href, "data-key": word }, el("b", { text: value }), el("span", { text: say(word) }));

function happened({ name, time, ...fields }) {
  const state = fields.state ?? fields.result;
  const words = Object.entries(fields).filter(([key, value]) => !["state", "id", "result", "number", "expires", "granted", "grant"].includes(key) && value !== null && value !== "").map(([, value]) => (Array.isArray(value) ? value.join(", ") : value)).join(" · ");
  return el("li", {}, el("span", { class: "mono dim", text: clock(time) }), el("span", { text: say(`event_${name}`) }), el("span", {}, state !== undefined ? badge(state) : null, " ", words, fields.id ? el("span", {}, " ", ladderLink(fields.id)) : null));
}

// --- lists

export async function registrations(main, context) {
  const table = await listing(context, { title: "registrations", steps: "registrations", search: true, columns: [
    ["user", (row) => row.user], ["home", (row) => place(context, row.home)], ["visited", (row) => place(context, row.visited)],
    ["contact", (row) => mono(row.contact)], ["expires", (row) => lasting(row.expires), "right"],
    ["", (row) => (own(context, row.home) ? [action(context, "kick", row.user, ["users", number(context, row.user), "kick"])] : ""), "act"],
  ], every: 10000 });
  context.shared.hear = table.soon;
  fill(main, heading("registrations"), table.box);
}

const place = (context, domain) => (own(context, domain) ? el("span", {}, domain, " ", el("span", { class: "badge", text: say("here") })) : domain);

export async function subscribers(main, context) {
  const table = await listing(context, { title: "subscribers", steps: "subscribers", search: true, columns: [
    ["number", (row) => row.number], ["name", (row) => row.name || "–"], ["role", (row) => say(row.role)], ["state", (row) => badge(row.state)], ["priority", (row) => row.priority, "right"],
    ["rights", (row) => row.rights.join(", ") || "–"], ["source", (row) => row.source],
    ["", (row) => (row.state === "normal" ? [action(context, "stun", row.number, ["users", row.number, "stun"]), " ", action(context, "kill", row.number, ["users", row.number, "kill"])] : [action(context, "revive", row.number, ["users", row.number, "revive"], { kind: "primary" })]), "act"],
  ] });
  context.shared.hear = table.soon;
  fill(main, heading("subscribers"), table.box);
}

export async function groups(main, context) {
  const [chosen] = context.rest;
  const table = await listing(context, { title: "groups", steps: "groups", search: true, columns: [
    ["number", (row) => el("a", { href: `#/groups/${row.number}`, "data-key": row.number, text: row.number })], ["name", (row) => row.name || "–"], ["members", (row) => row.members.length, "right"],
    ["setup", (row) => say(row.setup)], ["priority", (row) => row.priority, "right"], ["source", (row) => row.source],
  ] });
  if (!chosen) {
    context.shared.hear = table.soon;
    fill(main, heading("groups"), table.box);
    return;
  }
  let floor = null;
  const talk = el("span");
  const members = await listing(context, { title: "members", steps: ["groups", chosen, "present"], columns: [
    ["user", (row) => row.member], ["visited", (row) => (row.visited ? place(context, row.visited) : el("span", { class: "dim", text: say("absent") }))],
    ["state", (row) => role(floor, row)], ["priority", (row) => row.priority, "right"],
  ], every: 3000 });
  async function look() {
    try {
      const page = await get("floors");
      floor = page.items.find((row) => row.group.startsWith(`${chosen}@`)) ?? null;
      fill(talk, floor ? [el("span", { class: "badge good", text: say("in_call") }), " ", ladderLink(floor.id)] : []);
      members.soon();
    } catch (error) { context.refuse(error); }
  }
  context.shared.hear = () => { look(); table.soon(); };
  fill(main, heading("groups", el("span", { class: "mono", text: chosen }), talk), el("div", { class: "split" }, table.box, members.box));
  await look();
}

function role(floor, row) {
  if (floor?.talker === row.member) return el("span", { class: "talks", text: say("talks") });
  const at = floor?.queue.indexOf(row.member) ?? -1;
  if (at >= 0) return el("span", { class: "badge warn", text: `${say("waits")} ${at + 1}` });
  if (row.listen_only) return el("span", { class: "badge", text: say("listen_only") });
  return row.visited ? el("span", { class: "badge", text: say("present") }) : "–";
}

function callColumns(context, short = false) {
  const columns = [
    ["type", (row) => say(`call_${row.type}`)], ["state", (row) => badge(row.state)], ["caller", (row) => row.caller ?? "–"], ["called", (row) => row.called],
    ["lasts", (row) => lasting(Date.now() / 1000 - row.since), "right"],
    ["legs", (row) => row.legs.map((leg) => el("span", { class: leg.state === "up" ? "badge good" : "badge", title: say(leg.state), text: leg.peer ?? number(context, leg.party) }))],
    ["call", (row) => el("span", { class: "mono dim", text: row.id })],
    ["", (row) => [ladderLink(row.id), " ", release(context, row)], "act"],
  ];
  return short ? columns.filter(([word]) => !["legs", "call"].includes(word)) : columns;
}

export async function calls(main, context) {
  const columns = callColumns(context);
  columns.at(-1)[1] = (row) => [ladderLink(row.id), " ", handover(context, row), " ", release(context, row)];
  const table = await listing(context, { title: "ongoing", steps: "calls", search: true, columns, every: 2000 });
  context.shared.hear = table.soon;
  fill(main, heading("calls"), table.box);
}

/** A user of a private call goes to another TCF. */
function handover(context, row) {
  if (row.type > 3 || !row.caller) return "";
  const body = (box) => ({ domain: box.querySelector("[name=domain]").value });
  const who = el("select", { name: "user" }, [row.caller, row.called].map((user) => el("option", { value: user, text: user })));
  const button = el("button", { text: say("handover"), disabled: !context.shared.node.may_act, onclick: async () => {
    const peers = (await get("peers")).items.filter((peer) => peer.state === "up");
    const box = el("p", {}, who, " → ", el("select", { name: "domain" }, peers.map((peer) => el("option", { value: peer.domain, text: peer.domain }))));
    const wanted = await ask(say("handover"), el("div", {}, el("p", { text: say("sure_handover") }), box), [[say("cancel"), "", null], [say("handover"), "primary", () => body(box)]]);
    if (!wanted) return;
    try { await act(["users", who.value, "handover"], wanted); toast(say("done")); } catch (error) { context.refuse(error); }
  } });
  return button;
}

export async function floors(main, context) {
  const table = await listing(context, { title: "floors", steps: "floors", every: 1000, columns: [
    ["groups", (row) => row.group], ["state", (row) => el("span", { class: row.state === "idle" ? "badge" : "badge good", text: say(row.state) })],
    ["talker", (row) => (row.talker ? el("span", { class: "talks", text: row.talker }) : el("span", { class: "dim", text: say("nobody") }))],
    ["queue", (row) => (row.queue.length ? row.queue.map((user, at) => el("span", { class: "badge warn", text: `${at + 1}. ${user}` })) : "–")], ["call", (row) => el("span", { class: "mono dim", text: row.id })],
    ["", (row) => [ladderLink(row.id), " ", row.talker && row.group.includes("@") && !row.group.includes("→") ? action(context, "revoke", row.group, ["floors", row.group.split("@")[0], "revoke"]) : ""], "act"],
  ] });
  context.shared.hear = table.soon;
  fill(main, heading("floors"), table.box);
}

export async function messages(main, context) {
  const table = await listing(context, { title: "messages", steps: "messages", every: 3000, columns: [
    ["since", (row) => clock(row.since)], ["type", (row) => say(row.kind)], ["from", (row) => row.sender], ["to", (row) => row.called], ["size", (row) => `${row.size} ${say("bytes")}`, "right"],
    ["state", (row) => [badge(row.state), row.status ? ` ${row.status}` : ""]],
    ["recipients", (row) => row.recipients.map((one) => el("span", { class: `badge ${one.result === 200 || one.result === "delivered" ? "good" : ""}`, text: `${one.party ?? one.peer} ${one.result ?? ""}` }))],
  ] });
  context.shared.hear = table.soon;
  fill(main, heading("messages"), table.box);
}

export async function audit(main, context) {
  const table = await listing(context, { title: "audit", steps: "audit", cursor: "before", first: 0, columns: [
    ["number", (row) => row.number, "right"], ["time", (row) => el("span", { class: "nowrap", text: day(row.time) })], ["who", (row) => row.who], ["action", (row) => row.action], ["target", (row) => mono(row.target)], ["result", (row) => el("span", { class: row.result === "done" || row.result === "ok" ? "badge good" : "badge bad", text: row.result })],
  ] });
  context.shared.hear = table.soon;
  fill(main, heading("audit"), table.box);
}
