// Whether the server can be reached: what the browser says, corrected by what requests find out.

import { computed, signal } from "@preact/signals";

const connected = signal(typeof navigator === "undefined" ? true : navigator.onLine);
const reached = signal(true);
let probing = false;

/** False when the device has no network or the last request found no server. */
export const reachable = computed(() => connected.value && reached.value);

/** Grows each time the server is found again: panels load anew on it. */
export const returned = signal(0);

const PROBE_EVERY_MS = 5_000;

async function probe(): Promise<void> {
  if (probing) return;
  probing = true;
  while (!reached.peek()) {
    await new Promise((resolve) => setTimeout(resolve, PROBE_EVERY_MS));
    if (connected.peek()) await lookForServer();
  }
  probing = false;
}

/** Find out whether the server is there: after a stream broke, no request may come for a while to tell. */
export async function lookForServer(): Promise<void> {
  const answer = await fetch("/api/health/live", { cache: "no-store" }).catch(() => null);
  if (answer) noteReachable();
  else noteUnreachable();
}

export function noteReachable(): void {
  if (reached.peek()) return;
  reached.value = true;
  returned.value += 1;
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
    reached.value = true;
    returned.value += 1;
  });
}
