// How live a series' newest tick is. Live is a claim about a series and its last tick: worked out here from
// what has arrived, it turns by itself when the next tick is overdue.

import type { StreamState } from "../api/stream.ts";
import { ago, clock, day, isDaily } from "../format/time.ts";

const UNITS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000 };
// A tick travels: source, feed, server, device; and any of them may catch its breath.
const TRAVEL_MS = 15_000;

/** A series' spacing and its newest value's two times. */
export interface Tick {
  readonly interval: string;
  readonly asOf: string;
  readonly knownAt: string;
}

/** The length of an interval shorter than a day, milliseconds; null of any other: such a series is never live. */
export function intervalMs(interval: string): number | null {
  const [, n, unit = ""] = /^(\d+)([smh])$/.exec(interval) ?? [];
  const length = UNITS[unit];
  return n === undefined || length === undefined || isDaily(interval) ? null : Number(n) * length;
}

/** When a tick was both of and learned by: an open bar's end lies ahead, an old value may be learned late. */
export const tickAt = (tick: Tick): number => Math.min(Date.parse(tick.asOf), Date.parse(tick.knownAt));

/** Whether the next tick is overdue by more than one interval. Null of a series that does not tick. */
export function isSilent(tick: Tick, now: number): boolean | null {
  const length = intervalMs(tick.interval);
  return length === null ? null : !(now - tickAt(tick) <= 2 * length + TRAVEL_MS);
}

export interface Liveness {
  readonly kind: "on" | "waiting" | "off";
  readonly text: string;
}

export interface Connection {
  readonly stream: StreamState;
  readonly reachable: boolean;
  /** When the server last answered; by its own time, milliseconds. */
  readonly heardAt: number | null;
}

/** The clock's time of today, the day too of another one. */
export function since(at: number, now: number): string {
  return day(at) === day(now) ? `${clock(at, true)} UTC` : `${day(at)} ${clock(at)} UTC`;
}

/** The text on a series' ticks; null where there is none, as of a daily series. */
export function liveness(tick: Tick | null, connection: Connection, now: number): Liveness | null {
  const silent = tick && isSilent(tick, now);
  if (!tick || silent === null) return null;
  const at = tickAt(tick);
  if (!connection.reachable) {
    const heard = connection.heardAt === null ? "" : ` since ${since(connection.heardAt, now)}`;
    return { kind: "off", text: `No answer${heard}; last tick ${since(at, now)}` };
  }
  if (silent) return { kind: "off", text: `Silent since ${since(at, now)}` };
  if (connection.stream === "refused")
    return { kind: "off", text: `Subscription refused; last tick ${since(at, now)}` };
  if (connection.stream !== "live")
    return { kind: "waiting", text: `Connecting; last tick ${since(at, now)}` };
  return { kind: "on", text: `Live, last tick ${ago(at, now, true)}` };
}

/** The text on the ticks of many series: live only where all that tick are. */
export function livenessOf(ticks: readonly Tick[], connection: Connection, now: number): Liveness | null {
  const ticking = ticks.filter((tick) => intervalMs(tick.interval) !== null);
  const newest = ticking.reduce<Tick | null>((a, b) => (a && tickAt(a) >= tickAt(b) ? a : b), null);
  const ofNewest = liveness(newest, connection, now);
  const silent = ticking.filter((tick) => isSilent(tick, now)).length;
  if (!newest || ofNewest?.kind !== "on" || silent === 0) return ofNewest;
  return {
    kind: "waiting",
    text: `${silent} of ${ticking.length} silent, last tick ${ago(tickAt(newest), now, true)}`,
  };
}
