// What the page of a series shows, as each of its panels is given it.

import type { SeriesQualityQuery, SeriesQuery } from "../../api/generated/operations.ts";
import type { Resource } from "../../state/resource.ts";

export type Series = NonNullable<SeriesQuery["series"]>;
export type Quality = NonNullable<SeriesQualityQuery["series"]>;

/** A series as the address names it: null where it leaves the choice to the server. */
export interface Name {
  readonly symbol: string;
  readonly source: string | null;
  readonly dataset: string | null;
  readonly measure: string | null;
  readonly interval: string | null;
}

export interface SeriesView {
  readonly name: Name;
  /** Null for now. */
  readonly asKnownAt: string | null;
  readonly series: Resource<Series>;
  readonly quality: Resource<Quality>;
  /** The as-of of the point that was chosen in the chart or the table; null for the latest. */
  readonly chosen: string | null;
  /** Decimals that show the values in full. */
  readonly decimals: number;
}
