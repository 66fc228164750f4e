// Instants in UTC, always with "UTC"; a session is a date and never shifted by a time zone.

export const pad = (value: number): string => String(value).padStart(2, "0");

/** `2026-10-30` */
export function day(instant: string | number): string {
  const at = new Date(instant);
  return Number.isNaN(at.getTime()) ? "–" : at.toISOString().slice(0, 10);
}

/** `13:15` or `13:15:07` */
export function clock(instant: string | number, seconds = false): string {
  const at = new Date(instant);
  if (Number.isNaN(at.getTime())) return "–";
  const text = `${pad(at.getUTCHours())}:${pad(at.getUTCMinutes())}`;
  return seconds ? `${text}:${pad(at.getUTCSeconds())}` : text;
}

/** `2026-10-30 13:15 UTC` */
export function instant(at: string | number | null | undefined, seconds = false): string {
  return at === null || at === undefined ? "–" : `${day(at)} ${clock(at, seconds)} UTC`;
}

/** `3 min ago`, for what is recent; the day for what is not, the instant for what lies ahead. `exact` counts seconds. */
export function ago(at: string | number | null | undefined, now: number, exact = false): string {
  if (at === null || at === undefined) return "never";
  const seconds = Math.round((now - new Date(at).getTime()) / 1000);
  // Clocks of several machines differ a little; more than that is no age.
  if (seconds < -5) return instant(at);
  if (exact && seconds < 120) return `${Math.max(0, seconds)} s ago`;
  if (seconds < 45) return "just now";
  if (seconds < 3_600) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.round(seconds / 3_600)} h ago`;
  if (seconds < 14 * 86_400) return `${Math.round(seconds / 86_400)} d ago`;
  return day(at);
}

/** The time of a value in a list: its session, and the clock where the series has many values a day. */
export function valueTime(asOf: string, session: string | null, interval: string): string {
  return isDaily(interval) ? (session ?? day(asOf)) : `${day(asOf)} ${clock(asOf, true)}`;
}

/** Whether an interval (`1d`, `1M`; not `1m`, which is a minute) is a day or longer. */
export const isDaily = (interval: string): boolean => /^\d+[dwMy]$/.test(interval);

/** The value of a `datetime-local` field, read as UTC; null when it is not a time. */
export function fromField(text: string): string | null {
  const at = new Date(`${text}Z`);
  return text === "" || Number.isNaN(at.getTime()) ? null : at.toISOString();
}

/** An instant as the value of a `datetime-local` field, in UTC. */
export function toField(at: string | null): string {
  const when = at ? new Date(at) : null;
  return when && !Number.isNaN(when.getTime()) ? when.toISOString().slice(0, 16) : "";
}
