// The journal of one session as it grows: server-sent events, bounded memory, and a connection that comes back.

import { call, events, of, query } from "./api.js";

export const MOST = 10_000;
const SILENCE = 40_000; // milliseconds; the mock says something every fifteen seconds
const PAUSES = [300, 600, 1000, 2000, 3000];

// Tells of `entries` (detail: the new ones), `cleared`, `faults`, `state`, `status` (detail: connecting, live, lost,
// gone) and `restarted`.
export class Feed extends EventTarget {
  constructor() {
    super();
    this.entries = []; // oldest first
    this.session = "";
    this.status = "connecting";
    this.startedAt = "";
    this.last = 0;
    this.stopper = new AbortController();
    document.addEventListener("visibilitychange", () => this.seen());
  }

  // Follow a session from now on.
  follow(session) {
    this.session = session;
    this.empty();
    this.resume();
  }

  // A page that nobody sees gives its connection back: a browser has only six for one mock.
  seen() {
    if (!this.session) return;
    if (document.hidden) this.stopper.abort();
    else this.resume();
  }

  resume() {
    this.stopper.abort();
    this.stopper = new AbortController();
    this.run(this.session, this.stopper.signal);
  }

  async run(session, signal) {
    this.tell("status", this.status === "lost" ? "lost" : "connecting");
    for (let tried = 0; !signal.aborted; tried += 1) {
      try {
        await this.connect(session, signal, () => { tried = 0; });
      } catch (problem) {
        if (signal.aborted) return;
        if (problem.status === 404) {
          this.tell("status", "gone");
          return;
        }
      }
      if (signal.aborted) return;
      this.tell("status", "lost");
      await new Promise((done) => setTimeout(done, PAUSES[Math.min(tried, PAUSES.length - 1)]));
    }
  }

  async connect(session, signal, connected) {
    const info = await call("GET", "/info", undefined, signal);
    if (this.startedAt && info.started_at !== this.startedAt) {
      this.empty();
      this.tell("restarted", info);
    }
    this.startedAt = info.started_at;
    const { journal } = await call("GET", of(session), undefined, signal);
    if (journal.entries < this.entries.length || journal.last < this.last) this.empty();
    const after = Math.max(this.last, journal.last - MOST);
    const guard = new AbortController();
    const stop = () => guard.abort();
    signal.addEventListener("abort", stop);
    let timer = setTimeout(stop, SILENCE);
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(stop, SILENCE);
      if (this.status !== "live") this.tell("status", "live");
      connected();
    };
    try {
      const path = of(session, `/journal/stream${query({ view: "summary", after })}`);
      for await (const batch of events(path, guard.signal, heard)) {
        if (signal.aborted) return;
        if (this.take(batch)) throw Object.assign(new Error("dropped"), { status: 404 });
      }
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    }
  }

  // Work a batch of events in; return whether the session is gone.
  take(batch) {
    let fresh = [];
    const others = new Set();
    for (const event of batch) {
      if (event.type === "entry") {
        const entry = JSON.parse(event.data);
        if (entry.id > this.last) {
          this.last = entry.id;
          fresh.push(entry);
        }
      } else if (event.type === "cleared") {
        this.entries = [];
        fresh = [];
        this.tell("cleared");
      } else {
        others.add(event.type);
      }
    }
    if (fresh.length) {
      this.entries.push(...fresh);
      if (this.entries.length > MOST) this.entries.splice(0, this.entries.length - MOST);
      this.tell("entries", fresh);
    }
    for (const type of others) if (type !== "dropped") this.tell(type);
    return others.has("dropped");
  }

  empty() {
    this.entries = [];
    this.last = 0;
    this.tell("cleared");
  }

  tell(type, detail) {
    if (type === "status") this.status = detail;
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
