// What all parts of the workbench share: the chosen session, what is served, and news of what has changed.

import { call } from "./api.js";
import { Feed } from "./feed.js";

const news = new EventTarget();
const tabs = new BroadcastChannel("mock-workbench");

export const context = {
  info: null,
  session: "default",
  feed: new Feed(),
  contract: null, // the OpenAPI document, once it is there
};

// Call `listener` when something has changed: session, sessions, state, snapshots, faults, clock, restarted.
export function on(what, listener) {
  news.addEventListener(what, (event) => listener(event.detail));
}

export function tell(what, detail) {
  news.dispatchEvent(new CustomEvent(what, { detail }));
}

// Tell of a change that was made here, in the other tabs too.
export function changed(...kinds) {
  for (const what of kinds) tell(what);
  tabs.postMessage({ session: context.session, kinds });
}

tabs.addEventListener("message", ({ data }) => {
  for (const what of data.kinds) {
    if (what === "sessions" || what === "snapshots" || data.session === context.session) tell(what);
  }
});

export async function loadContract() {
  context.contract ??= await call("GET", "/contract.json");
  return context.contract;
}

// Run `action` soon after the last of many calls.
export function soon(action, milliseconds = 150) {
  let timer = null;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(action, milliseconds);
  };
}
