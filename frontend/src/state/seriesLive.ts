// How a live event moves the series that is open.

import type { SeriesQuery } from "../api/generated/operations.ts";
import { day } from "../format/time.ts";
import { needsReload, type ObservationsEvent } from "./watchlist.ts";

type Series = NonNullable<SeriesQuery["series"]>;
const MOST_POINTS = 4_000;

/** The series with the event's points at its end; null when only the server can tell what it is now:
 *  a value inside the series changed, was withdrawn, or the event does not carry all. */
export function withPoints(series: Series, event: ObservationsEvent): Series | null {
  if (needsReload(event)) return null;
  const { points } = series;
  const asOf = [...points.asOf];
  const value = [...points.value];
  const flags = [...points.flags];
  let { latest } = series;
  for (const [i, at] of event.points.asOf.entries()) {
    const next = event.points.value[i];
    const last = asOf.at(-1);
    if (typeof next !== "number") return null;
    if (last !== undefined && Date.parse(at) <= Date.parse(last)) return null;
    const previous = latest?.value ?? null;
    asOf.push(at);
    value.push(next);
    flags.push(event.points.flags[i] ?? []);
    latest = {
      asOf: at,
      session: day(at),
      value: next,
      flags: event.points.flags[i] ?? [],
      knownAt: event.knownAt,
      previousValue: previous,
      change: previous === null ? null : next - previous,
      changePercent: previous ? ((next - previous) / previous) * 100 : null,
    };
  }
  if (asOf.length > MOST_POINTS) return null;
  const more = event.points.asOf.length;
  const longer = (column: readonly (number | null)[] | null): (number | null)[] | null =>
    column && [...column, ...Array<null>(more).fill(null)];
  return {
    ...series,
    dataVersion: event.dataVersion,
    latest,
    points: {
      ...points,
      asOf,
      value,
      flags,
      high: longer(points.high),
      low: longer(points.low),
      count: points.count + more,
    },
  };
}
