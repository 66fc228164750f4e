// The series as mktdash knew it at an earlier instant.

import { fromField, instant, toField } from "../../format/time.ts";
import { go, type SeriesName, seriesPath } from "../../routes.ts";

interface KnownAtProps {
  readonly name: SeriesName;
  readonly asKnownAt: string | null;
  /** Whether what is shown is what was asked for, and not still what was shown before. */
  readonly here: boolean;
  /** Whether it is what the server holds now. */
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
          {here ? "Showing" : "Not loaded yet:"} data known at <b>{instant(asKnownAt, true)}</b>, without
          later values and revisions.{" "}
          <button type="button" class="link" onClick={() => set(null)}>
            Back to now
          </button>
        </p>
      ) : (
        <p class="quiet">{fresh ? "Now, with all revisions so far." : "With the revisions loaded so far."}</p>
      )}
    </form>
  );
}
