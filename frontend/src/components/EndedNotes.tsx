// What operators have recorded as ended, in the panels on quality.

import type { EndFragment } from "../api/generated/operations.ts";
import { endText } from "../state/ended.ts";

const MOST_OPEN = 3;

export function EndedNote({ of: end }: { of: EndFragment }) {
  return (
    <p class="end">
      {end.symbol && <b>{end.symbol}: </b>}
      {endText(end)} (recorded by {end.recordedBy})
    </p>
  );
}

/** The ends of a dataset and of its series; several measures of a symbol share one end, which is shown once. */
export function EndedNotes({ of: ended }: { of: readonly EndFragment[] }) {
  const once = [...new Map(ended.map((end) => [end.symbol, end])).values()];
  const lines = once.map((end) => <EndedNote key={end.symbol} of={end} />);
  if (lines.length <= MOST_OPEN) return <>{lines}</>;
  return (
    <details>
      <summary>{lines.length} ended, with reasons</summary>
      {lines}
    </details>
  );
}
