// The last trouble with a dataset's source: said to be over where the source has been asked since.

import { instant } from "../format/time.ts";

interface FetchErrors {
  readonly source?: string;
  readonly checkedAt: string | null;
  readonly lastError: string | null;
  readonly lastErrorAt: string | null;
}

/** When the newest fetch failed and why; null where the source has answered since, or never failed. */
export function failedFetch(of: FetchErrors): { readonly at: string | null; readonly why: string } | null {
  const { checkedAt, lastError, lastErrorAt } = of;
  if (lastError === null) return null;
  if (checkedAt && lastErrorAt && Date.parse(checkedAt) > Date.parse(lastErrorAt)) return null;
  const named = `${of.source}: `;
  return { at: lastErrorAt, why: lastError.startsWith(named) ? lastError.slice(named.length) : lastError };
}

export function LastError({ of }: { of: FetchErrors }) {
  if (of.lastError === null) return null;
  const failed = failedFetch(of);
  if (!failed) {
    return (
      <p class="quiet">
        Asked without trouble {instant(of.checkedAt)}; the last trouble was {instant(of.lastErrorAt)}:{" "}
        {of.lastError}
      </p>
    );
  }
  return (
    <p class="notice error">
      <b>Last fetch failed</b> {instant(failed.at)}: {failed.why}
    </p>
  );
}
