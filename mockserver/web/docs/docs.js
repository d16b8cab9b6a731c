// Swagger UI over the contract that is served, or over the control API; "Try it out" goes to this mock, whatever
// servers the document names: to the default session, or to one that is chosen under "Servers".

const KEPT = "mock-control-token"; // as the workbench keeps it
const control = new URLSearchParams(location.search).get("document") === "control";
const $ = (id) => document.getElementById(id);

function headers() {
  const token = sessionStorage.getItem(KEPT);
  return token ? { Authorization: `Bearer ${token}` } : {};
}

async function fetched(path) {
  const answer = await fetch(`../${path}`, { headers: headers(), cache: "no-store" });
  if (answer.status === 401) {
    $("ask").hidden = false;
    $("token").focus();
    await new Promise((done) => $("ask").addEventListener("submit", (event) => { event.preventDefault(); done(); }, { once: true }));
    sessionStorage.setItem(KEPT, $("token").value);
    $("ask").hidden = true;
    return fetched(path);
  }
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer;
}

// Return the contract with this mock as its only server, once for each session.
async function contract() {
  const document_ = await (await fetched("contract.json")).json();
  const info = await (await fetched("info")).json();
  const base = info.contract.base_path;
  const servers = [{ url: location.origin + base, description: "session default" }];
  const sessions = await fetched("sessions").then((answer) => answer.json(), () => ({ sessions: [] }));
  for (const { name, base_url: url } of sessions.sessions.slice(0, 50)) {
    if (name !== "default") servers.push({ url: location.origin + url + base, description: `session ${name}` });
  }
  for (const item of Object.values(document_.paths ?? {})) {
    delete item.servers;
    for (const inner of Object.values(item)) if (inner && typeof inner === "object") delete inner.servers;
  }
  return { ...document_, servers };
}

async function begin() {
  $(control ? "control" : "contract").setAttribute("aria-current", "page");
  if (control) {
    $("heading").textContent = "Control API of the mock";
    document.title = "Control API of the mock";
    await fetched("info"); // asks for the token, where one is needed
  }
  window.ui = window.SwaggerUIBundle({
    dom_id: "#swagger-ui",
    ...(control ? { url: new URL("../openapi.yaml", location.href).href } : { spec: await contract() }),
    deepLinking: true,
    validatorUrl: null,
    presets: [window.SwaggerUIBundle.presets.apis],
    // The control token goes to the control API alone, never to the mocked one.
    requestInterceptor: (request) => {
      const { origin, pathname } = new URL(request.url, location.href);
      const own = origin === location.origin && pathname.startsWith("/__mock__/") && !pathname.startsWith("/__mock__/s/");
      if (own && !request.headers?.Authorization) request.headers = { ...request.headers, ...headers() };
      return request;
    },
  });
}

begin().catch((problem) => {
  $("problem").hidden = false;
  $("problem").textContent = `The document cannot be shown. ${problem.message}`;
});
