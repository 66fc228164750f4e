// Words under the time axis, in UTC: the finest unit that differs, and on a second line what it belongs to.

import { pad } from "../format/time.ts";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const SECOND = 1_000;
const DAY = 86_400 * SECOND;

/** Labels of instants (milliseconds) that stand `step` milliseconds apart. */
export function timeTicks(instants: readonly number[], step: number): string[] {
  let shown = "";
  return instants.map((ms) => {
    const at = new Date(ms);
    const year = String(at.getUTCFullYear());
    const month = MONTHS[at.getUTCMonth()] ?? "";
    const day = `${at.getUTCDate()} ${month}`;
    const time = `${pad(at.getUTCHours())}:${pad(at.getUTCMinutes())}`;
    const [fine, whole] =
      step >= 360 * DAY
        ? [year, ""]
        : step >= 28 * DAY
          ? [month, year]
          : step >= DAY
            ? [day, year]
            : [step >= 60 * SECOND ? time : `${time}:${pad(at.getUTCSeconds())}`, day];
    const second = whole === shown ? "" : whole;
    shown = whole;
    return second ? `${fine}\n${second}` : fine;
  });
}
