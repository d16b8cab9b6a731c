// The clock of a session: token expiry and timestamps follow it.

import { call, of } from "./api.js";
import { changed, context, on } from "./context.js";
import { attempt, button, field, fill, h, toast } from "./dom.js";

const STEPS = [["+1 minute", 60], ["+1 hour", 3600], ["+1 day", 86_400], ["+30 days", 2_592_000]];

export function clockView() {
  const now = h("p", { class: "now", role: "timer", "aria-label": "Time in the session" }, "–");
  const state = h("p", { class: "muted", role: "status" });
  const problem = h("div");
  const set = h("input", { type: "text", required: true, placeholder: "2027-01-31T12:00:00Z", spellcheck: "false", class: "code" });
  const seconds = h("input", { type: "number", min: "0.001", step: "any", required: true, value: "600" });
  const freeze = button("Freeze", () => act("POST", frozen ? "/clock/resume" : "/clock/freeze"));
  let frozen = false;
  let timer = null;

  function show(clock) {
    frozen = clock.frozen;
    now.textContent = `${clock.now.slice(0, 10)} ${clock.now.slice(11, 19)} UTC`;
    now.title = clock.now;
    const ahead = Math.round(clock.offset_seconds);
    const said = `${frozen ? "Frozen" : "Running"}, ${ahead === 0 ? "not moved" : `moved by ${ahead.toLocaleString("en")} s`}.`;
    if (state.textContent !== said) state.textContent = said;
    freeze.textContent = frozen ? "Resume" : "Freeze";
    if (!set.value) set.value = `${clock.now.slice(0, 19)}Z`;
  }

  async function look() {
    try {
      show(await call("GET", of(context.session, "/clock")));
    } catch {
      state.textContent = "Not known: the mock does not answer.";
    }
  }

  async function act(method, rest, body) {
    const done = await attempt(async () => {
      await call(method, of(context.session, rest), body);
      changed("clock", "sessions");
      return true;
    }, problem);
    if (done) toast("The clock was changed.");
  }

  const form = (label, control, action, submit) => h("form", { class: "inline", on: { submit: (event) => { event.preventDefault(); submit(); } } }, field(label, control), h("button", {}, action));
  const shown = () => timer !== null;
  on("clock", () => shown() && look());
  let typed = null; // the session for which somebody typed a time
  set.addEventListener("input", () => { typed = context.session; });
  on("session", () => {
    if (typed !== context.session) set.value = "";
    if (shown()) look();
  });
  return {
    element: h("div", { class: "narrow card" }, h("h2", {}, "Clock"), h("p", { class: "muted" }, "Timestamps and the expiry of tokens follow the clock of the session."),
      now, state, problem,
      h("div", { class: "actions" }, freeze, button("Put back", () => act("DELETE", "/clock"))),
      h("h3", {}, "Move on"),
      h("div", { class: "actions" }, STEPS.map(([label, step]) => button(label, () => act("POST", "/clock/advance", { seconds: step })))),
      form("Seconds", seconds, "Advance", () => act("POST", "/clock/advance", { seconds: Number(seconds.value) })),
      h("h3", {}, "Set"),
      form("Time (RFC 3339)", set, "Set", () => act("PUT", "/clock", { now: set.value.trim(), frozen }))),
    show: () => { clearInterval(timer); timer = setInterval(() => !document.hidden && look(), 1000); if (context.info) look(); },
    hide: () => { clearInterval(timer); timer = null; fill(problem); },
  };
}
