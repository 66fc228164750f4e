// What has ended, as operators recorded it. That a series is silent proves no end, so nothing here is guessed.

import type { EndFragment } from "../api/generated/operations.ts";

/** The end of a series: its own, else its dataset's. Null where none is recorded, and where it has a value of a later
 *  `session`, so that it goes on all the same. */
export function endOf(
  ended: readonly EndFragment[],
  symbol: string,
  session: string | null | undefined,
): EndFragment | null {
  const end = ended.find((one) => one.symbol === symbol) ?? ended.find((one) => one.symbol === null);
  return end && (session ?? "") <= end.on ? end : null;
}

/** `Ended on 2026-07-30: no longer published` */
export const endText = ({ on, reason }: EndFragment): string => `Ended on ${on}: ${reason}`;

/** The metrics without the sentence that an end has given each of them: it stands above them, with who recorded it. */
export function withoutEndTexts<Metric extends { readonly summary: string }>(
  metrics: readonly Metric[],
  ended: readonly EndFragment[],
): Metric[] {
  const texts = ended.map((end) => endText(end).toLowerCase());
  return metrics.map((metric) =>
    texts.includes(metric.summary.toLowerCase()) ? { ...metric, summary: "" } : metric,
  );
}
