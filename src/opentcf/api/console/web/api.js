// The node's API, with its token, and its events read as a stream (EventSource cannot send a token).

const state = { token: sessionStorage.getItem("token") ?? "", seen: "" };
export class Refused extends Error { constructor(status, text) { super(text); this.status = status; } }

export const hasToken = () => state.token !== "";
export function remember(token) {
  state.token = token;
  if (token) sessionStorage.setItem("token", token); else sessionStorage.removeItem("token");
}

const headers = () => (state.token ? { Authorization: `Bearer ${state.token}` } : {});
const path = (steps) => "/api/v1/" + steps.map(encodeURIComponent).join("/");

async function ask(method, url, body) {
  let answer;
  const more = body === undefined ? {} : { "Content-Type": "application/json" };
  try {
    answer = await fetch(url, { method, headers: { ...headers(), ...more }, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch { throw new Refused(0, "lost"); }
  const document = await answer.json().catch(() => null);
  if (!answer.ok) throw new Refused(answer.status, document?.detail ?? `${answer.status} ${answer.statusText}`);
  return document;
}

export function get(steps, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const text = new URLSearchParams(given).toString();
  return ask("GET", path([steps].flat()) + (text ? `?${text}` : ""));
}
export const act = (steps, body) => ask("POST", path(steps), body);

/** Hand every event to `hear(name, data)`; `turn(on)` says whether they come in. Comes back by itself, and goes on where it was. */
export async function events(hear, turn, signal) {
  while (!signal.aborted) {
    try {
      const more = state.seen ? { "Last-Event-ID": state.seen } : {};
      const answer = await fetch("/api/v1/events", { headers: { ...headers(), ...more }, signal });
      if (answer.status === 401) return;
      if (!answer.ok) throw new Error(answer.status);
      turn(true);
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        const blocks = (rest + value).split("\n\n");
        rest = blocks.pop();
        for (const block of blocks) {
          const fields = Object.fromEntries(block.split("\n").filter((line) => line && line[0] !== ":").map((line) => { const at = line.indexOf(": "); return [line.slice(0, at), line.slice(at + 2)]; }));
          if (fields.id) state.seen = fields.id;
          if (fields.event) hear(fields.event, JSON.parse(fields.data));
        }
      }
    } catch { if (signal.aborted) return; }
    turn(false);
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}

/** An answer that is no JSON, as bytes. */
export async function raw(name, query) {
  const answer = await fetch(`${path([name])}?${new URLSearchParams(query)}`, { headers: headers() });
  if (!answer.ok) throw new Refused(answer.status, `${answer.status} ${answer.statusText}`);
  return answer.blob();
}
