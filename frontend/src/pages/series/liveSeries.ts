// How a live event moves the series that is open.

import { day } from "../../format/time.ts";
import { needsReload, type ObservationsEvent } from "../../state/observations.ts";
import type { Series } from "./view.ts";

type Latest = Series["latest"];
const MOST_POINTS = 4_000;

/** Whether an event speaks of this series. */
export const isOf = (series: Series, event: ObservationsEvent): boolean =>
  event.symbol === series.instrument.symbol &&
  event.dataset === series.dataset.key &&
  event.measure === series.measure &&
  event.interval === series.interval;

/** The newest value after an event that brings newer ones; null when only the server can tell. */
export function latestAfter(latest: Latest, event: ObservationsEvent): Latest {
  if (needsReload(event)) return null;
  let newest = latest;
  for (const [i, at] of event.points.asOf.entries()) {
    const value = event.points.value[i];
    if (typeof value !== "number") return null;
    if (newest && Date.parse(at) <= Date.parse(newest.asOf)) return null;
    const previous = newest?.value ?? null;
    newest = {
      asOf: at,
      // Within the day: what is daily is asked of the server, which knows the source's own dates.
      session: day(at),
      value,
      flags: event.points.flags[i] ?? [],
      knownAt: event.knownAt,
      previousValue: previous,
      change: previous === null ? null : value - previous,
      changePercent: previous ? ((value - previous) / previous) * 100 : null,
    };
  }
  return newest;
}

/** The series whose newest value moved while the points shown, of another time, stay; null as of `latestAfter`. */
export function withLatest(series: Series, event: ObservationsEvent): Series | null {
  const latest = latestAfter(series.latest, event);
  return latest && { ...series, latest };
}

/** The series with the event's points at its end; null when only the server can tell what it is now: a value inside
 *  the series changed, was withdrawn, or the event does not carry all. */
export function withPoints(series: Series, event: ObservationsEvent): Series | null {
  const latest = latestAfter(series.latest, event);
  const { points } = series;
  const last = points.asOf.at(-1);
  const first = event.points.asOf[0];
  const more = event.points.asOf.length;
  if (!latest || points.asOf.length + more > MOST_POINTS) return null;
  if (last !== undefined && first !== undefined && Date.parse(first) <= Date.parse(last)) return null;
  const longer = (column: readonly (number | null)[] | null): (number | null)[] | null =>
    column && [...column, ...Array<null>(more).fill(null)];
  return {
    ...series,
    dataVersion: event.dataVersion,
    // The hash was of the series before this value.
    snapshotId: "",
    latest,
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
