// The server's time, worked out from its answers: ages are reckoned by it, because a device's clock may be hours wrong.

import { signal } from "@preact/signals";
import { keepPreference, readPreference } from "../storage.ts";

const NAME = "clock";
// Instants travel, and a Date header has whole seconds: smaller differences mean nothing.
const NOISE_MS = 2_000;
const LONGEST_WAY_MS = 5_000;

const isOffset = (kept: unknown): kept is number => Number.isFinite(kept);
/** What to add to the device's clock. Kept, so that ages are right after a start without a network too. */
let offset = readPreference(NAME, 0, isOffset);

/** The server's time as near as is known; milliseconds since 1970. Before any answer ever, the device's own. */
export const serverNow = (): number => Date.now() + offset;

/** The server's time, renewed every second while somebody looks. */
export const nowEachSecond = signal(serverNow());
/** The same, renewed every ten seconds, for what need not turn at once. */
export const now = signal(serverNow());

const SLOW_MS = 10_000;

function turn(): void {
  nowEachSecond.value = serverNow();
  if (Math.abs(nowEachSecond.peek() - now.peek()) >= SLOW_MS) now.value = nowEachSecond.peek();
}

/** When something was sent and when its answer came, by the device's clock; milliseconds. */
export interface Trip {
  readonly sent: number;
  readonly came: number;
}

/** Learn from an instant that an answer carries. */
export function learnTime(given: number, { sent, came }: Trip): void {
  const way = came - sent;
  // An answer that was long under way tells little, and one that came before it was asked for nothing.
  if (Number.isNaN(given) || way < 0 || way > LONGEST_WAY_MS) return;
  const found = Math.round(given - (sent + came) / 2);
  if (Math.abs(found - offset) <= NOISE_MS + way / 2) return;
  offset = found;
  keepPreference(NAME, offset);
  turn();
  now.value = nowEachSecond.peek();
}

// The device's clock beside one that nobody sets.
const clockGap = (): number => Date.now() - performance.now();
let clockGapThen: number | null = null;

/** Learn from an answer's Date header. A server that was held up sends an old one with its first answers, never one that
 *  is too new: so time only goes back by it when the device's own clock was set. */
export function learnDate(date: string | null, trip: Trip): void {
  // The header has whole seconds: its answer was made half a second later, on the average.
  const given = date === null ? Number.NaN : Date.parse(date) + 500;
  const unset = clockGapThen !== null && Math.abs(clockGap() - clockGapThen) <= NOISE_MS;
  if (unset && given < (trip.sent + trip.came) / 2 + offset) return;
  learnTime(given, trip);
  if (!Number.isNaN(given)) clockGapThen = clockGap();
}

/** Let the time go on. Called once, by the entry point. */
export function watchTime(): void {
  setInterval(() => document.visibilityState === "visible" && turn(), 1_000);
  document.addEventListener("visibilitychange", turn);
}
