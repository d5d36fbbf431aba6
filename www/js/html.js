// Markup as data: html`…` escapes every value it is given, mount() is the only place in www/ that writes HTML.
// A value is text (escaped), another html`…` (kept), an array of these, or null / undefined / false (nothing).

const escape = (value) => String(value).replace(/[&<>"'`]/g, (c) => `&#${c.charCodeAt(0)};`);

class Html {
  constructor(text) {
    this.text = text;
  }
}

const part = (value) => {
  if (Array.isArray(value)) return value.map(part).join("");
  if (value instanceof Html) return value.text;
  return value === null || value === undefined || value === false ? "" : escape(value);
};

export const html = (strings, ...values) =>
  new Html(strings.reduce((out, string, i) => out + part(values[i - 1]) + string));

// The Content-Security-Policy of the server allows this one policy; anything else that writes innerHTML throws.
const policy = globalThis.trustedTypes
  ? globalThis.trustedTypes.createPolicy("budget-html", { createHTML: (text) => text })
  : { createHTML: (text) => text };

const shown = new WeakMap();

// Shows a view in a node. What has not changed is not touched, so a refresh neither flickers nor loses focus; where it
// has, focus returns to the element with the same data-key.
export const mount = (node, view) => {
  if (!(view instanceof Html)) throw new TypeError("mount() takes html`…`");
  if (shown.get(node) === view.text) return;
  const key = node.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  node.innerHTML = policy.createHTML(view.text);
  shown.set(node, view.text);
  if (key !== undefined) node.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
};
