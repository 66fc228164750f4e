// Whether the server can be reached: what the browser says, corrected by what requests and the live stream find out.

import { computed, signal } from "@preact/signals";
import { learnDate, serverNow } from "./serverTime.ts";

/** Whether the device itself has a network, as the browser says. */
export const connected = signal(typeof navigator === "undefined" ? true : navigator.onLine);
const reached = signal(true);
let probing = false;

/** False when the device has no network or the server does not answer. */
export const reachable = computed(() => connected.value && reached.value);

/** Grows each time the server is found again: panels load anew on it. */
export const reconnections = signal(0);

/** When the server last answered, by its own time; null before the first answer. */
export const heardAt = signal<number | null>(null);

const PROBE_EVERY_MS = 5_000;
/** Whoever takes longer than this over next to nothing does not answer. */
export const ANSWER_DEADLINE_MS = 8_000;

async function probe(): Promise<void> {
  if (probing) return;
  probing = true;
  while (!reached.peek()) {
    await new Promise((resolve) => setTimeout(resolve, PROBE_EVERY_MS));
    if (connected.peek()) await checkServer();
  }
  probing = false;
}

/** Find out whether the server is there: after a stream broke, no request may come for a while to tell. */
export async function checkServer(): Promise<void> {
  const sent = Date.now();
  const answer = await fetch("/api/health/live", {
    cache: "no-store",
    signal: AbortSignal.timeout(ANSWER_DEADLINE_MS),
  }).catch(() => null);
  // What stands in front of a server that is down answers in its place, and not well.
  if (answer?.ok) noteAnswer(answer, sent);
  else noteUnreachable();
}

/** An answer came to what was sent at `sent` by the device's clock. */
export function noteAnswer(answer: Response, sent: number): void {
  learnDate(answer.headers.get("date"), { sent, came: Date.now() });
  noteReachable();
}

/** Something came from the server. */
export function noteReachable(): void {
  heardAt.value = serverNow();
  if (reached.peek()) return;
  reached.value = true;
  reconnections.value += 1;
}

export function noteUnreachable(): void {
  if (!reached.peek()) return;
  reached.value = false;
  void probe();
}

/** Listen to the browser's own opinion. Called once, by the entry point. */
export function watchNetwork(): void {
  addEventListener("offline", () => {
    connected.value = false;
  });
  addEventListener("online", () => {
    connected.value = true;
    // A network is not a server yet.
    if (reached.peek()) reconnections.value += 1;
    else void checkServer();
  });
}
