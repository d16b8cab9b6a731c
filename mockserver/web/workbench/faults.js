// Faults: presets as switches, the list with what has fired, and a form for one more.

import { call, of } from "./api.js";
import { changed, context, on, soon } from "./context.js";
import { attempt, button, field, fill, h, select, table, toast } from "./dom.js";

const number = (name, label, value, more = {}) => ({ name, label, make: () => h("input", { type: "number", step: "any", value, ...more }), read: (control) => (control.value === "" ? undefined : Number(control.value)) });
const choice = (name, label, options) => ({ name, label, make: () => select(options), read: (control) => control.value || undefined });
const text = (name, label, placeholder = "") => ({ name, label, make: () => h("input", { spellcheck: "false", autocomplete: "off", placeholder }), read: (control) => control.value || undefined });
const flag = (name, label) => ({ name, label, make: () => h("input", { type: "checkbox" }), read: (control) => control.checked || undefined });
const pair = (name, label, first, second) => ({ name: `${name}.${first}`, label, make: () => h("input", { type: "number", step: "any" }), read: (control) => (control.value === "" ? undefined : Number(control.value)), second });

// The members of each effect, as the document of the control API has them; a test holds the two together.
export const EFFECTS = {
  status: [number("status", "Status", 503, { min: 400, max: 599, required: true }), text("message", "Message"), number("retry_after", "Retry-After, seconds", ""), flag("force", "Undocumented too")],
  delay: [number("seconds", "Seconds", 1), pair("uniform", "or uniform from", "min"), pair("uniform", "to", "max"), pair("normal", "or normal, mean", "mean"), pair("normal", "deviation", "deviation"), pair("lognormal", "or log-normal, median", "median"), pair("lognormal", "sigma", "sigma")],
  "rate-limit": [number("limit", "Requests", 10, { required: true }), number("window", "in seconds", 10, { required: true })],
  drop: [choice("when", "Connection closes", [["before", "before the answer"], ["inside", "inside the answer"], ["after", "after the answer"]])],
  truncate: [number("keep", "Share that is sent", 0.5, { min: 0, max: 0.999 })],
  malformed: [],
  "off-contract": [choice("how", "How", ["missing-member", "wrong-type", "null-member", "unknown-enum-value", "extra-member", "undocumented-status", "wrong-content-type"]), text("member", "Member", "the seed picks one")],
  stale: [number("changes", "Changes back", 1, { min: 1, max: 16 })],
  duplicate: [choice("answer", "Answer that is sent", [["second", "the second"], ["first", "the first"]])],
};

