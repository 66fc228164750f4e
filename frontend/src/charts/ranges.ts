// The spans of time a reader picks from.

import { isDaily } from "../format/time.ts";

export interface Range {
  readonly name: string;
  /** Null is everything there is. */
  readonly ms: number | null;
  readonly spoken: string;
}

/** A span of time that is shown; milliseconds since 1970. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const DAILY: readonly Range[] = [
  { name: "1M", ms: 31 * DAY, spoken: "one month" },
  { name: "6M", ms: 183 * DAY, spoken: "six months" },
  { name: "1Y", ms: 366 * DAY, spoken: "one year" },
  { name: "5Y", ms: 5 * 365.25 * DAY, spoken: "five years" },
  { name: "All", ms: null, spoken: "all" },
];

const INTRADAY: readonly Range[] = [
  { name: "15m", ms: HOUR / 4, spoken: "fifteen minutes" },
  { name: "1H", ms: HOUR, spoken: "one hour" },
  { name: "6H", ms: 6 * HOUR, spoken: "six hours" },
  { name: "1D", ms: DAY, spoken: "one day" },
  { name: "All", ms: null, spoken: "all" },
];

export const rangesOf = (interval: string): readonly Range[] => (isDaily(interval) ? DAILY : INTRADAY);

export const defaultRange = (interval: string): string => (isDaily(interval) ? "1Y" : "1H");

/** Where a range starts, on whole minutes so that asking twice asks the same; null without a bound. */
export function startOf(range: Range, now: number): string | null {
  if (range.ms === null) return null;
  const step = range.ms > 7 * DAY ? DAY : 60_000;
  return new Date(Math.floor((now - range.ms) / step) * step).toISOString();
}
