// The columns of a series as the chart and the table read them.

import type { SeriesQuery } from "../api/generated/operations.ts";
import { doubts } from "../format/flags.ts";

type Columns = NonNullable<SeriesQuery["series"]>["points"];

export interface Points {
  readonly asOf: readonly string[];
  readonly ms: number[];
  readonly value: (number | null)[];
  readonly high: (number | null)[] | null;
  readonly low: (number | null)[] | null;
  readonly flags: readonly (readonly string[])[];
  readonly downsampledFrom: number | null;
}

export function pointsOf(columns: Columns): Points {
  const bars = columns.high?.some((value) => value !== null) && columns.low?.some((value) => value !== null);
  return {
    asOf: columns.asOf,
    ms: columns.asOf.map((at) => Date.parse(at)),
    value: columns.value,
    high: bars ? columns.high : null,
    low: bars ? columns.low : null,
    flags: columns.flags,
    downsampledFrom: columns.downsampledFrom,
  };
}

/** Whether flags tell of a doubt. */
export const isDoubtful = (flags: readonly string[] | undefined): boolean => doubts(flags).length > 0;

/** The index of the point nearest to an instant in milliseconds; -1 when there is none. */
export function nearest(ms: readonly number[], at: number): number {
  let low = 0;
  let high = ms.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ms[middle] ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  if (low > 0 && at - (ms[low - 1] ?? 0) < (ms[low] ?? 0) - at) low -= 1;
  return ms.length === 0 ? -1 : low;
}

export interface Extent {
  readonly first: number | null;
  readonly last: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

/** First, last, lowest and highest value in a window of time (milliseconds, both ends included). */
export function extentOf(
  points: Points,
  from = Number.NEGATIVE_INFINITY,
  to = Number.POSITIVE_INFINITY,
): Extent {
  let [first, last, low, high]: (number | null)[] = [null, null, null, null];
  points.value.forEach((value, i) => {
    const at = points.ms[i] ?? Number.NaN;
    if (value === null || !(at >= from && at <= to)) return;
    first ??= value;
    last = value;
    low = Math.min(low ?? value, points.low?.[i] ?? value);
    high = Math.max(high ?? value, points.high?.[i] ?? value);
  });
  return { first: first ?? null, last: last ?? null, low: low ?? null, high: high ?? null };
}
