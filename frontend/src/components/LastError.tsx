// The last error of a dataset's source: shown as over where a later fetch succeeded.

import { instant } from "../format/time.ts";

interface FetchErrors {
  readonly source?: string;
  readonly checkedAt: string | null;
  readonly lastError: string | null;
  readonly lastErrorAt: string | null;
}

/** When the newest fetch failed and why; null where a later fetch succeeded, or none failed. */
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
        Last fetch succeeded {instant(of.checkedAt)}; last error {instant(of.lastErrorAt)}: {of.lastError}
      </p>
    );
  }
  return (
    <p class="notice error">
      <b>Last fetch failed</b> {instant(failed.at)}: {failed.why}
    </p>
  );
}
