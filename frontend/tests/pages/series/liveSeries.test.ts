import { expect, test } from "vitest";
import { isOf, withLatest, withPoints } from "../../../src/pages/series/liveSeries.ts";
import type { ObservationsEvent } from "../../../src/state/observations.ts";
import { SERIES } from "../../factories/series.ts";

const event = (more: Partial<ObservationsEvent> = {}): ObservationsEvent => ({
  cursor: "e:8",
  symbol: "SIM.A",
  dataset: "sim",
  measure: "price",
  interval: "1s",
  dataVersion: 8,
  knownAt: "2026-11-26T12:00:02.3Z",
  points: { asOf: ["2026-11-26T12:00:02Z"], value: [51], flags: [["SIMULATED", "OUTLIER"]] },
  retractedAsOf: [],
  truncated: false,
  ...more,
});
const points = (asOf: string[], value: (number | null)[]): Partial<ObservationsEvent> => ({
  points: { asOf, value, flags: asOf.map(() => []) },
});

test("a new tick stands at the end, and is the newest value with its change against the one before", () => {
  const after = withPoints(SERIES, event());

  expect(after?.latest).toEqual({
    asOf: "2026-11-26T12:00:02Z",
    session: "2026-11-26",
    value: 51,
    flags: ["SIMULATED", "OUTLIER"],
    knownAt: "2026-11-26T12:00:02.3Z",
    previousValue: 102,
    change: -51,
    changePercent: -50,
  });
  expect(after?.points).toEqual({
    asOf: ["2026-11-26T12:00:00Z", "2026-11-26T12:00:01Z", "2026-11-26T12:00:02Z"],
    value: [100, 102, 51],
    high: null,
    low: [99, 101, null],
    flags: [[], ["SIMULATED"], ["SIMULATED", "OUTLIER"]],
    count: 3,
    downsampledFrom: null,
  });
  expect(after?.dataVersion).toBe(8);
  // what was held is left as it was
  expect(SERIES.points.asOf).toHaveLength(2);
});

test("the hash of the answer before is not shown as the hash of what a tick made of it", () => {
  expect(withPoints(SERIES, event())?.snapshotId).toBe("");
});

test("several ticks in one event follow each other", () => {
  const both = points(["2026-11-26T12:00:02Z", "2026-11-26T12:00:03Z"], [103, 104]);
  const after = withPoints(SERIES, event(both));

  expect(after?.points.value).toEqual([100, 102, 103, 104]);
  expect(after?.latest).toMatchObject({ value: 104, previousValue: 103, change: 1 });
});

test("thinned-out points count the new ones among those they were chosen from", () => {
  const thin = { ...SERIES, points: { ...SERIES.points, downsampledFrom: 5000 } };

  expect(withPoints(thin, event())?.points).toMatchObject({ count: 3, downsampledFrom: 5001 });
});

test("the first value of a series has nothing to be compared with, nor has one after zero a percentage", () => {
  const empty = {
    ...SERIES,
    latest: null,
    points: { ...SERIES.points, asOf: [], value: [], flags: [], low: null },
  };
  const zero = { ...SERIES, latest: SERIES.latest && { ...SERIES.latest, value: 0 } };

  expect(withPoints(empty, event())?.latest).toMatchObject({
    previousValue: null,
    change: null,
    changePercent: null,
  });
  expect(withPoints(zero, event())?.latest).toMatchObject({
    previousValue: 0,
    change: 51,
    changePercent: null,
  });
});

test.each([
  ["a value inside the series changed", points(["2026-11-26T12:00:00Z"], [1])],
  ["the newest value was corrected", points(["2026-11-26T12:00:01Z"], [1])],
  ["one of several is not newer", points(["2026-11-26T12:00:03Z", "2026-11-26T12:00:02Z"], [1, 2])],
  ["a value is missing", points(["2026-11-26T12:00:02Z"], [null])],
  ["something was withdrawn", { retractedAsOf: ["2026-11-26T12:00:00Z"] }],
  ["the event does not carry all", { truncated: true }],
  ["a daily value has a session that only the source's calendar knows", { interval: "1d" }],
] as const)("only the server can tell when %s", (_, more) => {
  expect(withPoints(SERIES, event(more as Partial<ObservationsEvent>))).toBeNull();
  expect(withLatest(SERIES, event(more as Partial<ObservationsEvent>))).toBeNull();
});

test("a series that grew beyond what is drawn is asked for anew, thinned out", () => {
  const long = Array.from({ length: 4000 }, (_, i) =>
    new Date(Date.UTC(2026, 0, 1) + i * 1000).toISOString(),
  );
  const full = {
    ...SERIES,
    points: { ...SERIES.points, asOf: long, value: long.map(() => 1), flags: long.map(() => []) },
  };

  expect(withPoints(full, event())).toBeNull();
  const room = {
    ...full,
    points: { ...full.points, asOf: long.slice(1), value: long.slice(1).map(() => 1) },
  };
  expect(withPoints(room, event())?.points.asOf).toHaveLength(4000);
});

test("while a window of the past is drawn, the newest value moves and the window stays", () => {
  const after = withLatest(SERIES, event());

  expect(after?.latest?.value).toBe(51);
  expect(after?.points).toBe(SERIES.points);
  expect(after?.snapshotId).toBe("abc");
});

test("an event of another symbol, dataset, measure or interval is not of this series", () => {
  expect(isOf(SERIES, event())).toBe(true);
  for (const other of [{ symbol: "X" }, { dataset: "x" }, { measure: "rate" }, { interval: "1m" }]) {
    expect(isOf(SERIES, event(other))).toBe(false);
  }
});

test("an event without values moves nothing", () => {
  expect(withLatest(SERIES, event(points([], [])))).toEqual(SERIES);
});
