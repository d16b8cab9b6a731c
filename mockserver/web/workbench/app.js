// The workbench: its parts, the choice of the session, and the banner that says that something is broken on purpose.

import { call, controlToken, of, onTokenNeeded } from "./api.js";
import { changed, context, on, tell } from "./context.js";
import { announce, attempt, button, dialog, field, fill, h, toast } from "./dom.js";
import { clockView } from "./clock.js";
import { contractView } from "./contract.js";
import { faultsView } from "./faults.js";
import { journalView } from "./journal.js";
import { sessionsView } from "./sessions.js";
import { snapshotsView } from "./snapshots.js";
import { stateView } from "./state.js";

const PARTS = [
  ["journal", "Journal", journalView],
  ["state", "State", stateView],
  ["sessions", "Sessions", sessionsView],
  ["snapshots", "Snapshots", snapshotsView],
  ["faults", "Faults", faultsView],
  ["clock", "Clock", clockView],
  ["contract", "Contract", contractView],
];
const POLL = 3000; // milliseconds between looks at what no event tells of
const CHOICES = 200; // sessions in the chooser
const parts = new Map();
const $ = (id) => document.getElementById(id);
let part = "journal";

// The address says which session and part are shown, so that it can be kept and sent.
function readAddress() {
  const values = new URLSearchParams(location.hash.slice(1));
  const name = values.get("session") ?? "default";
  return {
    session: /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name) ? name : "default",
    part: parts.has(values.get("part")) ? values.get("part") : "journal",
  };
}

function writeAddress() {
  const hash = `#${new URLSearchParams({ session: context.session, part })}`;
  if (location.hash !== hash) history.pushState(null, "", hash);
}

function build() {
  for (const [name, label, make] of PARTS) {
    const tab = button(label, () => show(name), { role: "tab", id: `tab-${name}`, "aria-controls": `part-${name}` });
    const view = make();
    const panel = h("section", { role: "tabpanel", id: `part-${name}`, "aria-labelledby": `tab-${name}`, class: `part ${name}`, hidden: true }, view.element);
    parts.set(name, { tab, panel, view });
    $("tabs").append(tab);
    $("main").append(panel);
  }
  $("tabs").addEventListener("keydown", (event) => {
    const names = [...parts.keys()];
    const here = names.indexOf(part);
    const steps = { ArrowRight: here + 1, ArrowLeft: here - 1 + names.length, Home: 0, End: names.length - 1 };
    if (!(event.key in steps)) return;
    event.preventDefault();
    show(names[steps[event.key] % names.length]);
    parts.get(part).tab.focus();
  });
}

function show(name, write = true) {
  const before = part;
  part = name;
  for (const [other, { tab, panel }] of parts) {
    const chosen = other === name;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    panel.hidden = !chosen;
  }
  parts.get(name).tab.scrollIntoView({ block: "nearest", inline: "nearest" });
  if (before !== name) parts.get(before).view.hide?.();
  parts.get(name).view.show?.();
  if (write) writeAddress();
}

function choose(session) {
  context.session = session;
  context.feed.follow(session);
  $("gone").hidden = true;
  fillChooser([...$("session").options].map((one) => one.value));
  tell("session");
  writeAddress();
  look();
}

function fillChooser(names) {
  const known = names.slice(0, CHOICES);
  if (!known.includes(context.session)) known.unshift(context.session);
  const chooser = $("session");
  if ([...chooser.options].map((one) => one.value).join("\n") !== known.join("\n")) {
    fill(chooser, known.map((name) => h("option", { value: name }, name)));
  }
  chooser.value = context.session;
}

// Look at what may have changed without an event.
async function look() {
  if (document.hidden) return;
  try {
    const [{ sessions }, info] = await Promise.all([call("GET", "/sessions"), call("GET", "/info")]);
    if (context.feed.status === "live" && info.started_at !== context.info.started_at) begunAnew(info);
    context.sessions = sessions;
    fillChooser(sessions.map((one) => one.name));
    tell("listed", sessions);
    const mine = sessions.find((one) => one.name === context.session);
    if (mine) showBanner(mine);
  } catch {
    // The feed says that the mock is away, and when it is back.
  }
}

function showBanner(session) {
  const banner = $("banner");
  const said = `${session.name} ${session.faults} ${session.presets}`;
  if (banner.dataset.said === said) return;
  banner.dataset.said = said;
  banner.hidden = session.faults === 0;
  if (banner.hidden) return;
  const number = session.faults === 1 ? "1 fault is" : `${session.faults} faults are`;
  const presets = session.presets.length ? ` (${session.presets.join(", ")})` : "";
  fill(banner,
    h("span", { class: "sign", "aria-hidden": "true" }, "⚠"),
    h("p", {}, h("strong", {}, `${number} on${presets}`), ` in session ${session.name}: answers are slow, broken or refused on purpose.`),
    button("Show", () => show("faults"), { "aria-label": "Show the faults" }),
    button("Turn all off", () => attempt(async () => {
      await call("DELETE", of(context.session, "/faults"));
      changed("faults");
    })));
  announce(`${number} on in session ${session.name}.`);
}

