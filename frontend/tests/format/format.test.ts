import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  bytes,
  changeText,
  decimalsOf,
  number,
  percent,
  precisionOf,
  share,
  signed,
} from "../../src/format/number.ts";
import { ago, fromField, instant, isDaily, toField, valueTime } from "../../src/format/time.ts";

/** The reports are held to the same cases. */
const cases: { value: number; decimals: number; text: string }[] = JSON.parse(
  readFileSync("../tests/golden/numbers.json", "utf8"),
);

test.each([
  [1.0867, 4],
  [158.43, 2],
  [0.1 + 0.2, 1],
  [1e-7, 7],
  [4.08e-11, 13],
  [1 / 3, 8],
  [1e21, 0],
  [20275.17, 2],
  [Number.NaN, 0],
])("%s carries %s decimals", (value, decimals) => {
  expect(decimalsOf(value)).toBe(decimals);
});

test("a column shows as many decimals as its most precise value", () => {
  expect(precisionOf([1.1, 1.0867, null, undefined])).toBe(4);
  expect(number(1.1, 4)).toBe("1.1000");
});

test.each(cases)("$value with $decimals decimals is $text", ({ value, decimals, text }) => {
  expect(number(value, decimals)).toBe(text);
});

test("labels of a narrow axis differ, however small or large", () => {
  for (const splits of [
    [4e-11, 4.2e-11, 4.4e-11],
    [4e13, 4.0005e13, 4.001e13],
    [0.99999, 1, 1.00001],
  ]) {
    const decimals = precisionOf(splits);
    const labels = splits.map((value) => number(value, decimals));
    expect(new Set(labels).size).toBe(splits.length);
    expect(Math.max(...labels.map((label) => label.length))).toBeLessThan(16);
  }
});

test("a small difference is no noise, and noise no difference", () => {
  expect(signed(4.08e-11 - 4e-11, 13)).toBe("+8e−13");
  expect(signed(0.1 + 0.2 - 0.3, 2)).toBe("0.00");
});

test("a difference has a sign, a real minus, and none when it rounds to zero", () => {
  expect(signed(0.0012, 4)).toBe("+0.0012");
  expect(signed(-1234.5, 1)).toBe("−1,234.5");
  expect(signed(-0.00001, 2)).toBe("0.00");
  expect(signed(0.0123, 2)).toBe("+0.01");
  expect(signed(0, 2)).toBe("0.00");
  expect(signed(null, 2)).toBe("–");
  expect(percent(-0.004)).toBe("0.00%");
  expect(percent(undefined)).toBe("–");
});

test("a yield moves in basis points, a rate in its own unit", () => {
  expect(changeText(0.06, 2, "percent", "yield")).toBe("+6 bp");
  expect(changeText(-0.005, 3, "percent", "yield")).toBe("−0.5 bp");
  expect(changeText(0.06, 2, "USD", "rate")).toBe("+0.06");
});

test("a share is never rounded up to a whole", () => {
  expect(share(0.9996)).toBe("99.9%");
  expect(share(1)).toBe("100%");
  expect(share(null)).toBe("–");
});

test("sizes are in decimal units", () => {
  expect(bytes(118)).toBe("118 B");
  expect(bytes(642_000)).toBe("642 kB");
  expect(bytes(2_400_000)).toBe("2.4 MB");
});

test("instants are said in UTC, sessions stay dates", () => {
  expect(instant("2026-10-30T13:15:07.123456Z")).toBe("2026-10-30 13:15 UTC");
  expect(instant("2026-10-30T13:15:07Z", true)).toBe("2026-10-30 13:15:07 UTC");
  expect(instant(null)).toBe("–");
  expect(valueTime("2026-10-30T23:00:00Z", "2026-10-31", "1d")).toBe("2026-10-31");
  expect(valueTime("2026-10-30T23:00:05Z", null, "5s")).toBe("2026-10-30 23:00:05");
});

test("a capital M is a month and a small one a minute", () => {
  expect(["1d", "1w", "1M", "1y"].every(isDaily)).toBe(true);
  expect(["1m", "5s", "1h", "tick"].some(isDaily)).toBe(false);
});

test("what is recent is said as an age", () => {
  const now = Date.parse("2026-10-30T12:00:00Z");
  expect(ago("2026-10-30T11:59:50Z", now)).toBe("just now");
  expect(ago("2026-10-30T11:57:00Z", now)).toBe("3 min ago");
  expect(ago("2026-10-28T12:00:00Z", now)).toBe("2 d ago");
  expect(ago("2026-01-01T12:00:00Z", now)).toBe("2026-01-01");
  expect(ago(null, now)).toBe("never");
});

test("a time field is read and written as UTC", () => {
  expect(fromField("2026-11-01T00:00")).toBe("2026-11-01T00:00:00.000Z");
  expect(fromField("nonsense")).toBeNull();
  expect(toField("2026-11-01T00:00:00Z")).toBe("2026-11-01T00:00");
  expect(toField(null)).toBe("");
});
