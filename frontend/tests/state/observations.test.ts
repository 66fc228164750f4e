import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as network from "../../src/api/reachability.ts";
import type { Channel, StreamClock } from "../../src/api/stream.ts";
import { followObservations, liveState, type ObservationsEvent } from "../../src/state/observations.ts";

/** Sockets that the test opens and breaks, and a clock that it turns. */
function stage(symbols: readonly string[] | null) {
  const calls: Parameters<Channel>[] = [];
  const pending: (() => void)[] = [];
  let ended = 0;
  let gaps = 0;
  const seen: ObservationsEvent[] = [];
  const channel: Channel = (...call) => {
    calls.push(call);
    return () => {
      ended += 1;
    };
  };
  const clock: StreamClock = {
    random: () => 1,
    later: (_, then) => {
      pending.push(then);
      return () => {};
    },
  };
  const listener = {
    onEvent: (event: ObservationsEvent) => seen.push(event),
    onGap: () => {
      gaps += 1;
    },
  };
  const stop = followObservations(symbols, listener, channel, clock);
  return {
    asked: () => calls.map(([{ variables }]) => variables.symbols as string[] | null),
    open: (n: number) => calls[n]?.[2](),
    give: (n: number, cursor: string) => calls[n]?.[1].next({ data: { observations: { cursor } } }),
    fail: (n: number) => calls[n]?.[1].error(new Error("socket closed")),
    refuse: (n: number) => calls[n]?.[1].error([{ message: "no", extensions: { code: "FORBIDDEN" } }]),
    turn: () => {
      for (const then of pending.splice(0)) then();
    },
    seen,
    gaps: () => gaps,
    ended: () => ended,
    stop,
  };
}

beforeEach(() => {
  vi.stubGlobal("fetch", async () => new Response("{}"));
});
afterEach(() => {
  vi.unstubAllGlobals();
});

test("it is live when the socket is open, no longer when it breaks, and again when the next one opens", () => {
  const server = stage(["A"]);
  expect(liveState.value).toBe("connecting");
  server.open(0);
  expect(liveState.value).toBe("live");
  server.fail(0);
  expect(liveState.value).toBe("waiting");
  server.turn();
  expect(liveState.value).toBe("connecting");
  server.open(1);
  expect(liveState.value).toBe("live");
  server.stop();
});

test("events reach the page, and what may have been missed is asked for", () => {
  const server = stage(null);
  server.open(0);
  expect(server.gaps()).toBe(1);
  server.give(0, "e:1");
  expect(server.seen.map(({ cursor }) => cursor)).toEqual(["e:1"]);
  expect(server.asked()).toEqual([null]);
  server.stop();
});

test("more symbols than one subscription takes are followed in several, as well as the worst of them", () => {
  const many = Array.from({ length: 401 }, (_, i) => `S${i}`);
  const server = stage(many);

  expect(server.asked().map((part) => part?.length)).toEqual([200, 200, 1]);
  expect(server.asked().flat()).toEqual(many);
  server.open(0);
  server.open(1);
  expect(liveState.value).toBe("connecting");
  server.open(2);
  expect(liveState.value).toBe("live");
  server.refuse(1);
  expect(liveState.value).toBe("refused");
  server.stop();
  expect(server.ended()).toBeGreaterThanOrEqual(3);
});

test("nothing to follow asks nothing, and is not live", () => {
  const server = stage([]);

  expect(server.asked()).toEqual([]);
  expect(liveState.value).toBe("connecting");
  server.stop();
});

test("what the page before followed says nothing of the next one", () => {
  const server = stage(["A"]);
  server.open(0);
  server.stop();

  expect(liveState.value).toBe("connecting");
});

test("a broken stream makes the page look whether the server is there at all", async () => {
  vi.useFakeTimers();
  vi.stubGlobal("fetch", async () => Promise.reject(new TypeError("refused")));
  const server = stage(["A"]);
  server.open(0);
  server.fail(0);
  await vi.advanceTimersByTimeAsync(0);
  expect(network.reachable.value).toBe(false);

  // and it is found again
  const before = network.reconnections.value;
  vi.stubGlobal("fetch", async () => new Response("{}"));
  await vi.advanceTimersByTimeAsync(5_000);
  expect(network.reachable.value).toBe(true);
  expect(network.reconnections.value).toBe(before + 1);
  server.stop();
  vi.useRealTimers();
});
