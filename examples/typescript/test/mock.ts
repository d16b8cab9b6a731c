/** A session of the mock for each test: a world of its own, made before the test and dropped after it. */
import { randomUUID } from "node:crypto";

import createClient from "openapi-fetch";
import { test as base } from "vitest";

import type { components, paths } from "../generated/control";
import { Providers, type Options } from "../src/providers";

type Schemas = components["schemas"];

const url = process.env.MOCK_URL ?? "http://127.0.0.1:8080";
const control = createClient<paths>({ baseUrl: `${url}/__mock__` });

export class Session {
  constructor(readonly name: string) {}

  /** The code under test, as the owner or with another token; its session is chosen by the base URL. */
  providers(options: Partial<Options> = {}): Providers {
    return new Providers({ baseUrl: `${url}/__mock__/s/${this.name}`, token: "API_KEY", ...options });
  }

  /** The same, with the session chosen by a header: for clients whose base URL shall stay. */
  providersByHeader(): Providers {
    return new Providers({ baseUrl: url, token: "API_KEY", headers: { "X-Mock-Session": this.name } });
  }

  async fault(fault: Schemas["NewFault"]): Promise<void> {
    said(await control.POST("/sessions/{session}/faults", { params: this.params, body: fault }));
  }

  async journal(match: Schemas["Matcher"] = {}): Promise<Schemas["JournalEntry"][]> {
    return said(await control.POST("/sessions/{session}/journal/search", { params: this.params, body: { match } }))
      .entries;
  }

  /** Fail, with the nearest requests and what differs, unless so many came. */
  async verify(match: Schemas["Matcher"], count: Schemas["Expectation"]): Promise<void> {
    const body = { match, count };
    const verdict = said(await control.POST("/sessions/{session}/journal/verify", { params: this.params, body }));
    if (!verdict.passed) throw new Error(`${verdict.message}\n${JSON.stringify(verdict.candidates, null, 2)}`);
  }

  /** Return the exchanges as lines, for who has to find out why a test failed. */
  async described(): Promise<string> {
    const lines = (await this.journal()).flatMap(({ method, path, query, status, faults, violations = [] }) => [
      `${method} ${path}${query ? `?${query}` : ""} -> ${status ?? "closed"}${faults.map(({ id }) => ` [fault ${id}]`).join("")}`,
      ...violations.map(({ field, detail }) => `  ! ${field}: ${detail}`),
    ]);
    return [`The journal of the session ${this.name}:`, ...(lines.length ? lines : ["no request came"])].join("\n");
  }

  /** Return whether so many requests have come since the session was made, or come within some seconds. */
  async wait(match: Schemas["Matcher"], count: number, seconds: number): Promise<boolean> {
    const body = { match, count, seconds, after: 0 };
    return said(await control.POST("/sessions/{session}/journal/wait", { params: this.params, body })).satisfied;
  }

  async drop(): Promise<void> {
    said(await control.DELETE("/sessions/{session}", { params: this.params }));
  }

  private get params() {
    return { path: { session: this.name } };
  }
}

/** Return the data of an answer of the control API, or throw what it said. */
function said<T>({ data, error, response }: { data?: T; error?: Schemas["Error"]; response: Response }): T {
  if (error !== undefined) {
    const places = (error.validations ?? []).map(({ field, detail }) => `${field}: ${detail}`);
    throw new Error([`the mock refused (${response.status}): ${error.message}`, error.detail, ...places].join("\n"));
  }
  return data as T;
}

export const test = base.extend<{ mock: Session }>({
  mock: async ({ task }, use) => {
    const name = `worker-${process.env.VITEST_POOL_ID ?? 0}-${randomUUID().slice(0, 8)}`;
    said(await control.POST("/sessions", { body: { name } }));
    const session = new Session(name);
    await use(session);
    if (task.result?.state === "fail") console.error(await session.described());
    await session.drop();
  },
});

/** Return once so many workers of this run have come here, or throw: so that it is known that they run at once. */
export async function meetOtherWorkers(workers: number): Promise<void> {
  const meeting = new Session(`meeting-${process.ppid}`);
  await meeting.providers().get(`worker-${process.env.VITEST_POOL_ID}`).catch(() => undefined);
  if (!(await meeting.wait({ method: "GET" }, workers, 45))) throw new Error("the other worker did not come");
}
