// Numbers as the data have them: no digit more than the source gave, none less, and the same width in a column.

const MINUS = "\u2212";
const MOST_DECIMALS = 8;

/** Decimals a value carries, float noise aside: 1.0867 has 4, 0.1 + 0.2 has 1. */
export function decimalsOf(value: number): number {
  if (!Number.isFinite(value)) return 0;
  const [mantissa = "", exponent = "0"] = Number(value.toPrecision(12)).toExponential().split("e");
  const digits = (mantissa.split(".")[1] ?? "").length;
  return Math.min(MOST_DECIMALS, Math.max(0, digits - Number(exponent)));
}

/** Decimals that show every one of these values in full. */
export function precisionOf(values: Iterable<number | null | undefined>): number {
  let most = 0;
  for (const value of values) if (typeof value === "number") most = Math.max(most, decimalsOf(value));
  return most;
}

const formats = new Map<number, Intl.NumberFormat>();

function formatOf(decimals: number): Intl.NumberFormat {
  let format = formats.get(decimals);
  if (!format) {
    format = new Intl.NumberFormat("en-US", {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    });
    formats.set(decimals, format);
  }
  return format;
}

export function number(value: number | null | undefined, decimals: number): string {
  if (typeof value !== "number" || !Number.isFinite(value)) return "–";
  return formatOf(decimals).format(value).replace("-", MINUS);
}

/** A difference, always with its sign; zero has none. */
export function signed(value: number | null | undefined, decimals: number): string {
  const text = number(value, decimals);
  return typeof value === "number" && value > 0 && /[1-9]/.test(text)
    ? `+${text}`
    : text.replace(/^−(?=[0.,]*$)/, "");
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
