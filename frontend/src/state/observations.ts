// Live values for the page that is open.

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { ObservationsDocument, type ObservationsSubscription } from "../api/generated/operations.ts";
import { checkServer } from "../api/reachability.ts";
import { type Channel, follow, type StreamClock, type StreamState } from "../api/stream.ts";
import { symbolBatches } from "../api/symbolBatches.ts";
import { isDaily } from "../format/time.ts";

export type ObservationsEvent = ObservationsSubscription["observations"];

/** Whether an event says less than is shown of what it changed, so that the server must be asked again; of a daily value
 *  only the server knows the session. */
export function needsReload(event: ObservationsEvent): boolean {
  return event.truncated || event.retractedAsOf.length > 0 || isDaily(event.interval);
}

/** How the open page's subscriptions are doing: as badly as the worst of them. */
export const liveState = signal<StreamState>("connecting");

export interface Listener {
  readonly onEvent: (event: ObservationsEvent) => void;
  /** Something may have been missed: query again. */
  readonly onGap: () => void;
}

const WORST: readonly StreamState[] = ["refused", "ended", "waiting", "connecting", "live"];

/** Follow the observations of these symbols (null: all) until the returned function is called. */
export function followObservations(
  symbols: readonly string[] | null,
  listener: Listener,
  ...through: [channel?: Channel, clock?: StreamClock]
): () => void {
  const parts = symbols === null ? [null] : symbolBatches(symbols);
  const states = parts.map((): StreamState => "connecting");
  const tell = (): void => {
    liveState.value = WORST.find((state) => states.includes(state)) ?? "connecting";
  };
  tell();
  const stops = parts.map((part, i) =>
    follow(
      ObservationsDocument,
      { symbols: part },
      {
        cursorOf: (data) => data.observations.cursor,
        onData: (data) => listener.onEvent(data.observations),
        onState: (state) => {
          states[i] = state;
          tell();
          if (state === "waiting") void checkServer();
        },
        onGap: () => listener.onGap(),
      },
      ...through,
    ),
  );
  return () => {
    for (const stop of stops) stop();
    liveState.value = "connecting";
  };
}

/** Follow the observations of these symbols (null: all) while the component stands; nothing while `paused`. */
export function useObservations(symbols: readonly string[] | null, listener: Listener, paused = false): void {
  const current = useRef(listener);
  current.current = listener;
  const key = paused ? "" : symbols === null ? "*" : symbols.join(" ");
  useEffect(() => {
    if (paused) return;
    return followObservations(symbols, {
      onEvent: (event) => current.current.onEvent(event),
      onGap: () => current.current.onGap(),
    });
  }, [key]);
}
