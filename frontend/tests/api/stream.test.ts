import { expect, test } from "vitest";
import type { Operation } from "../../src/api/generated/operations.ts";
import { type Channel, follow, type StreamClock, type StreamState } from "../../src/api/stream.ts";

interface Event {
  readonly cursor: string;
}
const OPERATION = "subscription S" as Operation<Event, { since?: string | null }>;

/** A server that records what it was asked, and a clock that the test turns. */
function stage(options: { endsOnComplete?: boolean; since?: string } = {}) {
  const asked: (string | null)[] = [];
  const states: StreamState[] = [];
  const seen: string[] = [];
  const waits: number[] = [];
  let gaps = 0;
  let stopped = 0;
  let current: Parameters<Channel> | null = null;
  let pending: (() => void) | null = null;
  const channel: Channel = (...call) => {
    asked.push(call[0].variables.since as string | null);
    current = call;
    return () => {
      stopped += 1;
    };
  };
  const clock: StreamClock = {
    random: () => 1,
    later: (ms, then) => {
      waits.push(ms);
      pending = then;
      return () => {
        pending = null;
      };
    },
  };
  const stop = follow(
    OPERATION,
    {},
    {
      ...options,
      cursorOf: (event) => event.cursor,
      onData: (event) => seen.push(event.cursor),
      onState: (state) => states.push(state),
      onGap: () => {
        gaps += 1;
      },
    },
    channel,
    clock,
  );
  return {
    asked,
    states,
    seen,
    waits,
    stop,
    gaps: () => gaps,
    stopped: () => stopped,
    open: () => current?.[2](),
    give: (cursor: string) => current?.[1].next({ data: { cursor } }),
    fail: (code?: string) =>
      current?.[1].error(code ? [{ message: "no", extensions: { code } }] : new Error("socket closed")),
    closed: (code: number) => current?.[1].error({ type: "close", code, reason: "" }),
    refuse: (code: string) => current?.[1].next({ errors: [{ message: "no", extensions: { code } }] }),
    complete: () => current?.[1].complete(),
    turn: () => {
      const then = pending;
      pending = null;
      then?.();
    },
  };
}

test("a broken stream is resumed after the last event seen", () => {
  const server = stage();
  server.open();
  server.give("e:1");
  server.give("e:2");

  server.fail();
  server.turn();

  expect(server.asked).toEqual([null, "e:2"]);
  expect(server.seen).toEqual(["e:1", "e:2"]);
  expect(server.states).toEqual(["connecting", "live", "live", "live", "waiting", "connecting"]);
});

test("a start without a cursor asks for the data once more, a resumed one does not", () => {
  const server = stage();
  server.open();
  expect(server.gaps()).toBe(1);

  server.give("e:1");
  server.fail();
  server.turn();
  server.open();

  expect(server.gaps()).toBe(1);
});

test("an expired cursor is dropped, and the data are asked for again", () => {
  const server = stage({ since: "old:5" });

  server.refuse("CURSOR_EXPIRED");
  server.turn();
  server.open();

  expect(server.asked).toEqual(["old:5", null]);
  expect(server.gaps()).toBe(1);
});

test("waits grow up to half a minute and begin anew after an event", () => {
  const server = stage();
  for (let i = 0; i < 8; i += 1) {
    server.fail();
    server.turn();
  }
  server.give("e:1");
  server.fail();

  expect(server.waits).toEqual([500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 500]);
});

test.each(["UNAUTHENTICATED", "FORBIDDEN", "UNKNOWN_SYMBOL"])("%s ends it", (code) => {
  const server = stage();

  server.fail(code);
  server.turn();

  expect(server.asked).toHaveLength(1);
  expect(server.states.at(-1)).toBe("refused");
});

test.each([4401, 4403])("a socket that is closed with %s is not opened again", (code) => {
  const server = stage();

  server.closed(code);
  server.turn();

  expect(server.asked).toHaveLength(1);
  expect(server.states.at(-1)).toBe("refused");
});

test("a completed stream of values is opened again, that of a finished report is not", () => {
  const values = stage();
  values.give("e:1");
  values.complete();
  values.turn();
  expect(values.asked).toEqual([null, "e:1"]);

  const report = stage({ endsOnComplete: true });
  report.complete();
  report.turn();
  expect(report.asked).toHaveLength(1);
  expect(report.states.at(-1)).toBe("ended");
});

test("after stopping nothing more is heard or asked", () => {
  const server = stage();
  server.fail();

  server.stop();
  server.turn();
  server.give("e:9");

  expect(server.seen).toEqual([]);
  expect(server.asked).toHaveLength(1);
  expect(server.stopped()).toBeGreaterThan(0);
});
