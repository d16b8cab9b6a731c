/** What the client changes, in a world that no other test sees. */
import { expect } from "vitest";

import { meetOtherWorkers, test } from "./mock";

test("what one worker changes, the other does not see", async ({ mock }) => {
  const providers = mock.providers();
  const before = (await providers.list()).map(({ name }) => name);
  await providers.remove("openai-main");
  await meetOtherWorkers(2);
  const after = (await providers.list()).map(({ name }) => name);
  expect(before).toContain("openai-main");
  expect(after).toEqual(before.filter((name) => name !== "openai-main"));
});

test("base URL and header lead to the same session", async ({ mock }) => {
  await mock.providers().create({ type: "openai", name: "mine", base_url: "https://mine.example" });
  expect((await mock.providersByHeader().get("mine")).base_url).toBe("https://mine.example");
});

test("enabling sends one request, and no more than it must", async ({ mock }) => {
  const providers = mock.providers();
  const made = await providers.create({ type: "openai", name: "mine", base_url: "https://mine.example" });
  expect(made.enabled).toBe(false);
  expect((await providers.setEnabled("mine", true)).enabled).toBe(true);
  await mock.verify({ method: "PATCH", body: { enabled: true } }, { exactly: 1 });
  await mock.verify({ method: "PATCH", body: { base_url: { present: true } } }, { exactly: 0 });
  await expect(mock.verify({ method: "PATCH", body: { enabled: false } }, { exactly: 1 })).rejects.toThrow(/expected/);
});

test("a key that was sent is nowhere in the journal", async ({ mock }) => {
  const key = "dummy-key-of-this-test";
  await mock.providers().create({ type: "openai", name: "mine", base_url: "https://mine.example", api_keys: [key] });
  const entries = await mock.journal({ method: "POST" });
  expect(entries).toHaveLength(1);
  expect(JSON.stringify(entries)).not.toContain(key);
});
