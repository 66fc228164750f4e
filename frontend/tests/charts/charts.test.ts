import { expect, test } from "vitest";
import { extentOf, isDoubtful, nearest, type Points } from "../../src/charts/points.ts";
import { defaultRange, rangesOf, startOf } from "../../src/charts/ranges.ts";
import { timeTicks } from "../../src/charts/timeAxis.ts";
import { pinched } from "../../src/charts/touchGestures.ts";
import { metricValue } from "../../src/components/Metric.tsx";
import { groupMissing } from "../../src/components/MissingSessions.tsx";
import { inWords } from "../../src/format/missingReasons.ts";
import { sparkPath } from "../../src/pages/watchlist/Sparkline.tsx";

const DAY = 86_400_000;
const points: Points = {
  asOf: ["a", "b", "c"],
  ms: [0, DAY, 3 * DAY],
  value: [2, null, 1],
  high: null,
  low: null,
  flags: [[], [], ["SIMULATED", "OUTLIER"]],
  downsampledFrom: null,
};

test("the nearest point is found on either side, and none in nothing", () => {
  expect(nearest(points.ms, 0.4 * DAY)).toBe(0);
  expect(nearest(points.ms, 2.5 * DAY)).toBe(2);
  expect(nearest(points.ms, 99 * DAY)).toBe(2);
  expect(nearest([], 1)).toBe(-1);
});

test("the extent is that of the window, and gaps are no values", () => {
  expect(extentOf(points)).toEqual({ first: 2, last: 1, low: 1, high: 2 });
  expect(extentOf(points, DAY, 3 * DAY)).toEqual({ first: 1, last: 1, low: 1, high: 1 });
  expect(extentOf(points, 9 * DAY)).toEqual({ first: null, last: null, low: null, high: null });
});

test("being simulated is no doubt about a point, an outlier is", () => {
  expect(isDoubtful(["SIMULATED"])).toBe(false);
  expect(isDoubtful(["SIMULATED", "OUTLIER"])).toBe(true);
});

test("fingers that spread zoom in around what they hold, fingers that slide move it", () => {
  expect(pinched([0, 100], 100, [25, 75], [0, 100])).toEqual([25, 75]);
  expect(pinched([0, 100], 100, [25, 75], [35, 85])).toEqual([-10, 90]);
});

test("a range starts on a whole step, so that the same question is asked again", () => {
  const now = Date.parse("2026-10-30T12:34:56Z");
  const [month] = rangesOf("1d");

  expect(month && startOf(month, now)).toBe("2026-09-29T00:00:00.000Z");
  expect(rangesOf("1d").map((range) => range.name)).toEqual(["1M", "6M", "1Y", "5Y", "All"]);
  expect(startOf(rangesOf("1d").at(-1) ?? { name: "", ms: 1, spoken: "" }, now)).toBeNull();
  expect(defaultRange("5s")).toBe("1H");
});

test("the time axis names the finest unit and, once, what it belongs to", () => {
  const at = (text: string): number => Date.parse(text);

  expect(timeTicks([at("2025-12-01Z"), at("2026-01-01Z"), at("2026-02-01Z")], 30 * DAY)).toEqual([
    "Dec\n2025",
    "Jan\n2026",
    "Feb",
  ]);
  expect(timeTicks([at("2026-11-23T06:30:00Z"), at("2026-11-23T06:40:00Z")], 600_000)).toEqual([
    "06:30\n23 Nov",
    "06:40",
  ]);
});

test("a spark needs two values, breaks at a gap and stays in its frame", () => {
  expect(sparkPath([1])).toBeNull();
  expect(sparkPath([1, null, 2, 3])?.line.match(/M/g)).toHaveLength(2);
  expect(sparkPath([5, 5])?.line).toBe("M3.0 14.0L93.0 14.0");
});

test("missing sessions with one reason are one line, the newest first", () => {
  const missing = (session: string, symbol: string, reason = "NEVER_FETCHED") => ({
    session,
    symbol,
    reason,
    detail: "d",
  });

  const groups = groupMissing([
    missing("2026-11-02", "A"),
    missing("2026-11-03", "B"),
    missing("2026-11-03", "A"),
    missing("2026-11-02", "B"),
    missing("2026-11-04", "A", "NOT_YET_DUE"),
  ]);

  expect(groups).toEqual([
    { reason: "NOT_YET_DUE", detail: "d", sessions: ["2026-11-04"], symbols: ["A"] },
    { reason: "NEVER_FETCHED", detail: "d", sessions: ["2026-11-02", "2026-11-03"], symbols: ["A", "B"] },
  ]);
});

test("names of reasons and figures are put in words", () => {
  expect(inWords("missing sessions: 3 PROVIDER_GAP, 1 QUARANTINED")).toBe(
    "missing sessions: 3 provider gap, 1 quarantined",
  );
  expect(metricValue(0.25, "share present")).toBe("25.0% present");
  expect(metricValue(15, "sessions late")).toBe("15 sessions late");
  expect(metricValue(null, "x")).toBe("–");
});
