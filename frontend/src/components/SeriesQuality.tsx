// How good the open series is.

import { SeriesQualityDocument, type SeriesQualityQuery } from "../api/generated/operations.ts";
import { count } from "../format/number.ts";
import { instant } from "../format/time.ts";
import type { SeriesName } from "../routes.ts";
import { useQuery } from "../state/hooks.ts";
import type { Resource } from "../state/resource.ts";
import { inOrder, Metrics } from "./Metric.tsx";
import { inWords, MissingSessions } from "./MissingSessions.tsx";
import { Panel } from "./Panel.tsx";
import { Status } from "./Status.tsx";

// A verdict comes after the values it is about, and changes while nobody touches the page.
const POLL_MS = 30_000;

type Answer = NonNullable<SeriesQualityQuery["series"]>;

export function useSeriesQuality(name: SeriesName): Resource<Answer> {
  const { symbol, source = null, measure = null, interval = null } = name;
  return useQuery(SeriesQualityDocument, { symbol, source, measure, interval }, (data) => data.series, {
    everyMs: POLL_MS,
  });
}

/** The verdict beside the value itself, with what is wrong. */
export function Verdict({ of }: { of: Resource<Answer> }) {
  const { data } = of.view.value;
  if (!data) return null;
  const { status, metrics } = data.quality;
  const cause = inOrder(metrics).find((metric) => metric.status === status);
  return (
    <span class="verdict">
      <Status status={status} />
      {status !== "PASS" && cause && <span class="quiet">{inWords(cause.summary)}</span>}
    </span>
  );
}

export function SeriesQuality({ of: quality }: { of: Resource<Answer> }) {
  const { data } = quality.view.value;
  return (
    <Panel title="Quality" of={quality} actions={data && <Status status={data.quality.status} />}>
      {({ dataset, quality: { flagCounts, metrics, missing } }) => (
        <>
          {metrics.length === 0 && <p class="quiet">No check has run yet, so nothing can be said.</p>}
          <Metrics metrics={metrics} />
          {dataset.lastError && (
            <p class="notice error">
              <b>Last fetch failed</b> {instant(dataset.lastErrorAt)}: {dataset.lastError}
            </p>
          )}
          <FlagCounts counts={flagCounts} />
          <h3>Missing sessions</h3>
          <MissingSessions missing={missing} symbols={false} />
          <dl class="pairs">
            <dt>Dataset</dt>
            <dd>{dataset.title}</dd>
            <dt>Calendar</dt>
            <dd>{dataset.calendar}</dd>
            <dt>Checked</dt>
            <dd>{instant(dataset.checkedAt)}</dd>
            <dt>Licence</dt>
            <dd>{dataset.licence}</dd>
          </dl>
        </>
      )}
    </Panel>
  );
}

function FlagCounts({ counts }: { counts: unknown }) {
  const entries = Object.entries((counts ?? {}) as Record<string, number>).filter(([, n]) => n > 0);
  if (entries.length === 0) return <p class="quiet">No value carries a flag.</p>;
  return (
    <p class="flag-counts">
      {entries.map(([flag, n]) => (
        <span class="badge flag" key={flag}>
          {flag.toLowerCase().replaceAll("_", " ")} {count(n)}
        </span>
      ))}
    </p>
  );
}
