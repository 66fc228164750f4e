// The last trouble with a dataset's source: said to be over where the source has been asked since.

import { instant } from "../format/time.ts";

interface Dealings {
  readonly checkedAt: string | null;
  readonly lastError: string | null;
  readonly lastErrorAt: string | null;
}

export function LastError({ of: { checkedAt, lastError, lastErrorAt } }: { of: Dealings }) {
  if (lastError === null) return null;
  if (checkedAt && lastErrorAt && Date.parse(checkedAt) > Date.parse(lastErrorAt)) {
    return (
      <p class="quiet">
        Asked without trouble {instant(checkedAt)}; the last trouble was {instant(lastErrorAt)}: {lastError}
      </p>
    );
  }
  return (
    <p class="notice error">
      <b>Last fetch failed</b> {instant(lastErrorAt)}: {lastError}
    </p>
  );
}
