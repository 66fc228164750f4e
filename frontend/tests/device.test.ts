import { afterEach, expect, test, vi } from "vitest";
import { keepChoice, readChoice, recall, remember, shapeOf } from "../src/state/device.ts";

afterEach(() => localStorage.clear());

test("data come back with their time", () => {
  remember("k", { at: 5, data: { a: 1 } });

  expect(recall("k")).toEqual({ at: 5, data: { a: 1 } });
  expect(recall("other")).toBeNull();
});

test("the oldest give way, the reader's choices never", () => {
  keepChoice("stars", ["A"]);
  for (let i = 0; i < 60; i += 1) remember(`k${i}`, { at: i, data: i });

  expect(recall("k0")).toBeNull();
  expect(recall("k59")).not.toBeNull();
  expect(localStorage.length).toBe(41);
  expect(readChoice("stars", [])).toEqual(["A"]);
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
  keepChoice("theme", "dark");
  vi.unstubAllGlobals();

  localStorage.setItem("mktdash:cache:broken", "{");
  expect(recall("broken")).toBeNull();
  expect(readChoice("theme", "system")).toBe("system");
});

test("another query text is another shape", () => {
  expect(shapeOf("query A{a}")).not.toBe(shapeOf("query A{a b}"));
});
