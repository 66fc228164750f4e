// Subscriptions that survive: each is resumed from the last cursor seen, over one shared WebSocket
// (graphql-transport-ws) whose client is loaded only when the first subscription starts.

import { type Problem, readProblem } from "./errors.ts";
import type { Operation } from "./generated/operations.ts";
import { noteReachable, reconnections } from "./reachability.ts";
import { endWhenSilent, PING_EVERY_MS } from "./socketDeadline.ts";

export type StreamState = "connecting" | "live" | "waiting" | "refused" | "ended";

interface Sink {
  readonly next: (result: { data?: unknown; errors?: readonly unknown[] | undefined }) => void;
  readonly error: (cause: unknown) => void;
  readonly complete: () => void;
}

/** Starts one subscription; returns what ends it. */
export type Channel = (
  payload: { query: string; variables: Record<string, unknown> },
  sink: Sink,
  opened: () => void,
) => () => void;

export interface StreamOptions<Data> {
  /** The cursor to resume after; null starts at the present. */
  readonly since?: string | null;
  readonly cursorOf: (data: Data) => string;
  readonly onData: (data: Data) => void;
  readonly onState?: (state: StreamState) => void;
  /** Events may have been missed: query again. Called on a first start without cursor and on CURSOR_EXPIRED. */
  readonly onGap?: () => void;
  /** Whether the server's `complete` is the end (a finished run) or a reason to subscribe again. */
  readonly endsOnComplete?: boolean;
}

export interface StreamClock {
  /** Calls back after so many milliseconds, or sooner when the server is found again; returns what cancels it. */
  readonly later: (ms: number, then: () => void) => () => void;
  readonly random: () => number;
}

/** Answers that asking again would not change. */
const REFUSALS = ["UNAUTHENTICATED", "FORBIDDEN", "UNKNOWN_SYMBOL", "NOT_FOUND", "BAD_INPUT"];
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

const browserClock: StreamClock = {
  later(ms, then) {
    const timer = setTimeout(fire, ms);
    const since = reconnections.peek();
    const quiet = reconnections.subscribe((times) => {
      if (times !== since) fire();
    });
    function fire(): void {
      cancel();
      then();
    }
    function cancel(): void {
      clearTimeout(timer);
      quiet();
    }
    return cancel;
  },
  random: Math.random,
};

interface Wire {
  readonly client: import("graphql-ws").Client;
  /** Whether the socket is acknowledged now: a later subscription on it hears no `connected` of its own. */
  connected: boolean;
}
let shared: Promise<Wire> | null = null;

function wire(): Promise<Wire> {
  shared ??= import("graphql-ws").then(({ createClient }) => {
    const client = createClient({
      url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/graphql`,
      lazy: true,
      lazyCloseTimeout: 2_000,
      keepAlive: PING_EVERY_MS,
      retryAttempts: 0,
    });
    endWhenSilent(client, noteReachable);
    const made: Wire = { client, connected: false };
    client.on("connected", () => {
      made.connected = true;
    });
    client.on("closed", () => {
      made.connected = false;
    });
    return made;
  });
  shared.catch(() => {
    shared = null;
  });
  return shared;
}

const webSocket: Channel = (payload, sink, opened) => {
  let stopped = false;
  let stop: () => void = () => {};
  void wire()
    .then(({ client, connected }) => {
      if (stopped) return;
      const quiet = connected ? () => {} : client.on("connected", opened);
      const end = client.subscribe(payload, sink);
      if (connected) opened();
      stop = () => {
        quiet();
        end();
      };
    })
    .catch(sink.error);
  return () => {
    stopped = true;
    stop();
  };
};

/** Whether a socket was closed because its token or session has ended, or never counted: another one would be too. */
const isLoggedOut = (cause: unknown): boolean =>
  [4401, 4403].includes((cause as CloseEvent | null)?.code ?? 0);

function problemsIn(cause: unknown): Problem[] {
  return Array.isArray(cause) ? cause.map(readProblem) : [];
}

/** Follow a subscription until the returned function is called. */
export function follow<Data, Variables extends { since?: string | null | undefined }>(
  operation: Operation<Data, Variables>,
  variables: Omit<Variables, "since">,
  options: StreamOptions<Data>,
  channel: Channel = webSocket,
  clock: StreamClock = browserClock,
): () => void {
  let cursor = options.since ?? null;
  let failures = 0;
  let generation = 0;
  let stopChannel: () => void = () => {};
  let stopWaiting: () => void = () => {};
  let ended = false;

  const tell = (state: StreamState): void => options.onState?.(state);

  function end(state: StreamState | null): void {
    if (ended) return;
    ended = true;
    generation += 1;
    stopWaiting();
    stopChannel();
    if (state) tell(state);
  }

  function again(): void {
    generation += 1;
    stopChannel();
    tell("waiting");
    const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures);
    failures += 1;
    stopWaiting = clock.later(longest * (0.5 + clock.random() / 2), start);
  }

  function failed(problems: readonly Problem[]): void {
    const codes = new Set(problems.map((problem) => problem.code));
    if (codes.has("CURSOR_EXPIRED")) cursor = null;
    if (REFUSALS.some((code) => codes.has(code))) end("refused");
    else again();
  }

  function start(): void {
    if (ended) return;
    generation += 1;
    const mine = generation;
    tell("connecting");
    const current = (act: () => void): void => {
      if (mine === generation && !ended) act();
    };
    const opened = (): void =>
      current(() => {
        tell("live");
        if (cursor === null) options.onGap?.();
      });
    stopChannel = channel(
      { query: operation, variables: { ...variables, since: cursor } },
      {
        next: ({ data, errors }) =>
          current(() => {
            if (errors && errors.length > 0) failed(errors.map(readProblem));
            else if (data) {
              failures = 0;
              cursor = options.cursorOf(data as Data);
              tell("live");
              options.onData(data as Data);
            }
          }),
        error: (cause) => current(() => (isLoggedOut(cause) ? end("refused") : failed(problemsIn(cause)))),
        complete: () =>
          current(() => {
            if (options.endsOnComplete) end("ended");
            else again();
          }),
      },
      opened,
    );
  }

  start();
  return () => end(null);
}
