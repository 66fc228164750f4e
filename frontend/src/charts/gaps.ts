// Where a series has no values for much longer than it usually has none: nothing is drawn there.
// The rule and cases are those of the reports (tests/golden/gaps.json).

export interface Gap {
  /** The values on either side, milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  /** The position of the one before it. */
  readonly after: number;
}

/** Of 100 steps so many are no longer than the usual break: nights, weekends, holidays. */
const USUAL_SHARE = 0.98;
const TIMES_THE_USUAL = 2;
const FEWEST_STEPS = 4;

/** The gaps between instants in ascending order. What is usual is read off the steps themselves, so that a market's
 *  nights and weekends are none, and neither is the space between points that were thinned out. */
export function gapsOf(ms: readonly number[]): Gap[] {
  const steps = ms.slice(1).map((at, i) => at - (ms[i] ?? at));
  if (steps.length < FEWEST_STEPS) return [];
  const sorted = [...steps].sort((a, b) => a - b);
  const usual = sorted[Math.floor((sorted.length - 1) * USUAL_SHARE)] ?? 0;
  const middle = sorted[sorted.length >> 1] ?? 0;
  // Of few steps the longest may be the gap itself, and is then no measure.
  const most = TIMES_THE_USUAL * (steps.length < 50 ? Math.max(4 * middle, sorted.at(-3) ?? 0) : usual);
  return steps.flatMap((step, i) =>
    step > most ? [{ from: ms[i] ?? 0, to: ms[i + 1] ?? 0, after: i }] : [],
  );
}
