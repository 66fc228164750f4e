import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { gapsOf } from "../../src/charts/gaps.ts";
import { sparkPath } from "../../src/pages/watchlist/Sparkline.tsx";

const DAY = 86_400_000;
const daysOf = (first: string, last: string, every = 1): number[] => {
  const days: number[] = [];
  for (let at = Date.parse(first); at <= Date.parse(last); at += every * DAY) days.push(at);
  return days;
};
const weekdays = (first: string, last: string): number[] =>
  daysOf(first, last).filter((at) => ![0, 6].includes(new Date(at).getUTCDay()));

/** The reports are held to the same cases. */
interface Case {
  readonly name: string;
  readonly every: "weekday" | number;
  readonly stretches: [string, string][];
  readonly gap_ends: string[];
}
const cases: Case[] = JSON.parse(readFileSync("../tests/golden/gaps.json", "utf8"));

test.each(cases)("as in the reports: $name", ({ every, stretches, gap_ends }) => {
  const days = stretches.flatMap(([first, last]) =>
    every === "weekday" ? weekdays(first, last) : daysOf(first, last, every),
  );
  expect(gapsOf(days).map(({ to }) => new Date(to).toISOString().slice(0, 10))).toEqual(gap_ends);
});

test("weekends and holidays are no gaps", () => {
  const year = weekdays("2024-01-02", "2024-12-31").filter(
    (at) =>
      !["2024-03-29", "2024-04-01", "2024-12-25", "2024-12-26"].includes(
        new Date(at).toISOString().slice(0, 10),
      ),
  );
  expect(gapsOf(year)).toEqual([]);
});

test("a gap is told with the values on either side", () => {
  const broken = [...weekdays("2023-06-01", "2024-02-29"), ...weekdays("2024-09-02", "2025-02-03")];
  expect(gapsOf(broken)).toMatchObject([{ from: Date.parse("2024-02-29"), to: Date.parse("2024-09-02") }]);
});

test("nights and weekends of hourly values are no gaps, a lost week is one", () => {
  const hours = weekdays("2026-01-05", "2026-03-27").flatMap((day) =>
    Array.from({ length: 7 }, (_, hour) => day + (14 + hour) * 3_600_000),
  );
  expect(gapsOf(hours)).toEqual([]);
  const [from, to] = [Date.parse("2026-02-02"), Date.parse("2026-02-07")];
  expect(gapsOf(hours.filter((at) => at < from || at > to))).toHaveLength(1);
});

test("of ticks a minute of silence is a gap", () => {
  const ticks = Array.from({ length: 200 }, (_, i) => i * 5_000 + (i > 100 ? 60_000 : 0));
  expect(gapsOf(ticks)).toMatchObject([{ after: 100 }]);
});

test("points thinned out evenly leave no gaps, and a real one stays", () => {
  const thinned = Array.from(
    { length: 300 },
    (_, i) => i * 6.8 * DAY + (i % 3) * DAY + (i > 150 ? 200 * DAY : 0),
  );
  expect(gapsOf(thinned)).toMatchObject([{ after: 150 }]);
});

test("a sparkline lifts its pen over a gap", () => {
  const ms = [...weekdays("2026-08-03", "2026-08-28"), ...weekdays("2026-10-21", "2026-10-30")];
  const values = ms.map((_, i) => i);
  expect(sparkPath(values, ms)?.line.match(/M/g)).toHaveLength(2);
  expect(sparkPath(values)?.line.match(/M/g)).toHaveLength(1);
});
