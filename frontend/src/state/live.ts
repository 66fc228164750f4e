// Live values for the page that is open.

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { ObservationsDocument } from "../api/generated/operations.ts";
import { follow, type StreamState } from "../api/stream.ts";
import { lookForServer } from "./network.ts";
import type { ObservationsEvent } from "./watchlist.ts";

/** How the open page's subscription is doing; shown to the reader. */
export const liveState = signal<StreamState>("connecting");

interface Listener {
  readonly onEvent: (event: ObservationsEvent) => void;
  /** Something may have been missed: query again. */
  readonly onGap: () => void;
}

/** Follow the observations of these symbols (null: all) while the component stands. */
export function useObservations(symbols: readonly string[] | null, listener: Listener): void {
  const current = useRef(listener);
  current.current = listener;
  const key = symbols === null ? "*" : symbols.join(" ");
  useEffect(
    () =>
      follow(
        ObservationsDocument,
        { symbols: symbols === null ? null : [...symbols] },
        {
          cursorOf: (data) => data.observations.cursor,
          onData: (data) => current.current.onEvent(data.observations),
          onState: (state) => {
            liveState.value = state;
            if (state === "waiting") void lookForServer();
          },
          onGap: () => current.current.onGap(),
        },
      ),
    [key],
  );
}
