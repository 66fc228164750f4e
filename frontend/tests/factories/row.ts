import type { Row } from "../../src/pages/watchlist/rows.ts";

/** A row of the watchlist that passes, without a value. */
export const row = (symbol: string, more: Partial<Row> = {}): Row => ({
  key: symbol,
  symbol,
  name: symbol,
  assetClass: "FX",
  decimals: 4,
  source: "ecb",
  from: "ecb",
  dataset: "rates",
  measure: "rate",
  interval: "1d",
  unit: { name: "USD", scale: 1 },
  simulated: false,
  quoted: true,
  quality: "PASS",
  qualityCountsUntil: "2026-11-26T12:05:00Z",
  freshness: { status: "PASS", summary: "up to date: newest is 2026-11-25" },
  latest: null,
  recent: { value: [], asOfMs: [] },
  ...more,
});
