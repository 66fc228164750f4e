// How a live event moves the series that is open.

import { eventPoints, isNewer, latestAfter } from "../../state/latest.ts";
import { needsReload, type ObservationsEvent } from "../../state/observations.ts";
import type { Series } from "./view.ts";

const MOST_POINTS = 4_000;

/** Whether an event speaks of this series. */
export const isOf = (series: Series, event: ObservationsEvent): boolean =>
  event.symbol === series.instrument.symbol &&
  event.dataset === series.dataset.key &&
  event.measure === series.measure &&
  event.interval === series.interval;

/** The series whose newest value moved while the points shown, of another time, stay; null when only the server can
 *  tell: not every point of the event is newer than the one before, or it does not carry all. */
export function withLatest(series: Series, event: ObservationsEvent): Series | null {
  if (needsReload(event)) return null;
  let { latest } = series;
  for (const point of eventPoints(event)) {
    if (!point || !isNewer(point, latest)) return null;
    latest = latestAfter(latest, point);
  }
  return latest && { ...series, latest };
}

/** The series with the event's points at its end; null when only the server can tell what it is now, as of
 *  `withLatest`, and when the series would grow too long to be drawn. */
export function withPoints(series: Series, event: ObservationsEvent): Series | null {
  const moved = withLatest(series, event);
  const { points } = series;
  const last = points.asOf.at(-1);
  const first = event.points.asOf[0];
  const more = event.points.asOf.length;
  if (!moved || points.asOf.length + more > MOST_POINTS) return null;
  if (last !== undefined && first !== undefined && Date.parse(first) <= Date.parse(last)) return null;
  const longer = (column: readonly (number | null)[] | null): (number | null)[] | null =>
    column && [...column, ...Array<null>(more).fill(null)];
  return {
    ...moved,
    dataVersion: event.dataVersion,
    // The hash was of the series before this value.
    snapshotId: "",
    points: {
      ...points,
      asOf: [...points.asOf, ...event.points.asOf],
      value: [...points.value, ...event.points.value],
      flags: [...points.flags, ...event.points.asOf.map((_, i) => event.points.flags[i] ?? [])],
      high: longer(points.high),
      low: longer(points.low),
      count: points.count + more,
      downsampledFrom: points.downsampledFrom === null ? null : points.downsampledFrom + more,
    },
  };
}
