import { signal } from "@preact/signals";
import { render } from "preact";
import { beforeEach, expect, test } from "vitest";
import type { EndFragment, MetricFragment } from "../../src/api/generated/operations.ts";
import { now } from "../../src/api/serverTime.ts";
import { EndedNotes } from "../../src/components/EndedNotes.tsx";
import { SeriesQuality } from "../../src/pages/series/SeriesQuality.tsx";
import type { Quality } from "../../src/pages/series/view.ts";
import { type DatasetNotes, endsOf } from "../../src/pages/watchlist/datasetNotes.ts";
import { newestVerdicts } from "../../src/pages/watchlist/datasetVerdicts.ts";
import type { Row } from "../../src/pages/watchlist/rows.ts";
import { WatchTable } from "../../src/pages/watchlist/WatchTable.tsx";
import { endOf, withoutEndTexts } from "../../src/state/ended.ts";
import { createResource } from "../../src/state/resource.ts";
import { feedSilent } from "../../src/state/verdicts.ts";
import { datasetNotes } from "../factories/datasetNotes.ts";
import { row as madeRow } from "../factories/row.ts";

const NOW = Date.parse("2026-11-26T12:00:00Z");
const UNTIL = "2026-11-26T12:05:00Z";

beforeEach(() => {
  now.value = NOW;
  feedSilent.value = false;
});

const end = (symbol: string | null, on: string, reason: string): EndFragment => ({
  symbol,
  on,
  reason,
  recordedBy: "ann",
});
const KUNA = end("EURHRK", "2022-12-30", "Croatia has the euro");
const WHOLE = end(null, "2026-07-30", "no longer published");

function row(symbol: string, session: string, more: Partial<Row> = {}): Row {
  const asOf = `${session}T13:15:00Z`;
  const compared = { previousValue: null, change: null, changePercent: null };
  return madeRow(symbol, {
    latest: { asOf, session, value: 1.1, flags: [], knownAt: asOf, ...compared },
    ...more,
  });
}

const notes = (key: string, ...ended: EndFragment[]): DatasetNotes => datasetNotes(key, { ended });

function table(rows: readonly Row[], known: readonly DatasetNotes[]): HTMLElement {
  const root = document.createElement("div");
  const sort = signal({ column: "symbol", descending: false } as const);
  render(
    <WatchTable rows={rows} ends={endsOf(rows, known)} judged={newestVerdicts(rows)} sort={sort} />,
    root,
  );
  return root;
}

const text = (root: ParentNode, selector: string): string => root.querySelector(selector)?.textContent ?? "";

const GONE = { quoted: false };

test("what is no longer quoted stands below the rest, and is not called ended for that", () => {
  const root = table([row("EURUSD", "2026-11-25"), row("EURHRK", "2022-12-30", GONE)], [notes("rates")]);

  expect(text(root, ".outdated [scope=rowgroup]")).toBe("No recent values (1)");
  expect(text(root, ".outdated tr:nth-child(2) .c-time")).toBe("2022-12-30");
  expect(root.textContent).not.toMatch(/ended/i);
});

test("what an operator recorded as ended is shown with the day and the reason, and only that", () => {
  const rows = [
    row("EURUSD", "2026-11-25"),
    row("EURHRK", "2022-12-30", GONE),
    row("EURRUB", "2022-03-01", GONE),
  ];

  const root = table(rows, [notes("rates", KUNA)]);

  const ends = [...root.querySelectorAll(".end")].map((one) => one.textContent);
  expect(ends).toEqual(["Ended on 2022-12-30: Croatia has the euro"]);
  expect(root.querySelectorAll(".outdated .c-symbol a")).toHaveLength(2);
});

test("a series of a dataset that ended as a whole has the dataset's end", () => {
  const rows = [row("A", "2026-07-30", { dataset: "gone", ...GONE }), row("B", "2026-11-25")];

  expect(text(table(rows, [notes("gone", WHOLE)]), ".outdated .end")).toBe(
    "Ended on 2026-07-30: no longer published",
  );
});

test("the mark of a dataset that passes says why it passes", () => {
  const summary = "ended on 2026-07-30: no longer published";
  const root = table([row("A", "2026-07-30", { freshness: { status: "PASS", summary } })], []);

  expect(root.querySelector(".c-quality .status")?.getAttribute("title")).toBe(`Pass: ${summary}`);
});

test("the end of a series is its own before its dataset's, and none once it has later values", () => {
  expect(endOf([WHOLE, KUNA], "EURHRK", "2022-12-30")).toBe(KUNA);
  expect(endOf([WHOLE, KUNA], "EURUSD", "2026-07-30")).toBe(WHOLE);
  expect(endOf([WHOLE], "EURUSD", "2026-07-31")).toBeNull();
  expect(endOf([KUNA], "EURUSD", "2022-12-30")).toBeNull();
  expect(endOf([KUNA], "EURHRK", null)).toBe(KUNA);
});

const metric = (summary: string): MetricFragment => ({
  metric: "freshness",
  status: "PASS",
  value: null,
  unit: "sessions late",
  warn: 1,
  fail: 2,
  summary,
  since: UNTIL,
  runAt: UNTIL,
});

test("the sentence of an end is left out of a verdict only where that is all it says", () => {
  const alone = "ended on 2026-07-30: no longer published";
  const more = `${alone}; yet it has values up to 2026-08-03: mktdash quality reopen gone`;

  expect(withoutEndTexts([metric(alone), metric(more)], [WHOLE]).map((one) => one.summary)).toEqual([
    "",
    more,
  ]);
  expect(withoutEndTexts([metric(alone)], [])[0]?.summary).toBe(alone);
});

test("the panel of a series says once that it has ended, why, and who recorded it", () => {
  const quality = createResource<Quality>();
  quality.set({
    id: "1",
    dataset: {
      key: "gone",
      title: "Gone",
      licence: "",
      calendar: "",
      simulated: false,
      version: 1,
      checkedAt: null,
      lastError: null,
      lastErrorAt: null,
      ended: [WHOLE],
    },
    instrument: { symbol: "A" },
    latest: { session: "2026-07-30" },
    quality: {
      status: "PASS",
      countsUntil: UNTIL,
      flagCounts: {},
      metrics: [metric("ended on 2026-07-30: no longer published")],
      missing: [],
    },
  });
  const root = document.createElement("div");

  render(<SeriesQuality quality={quality} asKnownAt={null} />, root);

  expect(text(root, ".end")).toBe("Ended on 2026-07-30: no longer published (recorded by ann)");
  expect(root.textContent?.match(/no longer published/g)).toHaveLength(1);
});

test("a dataset names each symbol that has ended once, and folds many away", () => {
  const root = document.createElement("div");
  const many = ["A", "B", "C", "D"].map((symbol) => end(symbol, "2022-03-01", "gone"));

  render(<EndedNotes of={[WHOLE, KUNA, KUNA]} />, root);
  const few = [...root.querySelectorAll("p")].map((one) => one.textContent);
  render(<EndedNotes of={many} />, root);

  expect(few).toEqual([
    "Ended on 2026-07-30: no longer published (recorded by ann)",
    "EURHRK: Ended on 2022-12-30: Croatia has the euro (recorded by ann)",
  ]);
  expect(text(root, "summary")).toBe("4 ended, with reasons");
});
