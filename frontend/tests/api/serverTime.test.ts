import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ago } from "../../src/format/time.ts";

const NOON = Date.parse("2026-11-26T12:00:00Z");
const HOUR = 3_600_000;

/** The page's time as it starts on a device whose clock says so. */
async function start(device: number) {
  vi.setSystemTime(device);
  vi.resetModules();
  return import("../../src/api/serverTime.ts");
}

/** An answer that was asked for and came at once. */
const atOnce = (device: number) => ({ sent: device, came: device });

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
});
afterEach(() => {
  vi.useRealTimers();
});

test.each([-2 * HOUR, 2 * HOUR, -86_400_000])(
  "with a device clock that is %i ms off, ages are said by the server's",
  async (wrong) => {
    const time = await start(NOON + wrong);
    const then = NOON - 5 * 60_000;
    time.learnDate(new Date(NOON).toUTCString(), atOnce(NOON + wrong));

    expect(Math.abs(time.serverNow() - NOON)).toBeLessThan(1_000);
    expect(ago(then, time.serverNow())).toBe("5 min ago");
    vi.advanceTimersByTime(60_000);
    expect(ago(then, time.serverNow())).toBe("6 min ago");
  },
);

test("an instant ahead is said as it is, never as an age", () => {
  expect(ago("2026-11-26T14:00:00Z", NOON)).toBe("2026-11-26 14:00 UTC");
  expect(ago("2026-11-26T12:00:03Z", NOON)).toBe("just now");
  expect(ago("2026-11-26T12:00:03Z", NOON, true)).toBe("0 s ago");
});

test("what was learned is kept for a start without a network, and rubbish is not believed", async () => {
  const first = await start(NOON - 2 * HOUR);
  first.learnTime(NOON, atOnce(NOON - 2 * HOUR));
  const next = await start(NOON - HOUR);
  expect(next.serverNow()).toBe(NOON + HOUR);

  for (const rubbish of ['{"a":1}', '"x"', "null", "not json"]) {
    localStorage.setItem("mktdash:clock", rubbish);
    expect((await start(NOON)).serverNow()).toBe(NOON);
  }
});

test("a difference that the way of an answer explains teaches nothing", async () => {
  const time = await start(NOON);
  time.learnTime(NOON + 1_900, atOnce(NOON));
  time.learnTime(NOON - 1_900, atOnce(NOON));
  time.learnTime(NOON - HOUR, { sent: NOON - 6_000, came: NOON });
  time.learnTime(NOON - HOUR, { sent: NOON + 1, came: NOON });
  time.learnDate(null, atOnce(NOON));
  time.learnDate("yesterday", atOnce(NOON));
  expect(time.serverNow()).toBe(NOON);
});

test("the old date of a server that was held up takes no time back; a device clock that was set does", async () => {
  const time = await start(NOON);
  time.learnDate(new Date(NOON).toUTCString(), atOnce(NOON));
  time.learnDate(new Date(NOON - 100_000).toUTCString(), atOnce(NOON));
  expect(time.serverNow()).toBe(NOON);

  vi.setSystemTime(NOON + 2 * HOUR);
  time.learnDate(new Date(NOON).toUTCString(), atOnce(NOON + 2 * HOUR));
  expect(Math.abs(time.serverNow() - NOON)).toBeLessThan(1_000);
});

test("time goes on by itself, every second and every ten", async () => {
  const time = await start(NOON);
  time.watchTime();
  vi.advanceTimersByTime(9_000);
  expect([time.nowEachSecond.value, time.now.value]).toEqual([NOON + 9_000, NOON]);
  vi.advanceTimersByTime(1_000);
  expect([time.nowEachSecond.value, time.now.value]).toEqual([NOON + 10_000, NOON + 10_000]);
});
