// The sessions: worlds of their own inside one mock.

import { call, of } from "./api.js";
import { changed, context, on, tell } from "./context.js";
import { attempt, button, confirmed, copy, field, fill, h, select, table, toast, when } from "./dom.js";

const SHOWN = 100;

export function sessionsView() {
  let visible = false;
  let said = "";
  const list = h("div");
  const problem = h("div");
  const name = h("input", { pattern: "[A-Za-z0-9][A-Za-z0-9._\\-]{0,63}", maxlength: 64, spellcheck: "false", autocomplete: "off", placeholder: "one is made" });
  const snapshot = select([["", "the fixture"]]);
  const words = h("input", { type: "search", spellcheck: "false" });

  const records = (counts) => Object.entries(counts).map(([one, number]) => `${number} ${one}`).join(", ");

  function draw() {
    if (!visible) return;
    const all = context.sessions ?? [];
    const wanted = all.filter((one) => one.name.includes(words.value));
    const shown = wanted.slice(0, SHOWN);
    const now = JSON.stringify([shown, context.session, wanted.length]);
    if (now === said) return;
    said = now;
    const mark = list.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
    fill(list, table("Sessions", ["Name", "Requests", "Records", "Journal", "Faults", "Clock", "Last used", ""], shown.map(row), { class: "stack" }),
      wanted.length > SHOWN ? h("p", { class: "muted" }, `${wanted.length - SHOWN} more; find them by name.`) : null);
    if (mark) list.querySelector(`[aria-label="${CSS.escape(mark)}"]`)?.focus();
  }

  function row(one) {
    const here = one.name === context.session;
    return [
      h("span", { class: "name" }, one.name, here ? h("span", { class: "tag" }, "shown") : null, one.snapshot ? h("span", { class: "tag" }, `from ${one.snapshot}`) : null),
      one.requests, records(one.records), `${one.journal.entries} entries`,
      one.faults ? h("span", { class: "mark" }, `⚠ ${one.presets.join(", ") || one.faults}`) : "none",
      h("span", {}, when(one.clock.now), one.clock.frozen ? h("span", { class: "tag" }, "frozen") : null),
      when(one.last_used_at),
      h("div", { class: "does" },
        button("Show", () => tell("choose", one.name), { class: "small", disabled: here, "aria-label": `Show ${one.name}` }),
        button("Copy URL", () => copy(location.origin + one.base_url, "Base URL"), { class: "small", "aria-label": `Copy the base URL of ${one.name}` }),
        button("Reset", () => reset(one.name), { class: "small", "aria-label": `Reset ${one.name}` }),
        one.name === "default" ? null : button("Drop", () => drop(one.name), { class: "small danger", "aria-label": `Drop ${one.name}` })),
    ];
  }

  async function make(event) {
    event.preventDefault();
    const body = {};
    if (name.value) body.name = name.value;
    if (snapshot.value) body.snapshot = snapshot.value;
    const made = await attempt(() => call("POST", "/sessions", body), problem);
    if (!made) return;
    name.value = "";
    toast(`Session ${made.name} made.`);
    changed("sessions");
    tell("choose", made.name);
  }

  async function reset(one) {
    if (!(await confirmed(`Reset ${one}?`, "Reset", "Records, journal, faults and clock go back to how the session began."))) return;
    await attempt(() => call("POST", of(one, "/reset"), {}));
    changed("sessions", "state", "faults", "clock");
  }

  async function drop(one) {
    if (!(await confirmed(`Drop ${one}?`, "Drop", "The session and all that is its are gone then."))) return;
    await attempt(() => call("DELETE", of(one)));
    if (one === context.session) tell("choose", "default");
    changed("sessions");
  }

  async function loadSnapshots() {
    if (!visible) return;
    const found = await attempt(() => call("GET", "/snapshots"), problem);
    if (!found) return;
    const before = snapshot.value;
    fill(snapshot, [["", "the fixture"], ...found.snapshots.map((one) => [one.name, one.name])].map(([value, label]) => h("option", { value }, label)));
    snapshot.value = found.snapshots.some((one) => one.name === before) ? before : "";
  }

  on("listed", draw);
  on("session", draw);
  on("snapshots", loadSnapshots);
  words.addEventListener("input", draw);
  return {
    element: h("div", { class: "card" }, h("h2", {}, "Sessions"),
      h("p", { class: "muted" }, "A client chooses one by the header ", h("code", {}, "X-Mock-Session: NAME"), " or by its base URL."),
      h("form", { class: "bar", "aria-label": "Make a session", on: { submit: make } }, field("Name", name), field("Begins as", snapshot), h("div", { class: "actions" }, h("button", { class: "primary" }, "Make session"))),
      problem, h("div", { class: "bar" }, field("Find by name", words)), list),
    show: () => { visible = true; said = ""; if (context.info) { tell("sessions"); loadSnapshots(); draw(); } },
    hide: () => { visible = false; },
  };
}
