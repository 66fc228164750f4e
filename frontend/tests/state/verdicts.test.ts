import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { MetricFragment, QualityStatus } from "../../src/api/generated/operations.ts";
import { now } from "../../src/api/serverTime.ts";
import { silentSince } from "../../src/state/heartbeat.ts";
import { feedSilent, qualityNow, statusNow } from "../../src/state/verdicts.ts";

const NOON = "2026-11-26T12:00:00Z";

beforeEach(() => {
  now.value = Date.parse(NOON);
  feedSilent.value = false;
});
afterEach(() => {
  feedSilent.value = false;
  vi.useRealTimers();
});

const metric = (name: string, status: MetricFragment["status"]): MetricFragment => ({
  metric: name,
  status,
  value: 0,
  unit: "sessions",
  warn: 1,
  fail: 2,
  summary: "0 sessions late",
  since: NOON,
  runAt: "2026-11-26T11:55:00Z",
});
interface Quality {
  readonly status: QualityStatus;
  readonly countsUntil: string;
  readonly freshness: MetricFragment;
  readonly completeness: MetricFragment | null;
  readonly metrics: readonly MetricFragment[];
  readonly missing: readonly { readonly symbol: string }[];
}

const QUALITY: Quality = {
  status: "PASS",
  countsUntil: "2026-11-26T12:05:00Z",
  freshness: metric("freshness", "PASS"),
  completeness: null,
  metrics: [metric("freshness", "PASS"), metric("flat", "FAIL"), metric("drift", "UNKNOWN")],
  missing: [{ symbol: "A" }],
};

test("a verdict counts until the server's instant, and is unknown a moment later without any answer", () => {
  expect(statusNow("PASS", QUALITY.countsUntil)).toBe("PASS");
  now.value = Date.parse(QUALITY.countsUntil);
  expect(statusNow("FAIL", QUALITY.countsUntil)).toBe("FAIL");
  now.value += 1;
  expect(statusNow("PASS", QUALITY.countsUntil)).toBe("UNKNOWN");
  expect(statusNow("FAIL", QUALITY.countsUntil)).toBe("UNKNOWN");
});

test("what was never judged does not count", () => {
  expect(statusNow("PASS", null)).toBe("UNKNOWN");
});

test("while the feed is silent nobody judges: nothing passes, and what failed has still failed", () => {
  feedSilent.value = Date.parse(NOON) - 20_000;
  expect(statusNow("PASS", QUALITY.countsUntil)).toBe("UNKNOWN");
  expect(statusNow("WARN", QUALITY.countsUntil)).toBe("UNKNOWN");
  expect(statusNow("FAIL", QUALITY.countsUntil)).toBe("FAIL");
  const [fresh, flat] = qualityNow(QUALITY).metrics;
  expect([qualityNow(QUALITY).status, fresh?.status, flat?.status]).toEqual(["UNKNOWN", "UNKNOWN", "FAIL"]);
});

test("without any feed, a verdict that was given by hand counts for its time", () => {
  feedSilent.value = null;
  expect(statusNow("PASS", QUALITY.countsUntil)).toBe("PASS");
});

test("an aged panel says of each verdict since when nobody judged, and what it was", () => {
  expect(qualityNow(QUALITY)).toBe(QUALITY);
  now.value = Date.parse(QUALITY.countsUntil) + 1;

  const aged = qualityNow(QUALITY);
  const [fresh, flat, drift] = aged.metrics;
  expect([aged.status, aged.freshness.status, fresh?.status, flat?.status, drift?.status]).toEqual(
    Array(5).fill("UNKNOWN"),
  );
  expect(flat?.summary).toBe("Not checked since 2026-11-26 11:55 UTC; was FAIL: 0 sessions late");
  // What was unknown already has its own reason.
  expect(drift?.summary).toBe("0 sessions late");
  expect(aged.completeness).toBeNull();
  expect(aged.missing).toBe(QUALITY.missing);
});

test("the feed's silence is told by the server's own two instants, whatever the device's clock says", () => {
  vi.useFakeTimers();
  vi.setSystemTime("1999-01-01T00:00:00Z");
  expect(silentSince({ now: NOON, feedHeardAt: "2026-11-26T11:59:45Z" })).toBe(false);
  expect(silentSince({ now: NOON, feedHeardAt: "2026-11-26T11:59:44Z" })).toBe(
    Date.parse("2026-11-26T11:59:44Z"),
  );
  expect(silentSince({ now: NOON, feedHeardAt: null })).toBeNull();
});
