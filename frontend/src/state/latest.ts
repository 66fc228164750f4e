// The newest value of a series, from what the server answered and from the events since: decided here for every page.

import type { LatestFragment } from "../api/generated/operations.ts";
import { day } from "../format/time.ts";
import type { ObservationsEvent } from "./observations.ts";

export interface Point {
  readonly asOf: string;
  readonly value: number;
  readonly flags: string[];
  readonly knownAt: string;
}

/** The points of an event in its order; null stands for one without a value. */
export const eventPoints = ({ points, knownAt }: ObservationsEvent): (Point | null)[] =>
  points.asOf.map((asOf, i) => {
    const value = points.value[i];
    return typeof value === "number" ? { asOf, value, flags: points.flags[i] ?? [], knownAt } : null;
  });

/** Whether a point is of a later instant than the newest value. */
export const isNewer = (point: Point, latest: LatestFragment | null): boolean =>
  latest === null || Date.parse(point.asOf) > Date.parse(latest.asOf);

/** The newest value after a point: a newer one is compared with the value before it, a revision with what that was
 *  compared with. Null where the point is older and so changes nothing. */
export function latestAfter(latest: LatestFragment | null, point: Point): LatestFragment | null {
  const newer = isNewer(point, latest);
  if (!newer && Date.parse(point.asOf) !== Date.parse(latest?.asOf ?? "")) return null;
  const previousValue = (newer ? latest?.value : latest?.previousValue) ?? null;
  const change = previousValue === null ? null : point.value - previousValue;
  return {
    ...point,
    // Within the day: what is daily is asked of the server, which knows the source's own dates.
    session: day(point.asOf),
    previousValue,
    change,
    changePercent: change !== null && previousValue ? (change / previousValue) * 100 : null,
  };
}
