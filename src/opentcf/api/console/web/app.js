// The shell of the console: language, theme, token, events, and which page is shown (#/page/what).

import { act, events, get, hasToken, Refused, remember } from "./api.js";
import { el, fill, toast } from "./dom.js";
import { isChinese, other, say, speak } from "./words.js";
import { audit, calls, floors, groups, messages, overview, registrations, subscribers } from "./pages.js";
import { ladder } from "./ladder.js";

const PAGES = { overview, registrations, groups, calls, floors, messages, subscribers, audit, ladder };
const MENU = ["overview", "registrations", "subscribers", "groups", "calls", "floors", "messages", "audit", "ladder"];
const main = document.getElementById("main");

/** What the pages share. `hear` is the open page's ear for events; `latest` are those to show on the overview. */
export const shared = { node: null, latest: [], hear: null };
let leave = () => {};
let stream = null;
let refreshing = 0;

const theme = () => localStorage.getItem("theme") ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");

function dress() {
  document.documentElement.dataset.theme = theme();
  document.getElementById("theme").textContent = say(theme() === "dark" ? "light" : "dark");
  document.getElementById("language").textContent = other();
  document.getElementById("skip").textContent = say("skip");
  const logout = document.getElementById("logout");
  logout.textContent = say("logout");
  logout.hidden = !hasToken();
  const node = shared.node;
  document.getElementById("who").textContent = node ? (node.name ? `${node.name} · ${node.domain}` : node.domain) + (node.may_act ? "" : ` · ${say("reader")}`) : "";
  document.title = node ? `${node.name || node.domain} · OpenTCF` : "OpenTCF";
  const [page] = where();
  fill(document.getElementById("nav"), node ? MENU.map((name) => el("a", { href: `#/${name}`, "aria-current": name === page ? "page" : null, text: say(name) })) : []);
}

function where() {
  const [page, ...rest] = location.hash.replace(/^#\//, "").split("/").map(decodeURIComponent);
  return [page in PAGES ? page : "overview", ...rest];
}

async function show() {
  leave();
  const [page, ...rest] = where();
  dress();
  if (!shared.node && !(await enter())) return;
  const left = new AbortController();
  leave = () => { left.abort(); shared.hear = null; };
  dress();
  try { await PAGES[page](main, { rest, shared, signal: left.signal, refuse }); } catch (error) { refuse(error); }
}

async function enter() {
  try {
    shared.node = await get("node");
    listen();
    return true;
  } catch (error) {
    refuse(error);
    return false;
  }
}

/** What the node has to do changes; a log-out in the meantime stands. */
async function again() {
  const known = shared.node;
  if (!known || document.hidden) return;
  const node = await get("node").catch(() => known);
  if (shared.node === known) shared.node = node;
}

function refuse(error) {
  if (error.name === "AbortError") return;
  if (!(error instanceof Refused)) throw error;
  if (error.status === 401) login();
  else toast(say(error.message), true);
}

function login() {
  const wrong = hasToken();
  remember("");
  shared.node = null;
  stream?.abort();
  dress();
  const token = el("input", { type: "password", id: "token", autocomplete: "current-password", required: true });
  const form = el("form", {}, el("label", { for: "token", text: say("token") }), token, wrong ? el("div", { class: "badge bad", text: say("wrong_token") }) : null, el("button", { class: "primary", text: say("login_do") }));
  form.addEventListener("submit", (event) => { event.preventDefault(); remember(token.value); show(); });
  fill(main, el("section", { class: "panel login" }, el("div", { class: "head" }, el("h2", { text: say("login") })), el("div", { class: "body" }, form)));
  token.focus();
}

function listen() {
  stream?.abort();
  stream = new AbortController();
  const light = document.getElementById("live");
  events(heard, (on) => {
    light.className = on ? "live on" : "live off";
    light.title = say(on ? "connected" : "lost");
    light.setAttribute("aria-label", light.title);
  }, stream.signal);
}

function heard(name, data) {
  if (name !== "reset") {
    shared.latest.unshift({ name, ...data });
    shared.latest.length = Math.min(shared.latest.length, 100);
  }
  if (refreshing) return;
  refreshing = setTimeout(() => { refreshing = 0; shared.hear?.(); }, 250);
}

document.getElementById("language").addEventListener("click", () => {
  localStorage.setItem("language", isChinese() ? "en" : "zh");
  setInterval(again, 5000);
// A browser opens six connections to a node, for all its tabs: one that nobody sees leaves its own to the others.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) stream?.abort();
  else if (shared.node) listen();
});
speak(localStorage.getItem("language"));
  show();
});
document.getElementById("theme").addEventListener("click", () => { localStorage.setItem("theme", theme() === "dark" ? "light" : "dark"); dress(); });
document.getElementById("logout").addEventListener("click", () => { remember(""); shared.node = null; show(); });
addEventListener("hashchange", () => { show().then(() => main.focus({ preventScroll: true })); scrollTo(0, 0); });
setInterval(again, 5000);
// A browser opens six connections to a node, for all its tabs: one that nobody sees leaves its own to the others.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) stream?.abort();
  else if (shared.node) listen();
});
speak(localStorage.getItem("language") ?? (navigator.language.startsWith("zh") ? "zh" : "en"));
show();
