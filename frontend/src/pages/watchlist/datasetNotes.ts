// What the watchlist asks of the datasets beyond its rows.

import { signal } from "@preact/signals";
import type { DatasetNotesQuery, EndFragment } from "../../api/generated/operations.ts";
import { day } from "../../format/time.ts";
import { endOf } from "../../state/ended.ts";
import type { Row } from "./rows.ts";

export type DatasetNotes = DatasetNotesQuery["datasets"][number];

/** Empty while nothing needs them. */
export const datasetNotes = signal<readonly DatasetNotes[]>([]);

/** The ends of the watchlist's rows, by their keys. */
export function endsOf(
  rows: readonly Row[],
  notes: readonly DatasetNotes[],
): ReadonlyMap<string, EndFragment> {
  const ended = new Map(notes.map((one) => [one.key, one.ended]));
  return new Map(
    rows.flatMap(({ key, dataset, symbol, latest }) => {
      const end = endOf(ended.get(dataset) ?? [], symbol, latest && (latest.session ?? day(latest.asOf)));
      return end ? [[key, end] as const] : [];
    }),
  );
}
