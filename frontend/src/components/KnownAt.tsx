// Travel in knowledge: the series as this system knew it at an earlier instant.

import { fromField, instant, toField } from "../format/time.ts";
import { go, type SeriesName, seriesPath } from "../routes.ts";

export function KnownAt({ name, asKnownAt }: { name: SeriesName; asKnownAt: string | null }) {
  const set = (at: string | null): void => go(seriesPath({ ...name, asKnownAt: at }), "replace");
  return (
    <form class="known-at" onSubmit={(event) => event.preventDefault()}>
      <label>
        <span>As known at (UTC)</span>
        <input
          type="datetime-local"
          value={toField(asKnownAt)}
          onChange={(event) => {
            const at = fromField(event.currentTarget.value);
            if (at || event.currentTarget.value === "") set(at);
          }}
        />
      </label>
      {asKnownAt ? (
        <p role="status">
          Showing what was known at <b>{instant(asKnownAt)}</b>; later values and corrections are left out.{" "}
          <button type="button" class="link" onClick={() => set(null)}>
            Back to now
          </button>
        </p>
      ) : (
        <p class="quiet">Now: with all corrections so far.</p>
      )}
    </form>
  );
}
