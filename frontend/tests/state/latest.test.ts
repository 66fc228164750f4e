import { expect, test } from "vitest";
import { isNewer, latestAfter, type Point } from "../../src/state/latest.ts";

const LATEST = {
  asOf: "2026-11-26T12:00:01Z",
  session: "2026-11-26",
  value: 102,
  flags: [],
  knownAt: "2026-11-26T12:00:01.2Z",
  previousValue: 100,
  change: 2,
  changePercent: 2,
};

const point = (asOf: string, value: number): Point => ({ asOf, value, flags: ["OUTLIER"], knownAt: asOf });

test("a newer value is compared with the one before it", () => {
  expect(latestAfter(LATEST, point("2026-11-26T12:00:02Z", 51))).toEqual({
    asOf: "2026-11-26T12:00:02Z",
    session: "2026-11-26",
    value: 51,
    flags: ["OUTLIER"],
    knownAt: "2026-11-26T12:00:02Z",
    previousValue: 102,
    change: -51,
    changePercent: -50,
  });
});

test("a revision of the newest value is compared with what that was compared with", () => {
  // The same instant, written another way.
  const revised = latestAfter(LATEST, point("2026-11-26T12:00:01.000Z", 110));

  expect(revised).toMatchObject({ value: 110, previousValue: 100, change: 10, changePercent: 10 });
});

test("an older value leaves the newest what it is", () => {
  expect(latestAfter(LATEST, point("2026-11-26T12:00:00Z", 1))).toBeNull();
});

test("a first value is compared with nothing, and one after zero has no percentage", () => {
  const first = latestAfter(null, point("2026-11-26T12:00:00Z", 1));
  const afterZero = latestAfter({ ...LATEST, value: 0 }, point("2026-11-26T12:00:02Z", 1));

  expect(first).toMatchObject({ value: 1, previousValue: null, change: null, changePercent: null });
  expect(afterZero).toMatchObject({ previousValue: 0, change: 1, changePercent: null });
});

test("only a later instant is newer", () => {
  expect(isNewer(point("2026-11-26T12:00:01Z", 1), LATEST)).toBe(false);
  expect(isNewer(point("2026-11-26T12:00:01.001Z", 1), LATEST)).toBe(true);
  expect(isNewer(point("2026-11-26T12:00:00Z", 1), null)).toBe(true);
});
