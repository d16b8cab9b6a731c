// Elements, dialogs and announcements. Text becomes a text node here, always: nothing in the workbench parses markup.

const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "selected", "open", "readOnly", "multiple"]);

// Return an element. `on` holds its listeners, `class` and the like are attributes, children are elements or text.
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (PROPERTIES.has(name)) {
      element[name] = value;
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...flat(children));
  return element;
}

function flat(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : document.createTextNode(String(child))));
}

export function fill(element, ...children) {
  element.replaceChildren(...flat(children));
  return element;
}

export function button(label, onClick, attributes = {}) {
  return h("button", { type: "button", ...attributes, on: { click: onClick, ...attributes.on } }, label);
}

let numbered = 0;
export const newId = (stem) => `${stem}-${(numbered += 1)}`;

// Return a label and a control that belong together.
export function field(label, control, hint = "") {
  control.id ||= newId("field");
  const note = hint && h("small", { class: "muted", id: `${control.id}-hint` }, hint);
  if (note) control.setAttribute("aria-describedby", note.id);
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control, note);
}

export function select(options, attributes = {}) {
  const made = options.map((option) => {
    const [value, label] = Array.isArray(option) ? option : [option, option];
    return h("option", { value }, label);
  });
  const element = h("select", { ...attributes, value: undefined }, made);
  if (attributes.value !== undefined) element.value = attributes.value;
  return element;
}

// Say something to screen readers only; what comes within two seconds is said together, the last alone.
let waiting = null;
let said = "";
export function announce(text) {
  said = text;
  waiting ??= setTimeout(() => {
    waiting = null;
    document.getElementById("announcer").textContent = said;
  }, 2000);
}

export function toast(text, kind = "good") {
  const shown = h("p", { class: `toast ${kind}` }, text);
  document.getElementById("toasts").append(shown);
  setTimeout(() => shown.remove(), kind === "bad" ? 9000 : 4000);
}

// Open a modal dialog. `build(close)` returns its content; the focus goes back to where it was.
export function dialog(title, build, { wide = false } = {}) {
  const heading = h("h2", { id: newId("dialog"), tabindex: "-1" }, title);
  const before = document.activeElement;
  const box = h("dialog", { class: wide ? "wide" : "", "aria-labelledby": heading.id });
  const close = () => box.close();
  box.addEventListener("close", () => {
    box.remove();
    if (before instanceof HTMLElement && before.isConnected) before.focus();
    else document.getElementById("main").focus();
  });
  const top = h("header", {}, heading, button("✕", close, { class: "plain close", "aria-label": "Close" }));
  fill(box, top, h("div", { class: "body" }, build(close)));
  document.body.append(box);
  box.showModal();
  return box;
}

// Ask before something is lost; resolves to whether it is to be done.
export function confirmed(question, action, detail = "") {
  return new Promise((resolve) => {
    let answer = false;
    const box = dialog(question, (close) => [
      detail && h("p", {}, detail),
      h("div", { class: "actions" },
        button(action, () => { answer = true; close(); }, { class: "danger" }),
        button("Cancel", close, { autofocus: true })),
    ]);
    box.addEventListener("close", () => resolve(answer));
  });
}

export function download(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`${what} copied.`);
  } catch {
    const area = h("textarea", { rows: 8, value: text, readOnly: true, class: "code", "aria-label": what });
    dialog(`Copy ${what}`, () => [h("p", {}, "The browser does not let the page copy; do it here."), area], { wide: true });
    area.select();
  }
}

// Return a table. `rows` are lists of cells; a cell is text or an element. The first cell names its row.
export function table(caption, headings, rows, attributes = {}) {
  const head = h("tr", {}, headings.map((one) => h("th", { scope: "col" }, one || h("span", { class: "unseen" }, "Actions"))));
  const body = rows.map((cells) => h("tr", {}, cells.map((cell, index) =>
    index === 0 ? h("th", { scope: "row" }, cell) : h("td", { "data-label": headings[index] }, cell))));
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    h("table", attributes, h("caption", { class: "unseen" }, caption), h("thead", {}, head), h("tbody", {}, body)));
}

export function when(text) {
  if (!text) return h("span", { class: "muted" }, "never");
  const [day, time] = new Date(text).toISOString().slice(0, 19).split("T");
  return h("time", { datetime: text, title: text }, h("span", { class: "whole" }, day), " ", h("span", { class: "whole" }, time));
}

// Show a refusal of the control API, with the members at fault.
export function refusal(problem) {
  // One member at fault is in the message already.
  const validations = (problem.validations ?? []).filter((one, _, all) => all.length > 1 || !problem.message.includes(one.detail));
  return h("div", { class: "refusal", role: "alert" },
    h("strong", {}, problem.status ? `${problem.status}: ${problem.message}` : problem.message),
    problem.detail && !validations.length ? h("p", {}, problem.detail) : null,
    validations.length ? h("ul", {}, validations.map((one) => h("li", {}, h("code", {}, one.field || "(whole)"), " ", one.detail))) : null);
}

// Run what a person asked for; a refusal is shown in `place`, or as a passing note.
export async function attempt(action, place = null) {
  if (place) fill(place);
  try {
    return await action();
  } catch (problem) {
    if (problem.name === "AbortError") return undefined;
    if (place) fill(place, refusal(problem));
    else toast(problem.message + (problem.detail ? ` ${problem.detail}` : ""), "bad");
    return undefined;
  }
}
