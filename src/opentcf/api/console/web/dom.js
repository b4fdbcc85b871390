// Small tools for making pages. Text is always set as text, never as markup.

export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) set(node, name, value);
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function svg(tag, props = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(props)) set(node, name, value);
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

function set(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
  else if (name === "text") node.textContent = value;
  else if (name === "value") node.value = value;
  else node.setAttribute(name, value === true ? "" : value);
}

/** Replace the children of a node, but keep the keyboard where it was if the new ones have the same place for it. */
export function fill(node, ...children) {
  const at = node.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  node.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  if (at) node.querySelector(`[data-key="${CSS.escape(at)}"]`)?.focus({ preventScroll: true });
}

export function toast(text, bad = false) {
  const node = el("div", { class: bad ? "toast bad" : "toast", text });
  document.getElementById("toasts").append(node);
  setTimeout(() => node.remove(), bad ? 9000 : 4000);
}

export function save(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = el("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

/** A modal dialog; resolves with what the pressed button is worth, null when it was left. */
export function ask(title, body, buttons) {
  return new Promise((resolve) => {
    const dialog = el("dialog", { "aria-label": title });
    const close = (value) => { dialog.remove(); resolve(value); };
    dialog.append(
      el("div", { class: "head" }, el("h2", { text: title })),
      el("div", { class: "body" }, body),
      el("div", { class: "foot" }, buttons.map(([text, kind, value]) =>
        el("button", { class: kind, onclick: () => close(typeof value === "function" ? value() : value), text }))),
    );
    dialog.addEventListener("cancel", () => close(null));
    document.body.append(dialog);
    dialog.showModal();
    dialog.querySelector("input, select, .foot button")?.focus();
  });
}
