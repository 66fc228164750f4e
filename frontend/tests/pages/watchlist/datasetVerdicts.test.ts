import { beforeEach, expect, test } from "vitest";
import { now } from "../../../src/api/serverTime.ts";
import { failedFetch } from "../../../src/components/LastError.tsx";
import {
  newestVerdicts,
  noticesOf,
  reasonOf,
  statusOf,
} from "../../../src/pages/watchlist/datasetVerdicts.ts";
import type { Row } from "../../../src/pages/watchlist/rows.ts";
import { feedSilent } from "../../../src/state/verdicts.ts";
import { datasetNotes } from "../../factories/datasetNotes.ts";
import { row as madeRow } from "../../factories/row.ts";

const UNTIL = "2026-11-26T12:05:00Z";
const LATE = "18 sessions late: newest is 2026-10-30, expected 2026-11-25";

beforeEach(() => {
  now.value = Date.parse("2026-11-26T12:00:00Z");
  feedSilent.value = false;
});

const row = (symbol: string, more: Partial<Row> = {}): Row =>
  madeRow(symbol, {
    dataset: "ecb-rates",
    quality: "FAIL",
    qualityCountsUntil: UNTIL,
    freshness: { status: "FAIL", summary: LATE },
    ...more,
  });

const PASSING: Partial<Row> = { dataset: "sim", quality: "PASS", freshness: null };

test("a late dataset of many series is one line, and one that passes none", () => {
  const rows = [...Array.from({ length: 41 }, (_, i) => row(`S${i}`)), row("SIM.A", PASSING)];

  expect(noticesOf(newestVerdicts(rows))).toEqual([{ dataset: "ecb-rates", status: "FAIL", summary: LATE }]);
});

test("the worst dataset stands first", () => {
  const rows = [
    row("A", { dataset: "a", quality: "UNKNOWN" }),
    row("B", { dataset: "b", quality: "WARN" }),
    row("C", { dataset: "c" }),
  ];

  expect(noticesOf(newestVerdicts(rows)).map((line) => line.dataset)).toEqual(["c", "b", "a"]);
});

test("a row that holds an older verdict does not speak for its dataset, and differs from what is said", () => {
  const older = row("OLD", { quality: "WARN", qualityCountsUntil: "2026-11-26T12:01:00Z" });
  const judged = newestVerdicts([older, row("NEW")]);

  expect(noticesOf(judged)).toMatchObject([{ status: "FAIL" }]);
  expect(judged.get("ecb-rates")?.symbol).toBe("NEW");
  expect(statusOf(older)).toBe("WARN");
});

test("a verdict that nobody renewed is said once to be unknown, with what it was", () => {
  const rows = [row("A"), row("B"), row("SIM.A", PASSING)];
  now.value = Date.parse(UNTIL) + 1;

  expect(noticesOf(newestVerdicts(rows))).toEqual([
    { dataset: "ecb-rates", status: "UNKNOWN", summary: "not checked recently; was FAIL" },
    { dataset: "sim", status: "UNKNOWN", summary: "not checked recently; was PASS" },
  ]);
});

test("while the feed is silent what failed stands and what passed is unknown", () => {
  feedSilent.value = now.value;

  const lines = noticesOf(newestVerdicts([row("A"), row("SIM.A", PASSING)]));

  expect(lines.map((line) => [line.dataset, line.status])).toEqual([
    ["ecb-rates", "FAIL"],
    ["sim", "UNKNOWN"],
  ]);
});

test("where lateness is not why, the metric that is why is named, and never that all is up to date", () => {
  const fresh = row("A", { freshness: { status: "PASS", summary: "up to date: newest is 2026-11-25" } });
  const metrics = [
    { metric: "flat", status: "PASS", summary: "no series stands still" },
    { metric: "completeness", status: "FAIL", summary: "missing sessions: 116 NEVER_FETCHED" },
  ] as const;
  const notes = datasetNotes("ecb-rates", { quality: { metrics: [...metrics] } });

  expect(reasonOf(fresh, [notes])).toBe("missing sessions: 116 never fetched");
  expect(reasonOf(fresh)).toBe("see the Quality page");
});

test("a failed fetch is said until the source has been asked without trouble, without naming the source twice", () => {
  const at = "2026-11-26T11:00:00Z";
  const failed = {
    source: "ecb",
    checkedAt: at,
    lastError: "ecb: the network is switched off",
    lastErrorAt: at,
  };

  expect(failedFetch(failed)).toEqual({ at, why: "the network is switched off" });
  expect(failedFetch({ ...failed, checkedAt: "2026-11-26T11:00:01Z" })).toBeNull();
  expect(failedFetch({ ...failed, lastError: null })).toBeNull();
});
