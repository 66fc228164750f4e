import type { DatasetNotes } from "../../src/pages/watchlist/datasetNotes.ts";

export const datasetNotes = (key: string, more: Partial<DatasetNotes> = {}): DatasetNotes => ({
  key,
  title: key,
  source: "ecb",
  ended: [],
  checkedAt: null,
  lastError: null,
  lastErrorAt: null,
  quality: { metrics: [] },
  ...more,
});
