// The verdict on each dataset of the watchlist, once for all its rows.

import type { QualityStatus } from "../../api/generated/operations.ts";
import { inWords } from "../../format/missingReasons.ts";
import { causeOf, statusNow, WORST_FIRST } from "../../state/verdicts.ts";
import type { DatasetNotes } from "./datasetNotes.ts";
import type { Row } from "./rows.ts";

export interface DatasetNotice {
  readonly dataset: string;
  readonly status: QualityStatus;
  readonly summary: string;
}

/** By dataset, the row that carries its newest verdict: rows of one answer carry the same. */
export function newestVerdicts(rows: readonly Row[]): ReadonlyMap<string, Row> {
  const newest = new Map<string, Row>();
  for (const row of rows) {
    const held = newest.get(row.dataset);
    if (!held || until(row) > until(held)) newest.set(row.dataset, row);
  }
  return newest;
}

const until = (row: Row): number => Date.parse(row.qualityCountsUntil ?? "") || 0;

export const statusOf = (row: Row): QualityStatus => statusNow(row.quality, row.qualityCountsUntil);

/** A line for each dataset that does not pass, the worst first. The notes say why where lateness is not why. */
export function noticesOf(
  judged: ReadonlyMap<string, Row>,
  notes: readonly DatasetNotes[] = [],
): DatasetNotice[] {
  return [...judged.values()]
    .map((row) => ({ dataset: row.dataset, status: statusOf(row), summary: reasonOf(row, notes) }))
    .filter((line) => line.status !== "PASS")
    .sort(
      (a, b) =>
        WORST_FIRST.indexOf(a.status) - WORST_FIRST.indexOf(b.status) || (a.dataset < b.dataset ? -1 : 1),
    );
}

/** The reason for a row's verdict, a sentence without its full stop. */
export function reasonOf(row: Row, notes: readonly DatasetNotes[] = []): string {
  if (statusOf(row) !== row.quality) return `not checked recently; was ${row.quality}`;
  if (row.freshness?.status === row.quality) return row.freshness.summary;
  const { metrics = [] } = notes.find((one) => one.key === row.dataset)?.quality ?? {};
  const cause = causeOf(metrics, row.quality);
  return cause ? inWords(cause.summary) : "see the Quality page";
}
