/** What the client does when the server refuses, is down, or is slow. */
import { expect } from "vitest";

import { ProviderError, TooSlow } from "../src/providers";
import { meetOtherWorkers, test } from "./mock";

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail("it should have failed"),
    (error: unknown) => error,
  );
}

test("what the other worker changes does not show here", async ({ mock }) => {
  await meetOtherWorkers(2);
  expect((await mock.providers().get("openai-main")).name).toBe("openai-main");
});

test("a refusal says which member is wrong", async ({ mock }) => {
  const error = await failure(mock.providers().create({ type: "openai", name: "Not Good", base_url: "nowhere" }));
  expect(error).toBeInstanceOf(ProviderError);
  const refused = error as ProviderError;
  expect(refused.status).toBe(400);
  expect(refused.problemOf("name")).toBeTruthy();
  expect(refused.problemOf("base_url")).toBeTruthy();
  expect(refused.problemOf("type")).toBeUndefined();
});

test("who may not is told so", async ({ mock }) => {
  const error = await failure(mock.providers({ token: "MEMBER_KEY" }).list());
  expect(error).toMatchObject({ status: 403 });
});

test("a read is sent again after a 503", async ({ mock }) => {
  await mock.fault({
    match: { operation: "listAIProviders" },
    effect: { kind: "status", status: 503, force: true },
    times: 2,
  });
  expect(await mock.providers().list()).not.toHaveLength(0);
  expect((await mock.journal()).map(({ status }) => status)).toEqual([503, 503, 200]);
});

test("a server that stays unavailable is given up", async ({ mock }) => {
  await mock.fault({ effect: { kind: "status", status: 503, force: true } });
  expect(await failure(mock.providers({ retries: 1 }).list())).toMatchObject({ status: 503 });
  await mock.verify({ method: "GET" }, { exactly: 2 });
});

test("a change is not sent again", async ({ mock }) => {
  await mock.fault({ match: { method: "POST" }, effect: { kind: "status", status: 503, force: true }, times: 1 });
  const created = mock.providers().create({ type: "openai", name: "mine", base_url: "https://mine.example" });
  expect(await failure(created)).toMatchObject({ status: 503 });
  await mock.verify({ method: "POST" }, { exactly: 1 });
});

test("a slow answer is not waited for", async ({ mock }) => {
  await mock.fault({ match: { operation: "listAIProviders" }, effect: { kind: "delay", seconds: 3 } });
  expect(await failure(mock.providers({ timeout: 200 }).list())).toBeInstanceOf(TooSlow);
});