const STATUS = { connecting: "Connecting…", live: "Live", lost: "Connection lost, trying again…", gone: "Session is gone" };

function followFeed() {
  const { feed } = context;
  feed.addEventListener("status", ({ detail }) => {
    const pill = $("connection");
    if (pill.dataset.state === "lost" && detail === "live") {
      toast("The mock is back.");
      for (const what of ["state", "snapshots", "faults", "clock"]) tell(what);
    }
    if (detail === "connecting" && pill.dataset.state === "lost") return;
    pill.dataset.state = detail;
    $("connection-text").textContent = STATUS[detail];
    if (detail === "gone") sessionGone();
    else $("gone").hidden = true;
  });
  feed.addEventListener("faults", () => tell("faults"));
  feed.addEventListener("state", () => tell("state"));
  feed.addEventListener("entries", ({ detail }) => {
    if (detail.some((entry) => !["GET", "HEAD", "OPTIONS"].includes(entry.method))) tell("state");
    if (detail.some((entry) => entry.faults.length)) tell("fired");
  });
  feed.addEventListener("restarted", ({ detail }) => {
    begunAnew(detail);
  });
  on("faults", look);
  on("sessions", look);
}

// The mock was restarted, or has read its contract and fixture again.
function begunAnew(info) {
  if (info.started_at === context.info.started_at) return;
  context.contract = null;
  context.feed.startedAt = info.started_at;
  describe(info);
  toast("The mock has begun anew: it was restarted, or its files have changed.");
  for (const what of ["restarted", "state", "snapshots", "faults", "clock"]) tell(what);
}

function sessionGone() {
  const name = context.session;
  fill($("gone"),
    h("p", {}, h("strong", {}, `The session ${name} is gone`), ": it was dropped, has expired, or the mock was restarted."),
    button("Make it again", () => attempt(async () => {
      await call("POST", "/sessions", { name });
      changed("sessions");
      choose(name);
    })),
    name === "default" ? null : button("Go to default", () => choose("default")));
  $("gone").hidden = false;
}

function describe(info) {
  context.info = info;
  const { contract, fixture, settings } = info;
  $("serves").textContent = `${contract.title} ${contract.version} · ${settings.profile && contract.name.startsWith(settings.profile) ? settings.profile : contract.name} · ${fixture}`;
}

// One question for the token, however many requests need it.
let asking = null;
function askForToken() {
  const had = controlToken.get();
  asking ??= new Promise((resolve) => {
    const input = h("input", { type: "password", autocomplete: "off", required: true, spellcheck: "false" });
    let given = false;
    const box = dialog("Control token", (close) => h("form", { on: { submit: (event) => {
      event.preventDefault();
      controlToken.set(input.value);
      given = true;
      close();
    } } },
      h("p", {}, had ? "The mock does not take this token. " : "", "The mock was started with --control-token; it is kept for this tab until it is closed."),
      field("Control token", input),
      h("div", { class: "actions" }, h("button", { class: "primary" }, "Use it"))));
    input.focus();
    box.addEventListener("close", () => { asking = null; resolve(given); });
  });
  return asking;
}

function signOut() {
  if (!controlToken.get()) return;
  $("docs-link").after(button("Forget token", () => { controlToken.forget(); location.reload(); }, { class: "plain" }));
}

async function begin() {
  onTokenNeeded(askForToken);
  // Its address would take the place of the one that says which session and part are shown.
  document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); $("main").focus(); });
  build();
  followFeed();
  const wanted = readAddress();
  context.session = wanted.session;
  show(wanted.part, false);
  for (;;) {
    try {
      describe(await call("GET", "/info"));
      break;
    } catch (problem) {
      $("connection").dataset.state = "lost";
      $("connection-text").textContent = problem.status === 401 ? "Token needed" : STATUS.lost;
      if (problem.status === 401) {
        fill($("gone"), h("p", {}, h("strong", {}, "The control token is needed.")), button("Enter it", () => location.reload()));
        $("gone").hidden = false;
        return;
      }
      await new Promise((done) => setTimeout(done, 1000));
    }
  }
  signOut();
  choose(wanted.session);
  show(wanted.part, false);
  $("session").addEventListener("change", (event) => choose(event.target.value));
  on("choose", choose);
  on("part", show);
  addEventListener("popstate", () => {
    const now = readAddress();
    if (now.session !== context.session) choose(now.session);
    show(now.part, false);
  });
  setInterval(look, POLL);
}

begin();