// A member whose value says by itself what it is, like the status of `status`, goes without its name.
const PLAIN = new Set(["status", "how", "when"]);
const worded = (name, value) => (value === true ? name : PLAIN.has(name) ? String(value) : `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`);
const described = ({ kind, ...rest }) => [h("strong", {}, kind), " ", Object.entries(rest).filter(([, value]) => value !== false).map(([name, value]) => worded(name, value)).join(", ")];
const matched = (match) => Object.entries(match ?? {}).map(([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`).join(", ") || "every request";

export function faultsView() {
  let visible = false;
  let presets = [];
  let controls = [];
  const switches = h("ul", { class: "switches" });
  const list = h("div");
  const problem = h("div");
  const formProblem = h("div");
  const kind = select(Object.keys(EFFECTS));
  const members = h("div", { class: "fields" });
  const operation = select([["", "every operation"]]);
  const method = select([["", "every method"], "GET", "POST", "PUT", "PATCH", "DELETE"]);
  const path = h("input", { spellcheck: "false", placeholder: "every path; * is any text" });
  const times = h("input", { type: "number", min: 1, placeholder: "for ever" });
  const after = h("input", { type: "number", min: 0, placeholder: "0" });
  const probability = h("input", { type: "number", min: 0, max: 1, step: "any", placeholder: "1" });

  async function load() {
    if (!visible || !context.info) return;
    const { session } = context;
    const found = await attempt(() => Promise.all([call("GET", of(session, "/faults")), call("GET", of(session, "/presets")), call("GET", "/presets")]), problem);
    if (!found || session !== context.session) return;
    const [{ faults }, on_, all] = found;
    presets = all.presets;
    drawSwitches(new Set(on_.presets));
    const mark = list.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
    fill(list, faults.length
      ? table("Faults", ["Fault", "Effect", "Matches", "Fired", "When", ""], faults.map(row), { class: "stack" })
      : h("p", { class: "empty" }, "No faults: the mock answers as the contract says."));
    if (mark) list.querySelector(`[aria-label="${CSS.escape(mark)}"]`)?.focus();
  }

  function drawSwitches(active) {
    const made = presets.map((preset) => {
      const present = switches.querySelector(`[data-preset="${CSS.escape(preset.name)}"]`);
      const control = present ?? button(h("span", { class: "knob", "aria-hidden": "true" }), () => flip(preset.name, control), { role: "switch", class: "switch", "data-preset": preset.name, "aria-label": preset.name, "aria-describedby": `preset-${preset.name}` });
      control.setAttribute("aria-checked", String(active.has(preset.name)));
      return present ? present.closest("li") : h("li", {}, control, h("div", {}, h("strong", {}, preset.name), h("p", { class: "muted", id: `preset-${preset.name}` }, preset.description)));
    });
    if (made.some((one) => !one.isConnected) || switches.children.length !== made.length) fill(switches, made);
  }

  async function flip(name, control) {
    const off = control.getAttribute("aria-checked") === "true";
    const done = await attempt(async () => { await call(off ? "DELETE" : "PUT", of(context.session, `/presets/${encodeURIComponent(name)}`)); return true; }, problem);
    if (done) changed("faults");
  }

  function row(one) {
    const limits = [one.after ? `after ${one.after}` : "", one.times === 1 ? "once" : one.times ? `${one.times} times` : "", one.probability < 1 ? `probability ${one.probability}` : ""].filter(Boolean).join(", ") || "always";
    return [h("span", {}, h("code", {}, one.id), one.preset ? h("span", { class: "tag" }, one.preset) : null), h("span", {}, described(one.effect)), matched(one.match),
      h("span", {}, one.matched ? `${one.fired} of ${one.matched}` : "not yet", one.spent ? h("span", { class: "tag" }, "spent") : null), limits,
      h("div", { class: "does" }, button("Remove", () => remove(one.id), { class: "small danger", "aria-label": `Remove ${one.id}` }))];
  }

  async function remove(id) {
    await attempt(() => call("DELETE", of(context.session, `/faults/${encodeURIComponent(id)}`)), problem);
    changed("faults");
  }

  function drawMembers() {
    controls = EFFECTS[kind.value].map((member) => [member, member.make()]);
    fill(members, controls.map(([member, control]) => field(member.label, control)));
  }

  function written() {
    const effect = { kind: kind.value };
    for (const [member, control] of controls) {
      const value = member.read(control);
      if (value === undefined) continue;
      const [outer, inner] = member.name.split(".");
      if (inner) effect[outer] = { ...effect[outer], [inner]: value };
      else effect[outer] = value;
    }
    const match = Object.fromEntries([["operation", operation.value], ["method", method.value], ["path", path.value]].filter(([, value]) => value));
    const fault = { effect };
    if (Object.keys(match).length) fault.match = match;
    for (const [name, control] of [["times", times], ["after", after], ["probability", probability]]) if (control.value !== "") fault[name] = Number(control.value);
    return fault;
  }

  async function add(event) {
    event.preventDefault();
    const made = await attempt(() => call("POST", of(context.session, "/faults"), written()), formProblem);
    if (!made) return;
    toast(`Fault ${made.id} added.`);
    changed("faults");
  }

  function begin() {
    fill(operation, [["", "every operation"], ...context.info.contract.operations.map((one) => [one.id, one.id])].map(([value, label]) => h("option", { value }, label)));
    load();
  }
  kind.addEventListener("change", drawMembers);
  drawMembers();
  on("session", begin);
  on("restarted", begin);
  on("faults", load);
  on("fired", soon(load, 300));
  return {
    element: h("div", { class: "columns" },
      h("div", { class: "card" }, h("h2", {}, "Presets"), problem, switches),
      h("div", { class: "card" }, h("h2", {}, "Faults of the session"), list),
      h("div", { class: "card" }, h("h2", {}, "Add a fault"),
        h("form", { "aria-label": "Add a fault", on: { submit: add } },
          field("Effect", kind), members,
          h("h3", {}, "Which requests"), h("div", { class: "fields" }, field("Operation", operation), field("Method", method), field("Path", path)),
          h("h3", {}, "How often"), h("div", { class: "fields" }, field("Times", times), field("After", after, "requests that pass first"), field("Probability", probability)),
          formProblem, h("div", { class: "actions" }, h("button", { class: "primary" }, "Add fault"))))),
    show: () => { visible = true; load(); },
    hide: () => { visible = false; },
  };
}
