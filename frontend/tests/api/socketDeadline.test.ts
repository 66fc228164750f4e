import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ANSWER_WITHIN_MS, endWhenSilent, PING_EVERY_MS } from "../../src/api/socketDeadline.ts";

type Client = Parameters<typeof endWhenSilent>[0];

/** What graphql-ws tells of its socket, told by the test. */
function client() {
  const listeners = new Map<string, ((...told: unknown[]) => void)[]>();
  const made = {
    ended: 0,
    heard: 0,
    tell(event: string, ...told: unknown[]) {
      for (const listener of listeners.get(event) ?? []) listener(...told);
    },
  };
  const fake = {
    on: (event: string, listener: (...told: unknown[]) => void) => {
      listeners.set(event, [...(listeners.get(event) ?? []), listener]);
      return () => {};
    },
    terminate: () => {
      made.ended += 1;
    },
  };
  endWhenSilent(fake as unknown as Client, () => {
    made.heard += 1;
  });
  return made;
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("a ping that is not answered ends the socket", () => {
  const socket = client();
  socket.tell("ping", false);
  vi.advanceTimersByTime(ANSWER_WITHIN_MS - 1);
  expect(socket.ended).toBe(0);
  vi.advanceTimersByTime(1);
  expect(socket.ended).toBe(1);
});

test("an answered one does not, nor does a socket that says anything else", () => {
  const socket = client();
  for (const message of [{ type: "pong" }, { type: "next" }]) {
    socket.tell("ping", false);
    vi.advanceTimersByTime(ANSWER_WITHIN_MS - 1);
    socket.tell("message", message);
    vi.advanceTimersByTime(10 * ANSWER_WITHIN_MS);
  }
  expect(socket.ended).toBe(0);
  expect(socket.heard).toBe(2);
});

test("the server's own ping asks nothing of the server", () => {
  const socket = client();
  socket.tell("ping", true);
  vi.advanceTimersByTime(10 * ANSWER_WITHIN_MS);
  expect(socket.ended).toBe(0);
});

test("a server that takes the connection and never answers it ends too", () => {
  const socket = client();
  socket.tell("connecting", false);
  vi.advanceTimersByTime(ANSWER_WITHIN_MS);
  expect(socket.ended).toBe(1);
});

test("a socket that has closed is waited for no longer", () => {
  const socket = client();
  socket.tell("ping", false);
  socket.tell("closed", {});
  vi.advanceTimersByTime(10 * ANSWER_WITHIN_MS);
  expect(socket.ended).toBe(0);
});

test("a silent server is noticed in half a minute", () => {
  expect(PING_EVERY_MS + ANSWER_WITHIN_MS).toBeLessThanOrEqual(30_000);
});
