import type { Quality, Series, SeriesView } from "../../src/pages/series/view.ts";
import { createResource } from "../../src/state/resource.ts";

/** A simulated series of two points, a second apart. */
export const SERIES: Series = {
  id: "1",
  source: "sim",
  measure: "price",
  interval: "1s",
  dataVersion: 7,
  snapshotId: "abc",
  unit: { name: "USD", scale: 1 },
  instrument: { symbol: "SIM.A", name: "A", assetClass: "SIMULATED", currency: "USD", series: [] },
  dataset: { key: "sim", simulated: true },
  latest: {
    asOf: "2026-11-26T12:00:01Z",
    session: "2026-11-26",
    value: 102,
    flags: ["SIMULATED"],
    knownAt: "2026-11-26T12:00:01.2Z",
    previousValue: 100,
    change: 2,
    changePercent: 2,
  },
  points: {
    asOf: ["2026-11-26T12:00:00Z", "2026-11-26T12:00:01Z"],
    value: [100, 102],
    high: null,
    low: [99, 101],
    flags: [[], ["SIMULATED"]],
    count: 2,
    downsampledFrom: null,
  },
};

/** What the page of a series gives its panels, before anything has come from the server. */
export const seriesView = (more: Partial<SeriesView> = {}): SeriesView => ({
  name: { symbol: "SIM.A", source: null, dataset: null, measure: null, interval: null },
  asKnownAt: null,
  series: createResource<Series>(),
  quality: createResource<Quality>(),
  chosen: null,
  decimals: 0,
  ...more,
});
