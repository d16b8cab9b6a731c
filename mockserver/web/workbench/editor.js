// Adding and changing a record: by its members or as JSON, straight in the state or through the mocked API itself.

import { call, callApi, of } from "./api.js";
import { changed, context, loadContract } from "./context.js";
import { attempt, button, dialog, fill, h, newId, refusal, toast } from "./dom.js";
import { addressed, operationsOf } from "./schema.js";
import { carrier, showAnswer, tokenField, withToken } from "./send.js";

// Return a control for a member. `read()` gives its value, undefined where it is left out.
function control(name, value, schema, required) {
  const id = newId("member");
  const types = [schema.type ?? typeof value].flat();
  const plain = types.includes("string") && (value === undefined || typeof value === "string");
  const yes = types.includes("boolean") && (value === undefined || typeof value === "boolean");
  const start = value === undefined ? "" : plain ? value : JSON.stringify(value, null, typeof value === "object" ? 2 : 0);
  const choices = schema.enum ?? (yes ? [true, false] : []);
  const long = !plain && !yes && (typeof value === "object" || ["object", "array"].some((one) => types.includes(one)));
  const input = h(long || start.includes("\n") ? "textarea" : "input", { id, class: plain ? "" : "code", spellcheck: "false", autocomplete: "off", value: start, "aria-describedby": `${id}-hint ${id}-errors` });
  if (input.tagName === "TEXTAREA") input.rows = Math.min(12, Math.max(2, start.split("\n").length));
  const list = choices.length ? h("datalist", { id: `${id}-choices` }, choices.map((one) => h("option", { value: String(one) }))) : null;
  if (list && input.tagName === "INPUT") input.setAttribute("list", list.id);
  const kind = choices.length ? choices.map(String).join(", ") : `${types.join(" or ")}${plain ? "" : ", as JSON"}`;
  const errors = h("div", { id: `${id}-errors`, class: "errors" });
  const element = h("div", { class: "field member" },
    h("label", { for: id }, name, required ? h("span", { class: "muted" }, " (required)") : null), input, list,
    h("small", { class: "muted", id: `${id}-hint` }, kind), errors);
  return {
    element,
    read() {
      if (input.value === start) return value;
      if (input.value === "" && (!plain || value === undefined)) return undefined;
      if (plain) return input.value;
      try {
        return JSON.parse(input.value);
      } catch {
        return input.value; // what the mock says about a text here is of use too
      }
    },
    say(details) {
      fill(errors, details.map((detail) => h("p", {}, detail)));
      input.setAttribute("aria-invalid", String(details.length > 0));
    },
  };
}

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

