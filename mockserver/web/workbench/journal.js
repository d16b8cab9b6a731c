// The live journal: a list of any length, filters, and one exchange in full beside it.

import { call, of, query } from "./api.js";
import { changed, context, on, soon, tell } from "./context.js";
import { announce, attempt, button, confirmed, download, field, fill, h, select, toast } from "./dom.js";
import { showExchange } from "./exchange.js";
import { MOST } from "./feed.js";
import { VirtualList } from "./list.js";

const NARROW = matchMedia("(max-width: 760px)");
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
const STATUSES = ["2xx", "3xx", "4xx", "5xx", "none"];

export const statusClass = (status) => `status s${status === null ? "none" : Math.floor(status / 100)}`;
export const clockTime = (text) => new Date(text).toTimeString().slice(0, 8);

// Text that is searched for is found by the mock, as bodies are not kept here; this keeps the ids that it found.
class TextSearch {
  constructor(found) {
    this.found = found;
    this.begin("");
  }

  begin(text) {
    this.text = text;
    this.ids = new Set();
    this.seen = 0;
  }

  passes(entry) {
    return !this.text || this.ids.has(entry.id);
  }

  async look() {
    const { text } = this;
    if (!text) return;
    const { session } = context;
    for (;;) {
      const page = await call("GET", of(session, `/journal${query({ text, view: "summary", after: this.seen, limit: 1000 })}`));
      if (text !== this.text || session !== context.session) return;
      for (const entry of page.entries) this.ids.add(entry.id);
      const more = page.total > page.entries.length;
      this.seen = more ? page.entries.at(-1).id : page.last;
      if (!more) break;
    }
    this.found();
  }
}

