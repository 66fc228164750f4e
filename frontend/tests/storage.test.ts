import { afterEach, expect, test, vi } from "vitest";
import { forgetAll, keepPreference, keyOf, readPreference, recall, remember } from "../src/storage.ts";

afterEach(() => localStorage.clear());

const areTexts = (kept: unknown): kept is string[] =>
  Array.isArray(kept) && kept.every((one) => typeof one === "string");

test("data come back with their time", () => {
  remember("k", { at: 5, data: { a: 1 } });

  expect(recall("k")).toEqual({ at: 5, data: { a: 1 } });
  expect(recall("other")).toBeNull();
});

test("the oldest give way, the reader's choices never", () => {
  keepPreference("stars", ["A"]);
  for (let i = 0; i < 60; i += 1) remember(`k${i}`, { at: i, data: i });

  expect(recall("k0")).toBeNull();
  expect(recall("k59")).not.toBeNull();
  expect(localStorage.length).toBe(41);
  expect(readPreference<string[]>("stars", [], areTexts)).toEqual(["A"]);
});

test("too large a piece is not kept", () => {
  remember("big", { at: 1, data: "x".repeat(300_000) });

  expect(recall("big")).toBeNull();
});

test("a full disk and broken text cost the memory, not the page", () => {
  const full = (): never => {
    throw new DOMException("full", "QuotaExceededError");
  };
  vi.stubGlobal("localStorage", { length: 0, key: () => null, getItem: () => null, setItem: full });
  remember("k", { at: 1, data: 1 });
  keepPreference("theme", "dark");
  vi.unstubAllGlobals();

  localStorage.setItem("mktdash:cache2:broken", "{");
  expect(recall("broken")).toBeNull();
  expect(readPreference("theme", "system", (kept): kept is string => typeof kept === "string")).toBe(
    "system",
  );
});

test("another query text is another shape", () => {
  expect(keyOf("query A{a}", "1")).not.toBe(keyOf("query A{a b}", "1"));
});

test.each([
  '{"a":1}',
  "[[[]]]",
  "null",
  "not json",
  '"text"',
  '{"at":1,"data":{}}',
  '{"at":1,"data":{"a":2},"sum":"x"}',
])("%s in place of what was kept is nothing kept, and no choice", (rubbish) => {
  remember("k", { at: 5, data: { a: 1 } });
  keepPreference("stars", ["A"]);
  for (const key of Object.keys(localStorage)) localStorage.setItem(key, rubbish);

  expect(recall("k")).toBeNull();
  expect(readPreference<string[]>("stars", ["B"], areTexts)).toEqual(["B"]);
});

test("what an older page kept is forgotten at the start, and everything when the reader says so", () => {
  localStorage.setItem("mktdash:cache:old", '{"at":1,"data":{}}');
  localStorage.setItem("another page's", "1");
  remember("k", { at: 5, data: 1 });
  keepPreference("stars", ["A"]);

  forgetAll("former");
  expect(recall("k")).not.toBeNull();
  expect(localStorage.getItem("mktdash:cache:old")).toBeNull();
  forgetAll("data");
  expect(Object.keys(localStorage)).toEqual(["another page's", "mktdash:stars"]);
  forgetAll("everything");
  expect(Object.keys(localStorage)).toEqual(["another page's"]);
});
