import { expect, test } from "vitest";
import { type Connection, isSilent, liveness, livenessOf, type Tick } from "../../src/state/liveness.ts";

const NOON = Date.parse("2026-11-26T12:00:00Z");
const at = (secondsAgo: number): string => new Date(NOON - secondsAgo * 1000).toISOString();
const tick = (secondsAgo: number, interval = "1s", known = secondsAgo): Tick => ({
  interval,
  asOf: at(secondsAgo),
  knownAt: at(known),
});
const CONNECTION: Connection = { stream: "live", reachable: true, heardAt: NOON };

test("live is said of a series whose last tick is within its interval, with the tick's age", () => {
  expect(liveness(tick(3), CONNECTION, NOON)).toEqual({ kind: "on", text: "Live, last tick 3 s ago" });
  expect(liveness(tick(90, "1m"), CONNECTION, NOON)?.text).toBe("Live, last tick 90 s ago");
});

test.each([
  ["1s", 17, 18],
  ["1m", 135, 136],
  ["1h", 7215, 7216],
])("the next tick of a series of %s is overdue after %i s", (interval, still, over) => {
  expect(isSilent(tick(still, interval), NOON)).toBe(false);
  expect(isSilent(tick(over, interval), NOON)).toBe(true);
});

test("it turns by itself: the same tick is silent when time has passed, whatever the socket says", () => {
  const same = tick(3);

  expect(liveness(same, CONNECTION, NOON)?.kind).toBe("on");
  expect(liveness(same, CONNECTION, NOON + 60_000)).toEqual({
    kind: "off",
    text: "Silent since 11:59:57 UTC",
  });
  expect(liveness(same, CONNECTION, NOON + 86_400_000)?.text).toBe("Silent since 2026-11-26 11:59 UTC");
});

test("a daily series, one of an unknown interval, and none at all are never live", () => {
  for (const interval of ["1d", "1w", "1M", "1y", "", "tick", "0x1s"]) {
    expect(liveness(tick(3, interval), CONNECTION, NOON)).toBeNull();
  }
  expect(liveness(null, CONNECTION, NOON)).toBeNull();
});

test("a bar whose end lies ahead is as old as its last word; an old value learned now is old", () => {
  expect(liveness(tick(-40, "1m", 5), CONNECTION, NOON)?.text).toBe("Live, last tick 5 s ago");
  expect(liveness(tick(4000, "1m", 0), CONNECTION, NOON)?.kind).toBe("off");
});

test("without the server, its silence is said and nothing is live", () => {
  const gone = { ...CONNECTION, reachable: false, heardAt: NOON - 10_000 };

  expect(liveness(tick(3), gone, NOON)).toEqual({
    kind: "off",
    text: "No answer since 11:59:50 UTC; last tick 11:59:57 UTC",
  });
  expect(liveness(tick(3), { ...gone, heardAt: null }, NOON)?.text).toBe("No answer; last tick 11:59:57 UTC");
});

test("a stream that is not up yet, or was refused, is not live however fresh the answer", () => {
  for (const stream of ["connecting", "waiting", "ended"] as const) {
    expect(liveness(tick(3), { ...CONNECTION, stream }, NOON)?.text).toBe(
      "Connecting; last tick 11:59:57 UTC",
    );
  }
  expect(liveness(tick(3), { ...CONNECTION, stream: "refused" }, NOON)?.text).toBe(
    "Subscription refused; last tick 11:59:57 UTC",
  );
});

test("a tick that cannot be read is silent", () => {
  expect(isSilent({ interval: "1s", asOf: "soon", knownAt: "soon" }, NOON)).toBe(true);
});

test("a list is live where all that tick are, and says how many are silent where some are", () => {
  expect(livenessOf([tick(3), tick(9), tick(999_999, "1d")], CONNECTION, NOON)?.text).toBe(
    "Live, last tick 3 s ago",
  );
  expect(livenessOf([tick(3), tick(900)], CONNECTION, NOON)).toEqual({
    kind: "waiting",
    text: "1 of 2 silent, last tick 3 s ago",
  });
  expect(livenessOf([tick(800), tick(900)], CONNECTION, NOON)?.kind).toBe("off");
  expect(livenessOf([tick(3, "1d")], CONNECTION, NOON)).toBeNull();
  expect(livenessOf([], CONNECTION, NOON)).toBeNull();
});
