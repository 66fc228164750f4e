// What has ended, as operators said. That a series is silent proves no end, so nothing here is guessed.

import type { EndFragment } from "../api/generated/operations.ts";

/** The end of a series: its own, else its dataset's. Null where nobody said so, and where it has a value of a later
 *  `session`, so that it goes on whatever was said. */
export function endOf(
  ended: readonly EndFragment[],
  symbol: string,
  session: string | null | undefined,
): EndFragment | null {
  const said = ended.find((end) => end.symbol === symbol) ?? ended.find((end) => end.symbol === null);
  return said && (session ?? "") <= said.on ? said : null;
}

/** `Ended on 2026-07-30: no longer published` */
export const endText = ({ on, reason }: EndFragment): string => `Ended on ${on}: ${reason}`;

/** The metrics without the sentence that an end has given each of them: it stands above them, with who said so. */
export function withoutEndTexts<Metric extends { readonly summary: string }>(
  metrics: readonly Metric[],
  ended: readonly EndFragment[],
): Metric[] {
  const said = ended.map((end) => endText(end).toLowerCase());
  return metrics.map((metric) =>
    said.includes(metric.summary.toLowerCase()) ? { ...metric, summary: "" } : metric,
  );
}