// Open the editor: of `record`, or of a new one (like `copyOf`; with the members that `example` has).
export async function edit({ collection, record = null, copyOf = null, example = null, done }) {
  const { session, info } = context;
  const contract = await attempt(loadContract);
  if (!contract) return;
  const operations = operationsOf(contract, info, collection);
  const operation = record ? operations.change : operations.create;
  const known = new Map([...(operations.create?.members ?? []), ...(operations.change?.members ?? [])]);
  const before = record?.data ?? (copyOf ? withoutMade(copyOf.data, known) : {});
  const names = [...new Set([...known.keys(), ...Object.keys(before), ...(known.size ? [] : Object.keys(example?.data ?? {}))])];
  const taken = carrier(contract);
  const token = tokenField(taken);
  const result = h("div", { class: "result" });
  const source = h("textarea", { class: "code", rows: 18, spellcheck: "false", "aria-label": "Record as JSON", hidden: true });
  const members = h("div", { class: "members" });
  const asJson = button("As JSON", turn, { "aria-pressed": "false" });
  let controls = new Map();
  let json = false;

  function drawMembers(value) {
    controls = new Map(names.map((name) => [name, control(name, value[name], known.get(name)?.schema ?? {}, operations.create?.members.get(name)?.required ?? false)]));
    fill(members, [...controls.values()].map((one) => one.element));
  }

  // Return the record as it stands in the editor. Throws where it is no JSON.
  function written() {
    if (json) return JSON.parse(source.value);
    const value = {};
    for (const [name, one] of controls) {
      const member = one.read();
      if (member !== undefined) value[name] = member;
    }
    return value;
  }

  function turn() {
    attempt(async () => {
      const value = written();
      for (const name of Object.keys(value)) if (!names.includes(name)) names.push(name);
      json = !json;
      asJson.setAttribute("aria-pressed", String(json));
      source.hidden = !json;
      members.hidden = json;
      if (json) source.value = JSON.stringify(value, null, 2);
      else drawMembers(value);
    }, result);
  }

  function say(validations) {
    const unplaced = [];
    const placed = new Map();
    for (const { field, detail } of validations) {
      const name = names.filter((one) => field === one || field.startsWith(`${one}.`) || field.startsWith(`${one}[`) || field.endsWith(`.${one}`)).sort((a, b) => b.length - a.length)[0];
      if (name === undefined || json) unplaced.push({ field, detail });
      else placed.set(name, [...(placed.get(name) ?? []), field === name ? detail : `${field} ${detail}`]);
    }
    for (const [name, one] of controls) one.say(placed.get(name) ?? []);
    return unplaced;
  }

  async function run(action) {
    say([]);
    fill(result);
    try {
      await action(written());
    } catch (problem) {
      say(problem.validations ?? []);
      fill(result, refusal(problem));
    }
    result.scrollIntoView({ block: "nearest" });
  }

  async function save(value, close) {
    const path = of(session, `/state/${encodeURIComponent(collection.name)}`);
    await (record ? call("PUT", `${path}/${encodeURIComponent(record.key)}`, value) : call("POST", path, value));
    toast(record ? "The record was changed." : "The record was added.");
    changed("state", "sessions");
    close();
    done();
  }

  async function throughApi(value) {
    const sent = record && operation.method === "PATCH" ? changes(before, value) : value;
    const path = record ? addressed(operation.path, record.key) : operation.path;
    const request = { method: operation.method, path, headers: [["Content-Type", operation.type]], body: JSON.stringify(sent) };
    const answer = await callApi(session, withToken(request, taken, token.input.value));
    let error = {};
    try {
      error = answer.status >= 400 ? JSON.parse(answer.text) : {};
    } catch {
      // An answer that a fault has broken is shown as it is.
    }
    say(Array.isArray(error?.validations) ? error.validations : []);
    fill(result, h("p", { class: "muted" }, `${operation.method} ${path}, with ${Object.keys(sent).join(", ") || "nothing changed"}`), showAnswer(answer));
    done();
  }

  drawMembers(before);
  const title = record ? `Edit ${record.view.name ?? record.key}` : `Add to ${collection.name}`;
  dialog(title, (close) => h("form", { on: { submit: (event) => { event.preventDefault(); run((value) => save(value, close)); } } },
    h("div", { class: "actions end" }, asJson), members, source,
    operation ? h("details", { class: "api" }, h("summary", {}, "Through the API"),
      h("p", { class: "muted" }, `${operation.method} ${operation.path}, sent through the session ${session}: what a client would get, errors and all.`), token.element) : null,
    result,
    h("div", { class: "actions bottom" },
      h("button", { class: "primary" }, record ? "Save in the state" : "Add to the state"),
      operation ? button("Try through the API", () => run(throughApi)) : null,
      button("Close", close))), { wide: true });
}

function withoutMade(data, known) {
  const members = Object.entries(data).filter(([name]) => !known.size || known.has(name));
  return Object.fromEntries(members);
}

function changes(before, after) {
  const changed_ = Object.entries(after).filter(([name, value]) => !same(before[name], value));
  const removed = Object.keys(before).filter((name) => !(name in after)).map((name) => [name, null]);
  return Object.fromEntries([...changed_, ...removed]);
}

// Ask how a record is to be removed; resolves to `state`, `api` (it was tried) or `no`.
export async function tryRemoval({ collection, record, label }) {
  const { session, info } = context;
  const contract = await attempt(loadContract);
  const operation = contract ? operationsOf(contract, info, collection).remove : null;
  const taken = contract ? carrier(contract) : null;
  const token = tokenField(taken);
  const result = h("div", { class: "result" });
  let way = "no";
  async function throughApi() {
    await attempt(async () => {
      const answer = await callApi(session, withToken({ method: "DELETE", path: addressed(operation.path, record.key), headers: [] }, taken, token.input.value));
      way = "api";
      fill(result, showAnswer(answer));
    }, result);
  }
  return new Promise((resolve) => {
    const box = dialog(`Remove ${label}?`, (close) => [
      h("p", {}, "What is nested under it goes with it."),
      operation ? h("details", { class: "api" }, h("summary", {}, "Through the API"), token.element) : null,
      result,
      h("div", { class: "actions bottom" },
        button("Remove from the state", () => { way = "state"; close(); }, { class: "danger" }),
        operation ? button("Try through the API", throughApi) : null,
        button("Close", close, { autofocus: true }))]);
    box.addEventListener("close", () => resolve(way));
  });
}
