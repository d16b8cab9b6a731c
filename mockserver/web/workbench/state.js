// The records of a session as tables: every collection of the contract, with the columns that its views have.

import { call, of } from "./api.js";
import { changed, context, on, soon } from "./context.js";
import { attempt, button, confirmed, download, field, fill, h, newId, select, toast } from "./dom.js";
import { edit, tryRemoval } from "./editor.js";

const PAGE = 50;
const WIDTH = 60; // characters of a value that a cell shows

// Return the members of views as columns: plain ones first, in the order in which they are found.
export function columnsOf(views, id) {
  const weights = new Map();
  for (const view of views) {
    for (const [name, value] of Object.entries(view)) {
      weights.set(name, Math.max(weights.get(name) ?? 0, value !== null && typeof value === "object" ? 2 : 1));
    }
  }
  const rank = (name) => (name === "name" ? 0 : name === id ? 4 : /(_at|At|_date)$/.test(name) ? 3 : weights.get(name));
  return [...weights.keys()].sort((one, other) => rank(one) - rank(other));
}

function cell(value) {
  if (value === undefined || value === null) return h("span", { class: "muted" }, value === null ? "null" : "–");
  if (typeof value === "boolean") return h("span", { class: value ? "yes" : "no" }, String(value));
  if (Array.isArray(value)) {
    const title = JSON.stringify(value).slice(0, 1000);
    return value.length ? h("span", { title }, `${value.length} ${value.length === 1 ? "item" : "items"}`) : h("span", { class: "muted" }, "none");
  }
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const short = text.length > WIDTH ? `${text.slice(0, WIDTH)}…` : text;
  return h(typeof value === "string" ? "bdi" : "code", { title: short === text ? null : text }, short);
}

