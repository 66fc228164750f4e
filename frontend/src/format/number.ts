// Numbers as the data have them: no digit more than the source gave, none less, and the same width in a column.

const MINUS = "\u2212";
// Of a value of one; of smaller ones so many more as they have zeros behind the point.
const MOST_DECIMALS = 8;
// Beyond these a figure is written as 4.08e−11: nobody counts zeros, and no column is as wide.
const SMALLEST_PLAIN = 1e-6;
const WIDEST_PLAIN = 15;
const FEWEST_DIGITS = 2;

/** Decimals a value carries, float noise aside: 1.0867 has 4, 0.1 + 0.2 has 1. */
export function decimalsOf(value: number): number {
  if (!Number.isFinite(value)) return 0;
  const [mantissa = "", exponent = "0"] = Number(value.toPrecision(12)).toExponential().split("e");
  const digits = (mantissa.split(".")[1] ?? "").length;
  const most = MOST_DECIMALS + Math.max(0, -1 - Number(exponent));
  return Math.min(most, Math.max(0, digits - Number(exponent)));
}

/** Decimals that show every one of these values in full. */
export function precisionOf(values: Iterable<number | null | undefined>): number {
  let most = 0;
  for (const value of values) if (typeof value === "number") most = Math.max(most, decimalsOf(value));
  return most;
}

const formats = new Map<string, Intl.NumberFormat>();

function formatOf(fewest: number, most = fewest): Intl.NumberFormat {
  // Some browsers know no more than 20; what has as many is written another way.
  const minimumFractionDigits = Math.min(20, fewest);
  const maximumFractionDigits = Math.min(20, most);
  const key = `${minimumFractionDigits} ${maximumFractionDigits}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.NumberFormat("en-US", { minimumFractionDigits, maximumFractionDigits });
    formats.set(key, format);
  }
  return format;
}

/** A figure: one below 1 with as many more decimals as its digits need, very small and large ones with an exponent.
 *  Where `decimals` would show fewer than two of its significant digits it has up to three: 0.004, 0.0125.
 *  The rules and cases are those of the reports (tests/golden/numbers.json). */
export function number(value: number | null | undefined, decimals: number): string {
  if (typeof value !== "number" || !Number.isFinite(value)) return "–";
  const size = Number(value.toExponential(6).split("e")[1]);
  const most = size < 0 && decimals + size + 1 < FEWEST_DIGITS ? 2 - size : decimals;
  const plain = formatOf(decimals, most).format(value);
  const fits = Math.abs(value) >= SMALLEST_PLAIN && plain.length <= WIDEST_PLAIN;
  const text = value === 0 || fits ? plain : withExponent(value);
  return text.replaceAll("-", MINUS);
}

/** At most twelve significant digits, float noise aside: 4.08e-11, 4.0002e13. */
const withExponent = (value: number): string =>
  Number(value.toPrecision(12)).toExponential().replace("+", "");

/** A difference, always with its sign; zero has none. */
export function signed(value: number | null | undefined, decimals: number): string {
  if (typeof value !== "number" || !Number.isFinite(value)) return "–";
  // What is smaller than the last digit is the noise of subtracting floats.
  const real = Number(value.toFixed(Math.min(100, decimals))) || 0;
  return real > 0 ? `+${number(real, decimals)}` : number(real, decimals);
}

export function percent(value: number | null | undefined): string {
  return typeof value === "number" && Number.isFinite(value) ? `${signed(value, 2)}%` : "–";
}

/** A share between 0 and 1, never rounded up to a whole that it is not. */
export function share(value: number | null | undefined): string {
  if (typeof value !== "number") return "–";
  const rounded = Math.floor(value * 1000) / 10;
  return `${value >= 1 ? "100" : rounded.toFixed(1)}%`;
}

export const count = (value: number): string => formatOf(0).format(value);

export function bytes(size: number): string {
  if (size < 1000) return `${size} B`;
  const [divisor, unit] = size < 1_000_000 ? [1000, "kB"] : [1_000_000, "MB"];
  return `${(size / divisor).toFixed(size / divisor < 10 ? 1 : 0)} ${unit}`;
}

/** Which way a difference points; text and arrow follow it, colour only repeats them. */
export function direction(value: number | null | undefined): "up" | "down" | "flat" {
  if (typeof value !== "number" || value === 0 || !Number.isFinite(value)) return "flat";
  return value > 0 ? "up" : "down";
}

/** A yield's change is read in basis points: 4.25 to 4.31 percent is +6 bp. */
export function changeText(
  change: number | null | undefined,
  decimals: number,
  unit: string,
  measure: string,
): string {
  if (measure === "yield" && unit === "percent" && typeof change === "number") {
    return `${signed(change * 100, Math.max(0, decimals - 2))} bp`;
  }
  return signed(change, decimals);
}
