import { expect, test } from "vitest";
import { arrange, type Row, rowsOf, type Watchlist, withEvent } from "../../../src/pages/watchlist/rows.ts";
import { needsReload, type ObservationsEvent } from "../../../src/state/observations.ts";

type Node = Watchlist["edges"][number]["node"];

function instrument(symbol: string, asOf = "2026-10-30T13:15:00Z", value = 1.1): Node {
  return {
    symbol,
    name: `Name of ${symbol}`,
    assetClass: symbol.startsWith("SIM") ? "SIMULATED" : "FX",
    currency: null,
    series: [
      {
        id: symbol,
        source: "ecb",
        dataset: "d",
        measure: "rate",
        interval: "1m",
        unit: { name: "USD", scale: 1 },
        simulated: false,
        quoted: true,
        quality: "PASS",
        qualityCountsUntil: null,
        freshness: null,
        latest: {
          asOf,
          session: asOf.slice(0, 10),
          value,
          flags: [],
          knownAt: asOf,
          previousValue: 1,
          change: value - 1,
          changePercent: (value - 1) * 100,
        },
        recent: { value: [1, value], asOfMs: [Date.parse(asOf) - 5_000, Date.parse(asOf)] },
      },
    ],
  };
}

const list = (...nodes: Node[]): Watchlist => ({
  totalCount: nodes.length,
  pageInfo: { hasNextPage: false, endCursor: null },
  edges: nodes.map((node) => ({ node })),
});

const event = (asOf: string, value: number, more: Partial<ObservationsEvent> = {}): ObservationsEvent => ({
  cursor: "e:1",
  symbol: "EURUSD",
  dataset: "d",
  measure: "rate",
  interval: "1m",
  dataVersion: 2,
  knownAt: "2026-10-31T13:16:00Z",
  points: { asOf: [asOf], value: [value], flags: [["PROVISIONAL"]] },
  retractedAsOf: [],
  truncated: false,
  ...more,
});

const rowOf = (watchlist: Watchlist, symbol: string): Row => {
  const row = rowsOf(watchlist).find((one) => one.symbol === symbol);
  if (!row) throw new Error(`no row ${symbol}`);
  return row;
};

test("a new value moves its row: change against the former latest, flags, spark, direction", () => {
  const before = list(instrument("EURUSD"), instrument("EURGBP"));

  const after = withEvent(before, event("2026-10-31T13:15:00Z", 1.05));

  const row = rowOf(after, "EURUSD");
  expect(row.latest).toMatchObject({
    value: 1.05,
    session: "2026-10-31",
    previousValue: 1.1,
    flags: ["PROVISIONAL"],
  });
  expect(row.latest?.change).toBeCloseTo(-0.05);
  expect(row.recent.value).toEqual([1, 1.1, 1.05]);
  expect(row.moved).toBe("down");
  expect(rowOf(after, "EURGBP")).toBe(rowOf(before, "EURGBP"));
});

test("a revision of the latest value keeps what it is compared with", () => {
  const after = withEvent(list(instrument("EURUSD")), event("2026-10-30T13:15:00Z", 1.2));

  const row = rowOf(after, "EURUSD");
  expect(row.latest).toMatchObject({ value: 1.2, previousValue: 1 });
  expect(row.recent.value).toEqual([1, 1.2]);
});

test("an older value, another dataset's or another measure's leaves the row as it is", () => {
  const before = list(instrument("EURUSD"));

  expect(rowOf(withEvent(before, event("2026-10-01T13:15:00Z", 9)), "EURUSD").latest?.value).toBe(1.1);
  expect(
    rowOf(withEvent(before, event("2026-10-31T13:15:00Z", 9, { dataset: "x" })), "EURUSD").latest?.value,
  ).toBe(1.1);
  expect(
    rowOf(withEvent(before, event("2026-10-31T13:15:00Z", 9, { measure: "price" })), "EURUSD").latest?.value,
  ).toBe(1.1);
});

test("a withdrawn value or a shortened event needs the server", () => {
  expect(needsReload(event("2026-10-31T13:15:00Z", 1, { truncated: true }))).toBe(true);
  expect(needsReload(event("2026-10-31T13:15:00Z", 1, { retractedAsOf: ["2026-10-30T13:15:00Z"] }))).toBe(
    true,
  );
  expect(needsReload(event("2026-10-31T13:15:00Z", 1))).toBe(false);
  // The session of a daily value is the source's own date, which an event does not carry.
  expect(needsReload(event("2026-10-31T13:15:00Z", 1, { interval: "1d" }))).toBe(true);
});

test("the list is searched by any words, filtered, and sorted with stars first", () => {
  const rows = rowsOf(
    list(instrument("EURUSD", undefined, 1.1), instrument("EURGBP", undefined, 1.3), instrument("SIM.A")),
  );
  const all = { text: "", assetClass: null, onlyStars: false };
  const bySymbol = { column: "symbol", descending: false } as const;
  const symbols = (found: Row[]): string[] => found.map((row) => row.symbol);
  const stars = new Set([rows[2]?.key ?? ""]);

  expect(symbols(arrange(rows, all, new Set(), bySymbol))).toEqual(["EURGBP", "EURUSD", "SIM.A"]);
  expect(symbols(arrange(rows, all, stars, bySymbol))).toEqual(["SIM.A", "EURGBP", "EURUSD"]);
  expect(symbols(arrange(rows, { ...all, text: "ecb usd" }, stars, bySymbol))).toEqual(["EURUSD"]);
  expect(symbols(arrange(rows, { ...all, assetClass: "FX" }, stars, bySymbol))).toEqual(["EURGBP", "EURUSD"]);
  expect(symbols(arrange(rows, { ...all, onlyStars: true }, stars, bySymbol))).toEqual(["SIM.A"]);
  expect(symbols(arrange(rows, all, new Set(), { column: "changePercent", descending: true }))[0]).toBe(
    "EURGBP",
  );
});

test("two datasets of one source are two rows, told apart by their datasets, and an event moves its own", () => {
  const two = instrument("W");
  const [first] = two.series;
  if (!first) throw new Error("no series");
  const both = list({ ...two, series: [first, { ...first, id: "2", dataset: "other" }] });
  const rows = rowsOf(withEvent(both, event("2026-10-31T13:15:00Z", 9, { symbol: "W", dataset: "other" })));

  expect(rows.map((row) => row.from)).toEqual(["d", "other"]);
  expect(new Set(rows.map((row) => row.key)).size).toBe(2);
  expect(rows.map((row) => row.latest?.value)).toEqual([1.1, 9]);
  expect(rowsOf(list(instrument("X")))[0]?.from).toBe("ecb");
});
