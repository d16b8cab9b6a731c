// The control API, and the mocked API through a session. The control token is kept for this tab alone.

const ROOT = new URL("/__mock__", location.href).pathname;
const KEPT = "mock-control-token";

export class Refusal extends Error {
  constructor(status, message, detail = "", validations = []) {
    super(message);
    this.name = "Refusal";
    this.status = status;
    this.detail = detail;
    this.validations = validations;
  }
}

let askForToken = async () => false;

// Name what asks the person for the control token, and resolves to whether there is one now.
export function onTokenNeeded(ask) {
  askForToken = ask;
}

export const controlToken = {
  get: () => sessionStorage.getItem(KEPT),
  set: (token) => sessionStorage.setItem(KEPT, token),
  forget: () => sessionStorage.removeItem(KEPT),
};

function headers() {
  const token = controlToken.get();
  return token ? { Authorization: `Bearer ${token}` } : {};
}

async function send(path, options) {
  let answer;
  try {
    answer = await fetch(ROOT + path, { ...options, headers: { ...headers(), ...options.headers }, cache: "no-store", redirect: "error" });
  } catch (problem) {
    if (problem.name === "AbortError") throw problem;
    throw new Refusal(null, "The mock does not answer.", "Is it still running?");
  }
  if (answer.status === 401 && (await askForToken())) return send(path, options);
  if (!answer.ok) throw await refused(answer);
  return answer;
}

async function refused(answer) {
  const text = await answer.text();
  try {
    const error = JSON.parse(text);
    return new Refusal(answer.status, error.message, error.detail, error.validations);
  } catch {
    return new Refusal(answer.status, text.slice(0, 200) || answer.statusText);
  }
}

// Return the path of something of a session.
export const of = (session, rest = "") => `/sessions/${encodeURIComponent(session)}${rest}`;

export function query(values) {
  const known = Object.entries(values).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return known.length ? `?${new URLSearchParams(known)}` : "";
}

// Send a request of the control API; resolves to its JSON, to null for 204, to text for another type.
export async function call(method, path, body, signal) {
  const options = { method, signal };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers = { "Content-Type": "application/json" };
  }
  const answer = await send(path, options);
  if (answer.status === 204) return null;
  return (answer.headers.get("Content-Type") ?? "").startsWith("application/json") ? answer.json() : answer.text();
}

// Yield the server-sent events of a stream, in batches as they come. EventSource could not send the control token.
export async function* events(path, signal, heard = () => {}) {
  const answer = await send(path, { signal, headers: { Accept: "text/event-stream" } });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    heard();
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    const batch = blocks.map(readEvent).filter((event) => event.type);
    if (batch.length) yield batch;
  }
}

function readEvent(block) {
  const event = { type: "", data: "" };
  for (const line of block.split("\n")) {
    if (line.startsWith("event: ")) event.type = line.slice(7);
    else if (line.startsWith("data: ")) event.data += line.slice(6);
  }
  return event;
}

// Send a request to the mocked API through a session; resolves to what came back, whatever its status.
export async function callApi(session, { method, path, search = "", headers: sent = [], body = null }) {
  const target = `${ROOT}/s/${encodeURIComponent(session)}${path}${search ? `?${search}` : ""}`;
  const began = performance.now();
  let answer;
  try {
    answer = await fetch(target, { method, headers: sent, body, cache: "no-store", credentials: "omit", redirect: "manual" });
  } catch (problem) {
    throw new Refusal(null, "No answer came.", `The connection was closed, or the browser does not send this: ${problem.message}`);
  }
  try {
    const text = await answer.text();
    return { status: answer.status, headers: [...answer.headers], text, milliseconds: performance.now() - began };
  } catch {
    throw new Refusal(answer.status, `${answer.status}, and the connection was closed inside the answer.`);
  }
}
