// One exchange in full: what was sent, what came back, what was found wrong with it, and what can be done with it.

import { copyAsCurl, replay } from "./send.js";
import { button, h, table, when } from "./dom.js";
import { statusClass } from "./journal.js";
import { showBody } from "./json.js";

export function showExchange(entry, { close, filterOperation }) {
  const search = entry.query ? `?${entry.query}` : "";
  return [
    h("header", { class: "exchange" },
      h("div", { class: "line" },
        h("h2", { tabindex: "-1" }, h("span", { class: "method", "data-method": entry.method }, entry.method), " ", h("bdi", { class: "path" }, entry.path + search)),
        button("✕", close, { class: "plain close", "aria-label": "Close the exchange" })),
      h("p", { class: "facts" },
        h("span", { class: statusClass(entry.status) }, entry.status ?? "connection closed"),
        h("span", {}, `${entry.duration_ms.toFixed(2)} ms`),
        h("span", {}, when(entry.time)),
        h("span", {}, `#${entry.id}`)),
      h("div", { class: "actions" },
        button("Copy as curl", () => copyAsCurl(entry)),
        button("Replay…", () => replay(entry)),
        button("Same operation", () => filterOperation(entry.operation)))),
    h("dl", { class: "pairs" },
      pair("Operation", entry.operation ?? "none of the contract"),
      pair("User", entry.principal ?? "nobody"),
      pair("Session", entry.session),
      entry.problem ? pair("Refused as", entry.problem) : null),
    entry.faults.length ? section("Faults that applied", h("ul", { class: "plainlist" }, entry.faults.map((fault) =>
      h("li", {}, h("span", { class: "mark" }, `⚠ ${fault.kind}`), " ", h("code", {}, fault.id), fault.detail ? ` ${fault.detail}` : "")))) : null,
    entry.violations?.length ? section("What validation found", table("Violations", ["Field", "Finding", "Rule", "In"],
      entry.violations.map((one) => [h("code", {}, one.field || "(whole)"), one.detail, one.keyword, one.where]))) : null,
    message("Request", entry.request),
    entry.response ? message("Answer", entry.response) : section("Answer", h("p", {}, "None: the connection was closed.")),
  ];
}

function pair(name, value) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, value));
}

function section(title, ...content) {
  return h("section", {}, h("h3", {}, title), content);
}

function message(title, { headers, body }) {
  const notes = [body.redacted ? "secrets taken out" : "", body.truncated ? "only the beginning was kept" : ""].filter(Boolean);
  return section(title,
    h("details", { open: headers.length <= 12 }, h("summary", {}, `Headers (${headers.length})`),
      h("dl", { class: "headers" }, headers.map(({ name, value }) => h("div", {}, h("dt", {}, name), h("dd", {}, value))))),
    body.size ? [
      h("h4", {}, "Body ", h("span", { class: "muted" }, [`${body.size.toLocaleString("en")} octets`, ...notes].join(", "))),
      body.text ? showBody(body.text, `Body of the ${title.toLowerCase()}`) : h("p", { class: "muted" }, "Not kept: it cannot be read as JSON, so nobody knows what is secret in it."),
    ] : h("p", { class: "muted" }, "No body."));
}
