// Travel in knowledge: the series as this system knew it at an earlier instant.

import { fromField, instant, toField } from "../../format/time.ts";
import { go, type SeriesName, seriesPath } from "../../routes.ts";

interface KnownAtProps {
  readonly name: SeriesName;
  readonly asKnownAt: string | null;
  /** Whether what is shown is what was asked for. */
  readonly here: boolean;
  /** Whether the server has just said so. */
  readonly fresh: boolean;
}

export function KnownAt({ name, asKnownAt, here, fresh }: KnownAtProps) {
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
          {here ? "Showing what" : "Not here yet: what"} was known at <b>{instant(asKnownAt, true)}</b>; later
          values and corrections are left out.{" "}
          <button type="button" class="link" onClick={() => set(null)}>
            Back to now
          </button>
        </p>
      ) : (
        <p class="quiet">
          {fresh
            ? "Now: with all corrections so far."
            : "With the corrections that this device has heard of."}
        </p>
      )}
    </form>
  );
}