export function stateView() {
  let records = [];
  let page = 0;
  let order = { name: null, down: false };
  let visible = false;
  const collections = select([]);
  const words = h("input", { type: "search", spellcheck: "false", placeholder: "in any member" });
  const count = h("p", { class: "count muted", role: "status" });
  const body = h("div");
  const problem = h("div");
  // Until it is known what is served there is nothing to add to.
  const add = button("Add record", () => edit({ collection: collection(), done: load, example: records[0] }), { class: "primary", disabled: true });
  const pager = h("nav", { class: "actions pager", "aria-label": "Pages" });
  const collection = () => context.info.contract.collections.find((one) => one.name === collections.value);

  async function load() {
    if (!visible || !context.info || !collections.value) return;
    const { session } = context;
    const name = collections.value;
    const found = await attempt(() => call("GET", of(session, `/state/${encodeURIComponent(name)}`)), problem);
    if (!found || session !== context.session || name !== collections.value) return;
    records = found.records;
    draw();
  }

  function found() {
    const wanted = words.value.toLowerCase();
    const kept = wanted ? records.filter((one) => JSON.stringify(one.view).toLowerCase().includes(wanted)) : [...records];
    if (order.name !== null) {
      const value = (one) => JSON.stringify(one.view[order.name] ?? null);
      kept.sort((one, other) => value(one).localeCompare(value(other), "en", { numeric: true }) * (order.down ? -1 : 1));
    }
    return kept;
  }

  function draw() {
    const kept = found();
    const pages = Math.max(1, Math.ceil(kept.length / PAGE));
    page = Math.min(page, pages - 1);
    const shown = kept.slice(page * PAGE, (page + 1) * PAGE);
    count.textContent = `${kept.length === records.length ? records.length : `${kept.length} of ${records.length}`} records`;
    // What the keyboard is on stays, where it is still there.
    const focused = body.contains(document.activeElement) ? document.activeElement.dataset.mark : null;
    if (!kept.length) fill(body, h("div", { class: "empty" }, h("h2", {}, records.length ? "No record matches" : "No records"), records.length ? null : h("p", {}, "Add one, or have a client create one.")));
    else fill(body, records_(shown));
    fill(pager, pages < 2 ? null : [
      button("Previous", () => turn(-1), { disabled: page === 0 }),
      h("span", {}, `Page ${page + 1} of ${pages}`),
      button("Next", () => turn(1), { disabled: page === pages - 1 })]);
    if (focused) body.querySelector(`[data-mark="${CSS.escape(focused)}"]`)?.focus();
  }

  function turn(by) {
    page += by;
    draw();
  }

  function records_(shown) {
    const { id, name } = collection();
    const columns = columnsOf(records.slice(0, 200).map((one) => one.view), id);
    const heading = (column) => h("th", { scope: "col", "aria-sort": order.name === column ? (order.down ? "descending" : "ascending") : null },
      button([column, order.name === column ? (order.down ? " ▾" : " ▴") : ""], () => sort(column), { class: "sort", "data-mark": `sort ${column}` }));
    const row = (record) => {
      const label = record.view.name ?? record.key;
      return h("tr", {},
        columns.map((column, index) => h(index ? "td" : "th", { scope: index ? null : "row", "data-label": column }, cell(record.view[column]))),
        h("td", { class: "does" },
          button("Edit", () => edit({ collection: collection(), record, done: load }), { class: "small", "aria-label": `Edit ${label}`, "data-mark": `edit ${record.key}` }),
          button("Copy", () => edit({ collection: collection(), copyOf: record, done: load }), { class: "small", "aria-label": `Add a copy of ${label}`, "data-mark": `copy ${record.key}` }),
          button("Remove", () => remove(record, label), { class: "small danger", "aria-label": `Remove ${label}`, "data-mark": `remove ${record.key}` })));
    };
    return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Records of ${name}` },
      h("table", { class: "records stack" }, h("caption", { class: "unseen" }, `Records of ${name}`),
        h("thead", {}, h("tr", {}, columns.map(heading), h("th", { scope: "col" }, h("span", { class: "unseen" }, "Actions")))),
        h("tbody", {}, shown.map(row))));
  }

  function sort(column) {
    order = { name: column, down: order.name === column && !order.down };
    page = 0;
    draw();
  }

  async function remove(record, label) {
    const { session } = context;
    const chosen = collection();
    const way = await tryRemoval({ collection: chosen, record, label });
    if (way !== "state") {
      if (way === "api") load();
      return;
    }
    const done = await attempt(async () => {
      await call("DELETE", of(session, `/state/${encodeURIComponent(chosen.name)}/${encodeURIComponent(record.key)}`));
      return true;
    });
    if (done) toast(`${label} removed.`);
    changed("state");
  }

  async function replaceAll() {
    const { session } = context;
    if (!(await confirmed(`Put the state of ${session} back to how it began?`, "Put back", "All changes of its records are lost; journal, faults and clock stay."))) return;
    await attempt(() => call("POST", of(session, "/reset"), { parts: ["state"] }));
    changed("state", "sessions");
  }

  const exportFixture = () => attempt(async () => download(`${context.session}.yaml`, "application/yaml", await call("GET", of(context.session, "/fixture"))));

  function begin() {
    const names = context.info.contract.collections.map((one) => one.name);
    const before = collections.value;
    fill(collections, names.map((name) => h("option", { value: name }, name)));
    if (names.includes(before)) collections.value = before;
    add.disabled = !names.length;
    page = 0;
    load();
  }
  const reload = soon(load, 120);
  on("session", begin);
  on("restarted", begin);
  on("state", reload);
  collections.addEventListener("change", () => { page = 0; order = { name: null, down: false }; load(); });
  words.addEventListener("input", () => { page = 0; draw(); });

  const bar = h("form", { class: "bar", role: "search", "aria-label": "Records", id: newId("bar"), on: { submit: (event) => event.preventDefault() } },
    field("Collection", collections), field("Find", words),
    h("div", { class: "actions" },
      add, button("Export fixture", exportFixture), button("Put back", replaceAll)));
  return {
    element: [h("h2", { class: "unseen" }, "State"), bar, count, problem, body, pager],
    show: () => { visible = true; load(); },
    hide: () => { visible = false; },
  };
}