export function journalView() {
  const { feed } = context;
  const filter = { method: "", status: "", operation: "" };
  let shown = [];
  let paused = null; // the id of the newest entry when it was paused
  let opened = null;

  const list = new VirtualList({
    label: "Exchanges, newest first",
    rowHeight: () => (NARROW.matches ? 58 : 36),
    render: row,
    open: (entry) => open(entry.id),
  });
  NARROW.addEventListener("change", () => list.redraw());
  const search = new TextSearch(() => sift());
  const lookAgain = soon(() => attempt(() => search.look()), 250);

  const operations = select([["", "Every operation"]]);
  const methods = select([["", "Every method"], ...METHODS]);
  const statuses = select([["", "Every status"], ...STATUSES.map((one) => [one, one === "none" ? "closed" : one])]);
  const text = h("input", { type: "search", placeholder: "in path, headers, bodies", maxlength: 200, spellcheck: "false" });
  const count = h("p", { class: "count muted", id: "journal-count" });
  const pause = button("Pause", () => setPaused(paused === null), { "aria-pressed": "false" });
  const empty = h("div", { class: "empty" });
  const detail = h("aside", { class: "detail", "aria-label": "Exchange", hidden: true });
  const split = h("div", { class: "split" }, h("div", { class: "listing" }, list.element, empty), detail);

  for (const [control, name] of [[operations, "operation"], [methods, "method"], [statuses, "status"]]) {
    control.addEventListener("change", () => { filter[name] = control.value; sift(); });
  }
  text.addEventListener("input", () => { search.begin(text.value); sift(); lookAgain(); });

  function passes(entry) {
    if (filter.method && entry.method !== filter.method) return false;
    if (filter.operation && (entry.operation ?? "(none)") !== filter.operation) return false;
    if (filter.status === "none" && entry.status !== null) return false;
    if (filter.status && filter.status !== "none" && String(entry.status)[0] !== filter.status[0]) return false;
    if (paused !== null && entry.id > paused) return false;
    return search.passes(entry);
  }

  // Sort out anew what is shown.
  function sift(added = 0) {
    shown = feed.entries.filter(passes);
    list.element.hidden = shown.length === 0; // first, since a hidden list has no height to fill
    list.show(shown.length, (index) => shown[shown.length - 1 - index], added);
    const total = feed.entries.length;
    const held = paused === null ? 0 : total - feed.entries.findLastIndex((entry) => entry.id <= paused) - 1;
    count.textContent = `${shown.length === total ? total : `${shown.length} of ${total}`} ${total === 1 ? "exchange" : "exchanges"}${total >= MOST ? " (the newest)" : ""}${held ? `, ${held} new while paused` : ""}`;
    empty.hidden = shown.length > 0;
    if (!empty.hidden) fill(empty, total ? nothingFound() : nothingYet());
  }

  function nothingFound() {
    return [h("h2", {}, "No exchange matches"), h("p", {}, "Change the filter, or ", button("show all", clearFilter, { class: "link" }), ".")];
  }

  function nothingYet() {
    const path = context.info?.contract.collections[0]?.path ?? "/";
    const base = context.session === "default" ? "" : `/__mock__/s/${context.session}`;
    return [h("h2", {}, "No requests yet"),
      h("p", {}, "What a client sends to this session shows here at once. Its base URL is"),
      h("pre", { class: "code" }, `${location.origin}${base || "/"}`),
      h("p", {}, "Try"),
      h("pre", { class: "code", tabindex: "0", role: "region", "aria-label": "Command to try" }, `curl ${location.origin}${base}${path}`)];
  }

  function clearFilter() {
    Object.assign(filter, { method: "", status: "", operation: "" });
    for (const control of [operations, methods, statuses, text]) control.value = "";
    search.begin("");
    sift();
    text.focus();
  }

  function setPaused(on) {
    paused = on ? feed.last : null;
    pause.setAttribute("aria-pressed", String(on));
    pause.textContent = on ? "Resume" : "Pause";
    sift();
  }

  function row(entry) {
    const search_ = entry.query ? h("span", { class: "search" }, `?${entry.query}`) : null;
    return [
      h("span", { class: "time" }, clockTime(entry.time)),
      h("span", { class: "method", "data-method": entry.method }, entry.method),
      h("span", { class: statusClass(entry.status) }, entry.status ?? "closed"),
      h("span", { class: "path" }, h("bdi", {}, entry.path), search_),
      h("span", { class: "marks" }, entry.faults.map((fault) => h("span", { class: "mark" }, `⚠ ${fault.kind}`)), entry.problem && !entry.faults.length ? h("span", { class: "mark problem" }, entry.problem) : null),
      h("span", { class: "operation" }, entry.operation ?? "no operation"),
      h("span", { class: "duration" }, `${entry.duration_ms.toFixed(1)} ms`),
    ];
  }

  async function open(id) {
    const { session } = context;
    opened = id;
    const entry = await attempt(() => call("GET", of(session, `/journal/${id}`)));
    if (!entry || opened !== id) return;
    fill(detail, showExchange(entry, { close, filterOperation }));
    detail.hidden = false;
    split.classList.add("opened");
    detail.scrollTop = 0;
    detail.querySelector("h2").focus({ preventScroll: true });
  }

  function close() {
    opened = null;
    detail.hidden = true;
    split.classList.remove("opened");
    fill(detail);
    if (!list.element.hidden) list.element.focus();
  }
  detail.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });

  function filterOperation(operation) {
    filter.operation = operation ?? "(none)";
    operations.value = filter.operation;
    sift();
  }

  async function clear() {
    const { session } = context;
    if (await confirmed(`Clear the journal of ${session}?`, "Clear", "What is in it cannot be brought back.")) {
      await attempt(() => call("DELETE", of(session, "/journal")));
      changed("sessions");
    }
  }

  async function saveHar() {
    const { session } = context;
    await attempt(async () => {
      const har = await call("GET", of(session, "/journal/har"));
      download(`${session}.har`, "application/json", JSON.stringify(har, null, 2));
      toast(`${har.log.entries.length} exchanges saved as ${session}.har.`);
    });
  }

  feed.addEventListener("entries", ({ detail: fresh }) => {
    const added = fresh.filter(passes).length;
    sift(added);
    if (search.text) lookAgain();
    const newest = fresh.at(-1);
    if (paused === null) announce(`${fresh.length} new, the newest ${newest.method} ${newest.path} ${newest.status ?? "closed"}`);
  });
  feed.addEventListener("cleared", () => {
    search.begin(text.value);
    if (paused !== null) setPaused(false);
    if (opened !== null) close();
    list.active = null;
    list.redraw();
    sift();
    lookAgain();
  });
  function listOperations() {
    const found = context.info.contract.operations.map((one) => one.id);
    fill(operations, [["", "Every operation"], ...found.map((one) => [one, one]), ["(none)", "no operation"]].map(([value, label]) => h("option", { value }, label)));
    operations.value = filter.operation;
  }
  on("session", () => { listOperations(); sift(); });
  on("restarted", listOperations);
  on("filter", (operation) => { tell("part", "journal"); filterOperation(operation); });

  const bar = h("form", { class: "bar", role: "search", "aria-label": "Filter the journal", on: { submit: (event) => event.preventDefault() } },
    field("Text", text), field("Operation", operations), field("Method", methods), field("Status", statuses),
    h("div", { class: "actions" }, pause, button("Clear", clear), button("Save HAR", saveHar)));
  sift();
  return {
    element: [h("h2", { class: "unseen" }, "Journal"), bar, count, split],
    show: () => sift(),
  };
}
