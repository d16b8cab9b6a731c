// Requests as commands, and sent again: the journal keeps no tokens, so both need them from the person.

import { callApi } from "./api.js";
import { context, loadContract } from "./context.js";
import { attempt, button, copy, dialog, field, fill, h, select, toast } from "./dom.js";
import { statusClass } from "./journal.js";
import { pretty, showBody } from "./json.js";

const REDACTED = "[redacted]";
const OF_THE_CONNECTION = new Set(["host", "connection", "content-length", "accept-encoding", "transfer-encoding", "keep-alive", "te", "trailer", "upgrade", "expect", "via", "dnt", "user-agent", "referer", "origin"]);
const own = (name) => OF_THE_CONNECTION.has(name) || /^(sec-|proxy-)/.test(name);
const KEPT_TOKEN = "mock-api-token";

// Return a word for a POSIX shell; what was redacted becomes a variable.
export function shellWord(text, variable) {
  const quoted = (part) => (part === "" ? "" : `'${part.replaceAll("'", "'\\''")}'`);
  return text.split(REDACTED).map(quoted).join(`"$${variable}"`) || "''";
}

// Return the path as it stands in a URL; the journal has it decoded.
function encodedPath(path) {
  return path.split("/").map((part) => encodeURIComponent(part).replaceAll("%5Bredacted%5D", REDACTED)).join("/");
}

export function curlCommand(entry) {
  const base = `${location.origin}${entry.session === "default" && !context.info.settings.require_session ? "" : `/__mock__/s/${entry.session}`}`;
  const url = `${base}${encodedPath(entry.path)}${entry.query ? `?${entry.query}` : ""}`;
  const { body } = entry.request;
  const parts = ["curl -g"];
  if (entry.method === "HEAD") parts[0] += " --head";
  else if (entry.method !== (body.text ? "POST" : "GET")) parts[0] += ` -X ${shellWord(entry.method, "TOKEN")}`;
  parts[0] += ` ${shellWord(url, "TOKEN")}`;
  for (const { name, value } of entry.request.headers) {
    if (own(name.toLowerCase()) || name.toLowerCase() === "x-mock-session") continue;
    const sent = value === REDACTED && name.toLowerCase() === "authorization" ? `Bearer ${value}` : value;
    parts.push(`-H ${shellWord(value === "" ? `${name};` : `${name}: ${sent}`, "TOKEN")}`);
  }
  if (body.text) parts.push(`--data-raw ${shellWord(body.text, "SECRET")}`);
  return parts.join(" \\\n  ");
}

export async function copyAsCurl(entry) {
  await copy(curlCommand(entry), "curl command");
  if (entry.request.body.truncated) toast("The journal kept only the beginning of the body: the command is not complete.", "bad");
}

// Return how the API takes a token, by the first security scheme that a page can use.
export function carrier(contract) {
  for (const scheme of Object.values(contract.components?.securitySchemes ?? {})) {
    if (scheme.type === "apiKey" && (scheme.in === "header" || scheme.in === "query")) return { place: scheme.in, name: scheme.name, value: (token) => token };
    if (scheme.type === "oauth2" || scheme.type === "openIdConnect" || (scheme.type === "http" && scheme.scheme.toLowerCase() === "bearer")) {
      return { place: "header", name: "Authorization", value: (token) => `Bearer ${token}` };
    }
  }
  return null;
}

// Return a field for the token of the API, kept for this tab.
export function tokenField(taken) {
  const input = h("input", { type: "text", autocomplete: "off", spellcheck: "false", class: "code", value: sessionStorage.getItem(KEPT_TOKEN) ?? "", placeholder: "none" });
  input.addEventListener("input", () => sessionStorage.setItem(KEPT_TOKEN, input.value));
  const hint = taken ? `Sent as ${taken.name}; kept for this tab only.` : "The contract names no way to send one.";
  return { input, element: field("Token", input, hint) };
}

// Return a request with the token in its place.
export function withToken(request, taken, token) {
  if (!taken || !token) return request;
  if (taken.place === "header") {
    const others = request.headers.filter(([name]) => name.toLowerCase() !== taken.name.toLowerCase());
    return { ...request, headers: [...others, [taken.name, taken.value(token)]] };
  }
  const values = new URLSearchParams(request.search);
  values.set(taken.name, token);
  return { ...request, search: values.toString() };
}

export function showAnswer(answer) {
  return h("div", { class: "answer", role: "status" },
    h("p", { class: "facts" }, h("span", { class: statusClass(answer.status) }, answer.status), h("span", {}, `${answer.milliseconds.toFixed(0)} ms`)),
    answer.text ? showBody(answer.text, "Body of the answer") : h("p", { class: "muted" }, "No body."));
}

// Open a dialog in which an exchange is sent again, changed or not.
export async function replay(entry) {
  const contract = await attempt(loadContract);
  if (!contract) return;
  const taken = carrier(contract);
  const token = tokenField(taken);
  const { request } = entry;
  const headers = request.headers.filter(({ name, value }) => !own(name.toLowerCase()) && name.toLowerCase() !== "x-mock-session" && value !== REDACTED);
  const methods = [...new Set([entry.method, "GET", "POST", "PUT", "PATCH", "DELETE"])];
  const method = select(methods, { value: entry.method });
  const path = h("input", { class: "code", value: encodedPath(entry.path) + (entry.query ? `?${entry.query}` : ""), spellcheck: "false" });
  const lines = h("textarea", { class: "code", rows: Math.min(8, headers.length + 1), spellcheck: "false", value: headers.map(({ name, value }) => `${name}: ${value}`).join("\n") });
  const body = h("textarea", { class: "code", rows: request.body.text ? 10 : 3, spellcheck: "false", value: pretty(request.body.text) });
  const result = h("div", { class: "result" });
  const secrets = request.body.text.includes(REDACTED) || entry.query.includes(REDACTED);

  async function send(event) {
    event.preventDefault();
    const [where, search] = path.value.split(/\?(.*)/s);
    const sent = lines.value.split("\n").filter((one) => one.includes(":")).map((one) => {
      const colon = one.indexOf(":", 1);
      return [one.slice(0, colon).trim(), one.slice(colon + 1).trim()];
    });
    const whole = { method: method.value, path: where, search: search ?? "", headers: sent, body: body.value && !["GET", "HEAD"].includes(method.value) ? body.value : null };
    await attempt(async () => fill(result, showAnswer(await callApi(entry.session, withToken(whole, taken, token.input.value)))), result);
    result.scrollIntoView({ block: "nearest" });
  }

  dialog(`Replay #${entry.id}`, (close) => h("form", { on: { submit: send } },
    h("p", { class: "muted" }, `Sent through the session ${entry.session}. Headers of the connection are the browser's own.`),
    secrets ? h("p", { class: "note" }, "The journal keeps no secrets: put your own where it says [redacted].") : null,
    request.body.truncated ? h("p", { class: "note" }, "The journal kept only the beginning of the body.") : null,
    h("div", { class: "line" }, field("Method", method), h("div", { class: "grow" }, field("Path and query", path))),
    token.element, field("Headers", lines), field("Body", body),
    result,
    h("div", { class: "actions bottom" }, h("button", { class: "primary" }, "Send"), button("Close", close))), { wide: true });
}
